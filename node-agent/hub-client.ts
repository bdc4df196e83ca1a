/**
 * The node's side of the hub's HTTP API: typed calls, every answer parsed, everything limited in time and size. Plain http to this
 * machine, pinned TLS to others. Repeats nothing by itself; who calls decides what to do about a failure.
 */
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher } from 'undici';
import { z } from 'zod';
import type { Identity } from '../common/identity.ts';
import { pinnedDispatcher } from '../common/pinned-dispatcher.ts';
import { WrongPeerError } from '../common/pinned-tls.ts';
import { MillraceError, problemSchema } from '../contract/errors.ts';
import { apiBase, operations } from '../contract/hub-api.ts';
import type {
  Goodbye,
  Heartbeat,
  HeartbeatAnswer,
  HelloRequest,
  HelloResponse,
  JoinRequest,
  JoinResponse,
} from '../contract/node.ts';
import type { Operation } from '../contract/operations/operation.ts';
import type { PairingAnswer, PairingAsk, PairingOffer, PairingWait } from '../contract/pairing.ts';
import type { StageResult } from '../contract/stage.ts';
import { parseHubAddress } from './hub-address.ts';

/** Which hub is spoken to, and as whom. */
export interface HubEndpoint {
  readonly baseUrl: string;
  /** Pin of the hub's key; must be proved at every TLS connection. */
  readonly pin: string;
  /** Null while joining. */
  readonly bearer: string | null;
}

/** Bytes from `offset` on, as they come. */
export interface BlobStream {
  readonly offset: number;
  readonly bytes: Readable;
}

export interface UploadBody {
  readonly bytes: Uint8Array | Readable;
  /** Where these bytes begin in the blob. */
  readonly offset: number;
  /** Of the whole blob. */
  readonly totalBytes: number;
}

export interface HubClient {
  endpoint(): HubEndpoint | null;
  /** Speaks to this hub from now on; requests under way go on with the old one. */
  moveTo(endpoint: HubEndpoint): void;
  join(request: JoinRequest): Promise<JoinResponse>;
  askToJoin(request: PairingAsk, signal: AbortSignal): Promise<PairingOffer>;
  waitForApproval(requestId: string, told: PairingWait, signal: AbortSignal): Promise<PairingAnswer>;
  hello(nodeId: string, request: HelloRequest): Promise<HelloResponse>;
  heartbeat(nodeId: string, beat: Heartbeat): Promise<HeartbeatAnswer>;
  goodbye(nodeId: string, goodbye: Goodbye, signal: AbortSignal): Promise<void>;
  postResult(attemptId: string, result: StageResult, signal?: AbortSignal): Promise<void>;
  readBlob(sha256: string, offset: number, signal?: AbortSignal): Promise<BlobStream>;
  uploadOffset(sha256: string, signal?: AbortSignal): Promise<{ complete: boolean; offset: number }>;
  writeBlob(sha256: string, body: UploadBody, signal?: AbortSignal): Promise<void>;
  /** Ends all connections at once. */
  close(): Promise<void>;
}

export interface HubClientLimits {
  /** For connecting, ms. */
  readonly connectMs: number;
  /** For a whole call whose answer is JSON, ms. */
  readonly callMs: number;
  /** Silence after which a transfer is given up, ms. */
  readonly silenceMs: number;
}

export const defaultHubLimits: HubClientLimits = { connectMs: 3_000, callMs: 10_000, silenceMs: 20_000 };

/** A hello's answer names up to 10 000 attempts. */
const maxAnswerBytes = 4_000_000;

interface Sent {
  readonly params?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Readable | null;
  readonly signal?: AbortSignal | undefined;
}

function fillPath(path: string, params: Readonly<Record<string, string>> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new TypeError(`${path} needs ${name}`);
    return encodeURIComponent(value);
  });
}

async function readText(body: Readable): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    const bytes: Uint8Array = chunk;
    size += bytes.length;
    if (size > maxAnswerBytes) throw new Error(`an answer of more than ${maxAnswerBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks, size).toString('utf8');
}

const codeOfStatus = (status: number) => {
  if (status === 401) return 'unauthorized';
  if (status === 404) return 'not_found';
  if (status === 429) return 'too_many_requests';
  if (status === 502 || status === 503 || status === 504) return 'not_ready';
  return status < 500 ? 'request_invalid' : 'internal';
};

/** The error that a failing answer stands for. */
function errorOfAnswer(status: number, text: string): MillraceError {
  try {
    const problem = problemSchema.parse(JSON.parse(text));
    const fields = problem.errors?.map((field) => `${field.pointer} ${field.detail}`).join('; ');
    return new MillraceError(problem.code, fields ? `${problem.detail} (${fields})` : problem.detail, problem.details);
  } catch {
    return new MillraceError(codeOfStatus(status), `The hub answered ${status} without saying why.`);
  }
}

/** What a request that got no answer stands for. The caller's own abort stays what it is. */
function errorOfSilence(baseUrl: string, cause: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  if (cause instanceof MillraceError) return cause;
  if (cause instanceof WrongPeerError)
    return new MillraceError('hub_identity_changed', `At ${baseUrl} answers another key than that of the hub.`);
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  return new MillraceError('hub_unreachable', `The hub at ${baseUrl} cannot be reached (${why}).`, undefined, cause);
}

interface Line {
  readonly endpoint: HubEndpoint;
  readonly dispatcher: Dispatcher;
}

function openLine(endpoint: HubEndpoint, identity: Identity, limits: HubClientLimits): Line {
  const { tls, baseUrl } = parseHubAddress(endpoint.baseUrl);
  const { connectMs, silenceMs } = limits;
  const dispatcher = tls
    ? pinnedDispatcher({ pin: endpoint.pin, identity, timeoutMs: connectMs, connections: 16, silenceMs })
    : new Agent({
        connections: 16,
        pipelining: 1,
        // Shorter than the hub's own, so that it never closes a connection that is just being used.
        keepAliveTimeout: 4_000,
        connect: { timeout: connectMs },
        headersTimeout: silenceMs,
        bodyTimeout: silenceMs,
      });
  return { endpoint: { ...endpoint, baseUrl }, dispatcher };
}

/** @param identity this machine's own, shown to hubs elsewhere */
export function createHubClient(identity: Identity, limits: HubClientLimits = defaultHubLimits): HubClient {
  let line: Line | null = null;

  const send = async (operation: Operation, sent: Sent): Promise<Dispatcher.ResponseData> => {
    if (line === null) throw new MillraceError('hub_unreachable', 'No hub was found yet.');
    const { endpoint, dispatcher } = line;
    const headers: Record<string, string> = { ...sent.headers };
    if (endpoint.bearer !== null) headers['authorization'] = `Bearer ${endpoint.bearer}`;
    try {
      const answer = await dispatcher.request({
        origin: endpoint.baseUrl,
        path: `${apiBase}${fillPath(operation.path, sent.params)}`,
        method: operation.method,
        headers,
        body: sent.body ?? null,
        signal: sent.signal ?? null,
      });
      if (answer.statusCode < 400) return answer;
      throw errorOfAnswer(answer.statusCode, await readText(answer.body));
    } catch (cause) {
      throw errorOfSilence(endpoint.baseUrl, cause, sent.signal);
    }
  };

  /** A call whose answer is JSON, within `callMs` altogether. */
  const call = async <S extends z.ZodType>(
    operation: Operation & { readonly response: S },
    sent: Sent & { readonly json?: unknown },
  ): Promise<z.output<S>> => {
    const abort = new AbortController();
    const onAbort = (): void => abort.abort(sent.signal?.reason);
    const onLate = (): void =>
      abort.abort(new MillraceError('hub_unreachable', `The hub did not answer within ${limits.callMs} ms.`));
    const timer = setTimeout(onLate, limits.callMs);
    sent.signal?.addEventListener('abort', onAbort, { once: true });
    if (sent.signal?.aborted) onAbort();
    try {
      const json = sent.json === undefined ? {} : { body: JSON.stringify(sent.json), headers: jsonHeaders };
      const answer = await send(operation, { ...sent, ...json, signal: abort.signal });
      const text = await readText(answer.body).catch((cause: unknown) => {
        throw errorOfSilence(line?.endpoint.baseUrl ?? 'the hub', cause, abort.signal);
      });
      return parseAnswer(operation.response, text);
    } finally {
      clearTimeout(timer);
      sent.signal?.removeEventListener('abort', onAbort);
    }
  };

  return {
    endpoint: () => line?.endpoint ?? null,
    moveTo(endpoint) {
      const before = line;
      line = openLine(endpoint, identity, limits);
      // Requests under way end by themselves; nobody waits for that.
      before?.dispatcher.close().catch(() => {});
    },
    join: (json) => call(operations.joinNode, { json }),
    askToJoin: (json, signal) => call(operations.askToJoin, { json, signal }),
    waitForApproval: (id, json, signal) => call(operations.waitForApproval, { params: { id }, json, signal }),
    hello: (id, json) => call(operations.helloNode, { params: { id }, json }),
    heartbeat: (id, json) => call(operations.heartbeat, { params: { id }, json }),
    async goodbye(id, json, signal) {
      const body = JSON.stringify(json);
      const answer = await send(operations.goodbye, { params: { id }, headers: jsonHeaders, body, signal });
      await answer.body.dump();
    },
    async postResult(id, json, signal) {
      await call(operations.postResult, { params: { id }, json, signal });
    },
    async readBlob(sha256, offset, signal) {
      const headers = offset === 0 ? {} : { range: `bytes=${offset}-` };
      const answer = await send(operations.getBlob, { params: { sha256 }, headers, signal });
      return { offset: answer.statusCode === 206 ? offset : 0, bytes: answer.body };
    },
    uploadOffset: (sha256, signal) => call(operations.getBlobOffset, { params: { sha256 }, signal }),
    async writeBlob(sha256, { bytes, offset, totalBytes }, signal) {
      const headers = {
        'content-type': 'application/octet-stream',
        'content-length': String(totalBytes - offset),
        'upload-offset': String(offset),
      };
      const answer = await send(operations.putBlob, { params: { sha256 }, headers, body: bytes, signal });
      await answer.body.dump();
    },
    async close() {
      await line?.dispatcher.destroy();
    },
  };
}

const jsonHeaders = { 'content-type': 'application/json' } as const;

function parseAnswer<S extends z.ZodType>(schema: S, text: string): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MillraceError('hub_unreachable', 'What answers at the hub’s address is not a hub.');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MillraceError(
    'protocol_unsupported',
    `The hub’s answer was not understood: ${z.prettifyError(parsed.error)}`,
  );
}
