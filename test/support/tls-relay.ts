/** A TLS door in front of a TCP port, and a record of what arrived at it: for tests of pinned connections. */
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Identity } from '../../common/identity.ts';
import { peerPin, serverTlsOptions } from '../../common/pinned-tls.ts';

export interface TlsRelay {
  readonly port: number;
  /** Application bytes received from clients so far. */
  readonly bytes: number;
  /** Pin that each client proved, null for none. */
  readonly pins: readonly (string | null)[];
  /** Cuts every open connection; new ones are taken. */
  cut(): void;
  stop(): Promise<void>;
}

/** @param targetPort on 127.0.0.1; null keeps the bytes to itself and answers nothing */
export async function startTlsRelay(identity: Identity, targetPort: number | null): Promise<TlsRelay> {
  const open = new Set<Socket>();
  const pins: (string | null)[] = [];
  let bytes = 0;
  const onClient = (client: TLSSocket): void => {
    pins.push(peerPin(client));
    open.add(client);
    client.on('close', () => open.delete(client));
    client.on('error', () => {});
    client.on('data', (data: Buffer) => {
      bytes += data.length;
    });
    if (targetPort === null) return;
    const target = connect(targetPort, '127.0.0.1');
    target.on('error', () => client.destroy());
    client.pipe(target).pipe(client);
    client.on('close', () => target.destroy());
  };
  const server = createServer(serverTlsOptions(identity), onClient);
  server.on('tlsClientError', () => {});
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address() as AddressInfo;
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: address.port,
    get bytes() {
      return bytes;
    },
    pins,
    cut,
    stop: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
