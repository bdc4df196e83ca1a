/** Starts the API: one app behind several doors. */
import type { FastifyInstance } from 'fastify';
import { createDoorKeeper, type OpenDoor } from './doors.ts';
import { createEventStreams } from './event-streams.ts';
import { createHttpApp } from './http-server.ts';
import { createIdempotency } from './idempotency.ts';
import { createMediaTickets } from './media-tickets.ts';
import type { Api, ApiParts } from './parts.ts';

const loopbackHosts = new Set(['127.0.0.1', '::1', 'localhost']);
/** Requests under way have so long to end when a door closes, ms. */
const graceMs = 2_000;

/**
 * Opens the loopback doors. The door to the network stays shut until `openTlsDoor`.
 * @throws Error when `listen.host` is not loopback: plain http never goes beyond it
 * @throws the system's error (`EADDRINUSE` …) when a port cannot be had; nothing stays open then
 */
export async function startApi(parts: ApiParts): Promise<Api> {
  const { host } = parts.listen;
  if (!loopbackHosts.has(host)) throw new Error(`Plain http is for this machine alone; ${host} is not loopback.`);
  let app: FastifyInstance | undefined;
  const doors = createDoorKeeper((request, response) => app?.routing(request, response));
  const streams = createEventStreams(parts.events);
  app = await createHttpApp({
    ...parts,
    doors,
    streams,
    tickets: createMediaTickets(() => parts.clock.wallMs()),
    idempotency: createIdempotency(parts.catalog, () => parts.clock.wallMs()),
  });
  const open: OpenDoor[] = [];
  const closeAll = async (): Promise<void> => {
    streams.close();
    await Promise.all(open.splice(0).map((door) => door.close(graceMs)));
    await app?.close();
  };
  try {
    open.push(await doors.open('loopback', host, parts.listen.port));
    for (const port of parts.legacyPorts) open.push(await doors.open('legacy', host, port));
  } catch (error) {
    await closeAll();
    throw error;
  }
  const port = open[0]?.port ?? parts.listen.port;
  const legacyPorts = open.slice(1).map((door) => door.port);
  let tlsDoor: OpenDoor | undefined;
  const closeTlsDoor = async (): Promise<void> => {
    const door = tlsDoor;
    tlsDoor = undefined;
    await door?.close(graceMs);
  };

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    legacyPorts,
    async openTlsDoor(identity, tlsHost, tlsPort) {
      await closeTlsDoor();
      tlsDoor = await doors.openTls(identity, tlsHost, tlsPort);
      return { port: tlsDoor.port };
    },
    closeTlsDoor,
    async openWebDoor(certificate, webHost, webPort) {
      const door = await doors.openWeb(certificate, webHost, webPort);
      open.push(door);
      return { port: door.port };
    },
    dropHolder: doors.dropHolder,
    async stop() {
      // Streams have no end of their own; then all doors close side by side.
      streams.close();
      await Promise.all([closeTlsDoor(), closeAll()]);
    },
  };
}
