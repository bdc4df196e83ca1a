/**
 * The time of the running script. A script holds the broker's only thread, so its loop budget asks here from time to time: after
 * `busy-reply-threshold` others are served (they get BUSY, and may say SCRIPT KILL or SHUTDOWN NOSAVE), and a script whose user has
 * a limit of its own is stopped at it. Whatever a script did before it was stopped stays and is logged as one unit, as with any error
 * in a script: Redis knows no rollback either.
 */
import { NOT_BUSY, UNKILLABLE } from './replies.ts';

export interface ScriptWatchHost {
  monotonicMs(): number;
  /** Half of the time is over: what takes time to be made may be made now. */
  busySoon(): void;
  /** Serves other clients without the event loop. */
  serveWhileBusy(): void;
  /** The event loop is about to run again. */
  busyEnded(): void;
}

/** Longest pause between two looks at the other clients; they may use a tenth of the script's time. */
const LOOK_EVERY_MS = 10;
const LOOK_SHARE = 10;

export class ScriptWatch {
  /** `busy-reply-threshold`; 0 or less: never. */
  busyAfterMs = 5000;
  /** A script has run for too long: only what Redis allows then may run beside it. */
  busy = false;
  /** The running script has changed data. */
  wrote = false;
  private readonly host: ScriptWatchHost;
  private running = false;
  private overHalf = false;
  private nextLookMs = 0;
  private halfAtMs = 0;
  private busyAtMs = 0;
  private limitMs = Infinity;
  private limitAtMs = Infinity;
  private killed = false;

  constructor(host: ScriptWatchHost) {
    this.host = host;
  }

  /** @param limitMs what the caller's user may take; Infinity without a limit */
  begin(limitMs: number): void {
    const nowMs = this.host.monotonicMs();
    this.running = true;
    this.wrote = false;
    this.killed = false;
    this.halfAtMs = this.busyAfterMs > 0 ? nowMs + this.busyAfterMs / 2 : Infinity;
    this.busyAtMs = this.busyAfterMs > 0 ? nowMs + this.busyAfterMs : Infinity;
    this.limitMs = limitMs;
    this.limitAtMs = nowMs + limitMs;
    this.nextLookMs = Math.min(this.halfAtMs, this.limitAtMs);
  }

  end(): void {
    this.running = false;
    if (!this.overHalf) return;
    this.overHalf = false;
    this.busy = false;
    this.host.busyEnded();
  }

  /** Whether the script must stop now: killed, or for a reason. Cheap unless a script has run for long. */
  look(): boolean | string {
    const nowMs = this.host.monotonicMs();
    if (nowMs < this.nextLookMs) return false;
    if (nowMs >= this.limitAtMs) return `Script stopped: it ran longer than its user's limit of ${this.limitMs} ms`;
    this.overHalf = true;
    if (nowMs < this.busyAtMs) {
      this.host.busySoon();
      this.nextLookMs = Math.min(this.busyAtMs, this.limitAtMs);
      return false;
    }
    this.busy = true;
    this.host.serveWhileBusy();
    const afterMs = this.host.monotonicMs();
    this.nextLookMs = Math.min(afterMs + Math.max(LOOK_EVERY_MS, (afterMs - nowMs) * LOOK_SHARE), this.limitAtMs);
    return this.killed;
  }

  /** SCRIPT KILL. @throws NOTBUSY or UNKILLABLE */
  kill(): void {
    if (!this.running) throw NOT_BUSY;
    if (this.wrote) throw UNKILLABLE;
    this.killed = true;
  }

  /** SHUTDOWN NOSAVE: the script ends at once, whatever it has done. */
  abandon(): void {
    if (this.running) this.killed = true;
  }
}
