/** HTTP over pinned connections: an undici dispatcher whose sockets come from {@link connectPinned}. Use it with undici's own `fetch` and `request`. */
import { Agent } from 'undici';
import { connectPinned, type PinnedTarget } from './pinned-tls.ts';

export interface PinnedDispatcherOptions extends Pick<PinnedTarget, 'pin' | 'identity' | 'timeoutMs'> {
  /** Connections to one hub at most; more requests wait for one. */
  readonly connections?: number;
  /** Silence after which a request fails, ms (headers, and between two pieces of a body). */
  readonly silenceMs?: number;
}

/**
 * A dispatcher for `https:` addresses of machines with the given pin, whatever name or address they are reached by. Connections
 * are kept for further requests. Plain `http:` is refused: pass those requests without a dispatcher.
 * Close it with `.close()` (in order) or `.destroy()` (at once).
 */
export function pinnedDispatcher(options: PinnedDispatcherOptions): Agent {
  const { pin, identity, timeoutMs = 5_000, connections = 16, silenceMs = 30_000 } = options;
  return new Agent({
    connections,
    // One request at a time a connection: a lost answer must not leave doubt about another request.
    pipelining: 1,
    keepAliveTimeout: 20_000,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    allowH2: false,
    connect: ({ hostname, port, protocol }, callback) => {
      if (protocol !== 'https:') return callback(new Error('Only https goes over pinned connections.'), null);
      // IPv6 addresses come in brackets.
      const host = hostname.replace(/^\[|\]$/g, '');
      connectPinned({ host, port: Number(port || 443), pin, identity, timeoutMs }).then(
        (socket) => callback(null, socket.setNoDelay(true)),
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
      );
    },
  });
}
