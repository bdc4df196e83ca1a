/** Column schemas that several query files share: JSON kept as text is parsed here, by the contract's schemas. */
import { z } from 'zod';

/** A TEXT column that holds JSON of the given shape. */
export const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** An INTEGER column that is 0 or 1. */
export const flag = z.int().transform((value) => value !== 0);

/** A column that holds a count. */
export const countRow = z.object({ count: z.int() });
