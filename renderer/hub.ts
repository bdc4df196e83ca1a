/** The window's client of the hub: typed calls that follow from the operations table, uploads with progress. No state. */
import { z } from 'zod';
import { type ErrorCode, errorTable, type Problem, problemSchema } from '../contract/errors.ts';
import {
  apiBase,
  type OperationBody,
  type OperationName,
  type OperationParams,
  type OperationQuery,
  type OperationResponse,
  operations,
} from '../contract/hub-api.ts';
import type { Operation } from '../contract/operations/operation.ts';
import type { Session } from './session.ts';

/** Operations whose answer is JSON. */
export type JsonOperationName = {
  [N in OperationName]: (typeof operations)[N]['response'] extends 'bytes' ? never : N;
}[OperationName];

type Part<Key extends string, T> = [T] extends [never]
  ? { readonly [K in Key]?: never }
  : Record<string, never> extends T
    ? { readonly [K in Key]?: T }
    : { readonly [K in Key]: T };
export type CallInput<N extends OperationName> = Part<'params', OperationParams<N>> &
  Part<'query', OperationQuery<N>> &
  Part<'body', OperationBody<N>> & { readonly signal?: AbortSignal; readonly idempotencyKey?: string };

/** Why a call failed, as the hub told it, or `hub_unreachable` when it did not answer. */
export class HubError extends Error {
  readonly code: ErrorCode;
  readonly problem: Problem | null;

  constructor(code: ErrorCode, message: string, problem: Problem | null) {
    super(message);
    this.name = 'HubError';
    this.code = code;
    this.problem = problem;
  }
}

/** The error that an unknown thrown value stands for. */
export function hubErrorOf(thrown: unknown): HubError {
  if (thrown instanceof HubError) return thrown;
  return new HubError('internal', thrown instanceof Error ? thrown.message : String(thrown), null);
}

const unreachable = () => new HubError('hub_unreachable', errorTable.hub_unreachable.title, null);

/** The error in a failed answer's text; anything that is not problem+json counts by its status. */
export function errorOfAnswer(status: number, text: string): HubError {
  const json = z.string().transform((value, context) => {
    try {
      const parsed: unknown = JSON.parse(value);
      return parsed;
    } catch {
      context.addIssue({ code: 'custom', message: 'not JSON' });
      return z.NEVER;
    }
  });
  const parsed = json.pipe(problemSchema).safeParse(text);
  if (parsed.success) return new HubError(parsed.data.code, parsed.data.detail, parsed.data);
  return new HubError(status === 401 ? 'unauthorized' : 'internal', `HTTP ${status}`, null);
}

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Path and query of a call below the hub's origin. */
export function addressOf(path: string, params: unknown, query: unknown): string {
  const values = z.record(z.string(), scalar).parse(params ?? {});
  const filled = path.replace(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(String(values[key] ?? '')));
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(z.record(z.string(), z.unknown()).parse(query ?? {}))) {
    for (const each of Array.isArray(value) ? value : [value]) {
      const parsed = scalar.safeParse(each);
      if (parsed.success) search.append(key, String(parsed.data));
    }
  }
  const text = search.toString();
  return `${apiBase}${filled}${text === '' ? '' : `?${text}`}`;
}

export interface UploadOptions {
  readonly file: Blob;
  readonly signal: AbortSignal;
  readonly idempotencyKey: string;
  /** Bytes sent so far; often, while it runs. */
  onProgress(sentBytes: number): void;
}

export interface HubClient {
  readonly baseUrl: string;
  call<N extends JsonOperationName>(name: N, input?: CallInput<N>): Promise<OperationResponse<N>>;
  /** Sends a file as an octet stream to an operation whose body is bytes; the browser streams it from the disk. */
  upload<N extends 'addFileToBatch' | 'putLooseBlob'>(
    name: N,
    input: Pick<CallInput<N>, 'params' | 'query'>,
    options: UploadOptions,
  ): Promise<OperationResponse<N>>;
  /** Opens a streaming answer (events). Throws HubError. */
  open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
  /** Fetches a blob's bytes. */
  blob(sha256: string, signal?: AbortSignal): Promise<Blob>;
}

/** Parses an answer with the operation's own schema; this is what makes the generic type true. */
function parseAnswer<N extends OperationName>(name: N, value: unknown): OperationResponse<N> {
  const schema: Operation['response'] = operations[name].response;
  const parsed = schema === null || schema === 'bytes' ? undefined : schema.parse(value);
  return parsed as OperationResponse<N>;
}

/** The client of one session. `onUnauthorized` is told when the hub does not know the token any more. */
export function createHubClient(session: Session, onUnauthorized: () => void): HubClient {
  const authorization = `Bearer ${session.token}`;

  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('Authorization', authorization);
    const response = await fetch(session.baseUrl + path, { ...init, headers, cache: 'no-store' }).catch((error) => {
      if (init.signal?.aborted === true) throw error;
      throw unreachable();
    });
    if (response.ok) return response;
    if (response.status === 401) onUnauthorized();
    throw errorOfAnswer(response.status, await response.text().catch(() => ''));
  };

  return {
    baseUrl: session.baseUrl,
    async call(name, input) {
      const operation: Operation = operations[name];
      const { params, query, body, signal, idempotencyKey } = input ?? {};
      const headers: Record<string, string> = { Accept: 'application/json' };
      if (body !== undefined) headers['Content-Type'] = 'application/json';
      if (idempotencyKey !== undefined) headers['Idempotency-Key'] = idempotencyKey;
      const response = await send(addressOf(operation.path, params, query), {
        method: operation.method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      });
      if (operation.response === null) return parseAnswer(name, undefined);
      const value: unknown = await response.json();
      return parseAnswer(name, value);
    },
    async upload(name, input, options) {
      const operation: Operation = operations[name];
      const address = session.baseUrl + addressOf(operation.path, input.params, input.query);
      const text = await sendFile(address, authorization, options, onUnauthorized);
      const value: unknown = JSON.parse(text);
      return parseAnswer(name, value);
    },
    open: (path, headers, signal) => send(apiBase + path, { headers, signal }),
    async blob(sha256, signal) {
      const response = await send(addressOf(operations.getBlob.path, { sha256 }, {}), { ...(signal && { signal }) });
      return response.blob();
    },
  };
}

/** XMLHttpRequest, since fetch cannot tell how much of a body is sent. Rejects with HubError, or AbortError when cancelled. */
function sendFile(
  address: string,
  authorization: string,
  options: UploadOptions,
  onUnauthorized: () => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    options.signal.addEventListener('abort', abort, { once: true });
    request.open('POST', address);
    request.setRequestHeader('Authorization', authorization);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('Idempotency-Key', options.idempotencyKey);
    request.upload.onprogress = (event) => options.onProgress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve(request.responseText);
      if (request.status === 401) onUnauthorized();
      reject(errorOfAnswer(request.status, request.responseText));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    request.onloadend = () => options.signal.removeEventListener('abort', abort);
    if (options.signal.aborted) reject(new DOMException('cancelled', 'AbortError'));
    else request.send(options.file);
  });
}
