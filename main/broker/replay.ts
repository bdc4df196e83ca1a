/**
 * Applying records of the log: their requests run through the engine as commands do. The reader is one of its own, since a record is
 * whole, its bytes are proved by a checksum, and a start reads millions of arguments: it trusts where RequestParser must doubt.
 */
import type { Command } from './command.ts';
import type { Engine } from './engine.ts';
import { ErrorReply } from './replies.ts';

/** Text is taken over in pieces of this size: a call out of JavaScript for each argument would cost more than all else. */
const WINDOW_BYTES = 1 << 14;
/** V8 copies slices of up to this many chars; a longer one would keep the whole window alive. */
const COPIED_CHARS = 12;
const CR = 13;
const ZERO = 48;
/** `*` or `$`. */
const MARKER_BYTES = 1;
const LINE_END_BYTES = 2;

/** Takes records apart, each `*N\r\n` and N times `$LENGTH\r\nBYTES\r\n`, again and again. */
class RecordReader {
  private readonly bytes: Buffer;
  private at = 0;
  private window = '';
  private windowAt = 0;

  constructor(record: Buffer) {
    this.bytes = record;
  }

  /** The next request, or undefined at the end. */
  next(): string[] | undefined {
    if (this.at >= this.bytes.length) return undefined;
    const argv: string[] = [];
    for (let left = this.number(); left > 0; left--) {
      const length = this.number();
      argv.push(this.text(this.at, this.at + length));
      this.at += length + LINE_END_BYTES;
    }
    return argv;
  }

  private number(): number {
    const { bytes } = this;
    let value = 0;
    let at = this.at + MARKER_BYTES;
    for (let byte = bytes[at]; byte !== CR; byte = bytes[++at]) {
      if (byte === undefined) throw new Error('a record of the log ends within a request');
      value = value * 10 + (byte - ZERO);
    }
    this.at = at + LINE_END_BYTES;
    return value;
  }

  private text(start: number, end: number): string {
    if (end - start > COPIED_CHARS) return this.bytes.toString('latin1', start, end);
    if (end > this.windowAt + this.window.length) {
      this.window = this.bytes.toString('latin1', start, start + WINDOW_BYTES);
      this.windowAt = start;
    }
    return this.window.slice(start - this.windowAt, end - this.windowAt);
  }
}

/** Applies one record: requests one after the other, starting in database 0. */
export function createReplay(engine: Engine): (record: Buffer) => void {
  const session = engine.newSession('replay');
  session.mayNotBlock = true;
  return (record) => {
    session.db = engine.keyspace.db(0);
    const reader = new RecordReader(record);
    for (let argv = reader.next(); argv !== undefined; argv = reader.next()) {
      const command = commandOf(engine, argv);
      const reply = engine.execute(session, command, argv);
      if (reply instanceof ErrorReply) {
        engine.logger.error({ command: command.name, error: reply.error }, 'log: a logged command failed at replay');
      }
    }
  };
}

function commandOf(engine: Engine, argv: readonly string[]): Command {
  const command = engine.table.get(argv[0] ?? '');
  if (command === undefined) throw new Error(`the log holds the unknown command ${argv[0]}`);
  if (command.subcommands.size === 0) return command;
  return command.subcommands.get((argv[1] ?? '').toLowerCase()) ?? command;
}
