/** CLIENT PAUSE: which requests wait until when. Holding a request back is the connection's. */
import type { CommandTable } from './command.ts';

export interface ClientPauseHost {
  monotonicMs(): number;
  /** The pause is over: whoever was held goes on. */
  resume(): void;
}

/** Commands that count as writing although they have no such flag. */
const MAY_WRITE = /^(eval|exec|publish|spublish)/;

export class ClientPause {
  private readonly table: CommandTable;
  private readonly host: ClientPauseHost;
  private current: { readonly untilMs: number; readonly writesOnly: boolean } | undefined;

  constructor(table: CommandTable, host: ClientPauseHost) {
    this.table = table;
    this.host = host;
  }

  /** For at least as long as an earlier pause, and as strict. */
  begin(forMs: number, writesOnly: boolean): void {
    const untilMs = Math.max(this.host.monotonicMs() + forMs, this.current?.untilMs ?? 0);
    this.current = { untilMs, writesOnly: writesOnly && (this.current?.writesOnly ?? true) };
    this.wait(untilMs);
  }

  end(): void {
    this.current = undefined;
    this.host.resume();
  }

  /** True when this request has to wait. */
  holds(argv: readonly string[]): boolean {
    if (this.current === undefined) return false;
    const command = this.table.get(argv[0] ?? '');
    if (!this.current.writesOnly) return command?.name !== 'client';
    return command !== undefined && (command.writes || MAY_WRITE.test(command.name));
  }

  private wait(untilMs: number): void {
    setTimeout(() => this.endIfDue(), Math.ceil(untilMs - this.host.monotonicMs())).unref();
  }

  private endIfDue(): void {
    if (this.current === undefined) return;
    if (this.current.untilMs <= this.host.monotonicMs()) this.end();
    else this.wait(this.current.untilMs);
  }
}
