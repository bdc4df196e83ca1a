/**
 * The way in while a script holds the broker's thread: lends the ports to a door thread and turns what it carries into connections
 * of this thread, read without the event loop. It knows nothing of scripts or requests.
 *
 * A thread that computes cannot accept, so the listening sockets are closed (at once: libuv closes the descriptor within the call)
 * and the door thread binds the same ports. Connections that were waiting to be accepted at that moment are reset, and try again.
 * When the script has ended the ports come home; connections that came through the door meanwhile live on in its thread.
 */
import type { Server } from 'node:net';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { ClientSocket, Connection } from './connection.ts';
import type { FromDoor, ToDoor } from './door-messages.ts';
import type { Logger } from './engine.ts';
import { bind, type ListenOptions } from './listeners.ts';

export interface DoorHost {
  readonly logger: Logger;
  /** Makes a connection, unless it may not come in. @param isCertified it showed a certificate that is let in */
  accept(socket: ClientSocket, isCertified: boolean): Connection | undefined;
}

const REBIND_MS = 50;

type Opened = Extract<FromDoor, { event: 'open' }>;

/** A socket of the door thread, as a connection sees it. */
class DoorSocket implements ClientSocket {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  /** Bytes that the thread has not handed to the network yet. */
  writableLength = 0;
  connection: Connection | undefined;
  private readonly id: number;
  private readonly post: (message: ToDoor) => void;

  constructor(opened: Opened, post: (message: ToDoor) => void) {
    this.id = opened.id;
    this.remoteAddress = opened.remoteAddress;
    this.remotePort = opened.remotePort;
    this.localAddress = opened.localAddress;
    this.localPort = opened.localPort;
    this.post = post;
  }

  write(text: string): void {
    this.writableLength += text.length;
    this.post({ do: 'write', id: this.id, text });
  }

  destroy(): void {
    this.post({ do: 'destroy', id: this.id });
  }

  destroySoon(): void {
    this.post({ do: 'destroy-soon', id: this.id });
  }

  take(bytes: Uint8Array): void {
    this.connection?.receive(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.post({ do: 'read', id: this.id });
  }
}

/** One of the broker's listening sockets and where it stands. */
export interface Place {
  readonly server: Server;
  readonly port: number;
  readonly host: string;
}

export class Door {
  private readonly host: DoorHost;
  private readonly places: readonly Place[];
  private readonly listen: ListenOptions;
  private readonly sockets = new Map<number, DoorSocket>();
  private thread: { readonly worker: Worker; readonly port: MessagePort } | undefined;
  /** The thread takes messages: a port lent to a thread that is not up yet would be nobody's meanwhile. */
  private isUp = false;
  private ports: 'here' | 'there' | 'returning' = 'here';
  private stopped = false;

  /** @param listen with the ports that are really bound; `places` are the same, as servers */
  constructor(host: DoorHost, listen: ListenOptions, places: readonly Place[]) {
    this.host = host;
    this.listen = listen;
    this.places = places;
  }

  /** Starts the thread, so that it is up when it is needed. */
  prepare(): void {
    if (!this.stopped) this.thread ??= this.start();
  }

  /** Takes what has come through the door. Opens it at first. For a thread whose event loop stands still. */
  serve(): void {
    this.prepare();
    const { port } = this.thread ?? {};
    if (port === undefined) return;
    for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
      this.handle(got.message);
    }
    if (!this.isUp || this.ports === 'there') return;
    // On their way back: the thread does what it is told in order, so it lets go first and then listens again.
    if (this.ports === 'here') for (const { server } of this.places) server.close();
    this.ports = 'there';
    this.post({ do: 'listen' });
  }

  /** The event loop runs again: asks for the ports, or lets an unused thread go. */
  close(): void {
    if (this.ports === 'there') {
      this.ports = 'returning';
      this.post({ do: 'go-home' });
    } else this.endIdleThread();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const { thread } = this;
    this.thread = undefined;
    await thread?.worker.terminate();
  }

  private start(): { worker: Worker; port: MessagePort } {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(new URL('./door-thread.ts', import.meta.url), {
      name: 'broker-door',
      execArgv: [],
      workerData: { port: port2, listen: this.listen },
      transferList: [port2],
    });
    worker.on('error', (error) => this.lost(worker, error));
    port1.on('message', (message: FromDoor) => this.handle(message));
    port1.unref();
    worker.unref();
    return { worker, port: port1 };
  }

  private handle(message: FromDoor): void {
    if (message.event === 'up') this.isUp = true;
    else if (message.event === 'open') this.open(message);
    else if (message.event === 'home') {
      if (this.ports === 'returning') void this.bindAgain();
    } else if (message.event === 'failed') {
      this.host.logger.error({ error: message.message }, 'the door thread could not listen');
    } else if (message.event !== 'listening') this.pass(message, this.sockets.get(message.id));
  }

  private open(message: Opened): void {
    const socket = new DoorSocket(message, (to) => this.post(to));
    this.sockets.set(message.id, socket);
    socket.connection = this.host.accept(socket, message.isCertified);
  }

  private pass(
    message: Extract<FromDoor, { event: 'data' | 'written' | 'ended' | 'closed' }>,
    socket?: DoorSocket,
  ): void {
    if (socket === undefined) return;
    if (message.event === 'data') socket.take(message.bytes);
    else if (message.event === 'written') socket.writableLength -= message.count;
    else if (message.event === 'ended') socket.connection?.closeAfterReplies();
    else {
      this.sockets.delete(message.id);
      socket.connection?.forget();
      this.endIdleThread();
    }
  }

  private async bindAgain(): Promise<void> {
    this.ports = 'here';
    for (const { server, port, host } of this.places) {
      while (!this.stopped && this.ports === 'here' && !server.listening) {
        try {
          await bind(server, port, host);
          break;
        } catch (error) {
          this.host.logger.error({ err: error, port }, 'a port could not be taken back from the door thread');
          await new Promise((resolve) => setTimeout(resolve, REBIND_MS));
        }
      }
    }
    this.endIdleThread();
  }

  /** Nobody is left who came through the door. */
  private endIdleThread(): void {
    if (this.ports !== 'here' || this.sockets.size > 0) return;
    void this.thread?.worker.terminate();
    this.forgetThread();
  }

  /** The thread died: its connections are gone, and its listening sockets closed with it. */
  private lost(worker: Worker, error: unknown): void {
    if (this.thread?.worker !== worker) return;
    this.host.logger.error({ err: error }, 'the door thread ended');
    this.forgetThread();
    for (const socket of this.sockets.values()) socket.connection?.forget();
    this.sockets.clear();
    if (this.ports !== 'here') void this.bindAgain();
  }

  private forgetThread(): void {
    this.thread = undefined;
    this.isUp = false;
  }

  private post(message: ToDoor): void {
    this.thread?.port.postMessage(message);
  }
}
