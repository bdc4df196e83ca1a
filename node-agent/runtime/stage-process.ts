/** Entry of a stage process. */
import { loadStage } from '../stages/index.ts';
import { serveStages } from './serve-stages.ts';

serveStages(loadStage);
