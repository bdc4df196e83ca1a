/**
 * Several clients against one server, step by step, and everything that each of them was told, pushes included, in order. A step that
 * waits (BLPOP …) is over once the server counts one more blocked client; its reply comes with somebody else's step.
 */
import { connect, type Socket } from 'node:net';
import { splitInline } from '../../../main/broker/resp.ts';
import { RawClient, replyEnd } from './raw-client.ts';

/** A client that keeps the bytes it was sent. */
class Listener {
  told = '';
  private readonly socket: Socket;
  private onData: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.told += chunk.toString('latin1');
      this.onData();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.onData());
  }

  static open(port: number): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Listener(socket)));
    });
  }

  send(args: readonly string[]): void {
    this.socket.write(`*${args.length}\r\n${args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('')}`, 'latin1');
  }

  /** Waits until what was told passes the test, or the server has hung up. */
  until(test: (told: string) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.onData = () => {
        if (test(this.told) || this.socket.destroyed) resolve();
      };
      this.onData();
    });
  }

  close(): void {
    this.socket.destroy();
  }
}

async function untilBlocked(control: RawClient, count: number): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    const info = await control.send(['INFO', 'clients']);
    if (info.includes(`blocked_clients:${count}\r\n`)) return;
  }
  throw new Error(`the server never had ${count} blocked clients`);
}

const SYNC = 'everything-before-has-come';

/**
 * Plays steps `name: request`, `name*: request` for one that waits; `$name` in a request is that client's id. Returns what each was
 * told. Clients that still wait at the end are left out of the last synchronisation.
 */
export async function play(port: number, resp: '2' | '3', steps: readonly string[]): Promise<Record<string, string>> {
  const control = await RawClient.open(port);
  await control.send(['FLUSHALL']);
  const speakers = new Map<string, Listener>();
  const ids = new Map<string, string>();
  for (const step of steps) {
    const [, name = '', star, request = ''] = /^(\w+)(\*?): (.*)$/.exec(step) ?? [];
    let speaker = speakers.get(name);
    if (speaker === undefined) {
      speaker = await Listener.open(port);
      speakers.set(name, speaker);
      speaker.send(['CLIENT', 'ID']);
      await speaker.until((told) => told.endsWith('\r\n'));
      ids.set(name, speaker.told.slice(1, -2));
      speaker.send(['HELLO', resp]);
      await speaker.until((told) => replyEnd(told, told.indexOf('\r\n') + 2) !== undefined);
      speaker.told = '';
    }
    const before = speaker.told.length;
    const blocked = /blocked_clients:(\d+)/.exec(await control.send(['INFO', 'clients']))?.[1] ?? '0';
    speaker.send(
      (splitInline(request) ?? []).map((arg) => (arg.startsWith('$') ? (ids.get(arg.slice(1)) ?? arg) : arg)),
    );
    if (star === '*') await untilBlocked(control, Number(blocked) + 1);
    else await speaker.until((told) => replyEnd(told, before) !== undefined);
  }
  const out: Record<string, string> = {};
  for (const [name, speaker] of speakers) {
    speaker.send(['PING', SYNC]);
    await speaker.until((told) => told.includes(SYNC));
    out[name] = speaker.told;
    speaker.close();
  }
  control.close();
  return out;
}
