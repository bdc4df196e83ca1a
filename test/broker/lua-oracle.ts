/** For the Lua tests: a redis-server of its own, a raw RESP client that keeps types apart, and a tiny host with the same commands. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LuaHostCalls, Reply } from '../../main/broker/lua/lua-engine.ts';

export const REDIS_SERVER = '/usr/bin/redis-server';

/** One RESP value as a Reply; `next` is the offset behind it, or null when bytes are missing. */
function parseReply(text: string, from: number): { readonly value: Reply; readonly next: number } | null {
  const end = text.indexOf('\r\n', from);
  if (end < 0) return null;
  const line = text.slice(from + 1, end);
  const next = end + 2;
  switch (text.charAt(from)) {
    case '+':
      return { value: { status: line }, next };
    case '-':
      return { value: { error: line }, next };
    case ':':
      return { value: Number(line), next };
    case '_':
      return { value: null, next };
    case '#':
      return { value: line === 't', next };
    case ',':
      return { value: { double: Number(line) }, next };
    case '(':
      return { value: { bigNumber: line }, next };
    case '$':
    case '=': {
      const size = Number(line);
      if (size < 0) return { value: null, next };
      if (text.length < next + size + 2) return null;
      const body = text.slice(next, next + size);
      const value: Reply =
        text.charAt(from) === '$' ? body : { verbatim: { format: body.slice(0, 3), text: body.slice(4) } };
      return { value, next: next + size + 2 };
    }
    default:
      return parseAggregate(text, text.charAt(from), Number(line), next);
  }
}

function parseAggregate(
  text: string,
  kind: string,
  count: number,
  from: number,
): { readonly value: Reply; readonly next: number } | null {
  if (count < 0) return { value: null, next: from };
  const items: Reply[] = [];
  let next = from;
  for (let at = 0; at < (kind === '%' ? count * 2 : count); at++) {
    const item = parseReply(text, next);
    if (item === null) return null;
    items.push(item.value);
    next = item.next;
  }
  if (kind === '~') return { value: { set: items }, next };
  if (kind !== '%') return { value: items, next };
  const map: [Reply, Reply][] = [];
  for (let at = 0; at < items.length; at += 2) map.push([items[at] ?? null, items[at + 1] ?? null]);
  return { value: { map }, next };
}

/** One connection; commands and replies are latin1 byte strings, one command at a time. */
export class RawClient {
  readonly #socket: Socket;
  #pending = '';
  #resolve: ((reply: Reply) => void) | null = null;
  #reject: ((error: Error) => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#receive(chunk));
    socket.on('close', () => this.#reject?.(new Error('connection closed')));
  }

  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new RawClient(socket)));
      socket.on('error', reject);
    });
  }

  #receive(chunk: string): void {
    this.#pending += chunk;
    const parsed = parseReply(this.#pending, 0);
    if (parsed === null) return;
    this.#pending = this.#pending.slice(parsed.next);
    const resolve = this.#resolve;
    this.#resolve = null;
    this.#reject = null;
    resolve?.(parsed.value);
  }

  send(...args: string[]): Promise<Reply> {
    const head = `*${args.length}\r\n`;
    this.#socket.write(head + args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join(''), 'latin1');
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

export interface RedisOracle {
  readonly client: RawClient;
  stop(): Promise<void>;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('Ready to accept connections')) resolve();
    });
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`redis-server ended early: ${output}`)));
  });
}

/** Starts redis-server on a free port without persistence. */
export async function startRedis(): Promise<RedisOracle> {
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'lua-oracle-'));
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir];
  const child = spawn(REDIS_SERVER, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  await ready(child);
  const client = await RawClient.open(port);
  // RESP3, so that every type a script returns can be told apart.
  await client.send('HELLO', '3');
  return {
    client,
    stop: async () => {
      client.close();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const WRONG_TYPE: Reply = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };
const OK: Reply = { status: 'OK' };

/** A few commands over one Map, answering as Redis 7.0 does inside scripts. */
export function createTinyHost(logged: string[] = []): LuaHostCalls {
  const data = new Map<string, string | string[] | Map<string, string>>();
  const text = (key: string): string | null | undefined => {
    const value = data.get(key);
    return value === undefined ? null : typeof value === 'string' ? value : undefined;
  };
  const commands: Record<string, { arity: number; run(args: readonly string[], resp: 2 | 3): Reply }> = {
    PING: { arity: -1, run: ([, message]) => message ?? { status: 'PONG' } },
    ECHO: { arity: 2, run: ([, message = '']) => message },
    SET: {
      arity: 3,
      run: ([, key = '', value = '']) => {
        data.set(key, value);
        return OK;
      },
    },
    GET: {
      arity: 2,
      run: ([, key = '']) => {
        const value = text(key);
        return value === undefined ? WRONG_TYPE : value;
      },
    },
    INCR: {
      arity: 2,
      run: ([, key = '']) => {
        const value = text(key);
        if (value === undefined) return WRONG_TYPE;
        if (value !== null && !/^-?\d+$/.test(value)) return { error: 'ERR value is not an integer or out of range' };
        const next = Number(value ?? 0) + 1;
        data.set(key, String(next));
        return next;
      },
    },
    DEL: { arity: -2, run: ([, ...keys]) => keys.filter((key) => data.delete(key)).length },
    RPUSH: {
      arity: -3,
      run: ([, key = '', ...items]) => {
        const list = data.get(key) ?? [];
        if (!Array.isArray(list)) return WRONG_TYPE;
        data.set(key, [...list, ...items]);
        return list.length + items.length;
      },
    },
    LRANGE: {
      arity: 4,
      run: ([, key = '']) => {
        const list = data.get(key) ?? [];
        return Array.isArray(list) ? [...list] : WRONG_TYPE;
      },
    },
    HSET: {
      arity: -4,
      run: ([, key = '', field = '', value = '']) => {
        const hash = data.get(key) ?? new Map<string, string>();
        if (!(hash instanceof Map)) return WRONG_TYPE;
        data.set(key, hash.set(field, value));
        return 1;
      },
    },
    HGETALL: {
      arity: 2,
      run: ([, key = ''], resp) => {
        const hash = data.get(key) ?? new Map<string, string>();
        if (!(hash instanceof Map)) return WRONG_TYPE;
        return resp === 3 ? { map: [...hash] } : [...hash].flat();
      },
    },
  };
  return {
    call: (args, resp) => {
      const command = commands[(args[0] ?? '').toUpperCase()];
      if (command === undefined) return { error: 'ERR Unknown Redis command called from script' };
      const { arity } = command;
      if (arity > 0 ? args.length !== arity : args.length < -arity)
        return { error: 'ERR Wrong number of args calling Redis command from script' };
      return command.run(args, resp);
    },
    log: (level, message) => logged.push(`${level} ${message}`),
    nowMs: () => Date.now(),
    shouldStop: () => false,
  };
}
