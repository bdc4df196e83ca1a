/** Keeps zod from compiling code: the window's content security policy forbids it. Imported before any schema is used. */
import { z } from 'zod';

z.config({ jitless: true });
