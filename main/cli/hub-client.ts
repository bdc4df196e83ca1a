/**
 * A typed client of a hub's HTTP API, made from the operations table; for the commands and the tests. It checks what it sends and
 * what it gets against the same schemas as the hub, and turns every problem answer into the error of the table.
 */
import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { MillraceError, problemSchema } from '../../contract/errors.ts';
import {
  apiBase,
  type OperationBody,
  type OperationName,
  type OperationParams,
  type OperationQuery,
  type OperationResponse,
  operations,
} from '../../contract/hub-api.ts';
import type { Operation } from '../../contract/operations/operation.ts';

/** Operations whose answer is JSON, or nothing. */
export type AnsweringOperation = {
  [N in OperationName]: (typeof operations)[N]['response'] extends 'bytes' ? never : N;
}[OperationName];

type Part<Key extends string, T> = [T] extends [never]
  ? unknown
  : Record<string, never> extends T
    ? { readonly [K in Key]?: T }
    : { readonly [K in Key]: T };

/** Bytes to send, and how many there are when that is known. */
export interface BytesBody {
  readonly bytes: Readable | Uint8Array;
  readonly sizeBytes?: number;
  /** `application/octet-stream` unless said. */
  readonly mediaType?: string;
}

type Body<N extends OperationName> = (typeof operations)[N]['body'] extends 'bytes'
  ? { readonly body: BytesBody }
  : Part<'body', OperationBody<N>>;

/** What an operation is called with. */
export type CallInput<N extends OperationName> = Part<'params', OperationParams<N>> &
  Part<'query', OperationQuery<N>> &
  Body<N> & { readonly headers?: Readonly<Record<string, string>>; readonly signal?: AbortSignal };

export interface HubClient {
  /** The address without a path. */
  readonly url: string;
  /** Calls an operation. Throws `MillraceError` for a problem answer, `hub_unreachable` when there was none. */
  call<N extends AnsweringOperation>(name: N, input: CallInput<N>): Promise<OperationResponse<N>>;
  /** Calls an operation whose answer is bytes; the stream must be read or destroyed. */
  fetchBytes<N extends Exclude<OperationName, AnsweringOperation>>(name: N, input: CallInput<N>): Promise<Readable>;
  /** Ends the connections. */
  close(): Promise<void>;
}

interface LooseInput {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** `/jobs/{id}:retry` with its parameters filled in. */
function fillPath(path: string, params: unknown): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = isRecord(params) ? params[name] : undefined;
    if (value === undefined) throw new TypeError(`${path} needs ${name}`);
    return encodeURIComponent(String(value));
  });
}

function queryText(query: unknown): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(isRecord(query) ? query : {})) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

const isBytesBody = (value: unknown): value is BytesBody =>
  isRecord(value) && (value['bytes'] instanceof Readable || value['bytes'] instanceof Uint8Array);

function encodeBody(
  operation: Operation,
  body: unknown,
): { headers: Record<string, string>; body: Readable | Uint8Array | string | null } {
  if (operation.body === 'bytes' && isBytesBody(body)) {
    const headers: Record<string, string> = { 'content-type': body.mediaType ?? 'application/octet-stream' };
    if (body.sizeBytes !== undefined) headers['content-length'] = String(body.sizeBytes);
    return { headers, body: body.bytes };
  }
  if (operation.body === null || operation.body === 'bytes') return { headers: {}, body: null };
  const text = JSON.stringify(operation.body.parse(body ?? {}));
  return { headers: { 'content-type': 'application/json' }, body: text };
}

/** The error that an answer stands for. */
function errorOfAnswer(status: number, text: string): MillraceError {
  try {
    const problem = problemSchema.parse(JSON.parse(text));
    const fields = problem.errors?.map((field) => `${field.pointer} ${field.detail}`).join('; ');
    return new MillraceError(problem.code, fields ? `${problem.detail} (${fields})` : problem.detail, problem.details);
  } catch {
    return new MillraceError('internal', `The hub answered ${status} without saying why.`);
  }
}

/**
 * A client of the hub at `url`.
 * @param token an API token, or null for the public operations
 * @param answerTimeoutMs silence after which a call fails; longer than any `waitMs`
 */
export function createHubClient(url: string, token: string | null, answerTimeoutMs = 90_000): HubClient {
  const base = url.replace(/\/+$/, '');
  const agent = new Agent({ connections: 16, headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs });

  async function send(operation: Operation, input: LooseInput) {
    const target = `${base}${apiBase}${fillPath(operation.path, input.params)}${queryText(input.query)}`;
    const encoded = encodeBody(operation, input.body);
    const headers = {
      ...encoded.headers,
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...input.headers,
    };
    try {
      const options = { method: operation.method, headers, body: encoded.body, dispatcher: agent };
      return await request(target, input.signal === undefined ? options : { ...options, signal: input.signal });
    } catch (cause) {
      if (input.signal?.aborted) throw cause;
      const why = cause instanceof Error ? cause.message || cause.name : String(cause);
      throw new MillraceError('hub_unreachable', `The hub at ${base} cannot be reached (${why}).`, undefined, cause);
    }
  }

  return {
    url: base,
    async call<N extends AnsweringOperation>(name: N, input: CallInput<N>): Promise<OperationResponse<N>> {
      const operation: Operation = operations[name];
      const answer = await send(operation, input);
      const text = await answer.body.text();
      if (answer.statusCode >= 400) throw errorOfAnswer(answer.statusCode, text);
      const { response } = operation;
      const value: unknown = response === null || response === 'bytes' ? null : response.parse(JSON.parse(text));
      // Parsed just now by this operation's own schema; the compiler cannot follow that through the table.
      return value as OperationResponse<N>;
    },
    async fetchBytes(name, input) {
      const answer = await send(operations[name], input);
      if (answer.statusCode >= 400) throw errorOfAnswer(answer.statusCode, await answer.body.text());
      return answer.body;
    },
    close: () => agent.close(),
  };
}
