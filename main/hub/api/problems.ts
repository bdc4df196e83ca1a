/** Every failing answer of the API: RFC 9457 problem+json from the table of errors, whatever was thrown. */
import { randomUUID } from 'node:crypto';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { Logger } from '../../../common/log.ts';
import { type ErrorCode, errorRow, MillraceError, type Problem } from '../../../contract/errors.ts';

export const problemMediaType = 'application/problem+json';

/** The problem that a code stands for. `detail` may be shown to the user. */
export function problemOfCode(code: ErrorCode, detail?: string, details?: MillraceError['details']): Problem {
  const row = errorRow(code);
  return {
    type: `urn:millrace:error:${code}`,
    title: row.title,
    status: row.status,
    detail: detail ?? row.title,
    code,
    hint: row.hint,
    ...(details && { details }),
  };
}

/** A request that is not valid, with the places where: JSON pointers into the body, `/query/…`, `/params/…`, `/headers/…`. */
export class InvalidRequestError extends MillraceError {
  readonly errors: readonly { readonly pointer: string; readonly detail: string }[];

  constructor(errors: readonly { readonly pointer: string; readonly detail: string }[]) {
    super('request_invalid', errors.map((one) => `${one.pointer || '/'}: ${one.detail}`).join('; '));
    this.errors = errors;
  }
}

/** Codes of the HTTP library's own errors. */
const libraryCodes = new Map<string, ErrorCode>([
  ['FST_ERR_CTP_BODY_TOO_LARGE', 'input_too_large'],
  ['FST_ERR_CTP_INVALID_JSON_BODY', 'request_invalid'],
  ['FST_ERR_CTP_EMPTY_JSON_BODY', 'request_invalid'],
  ['FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'request_invalid'],
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', 'media_type_unsupported'],
  ['FST_ERR_BAD_URL', 'request_invalid'],
  ['FST_INVALID_MULTIPART_CONTENT_TYPE', 'media_type_unsupported'],
  ['FST_REQ_FILE_TOO_LARGE', 'input_too_large'],
  ['FST_PARTS_LIMIT', 'request_invalid'],
  ['FST_FILES_LIMIT', 'request_invalid'],
  ['FST_FIELDS_LIMIT', 'request_invalid'],
  ['FST_PROTO_VIOLATION', 'request_invalid'],
  ['FST_INVALID_JSON_FIELD_ERROR', 'request_invalid'],
  ['FST_PREMATURE_CLOSE', 'request_invalid'],
  ['ECONNRESET', 'request_invalid'],
]);

/** The form reader reports these without a code. */
const brokenForm = /multipart|terminated early|malformed part/i;

function libraryProblem(error: Error): Problem | undefined {
  const key = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const code =
    libraryCodes.get(key) ??
    (error instanceof SyntaxError || brokenForm.test(error.message) ? 'request_invalid' : undefined);
  return code && problemOfCode(code, error.message);
}

function schemaProblem(error: Error): Problem | undefined {
  if (!hasZodFastifySchemaValidationErrors(error)) return undefined;
  const context = 'validationContext' in error ? String(error.validationContext) : 'body';
  const prefix = context === 'body' ? '' : `/${context === 'querystring' ? 'query' : context}`;
  const errors = error.validation.slice(0, 50).map((one) => ({
    pointer: prefix + (one.instancePath === '/' ? '' : one.instancePath),
    detail: one.message ?? 'is not valid',
  }));
  return { ...problemOfCode('request_invalid', new InvalidRequestError(errors).message.slice(0, 1_000)), errors };
}

/**
 * The problem to answer for anything thrown. What is not of the table becomes `internal`: logged in full under an id, of which
 * alone the caller hears.
 */
export function problemOfThrown(thrown: unknown, logger: Logger): Problem {
  if (thrown instanceof InvalidRequestError)
    return { ...problemOfCode(thrown.code, thrown.message), errors: [...thrown.errors] };
  if (thrown instanceof MillraceError && thrown.code !== 'internal')
    return problemOfCode(thrown.code, thrown.message, thrown.details);
  const known = thrown instanceof Error ? (schemaProblem(thrown) ?? libraryProblem(thrown)) : undefined;
  if (known) return known;
  const id = randomUUID();
  logger.error({ error: thrown, id }, 'a request failed inside');
  return problemOfCode('internal', undefined, { id });
}
