/**
 * What the API asks of the rest of the hub: one function an operation whose body and answer are JSON, who is calling, and how a
 * handler says another status than the table's. Owns no HTTP.
 */
import type {
  OperationName,
  OperationResponse,
  operations,
  ParsedBody,
  ParsedParams,
  ParsedQuery,
} from '../../../contract/hub-api.ts';
import type { Scope } from '../../../contract/operations/operation.ts';

/**
 * How a request came in: the loopback port, the TLS port for nodes, a port of an older system (loopback, too), or the TLS port for
 * browsers and programs that cannot pin keys.
 */
export type Door = 'loopback' | 'tls' | 'legacy' | 'web';

/** Doors that only this machine reaches. */
export const isLoopbackDoor = (door: Door): boolean => door === 'loopback' || door === 'legacy';

export interface Caller {
  readonly kind: 'token' | 'node' | 'anonymous';
  readonly scopes: readonly Scope[];
  /** The node that calls; null for everybody else. */
  readonly nodeId: string | null;
  readonly door: Door;
  /** Pin of the key that the client proved in this connection's handshake; null without TLS or without a certificate. */
  readonly peerPin: string | null;
  readonly remoteAddress: string;
}

export interface ApiRequest<N extends OperationName> {
  readonly params: ParsedParams<N>;
  readonly query: ParsedQuery<N>;
  readonly body: [ParsedBody<N>] extends [never] ? undefined : ParsedBody<N>;
  readonly caller: Caller;
  /** The header, for handlers that keep it; repeats are answered before a handler is called. */
  readonly idempotencyKey: string | null;
}

/** Operations that api/ answers itself, though their answer is JSON. */
type OwnJsonOperation = 'createMediaTicket' | 'getBlobOffset';
/** Operations whose body and answer are JSON (or nothing). */
export type JsonOperationName = {
  [N in OperationName]: (typeof operations)[N]['response'] extends 'bytes'
    ? never
    : (typeof operations)[N]['body'] extends 'bytes'
      ? never
      : N;
}[OperationName];
export type HandledOperationName = Exclude<JsonOperationName, OwnJsonOperation>;

/** What a handler answers; `undefined` for operations without an answer. */
export type Answer<N extends OperationName> = [OperationResponse<N>] extends [never] ? undefined : OperationResponse<N>;
export type Handler<N extends OperationName> = (
  request: ApiRequest<N>,
) => Promise<Answer<N> | AnswerWithStatus<Answer<N>>>;
export type JsonHandlers = { readonly [N in HandledOperationName]: Handler<N> };

/** An answer under another status than the operation's own (`200` for "it was there already"), or with headers of its own. */
export class AnswerWithStatus<T> {
  readonly status: number;
  readonly value: T;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, value: T, headers: Readonly<Record<string, string>>) {
    this.status = status;
    this.value = value;
    this.headers = headers;
  }
}

/** Wraps a handler's answer with a status (and headers) of its own. */
export function withStatus<T>(
  status: number,
  value: T,
  headers: Readonly<Record<string, string>> = {},
): AnswerWithStatus<T> {
  return new AnswerWithStatus(status, value, headers);
}
