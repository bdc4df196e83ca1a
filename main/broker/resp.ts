/**
 * RESP2 and RESP3 on the wire: an incremental request parser over Buffers and the encoder of replies. It owns no socket.
 * Bulk strings become latin1 strings copied out of the chunk (never slices of it, which would keep 64 kB alive for each value).
 */
import { formatDouble } from './numbers.ts';
import {
  BigNumberReply,
  BoolReply,
  DoubleReply,
  ErrorReply,
  MapReply,
  MultiReply,
  NoReply,
  NullArray,
  PushReply,
  type Reply,
  SetReply,
  Status,
  VerbatimReply,
} from './replies.ts';

/** A request that breaks the protocol; the text is sent as an error and the connection closed. */
export class ProtocolError {
  readonly text: string;
  constructor(text: string) {
    this.text = `ERR Protocol error: ${text}`;
  }
}

export interface ParserLimits {
  /** Longest bulk string in bytes. */
  maxBulkBytes: number;
  /** Most arguments in one request. */
  maxArgs: number;
}

const MAX_INLINE_BYTES = 65_536;
const EMPTY = Buffer.alloc(0);
const CR = 13;
const LF = 10;

/** Feed it chunks with push(), take whole requests with next(). */
export class RequestParser {
  private readonly limits: ParserLimits;
  private buffer: Buffer = EMPTY;
  private position = 0;
  private later: Buffer[] = [];
  private laterBytes = 0;
  private neededBytes = 0;
  private argv: string[] = [];
  private remaining = 0;
  private bulkBytes = -1;

  constructor(limits: ParserLimits) {
    this.limits = limits;
  }

  /** Bytes held and not yet turned into requests. */
  get heldBytes(): number {
    return this.buffer.length - this.position + this.laterBytes;
  }

  push(chunk: Buffer): void {
    const held = this.buffer.length - this.position;
    if (held === 0 && this.later.length === 0) {
      this.buffer = chunk;
      this.position = 0;
      return;
    }
    this.later.push(chunk);
    this.laterBytes += chunk.length;
    if (held + this.laterBytes < this.neededBytes) return;
    this.buffer = Buffer.concat([this.buffer.subarray(this.position), ...this.later]);
    this.position = 0;
    this.later = [];
    this.laterBytes = 0;
    this.neededBytes = 0;
  }

  /** The next whole request, or undefined when more bytes are needed. Empty requests are skipped. Throws ProtocolError. */
  next(): string[] | undefined {
    if (this.later.length > 0) return undefined;
    for (;;) {
      if (this.remaining === 0) {
        if (this.position >= this.buffer.length) return undefined;
        if (this.buffer[this.position] !== 42) {
          const inline = this.inline();
          if (inline === undefined || inline.length > 0) return inline;
          continue;
        }
        const count = this.count();
        if (count === undefined) return undefined;
        if (count <= 0) continue;
        this.remaining = count;
        this.argv = [];
      }
      return this.bulks() ? this.argv : undefined;
    }
  }

  private count(): number | undefined {
    const start = this.position + 1;
    const end = this.lineEnd(start, 'too big mbulk count string');
    if (end < 0) return undefined;
    const count = this.digits(start, end);
    if (count === undefined || count > this.limits.maxArgs) {
      throw new ProtocolError(
        this.limits.maxArgs <= 10 ? 'unauthenticated multibulk length' : 'invalid multibulk length',
      );
    }
    this.position = end + 2;
    return count;
  }

  /** Reads the remaining bulk strings of the request; false when bytes are missing. */
  private bulks(): boolean {
    const { buffer } = this;
    while (this.remaining > 0) {
      if (this.bulkBytes < 0) {
        if (this.position >= buffer.length) return false;
        const marker = buffer[this.position] ?? 0;
        if (marker !== 36) throw new ProtocolError(`expected '$', got '${String.fromCharCode(marker)}'`);
        const end = this.lineEnd(this.position + 1, 'too big bulk count string');
        if (end < 0) return false;
        const size = this.digits(this.position + 1, end);
        if (size === undefined || size < 0 || size > this.limits.maxBulkBytes) {
          throw new ProtocolError(
            this.limits.maxBulkBytes <= 16_384 ? 'unauthenticated bulk length' : 'invalid bulk length',
          );
        }
        this.position = end + 2;
        this.bulkBytes = size;
      }
      const end = this.position + this.bulkBytes;
      if (end + 2 > buffer.length) {
        this.neededBytes = this.bulkBytes + 2;
        return false;
      }
      this.argv.push(buffer.toString('latin1', this.position, end));
      this.position = end + 2;
      this.bulkBytes = -1;
      this.remaining--;
    }
    return true;
  }

  /** Index of the CR that ends the line at `start`, or -1 when the line is not whole yet. */
  private lineEnd(start: number, tooBig: string): number {
    const { buffer } = this;
    for (let i = start; i < buffer.length; i++) {
      if (buffer[i] === CR) return i + 1 < buffer.length ? i : -1;
    }
    if (buffer.length - start > MAX_INLINE_BYTES) throw new ProtocolError(tooBig);
    return -1;
  }

  private digits(start: number, end: number): number | undefined {
    const { buffer } = this;
    let i = start;
    const negative = buffer[i] === 45;
    if (negative) i++;
    if (i === end || end - i > 15) return undefined;
    let value = 0;
    for (; i < end; i++) {
      const digit = (buffer[i] ?? 0) - 48;
      if (digit < 0 || digit > 9) return undefined;
      value = value * 10 + digit;
    }
    return negative ? -value : value;
  }

  private inline(): string[] | undefined {
    const end = this.buffer.indexOf(LF, this.position);
    if (end < 0) {
      if (this.buffer.length - this.position > MAX_INLINE_BYTES) throw new ProtocolError('too big inline request');
      return undefined;
    }
    let line = this.buffer.toString('latin1', this.position, end);
    if (line.endsWith('\r')) line = line.slice(0, -1);
    this.position = end + 1;
    const args = splitInline(line);
    if (args === undefined) throw new ProtocolError('unbalanced quotes in request');
    return args;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

/** Splits an inline request at blanks, honouring "…" with escapes and '…'; undefined when quotes are not balanced. */
export function splitInline(line: string): string[] | undefined {
  const args: string[] = [];
  let i = 0;
  for (;;) {
    while (i < line.length && isBlank(line.charCodeAt(i))) i++;
    if (i >= line.length) return args;
    let word = '';
    while (i < line.length && !isBlank(line.charCodeAt(i))) {
      const quote = line[i];
      if (quote !== '"' && quote !== "'") {
        word += line[i++];
        continue;
      }
      const read = readQuoted(line, i + 1, quote);
      if (read === undefined) return undefined;
      word += read.text;
      i = read.next;
      if (i < line.length && !isBlank(line.charCodeAt(i))) return undefined;
    }
    args.push(word);
  }
}

function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0;
}

function readQuoted(line: string, start: number, quote: string): { text: string; next: number } | undefined {
  let text = '';
  for (let i = start; i < line.length; i++) {
    const char = line[i] ?? '';
    if (char === quote) return { text, next: i + 1 };
    if (char !== '\\' || i + 1 >= line.length) {
      text += char;
      continue;
    }
    const next = line[i + 1] ?? '';
    const hex = /^x([0-9a-fA-F]{2})/.exec(line.slice(i + 1, i + 4))?.[1];
    if (quote === '"' && hex !== undefined) {
      text += String.fromCharCode(Number.parseInt(hex, 16));
      i += 3;
    } else if (quote === '"') {
      text += ESCAPES[next] ?? next;
      i++;
    } else if (next === "'") {
      text += "'";
      i++;
    } else {
      text += char;
    }
  }
  return undefined;
}

const BULK_HEADS: readonly string[] = Array.from({ length: 1024 }, (_, size) => `$${size}\r\n`);

/** A bulk string as it travels. */
export function encodeBulk(text: string): string {
  return `${BULK_HEADS[text.length] ?? `$${text.length}\r\n`}${text}\r\n`;
}

/** A request as it travels; the log keeps effects in this form. */
export function encodeRequest(argv: readonly string[]): string {
  let out = `*${argv.length}\r\n`;
  for (const arg of argv) out += encodeBulk(arg);
  return out;
}

function encodeItems(items: readonly Reply[], resp: 2 | 3): string {
  let out = '';
  for (let i = 0; i < items.length; i++) out += encodeReply(items[i] ?? null, resp);
  return out;
}

/** Line replies must not carry line breaks of their own. */
function oneLine(text: string): string {
  return text.includes('\n') || text.includes('\r') ? text.replace(/[\r\n]/g, ' ') : text;
}

/** Encodes a reply for a connection that speaks RESP2 or RESP3, as a latin1 string. */
export function encodeReply(reply: Reply, resp: 2 | 3): string {
  if (typeof reply === 'string') return encodeBulk(reply);
  if (typeof reply === 'number' || typeof reply === 'bigint') return `:${reply}\r\n`;
  if (reply === null) return resp === 3 ? '_\r\n' : '$-1\r\n';
  if (reply instanceof Status) return `+${oneLine(reply.status)}\r\n`;
  if (reply instanceof ErrorReply) return `-${oneLine(reply.error)}\r\n`;
  if (reply instanceof DoubleReply) {
    const text = formatDouble(reply.double);
    return resp === 3 ? `,${text}\r\n` : encodeBulk(text);
  }
  if (reply instanceof MapReply) {
    const head = resp === 3 ? `%${reply.items.length / 2}\r\n` : `*${reply.items.length}\r\n`;
    return head + encodeItems(reply.items, resp);
  }
  return encodeRare(reply, resp);
}

function encodeRare(reply: Exclude<Reply, string | number | bigint | null>, resp: 2 | 3): string {
  if (reply instanceof NullArray) return resp === 3 ? '_\r\n' : '*-1\r\n';
  if (reply instanceof SetReply) {
    return `${resp === 3 ? '~' : '*'}${reply.items.length}\r\n${encodeItems(reply.items, resp)}`;
  }
  if (reply instanceof PushReply) {
    return `${resp === 3 ? '>' : '*'}${reply.items.length}\r\n${encodeItems(reply.items, resp)}`;
  }
  if (reply instanceof VerbatimReply) {
    if (resp === 2) return encodeBulk(reply.text);
    return `=${reply.text.length + 4}\r\n${reply.format}:${reply.text}\r\n`;
  }
  if (reply instanceof BoolReply) {
    if (resp === 3) return reply.value ? '#t\r\n' : '#f\r\n';
    return reply.value ? ':1\r\n' : ':0\r\n';
  }
  if (reply instanceof BigNumberReply) {
    return resp === 3 ? `(${reply.bigNumber}\r\n` : encodeBulk(reply.bigNumber);
  }
  if (reply instanceof MultiReply) return encodeItems(reply.items, resp);
  if (reply instanceof NoReply) return '';
  if (Array.isArray(reply)) return `*${reply.length}\r\n${encodeItems(reply, resp)}`;
  return '';
}
