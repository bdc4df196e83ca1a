/** Real servers on loopback for upload tests, with whatever manners a test gives them; all are ended by one call. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { z } from 'zod';

const portSchema = z.object({ port: z.int() });

/** Listens on a free port of 127.0.0.1 and tells it. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return portSchema.parse(server.address()).port;
}

/** All bytes of a request. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

/** Reads the whole request, then answers. */
export function answering(answer: (response: ServerResponse) => void): RequestListener {
  return (request, response) => {
    request.resume().on('end', () => answer(response));
  };
}

export function createTestServers() {
  const opened: { close(): void }[] = [];
  return {
    /** An HTTP server; its address. */
    async serve(handler: RequestListener): Promise<string> {
      const server = createServer(handler);
      opened.push({
        close: () => {
          server.closeAllConnections();
          server.close();
        },
      });
      return `http://127.0.0.1:${await listen(server)}`;
    },
    /** A server below HTTP; the `http:` address of its port. */
    async serveTcp(handler: (socket: Socket) => void): Promise<string> {
      const sockets = new Set<Socket>();
      const server = createTcpServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        handler(socket);
      });
      opened.push({
        close: () => {
          for (const socket of sockets) socket.destroy();
          server.close();
        },
      });
      return `http://127.0.0.1:${await listen(server)}`;
    },
    /** Ends a server of the test's own, too. */
    adopt(server: { close(): void }): void {
      opened.push(server);
    },
    close(): void {
      for (const server of opened.splice(0)) server.close();
    },
  };
}
