/** A bare RESP client for differential tests: requests out as bytes, replies in as the bytes that came, parsed only to find their end. */
import { connect, type Socket } from 'node:net';

export interface RawReply {
  /** The reply exactly as it travelled, as latin1. */
  readonly bytes: string;
  /** The next offset. */
  readonly end: number;
}

/** Finds the end of the reply at `from`; undefined when it is not whole. */
export function replyEnd(text: string, from: number): number | undefined {
  const lineEnd = text.indexOf('\r\n', from);
  if (lineEnd < 0) return undefined;
  const kind = text[from] ?? '';
  const after = lineEnd + 2;
  const count = Number(text.slice(from + 1, lineEnd));
  if ('$=!'.includes(kind)) {
    const end = count < 0 ? after : after + count + 2;
    return end <= text.length ? end : undefined;
  }
  if (!'*%~>|'.includes(kind)) return after;
  let end = after;
  const items = kind === '%' || kind === '|' ? count * 2 : count;
  for (let i = 0; i < items; i++) {
    const next = replyEnd(text, end);
    if (next === undefined) return undefined;
    end = next;
  }
  return end;
}

export class RawClient {
  private readonly socket: Socket;
  private text = '';
  private readonly waiting: ((reply: string) => void)[] = [];
  readonly pushes: string[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
      for (;;) {
        const end = replyEnd(this.text, 0);
        if (end === undefined) return;
        const reply = this.text.slice(0, end);
        this.text = this.text.slice(end);
        if (reply.startsWith('>')) this.pushes.push(reply);
        else this.waiting.shift()?.(reply);
      }
    });
    socket.on('error', () => undefined);
    // Whoever still waits gets what never was an answer.
    socket.on('close', () => {
      for (const resolve of this.waiting.splice(0)) resolve('');
    });
  }

  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.once('connect', () => resolve(new RawClient(socket)));
    });
  }

  /** Sends one request; arguments are latin1 strings. */
  send(args: readonly string[]): Promise<string> {
    let out = `*${args.length}\r\n`;
    for (const arg of args) out += `$${arg.length}\r\n${arg}\r\n`;
    return this.sendRaw(out);
  }

  sendRaw(bytes: string): Promise<string> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.socket.write(bytes, 'latin1');
    });
  }

  close(): void {
    this.socket.destroy();
  }
}
