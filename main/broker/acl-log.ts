/** ACL LOG: what was refused to whom, newest first. The same again within a minute is counted, not listed. */
export type DenialReason = 'command' | 'key' | 'channel' | 'auth';

export interface LoggedDenial {
  readonly id: number;
  readonly reason: DenialReason;
  /** Where it was asked: `toplevel`, `multi` or `lua`. */
  readonly context: string;
  readonly object: string;
  readonly username: string;
  readonly createdAtMs: number;
  updatedAtMs: number;
  clientInfo: string;
  count: number;
}

const GROUPED_FOR_MS = 60_000;

export class AclLog {
  entries: LoggedDenial[] = [];
  maxEntries = 128;
  private nextId = 0;

  add(denial: Pick<LoggedDenial, 'reason' | 'context' | 'object' | 'username' | 'clientInfo'>, nowMs: number): void {
    const same = this.entries.find(
      (old) =>
        old.reason === denial.reason &&
        old.context === denial.context &&
        old.object === denial.object &&
        old.username === denial.username &&
        nowMs - old.updatedAtMs <= GROUPED_FOR_MS,
    );
    const entry = same ?? { ...denial, id: this.nextId++, createdAtMs: nowMs, updatedAtMs: nowMs, count: 0 };
    entry.count++;
    entry.updatedAtMs = nowMs;
    entry.clientInfo = denial.clientInfo;
    this.entries = [entry, ...this.entries.filter((each) => each !== entry)].slice(0, this.maxEntries);
  }

  clear(): void {
    this.entries = [];
  }
}
