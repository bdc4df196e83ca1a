/**
 * The one table of errors: code, HTTP status, failure class (which decides about retries) and the hint for the user.
 * docs/ERRORS.md is generated from it. Texts for the window are in its message catalogue, under the same codes.
 */
import { z } from 'zod';

/**
 * Failure classes. A stage's failure has one of the first six, and the planner acts on it alone:
 * `input` the file is to blame, at once · `resource` needs a bigger machine · `transport` and `target` back off, blame nobody ·
 * `crash` and `error` another node next, the file is blamed after three nodes. `request` never comes from a stage: the caller erred.
 */
export const failureClassSchema = z.enum(['input', 'resource', 'transport', 'target', 'crash', 'error', 'request']);
export type FailureClass = z.infer<typeof failureClassSchema>;

interface ErrorRow {
  readonly status: number;
  readonly class: FailureClass;
  readonly title: string;
  readonly hint: string;
}

const row = (status: number, failureClass: FailureClass, title: string, hint: string): ErrorRow => ({
  status,
  class: failureClass,
  title,
  hint,
});

export const errorTable = {
  // The file
  input_empty: row(422, 'input', 'The file is empty', 'Copy it again from where it came; it has no bytes.'),
  input_not_media: row(
    422,
    'input',
    'This is not a file Millrace can read',
    'Drop a picture (JPEG, PNG, WebP, AVIF, TIFF or GIF).',
  ),
  input_wrong_kind: row(
    422,
    'input',
    'This pipeline does not take this kind of file',
    'Choose another pipeline for this file.',
  ),
  input_truncated: row(422, 'input', 'The file is cut off', 'It ends too early. Copy it again from where it came.'),
  input_damaged: row(
    422,
    'input',
    'The file is damaged',
    'It cannot be decoded. Open it in its own program and save it again.',
  ),
  input_too_many_pixels: row(
    422,
    'input',
    'The picture is too large',
    'It has more pixels than the limit. Make it smaller first.',
  ),
  input_too_many_frames: row(
    422,
    'input',
    'The animation is too long',
    'It has more frames than the limit. Shorten it first.',
  ),
  input_too_large: row(413, 'input', 'The file is too large', 'Raise the limit in the settings, or split the file.'),
  input_svg_external: row(
    422,
    'input',
    'The drawing refers to other files',
    'References are never followed. Export it with everything embedded.',
  ),
  input_svg_unsupported: row(415, 'input', 'SVG drawings are not taken here', 'Export the drawing as PNG first.'),
  input_unsafe_name: row(
    422,
    'input',
    'The file has an unusable name',
    'The name has path parts or control characters. Rename it.',
  ),
  input_digest_mismatch: row(
    422,
    'transport',
    'The bytes do not match their digest',
    'The transfer was damaged. Send it again.',
  ),
  input_too_small: row(422, 'input', 'The picture is too small', 'It has too few pixels for this. Use a larger one.'),

  // The options of a pipeline
  option_invalid: row(422, 'request', 'An option is not valid', 'See the named option and what it takes.'),
  pipeline_unknown: row(404, 'request', 'There is no such pipeline', 'See the list of pipelines.'),
  logo_unreadable: row(422, 'input', 'The logo cannot be read', 'Use a PNG, WebP or JPEG picture as the logo.'),
  logo_address_refused: row(
    422,
    'request',
    'This address is not fetched',
    'Only public http(s) addresses are fetched. Use a file instead.',
  ),
  logo_fetch_failed: row(502, 'request', 'The logo could not be fetched', 'Check the address, or use a file instead.'),

  // Asking
  request_invalid: row(400, 'request', 'The request is not valid', 'See the fields named in "errors".'),
  not_found: row(404, 'request', 'There is no such thing', 'It may have been removed. List again.'),
  method_not_allowed: row(405, 'request', 'This cannot be done here', 'See the API description.'),
  unauthorized: row(401, 'request', 'Who are you?', 'Send a valid token as "Authorization: Bearer …".'),
  forbidden: row(
    403,
    'request',
    'This is not allowed',
    'Your token does not cover it, or the request came from another site.',
  ),
  conflict: row(409, 'request', 'The state does not allow this', 'Load it again and look at its state.'),
  attempt_closed: row(409, 'request', 'This attempt is closed', 'Another node took the work over; drop it.'),
  upload_offset_mismatch: row(
    409,
    'request',
    'The upload goes on elsewhere',
    'Ask for the offset and go on from there.',
  ),
  idempotency_mismatch: row(
    422,
    'request',
    'This Idempotency-Key was used for something else',
    'Use a new key for a new request.',
  ),
  media_type_unsupported: row(415, 'request', 'This content type is not taken', 'See the API description.'),
  too_many_requests: row(429, 'request', 'Too many requests', 'Wait as long as Retry-After says.'),
  not_ready: row(503, 'transport', 'The hub is not ready', 'It is starting or stopping. Try again shortly.'),
  disk_full: row(507, 'resource', 'The disk is full', 'Make room on the disk named; work goes on by itself.'),
  internal: row(
    500,
    'error',
    'Something went wrong inside',
    'Try again. If it stays, the log has the details under the id given.',
  ),

  // Joining
  token_invalid: row(
    401,
    'request',
    'This join token is not valid',
    'It was used, has run out, or is from another hub. Make a new one: millrace token',
  ),
  protocol_unsupported: row(
    426,
    'request',
    'The versions do not fit',
    'Update Millrace on the machine with the older version.',
  ),
  node_unknown: row(401, 'request', 'This machine is not known here', 'Let it join with a token: millrace token'),
  node_cloned: row(
    409,
    'request',
    'Two machines have the same key',
    'One is a copy of the other. On the copy, remove the folder identity and the file hubs.json of its data folder, and let it join as a machine of its own.',
  ),
  hub_identity_changed: row(
    502,
    'transport',
    'The hub is not the one that was joined',
    'Its key differs. If it was set up anew, join it again with a new token.',
  ),

  // A stage on a node
  stage_timeout: row(
    500,
    'error',
    'The step took too long',
    'It was stopped at its time limit. Another machine tries it.',
  ),
  stage_crashed: row(500, 'crash', 'The step’s process died', 'Another machine tries it.'),
  stage_out_of_memory: row(500, 'resource', 'The step needs more memory', 'It goes to a machine with more memory.'),
  stage_failed: row(500, 'error', 'The step failed', 'Another machine tries it. The details name what failed.'),
  stage_invalid_payload: row(
    500,
    'error',
    'The work order could not be read',
    'Hub and node may differ in version. Update both.',
  ),
  stage_invalid_output: row(500, 'error', 'The step’s result was not valid', 'Another machine tries it.'),
  blob_unavailable: row(
    404,
    'transport',
    'The bytes could not be had',
    'The hub does not have or give them. It is tried again.',
  ),
  hub_unreachable: row(
    503,
    'transport',
    'The hub cannot be reached',
    'Check the network; the node goes on by itself when it is back.',
  ),
  lost: row(500, 'transport', 'The machine was lost', 'It was not heard of for 10 seconds. Another machine tries it.'),
  machines_went_down: row(
    500,
    'crash',
    'Machines went down with this step',
    'Three machines were lost while they worked on this file. Look at the file before you try it again.',
  ),
  node_disk_full: row(
    507,
    'transport',
    'The machine’s disk is full',
    'Make room on the machine named; until then other machines do the work.',
  ),
  target_unreachable: row(
    502,
    'target',
    'The target of the upload cannot be reached',
    'Check its address and that it is up; it is tried again.',
  ),
  target_refused: row(502, 'target', 'The target refused the upload', 'See its answer; it is tried again.'),
  target_timeout: row(504, 'target', 'The target did not answer in time', 'It is tried again.'),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errorTable;

const codes = new Set<string>(Object.keys(errorTable));
const isErrorCode = (value: string): value is ErrorCode => codes.has(value);
export const errorCodeSchema = z.string().refine(isErrorCode, 'a code of the error table');

/** The row of a code: HTTP status, failure class, title and hint. */
export function errorRow(code: ErrorCode): ErrorRow {
  return errorTable[code];
}

/** What is kept and shown of a failure: what failed (code, message), and where (node, stage). Never a stack trace. */
export const failureSchema = z.object({
  code: errorCodeSchema,
  message: z.string().max(2_000),
  /** Small facts for the user and the log: limits, measured values, the target's answer. */
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  nodeId: z.string().optional(),
  nodeName: z.string().optional(),
  stageKind: z.string().optional(),
  /** The last lines that the step's process wrote before it died. For people who look for the cause, never for a sentence. */
  log: z.string().max(4_096).optional(),
});
export type Failure = z.infer<typeof failureSchema>;

/** An error of the table, thrown wherever the answer is known. `message` may be shown to the user. */
export class MillraceError extends Error {
  readonly code: ErrorCode;
  readonly details: Failure['details'];

  constructor(code: ErrorCode, message?: string, details?: Failure['details'], cause?: unknown) {
    super(message ?? errorTable[code].title, { cause });
    this.name = 'MillraceError';
    this.code = code;
    this.details = details;
  }
}

/** The failure that an unknown thrown value stands for; what is not from the table becomes `fallback`. */
export function failureOf(thrown: unknown, fallback: ErrorCode): Failure {
  if (thrown instanceof MillraceError) {
    return { code: thrown.code, message: thrown.message, ...(thrown.details && { details: thrown.details }) };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: fallback, message: message.slice(0, 2_000) };
}

/** RFC 9457 problem+json, as every failing route answers it. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: errorCodeSchema,
  hint: z.string(),
  instance: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  details: failureSchema.shape.details,
});
export type Problem = z.infer<typeof problemSchema>;
