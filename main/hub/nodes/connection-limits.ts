/** How many connections one address may hold at a door to the network: who opens thousands takes no place from others. */
import type { Server } from 'node:net';
import { addressGroup } from './join-request-limits.ts';

/** A node needs about thirty: sixteen for the API, two for each of its queues. */
export const maxConnectionsOfAddress = 256;

/** Connections beyond the limit end before a byte of theirs is read. This machine's own are not counted. */
export function limitConnectionsByAddress(server: Server, limit = maxConnectionsOfAddress): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket) => {
    const group = addressGroup(socket.remoteAddress ?? '');
    if (group.startsWith('127.')) return;
    const count = (counts.get(group) ?? 0) + 1;
    if (count > limit) {
      socket.destroy();
      return;
    }
    counts.set(group, count);
    socket.once('close', () => {
      const left = (counts.get(group) ?? 1) - 1;
      if (left === 0) counts.delete(group);
      else counts.set(group, left);
    });
  });
}
