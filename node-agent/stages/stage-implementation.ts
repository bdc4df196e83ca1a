/**
 * What the code of a stage looks like to the process that runs it. Each kind has one file that exports
 * `implementation: StageImplementation` and one line in index.ts. Types only.
 */
import type { Progress } from '../../contract/item.ts';
import type { JsonObject, StageInput } from '../../contract/stage.ts';

/** An input whose bytes lie on this machine's disk, verified by digest. Read only: the cache shares the file. */
export interface LocalInput extends StageInput {
  readonly path: string;
}

/** A file that the stage wrote below `scratchDir`. The agent hashes it, sends it to the hub and takes it out of the folder. */
export interface LocalOutput {
  readonly role: string;
  readonly path: string;
  readonly mediaType: string;
  /** The extension of the artifact's name where it differs from the input's, with the dot. */
  readonly extension?: string;
}

/** How the hub is reached, for stages that say `needsHub`. */
export interface HubAccess {
  /** `http://127.0.0.1:port` or `https://address:port`, without a path. */
  readonly baseUrl: string;
  /** For `Authorization: Bearer …`. */
  readonly bearer: string;
  /** Pin of the hub's key (use common/pinned-dispatcher.ts); null for plain http over loopback. */
  readonly pin: string | null;
  /** This node's own identity, shown in the handshake. */
  readonly keyPem: string;
  readonly certificatePem: string;
}

export interface StageContext {
  /** Already parsed by the definition's `options`; parse again to get the type. */
  readonly options: unknown;
  readonly inputs: readonly LocalInput[];
  /** An empty folder of this unit alone, removed afterwards. */
  readonly scratchDir: string;
  /** Fires when the unit is dropped or its time is over; the process is killed soon after, so heeding it is a courtesy. */
  readonly signal: AbortSignal;
  /** Cheap to call often: only the latest within 100 ms is passed on. */
  progress(progress: Progress): void;
  /** Set for stages with `needsHub`, null for all others. */
  readonly hub: HubAccess | null;
}

/** What a known-answer check has: a folder of its own, and an end. */
export type CheckContext = Pick<StageContext, 'scratchDir' | 'signal'>;

export interface StageOutcome {
  readonly outputs: readonly LocalOutput[];
  /** Parsed by the definition's `summary`; at most 1 kB as JSON. */
  readonly summary: JsonObject;
}

export interface StageImplementation {
  readonly kind: string;
  /** True when the stage itself talks to the hub. */
  readonly needsHub?: boolean;
  /** Engine and version as it goes into the provenance card: `sharp 0.35.5 / libvips 8.18.0`. Throws when it cannot work here. */
  engine(): string;
  /** Does the small unit of the definition's `knownAnswer` the ordinary way, and measures its facts. */
  check?(context: CheckContext): Promise<Record<string, number>>;
  /**
   * One unit of work, in the stage process.
   * @throws MillraceError for what is known (`input_damaged`, `target_refused` …); anything else becomes `stage_failed`
   */
  run(context: StageContext): Promise<StageOutcome>;
}
