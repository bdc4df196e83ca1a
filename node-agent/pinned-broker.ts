/**
 * ioredis over a pinned TLS connection: a connector that checks the broker's key before ioredis writes a byte. Works for clients
 * given to BullMQ, for their `duplicate()` and for reconnecting.
 */
import { Socket } from 'node:net';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import { z } from 'zod';
import { connectPinned, type PinnedTarget } from '../common/pinned-tls.ts';

const optionsSchema = z.object({ disconnectTimeout: z.number().default(2_000) });

/**
 * The option `Connector` for `new Redis({ ...pinnedConnector(target), … })`. Do not set `tls`, `host` or `port` beside it.
 * @param target where the broker is and which key it has; a function is asked at every connection, so that a changed address is
 *   taken at the next reconnect
 */
export function pinnedConnector(target: PinnedTarget | (() => PinnedTarget)): Pick<RedisOptions, 'Connector'> {
  class PinnedConnector extends AbstractConnector {
    constructor(options: unknown) {
      super(optionsSchema.parse(options).disconnectTimeout);
    }

    /** A failure is answered by a dead stream: ioredis gives up for good when this rejects, and tries again after a close. */
    async connect(): Promise<Socket> {
      this.connecting = true;
      try {
        const socket = await connectPinned(typeof target === 'function' ? target() : target);
        if (!this.connecting) {
          socket.destroy();
          throw new Error('Connection is closed.');
        }
        socket.once('error', (error) => {
          this.firstError = error;
        });
        this.stream = socket;
        return socket;
      } catch (error) {
        if (!this.connecting) throw error;
        this.firstError = error instanceof Error ? error : new Error(String(error));
        return new Socket().destroy();
      }
    }
  }
  return { Connector: PinnedConnector };
}
