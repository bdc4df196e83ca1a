/**
 * The door thread: listens on the broker's ports while a script holds the broker's own thread, and carries bytes between these
 * connections and the broker. It understands nothing of them: requests, users and limits are the broker's business.
 */
import type { Server, Socket } from 'node:net';
import { workerData } from 'node:worker_threads';
import type { DoorSettings, FromDoor, ToDoor } from './door-messages.ts';
import { bind, createPlainServer, createTlsServer } from './listeners.ts';

function isSettings(value: unknown): value is DoorSettings {
  return typeof value === 'object' && value !== null && 'port' in value && 'listen' in value;
}

function serve({ port, listen }: DoorSettings): void {
  const sockets = new Map<number, Socket>();
  let nextId = 1;
  const post = (message: FromDoor): void => port.postMessage(message);

  const accept = (socket: Socket, isCertified: boolean): void => {
    const id = nextId++;
    sockets.set(id, socket);
    const { remoteAddress, remotePort, localAddress, localPort } = socket;
    post({ event: 'open', id, isCertified, remoteAddress, remotePort, localAddress, localPort });
    socket.on('data', (bytes: Buffer) => {
      // One piece at a time: what the broker has not taken stays in the kernel.
      socket.pause();
      post({ event: 'data', id, bytes });
    });
    socket.on('end', () => post({ event: 'ended', id }));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(id);
      post({ event: 'closed', id });
    });
  };

  const plain = createPlainServer((socket) => accept(socket, false));
  const secure =
    listen.tls === undefined
      ? undefined
      : createTlsServer(listen.tls, (socket) => accept(socket, listen.tls?.ca !== undefined));
  const servers: readonly (readonly [Server, number, string])[] = [
    [plain, listen.port, listen.host],
    ...(secure === undefined || listen.tls === undefined ? [] : [[secure, listen.tls.port, listen.tls.host] as const]),
  ];

  const obey = (message: ToDoor): void => {
    if (message.do === 'listen') {
      Promise.all(servers.map(([server, at, host]) => bind(server, at, host))).then(
        () => post({ event: 'listening' }),
        (error: unknown) => post({ event: 'failed', message: String(error) }),
      );
    } else if (message.do === 'go-home') {
      for (const [server] of servers) server.close();
      post({ event: 'home' });
    } else obeyFor(message, sockets.get(message.id), post);
  };
  port.on('message', obey);
  post({ event: 'up' });
}

function obeyFor(
  message: Exclude<ToDoor, { do: 'listen' | 'go-home' }>,
  socket: Socket | undefined,
  post: (message: FromDoor) => void,
): void {
  if (message.do === 'read') socket?.resume();
  else if (message.do === 'destroy-soon') socket?.destroySoon();
  else if (message.do === 'destroy') socket?.destroy();
  else {
    const { id, text } = message;
    socket?.write(text, 'latin1', () => post({ event: 'written', id, count: text.length }));
  }
}

if (!isSettings(workerData)) throw new Error('the door thread was started without settings');
serve(workerData);
