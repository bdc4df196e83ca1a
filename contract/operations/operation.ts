/** What an operation of the API is, and the small schemas that several of them share. */
import { z } from 'zod';
import { problemSchema } from '../errors.ts';
import { uuidSchema } from '../ids.ts';
import { itemSchema, prioritySchema, privacySchema } from '../item.ts';

/** Who may call: `public` anybody who reaches the port, `read` < `submit` < `admin` by API token, `node` a joined node. */
export type Scope = 'public' | 'read' | 'submit' | 'admin' | 'node';

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below /api/v1, OpenAPI style: `/jobs/{id}:retry`. */
  readonly path: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  /** `null`: no body. `bytes`: an octet stream that the handler reads itself. */
  readonly body: z.ZodType | null | 'bytes';
  /** `bytes`: the handler writes the answer itself. */
  readonly response: z.ZodType | null | 'bytes';
  readonly status: 200 | 201 | 202 | 204;
}

export const define = <const O extends Operation>(operation: O): O => operation;
export const none = z.object({});
export const idParam = z.object({ id: uuidSchema });

/** Cursor paging: `limit` rows, then `nextCursor` for the next page, null at the end. */
export const page = <T extends z.ZodType>(row: T) =>
  z.object({ rows: z.array(row), nextCursor: z.string().nullable(), total: z.int() });
export const paging = {
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
};

/** Options as text or JSON values; the pipeline's own schema judges them. */
export const rawOptionsSchema = z.record(z.string().max(64), z.json());
export const workOrder = {
  pipeline: z.string().max(64),
  options: rawOptionsSchema.default({}),
  priority: prioritySchema.default('normal'),
  privacy: privacySchema.default('any'),
};

/** What became of one file of a drop: a job, or the reason why not. One bad file never stops the rest. */
export const acceptedFileSchema = z.union([
  z.object({ name: z.string(), item: itemSchema, jobId: uuidSchema, notice: z.string().optional() }),
  z.object({ name: z.string(), problem: problemSchema }),
]);
export type AcceptedFile = z.infer<typeof acceptedFileSchema>;
