/** A logger whose lines tests can look at. */
import { createLogger, type Logger } from '../../../common/log.ts';

export function recordingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  return { logger: createLogger('debug', (line) => void lines.push(line)), lines };
}
