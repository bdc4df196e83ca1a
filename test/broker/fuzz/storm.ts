/** Attackers of a broker, and one client that behaves well meanwhile and checks every answer. Figures are counted, nothing is asserted. */
import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { RawClient } from '../support/raw-client.ts';
import {
  below,
  brokenRequests,
  mutated,
  pick,
  type Random,
  randomBytes,
  randomRequest,
  request,
  seeded,
} from './bytes.ts';

export interface Target {
  readonly port: number;
  readonly tlsPort: number;
}

export interface StormFigures {
  connections: number;
  sentBytes: number;
  receivedBytes: number;
  /** Requests of the client that behaves well, each with the right answer. */
  goodRequests: number;
  /** Longest that it waited, ms. */
  slowestGoodMs: number;
  wrongAnswers: string[];
}

interface Storm {
  readonly target: Target;
  readonly random: Random;
  readonly commands: readonly string[];
  readonly figures: StormFigures;
  /** Answers that a reader who does not read lets pile up, in PINGs. */
  readonly unreadPings: number;
}

const LOGIN = request(['AUTH', 'fuzz', 'fuzz']);

/** A connection that is opened, abused and gone; resolves when it is closed. */
function attack(
  storm: Storm,
  use: (socket: Socket, write: (text: string) => void) => void,
  encrypted?: boolean,
): Promise<void> {
  const { target, figures, random } = storm;
  const options = { host: '127.0.0.1', allowHalfOpen: true };
  return new Promise((resolve) => {
    const secure = encrypted ?? random() < 0.15;
    const socket: Socket = secure
      ? tlsConnect({ ...options, port: target.tlsPort, rejectUnauthorized: false }, () => start())
      : connect({ ...options, port: target.port }, () => start());
    const write = (text: string): void => {
      figures.sentBytes += text.length;
      socket.write(text, 'latin1');
    };
    const start = (): void => {
      figures.connections++;
      if (random() < 0.6) write(LOGIN);
      use(socket, write);
    };
    socket.on('data', (data: Buffer) => {
      figures.receivedBytes += data.length;
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => resolve());
  });
}

const leave = (storm: Storm, socket: Socket): void => {
  if (storm.random() < 0.5) socket.end();
  else setTimeout(() => socket.destroy(), below(storm.random, 30));
};

type Attacker = (storm: Storm) => Promise<unknown>;

const nonsense =
  (make: (storm: Storm) => string): Attacker =>
  (storm) =>
    attack(storm, (socket, write) => {
      for (let left = below(storm.random, 5) + 1; left > 0; left--) write(make(storm));
      leave(storm, socket);
    });

/** Every byte a packet of its own. */
const dripping: Attacker = (storm) =>
  attack(storm, (socket, write) => {
    const text = `${randomRequest(storm.random, storm.commands)}${brokenRequests(storm.random).slice(0, 200)}`;
    let at = 0;
    const step = (): void => {
      if (at >= text.length || socket.destroyed) leave(storm, socket);
      else {
        write(text[at++] ?? '');
        setImmediate(step);
      }
    };
    step();
  });

const dropped: Attacker = (storm) =>
  Promise.all(Array.from({ length: 40 }, () => attack(storm, (socket) => socket.destroy())));

/** Ends its side in the middle of a request, and never closes by itself. */
const halfOpen: Attacker = (storm) =>
  attack(storm, (socket, write) => {
    write(mutated(storm.random, storm.commands));
    socket.end();
    setTimeout(() => socket.destroy(), 200);
  });

/** Begins a TLS handshake and does not go on. */
const slowHandshake: Attacker = (storm) => {
  const { tlsPort } = storm.target;
  const raw = { ...storm, target: { ...storm.target, port: tlsPort } };
  return attack(
    raw,
    (socket, write) => {
      write('\x16\x03\x01\x02\x00\x01');
      setTimeout(() => socket.destroy(), 300);
    },
    false,
  );
};

const notReading: Attacker = (storm) =>
  attack(
    storm,
    (socket, write) => {
      socket.pause();
      const piece = request(['PING']).repeat(10_000);
      for (let sent = 0; sent < storm.unreadPings; sent += 10_000) write(piece);
      setTimeout(() => socket.destroy(), 300);
    },
    false,
  );

const ATTACKERS: readonly [Attacker, ...Attacker[]] = [
  nonsense(({ random }) => randomBytes(random, 2000)),
  nonsense(({ random }) => brokenRequests(random)),
  nonsense(({ random, commands }) => mutated(random, commands)),
  nonsense(({ random, commands }) => randomRequest(random, commands)),
  nonsense(({ random, commands }) => randomRequest(random, commands).repeat(20)),
  dripping,
  dropped,
  halfOpen,
  slowHandshake,
  notReading,
];

/** Asks and checks until `over`. */
async function behaveWell(target: Target, figures: StormFigures, over: () => boolean): Promise<void> {
  const client = await RawClient.open(target.port);
  const check = async (words: readonly string[], wanted: string): Promise<void> => {
    const startedMs = performance.now();
    const got = await client.send(words);
    figures.slowestGoodMs = Math.max(figures.slowestGoodMs, performance.now() - startedMs);
    figures.goodRequests++;
    if (got !== wanted) figures.wrongAnswers.push(`${words.join(' ')}: ${JSON.stringify(got)}`);
  };
  await check(['AUTH', 'good'], '+OK\r\n');
  for (let n = 0; !over(); n++) {
    const text = String(n);
    await check(['SET', 'good:a', text], '+OK\r\n');
    await check(['GET', 'good:a'], `$${text.length}\r\n${text}\r\n`);
    await check(['RPUSH', 'good:l', text], ':1\r\n');
    await check(['LPOP', 'good:l'], `$${text.length}\r\n${text}\r\n`);
    await check(['EVAL', 'return ARGV[1] + 1', '0', text], `:${n + 1}\r\n`);
  }
  client.close();
}

export interface StormOptions {
  readonly seed: number;
  readonly forMs: number;
  /** How many attack at the same time. */
  readonly attackers: number;
  readonly unreadPings: number;
  readonly commands: readonly string[];
}

/** Attacks for a while; resolves when all attackers are gone. */
export async function storm(target: Target, options: StormOptions): Promise<StormFigures> {
  const figures: StormFigures = {
    connections: 0,
    sentBytes: 0,
    receivedBytes: 0,
    goodRequests: 0,
    slowestGoodMs: 0,
    wrongAnswers: [],
  };
  const endMs = performance.now() + options.forMs;
  const over = (): boolean => performance.now() > endMs;
  const lanes = Array.from({ length: options.attackers }, async (_, lane) => {
    const random = seeded(options.seed * 1000 + lane);
    const { commands, unreadPings } = options;
    while (!over()) await pick(random, ATTACKERS)({ target, random, commands, figures, unreadPings });
  });
  await Promise.all([...lanes, behaveWell(target, figures, over)]);
  return figures;
}
