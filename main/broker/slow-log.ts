/** The slow log: a bounded list of commands that took longer than a threshold. */
import type { Session } from './session.ts';

export interface SlowEntry {
  readonly id: number;
  readonly atMs: number;
  readonly tookUs: number;
  readonly argv: readonly string[];
  readonly address: string;
  readonly name: string;
}

const MAX_ARGS = 32;
const MAX_ARG_BYTES = 128;

export class SlowLog {
  private nextId = 0;
  entries: SlowEntry[] = [];
  /** Microseconds; -1 switches it off. */
  thresholdUs = 10_000;
  maxEntries = 128;

  add(atMs: number, tookUs: number, argv: readonly string[], session: Session): void {
    const cut = argv
      .slice(0, MAX_ARGS)
      .map((arg) =>
        arg.length > MAX_ARG_BYTES
          ? `${arg.slice(0, MAX_ARG_BYTES)}... (${arg.length - MAX_ARG_BYTES} more bytes)`
          : arg,
      );
    if (argv.length > MAX_ARGS) cut[MAX_ARGS - 1] = `... (${argv.length - MAX_ARGS + 1} more arguments)`;
    this.entries.unshift({
      id: this.nextId++,
      atMs,
      tookUs,
      argv: cut,
      address: session.port?.remoteAddress ?? '',
      name: session.name,
    });
    if (this.entries.length > this.maxEntries) this.entries.length = this.maxEntries;
  }
}
