/**
 * The broker's door to the network: TLS 1.3 in front of the broker that listens on loopback. Each connection must prove the key of a node that is
 * known at that moment; what comes through then is the node's own broker user's business (queue/broker-users).
 */
import type { Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { Identity } from '../../../common/identity.ts';
import type { Logger } from '../../../common/log.ts';
import { peerPin, serverTlsOptions } from '../../../common/pinned-tls.ts';
import { limitConnectionsByAddress } from './connection-limits.ts';

const handshakeLimitMs = 10_000;
const maxConnections = 8_192;

export interface BrokerDoor {
  readonly port: number;
  /** Ends the connections of a node at once. */
  dropNode(nodeId: string): void;
  close(): Promise<void>;
}

export interface BrokerDoorParts {
  readonly identity: Pick<Identity, 'keyPem' | 'certificatePem'>;
  readonly host: string;
  readonly port: number;
  /** Opens a connection to the broker itself. */
  readonly connectInside: () => Socket;
  readonly logger: Logger;
  /** The node whose key this is, or null. */
  nodeOfPin(pin: string): string | null;
}

/** Carries bytes both ways with back-pressure; the end of one side is the end of the other. */
function join(outer: TLSSocket, inner: Socket): void {
  outer.pipe(inner);
  inner.pipe(outer);
  const end = (): void => {
    outer.destroy();
    inner.destroy();
  };
  for (const socket of [outer, inner]) {
    socket.setNoDelay(true);
    socket.on('error', end);
    socket.on('close', end);
  }
}

/** Opens the door. Rejects when the port is taken. */
export async function openBrokerDoor(parts: BrokerDoorParts): Promise<BrokerDoor> {
  const byNode = new Map<string, Set<TLSSocket>>();
  const server = createServer({ ...serverTlsOptions(parts.identity), handshakeTimeout: handshakeLimitMs }, (socket) => {
    const pin = peerPin(socket);
    const nodeId = pin === null ? null : parts.nodeOfPin(pin);
    if (nodeId === null) {
      socket.destroy();
      return;
    }
    const mine = byNode.get(nodeId) ?? new Set<TLSSocket>();
    byNode.set(nodeId, mine.add(socket));
    socket.on('close', () => mine.delete(socket));
    join(socket, parts.connectInside());
  });
  server.maxConnections = maxConnections;
  limitConnectionsByAddress(server);
  server.on('tlsClientError', (error) =>
    parts.logger.debug({ error: error.message }, 'a TLS handshake at the broker’s door failed'),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: parts.host, port: parts.port }, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the broker’s door has no port');
  const dropAll = (sockets: Iterable<TLSSocket>): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    dropNode: (nodeId) => dropAll(byNode.get(nodeId) ?? []),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const sockets of byNode.values()) dropAll(sockets);
      }),
  };
}
