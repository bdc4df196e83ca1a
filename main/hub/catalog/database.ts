/**
 * Opens the catalog: SQLite with its pragmas verified, migrations run, and statements whose rows are parsed by a schema.
 * Owns the driver (nothing else imports it) and the grouping of commits. Knows no table.
 */
import { readdirSync, readFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { z } from 'zod';

export type SqlValue = string | number | null | Uint8Array;
type Parameters = Readonly<Record<string, SqlValue>>;

/** `before` runs inside each group's transaction, after its works; `after` when it is on disk (true) or was undone whole (false). */
export interface CommitHooks {
  before(): void;
  after(committed: boolean): void;
}

/** Statements over the catalog. All of it is synchronous: a transaction must not await. */
export interface Catalog {
  /** All rows, each parsed. */
  all<T extends z.ZodType>(row: T, sql: string, parameters?: Parameters): z.output<T>[];
  /** The first row, parsed, or undefined. */
  get<T extends z.ZodType>(row: T, sql: string, parameters?: Parameters): z.output<T> | undefined;
  /** Runs a statement; answers how many rows it changed. */
  run(sql: string, parameters?: Parameters): number;
  /** All or nothing. Inside another transaction it is a savepoint. */
  transaction<T>(work: () => T): T;
  /**
   * Runs `work` in a transaction that it shares with whatever else comes within a few milliseconds, and resolves when that is on
   * disk. `work` that throws is undone alone and rejects alone.
   */
  commit<T>(work: () => T): Promise<T>;
  /** The same for what may wait for company up to half a second, such as notes that only tell people something. */
  commitLater(work: () => void): Promise<void>;
  /** Called around every group of commits, see {@link CommitHooks}. */
  onCommit(hooks: CommitHooks): void;
  /** Resolves when every commit asked for so far is on disk. */
  flushed(): Promise<void>;
  close(): void;
}

/** `MLRC`: tells a Millrace catalog from any other SQLite file. */
const applicationId = 0x4d4c5243;
const migrationsFolder = new URL('./migrations/', import.meta.url);
const migrationName = /^(\d{4})-[a-z0-9-]+\.sql$/;

function pragma(database: Database.Database, name: string): unknown {
  return database.pragma(name, { simple: true });
}

function configure(database: Database.Database): void {
  for (const setting of [
    'journal_mode = WAL',
    'synchronous = FULL',
    'foreign_keys = ON',
    'busy_timeout = 5000',
    'cache_size = -32000',
    'wal_autocheckpoint = 2000',
  ]) {
    database.pragma(setting);
  }
  const wrong = [
    ['journal_mode', 'wal'],
    ['synchronous', 2],
    ['foreign_keys', 1],
  ].filter(([name, value]) => pragma(database, String(name)) !== value);
  if (wrong.length > 0)
    throw new Error(`The catalog refuses to start: ${wrong.map(([name]) => name).join(', ')} could not be set.`);
}

function migrate(database: Database.Database): void {
  const id = pragma(database, 'application_id');
  const version = z.int().parse(pragma(database, 'user_version'));
  if (version > 0 && id !== applicationId) throw new Error('This file is not a Millrace catalog.');
  const steps = readdirSync(migrationsFolder)
    .flatMap((name) => {
      const number = migrationName.exec(name)?.[1];
      return number === undefined ? [] : [{ name, number: Number(number) }];
    })
    .sort((a, b) => a.number - b.number);
  const newest = steps.at(-1)?.number ?? 0;
  if (version > newest)
    throw new Error(
      `The catalog is from a newer Millrace (schema ${version}, this one knows ${newest}). Update Millrace.`,
    );
  for (const step of steps.filter((candidate) => candidate.number > version)) {
    const sql = readFileSync(new URL(step.name, migrationsFolder), 'utf8');
    database.transaction(() => {
      database.exec(sql);
      database.pragma(`user_version = ${step.number}`);
      database.pragma(`application_id = ${applicationId}`);
    })();
  }
  const broken = z.array(z.unknown()).parse(database.pragma('foreign_key_check'));
  if (broken.length > 0) throw new Error(`The catalog has ${broken.length} broken references; restore a backup.`);
}

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const patientMs = 500;

/** Collects works for `delayMs`, then runs them in one transaction: one fsync for all of them. */
function createGroupCommit(database: Database.Database, delayMs: number) {
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;
  let dueMs = 0;
  let hooks: CommitHooks | undefined;
  const single = database.transaction((work: () => unknown) => work());
  const all = database.transaction((group: readonly Waiting[]) => {
    const outcomes = group.map((one) => {
      try {
        return { ok: true as const, value: single(one.work) };
      } catch (error) {
        return { ok: false as const, error };
      }
    });
    hooks?.before();
    return outcomes;
  });
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const group = waiting;
    waiting = [];
    if (group.length === 0) return;
    try {
      const outcomes = all.immediate(group);
      hooks?.after(true);
      for (const [index, one] of group.entries()) {
        const outcome = outcomes[index];
        if (outcome?.ok) one.resolve(outcome.value);
        else one.reject(outcome?.error);
      }
    } catch (error) {
      for (const one of group) one.reject(error);
      hooks?.after(false);
    }
  };
  const setHooks = (next: CommitHooks): void => {
    hooks = next;
  };
  const flushIn = (ms: number): void => {
    const atMs = performance.now() + ms;
    if (timer && dueMs <= atMs) return;
    clearTimeout(timer);
    dueMs = atMs;
    timer = setTimeout(flush, ms);
  };
  const add = (work: () => unknown, waitMs = delayMs): Promise<unknown> =>
    new Promise((resolve, reject) => {
      waiting.push({ work, resolve, reject });
      flushIn(waitMs);
      if (waiting.length >= 500) flush();
    });
  return { add, flush, setHooks };
}

/**
 * Opens or makes the catalog.
 * @param path of the file; `:memory:` in tests of pure queries
 * @param groupMs how long a commit waits for company, ms (DESIGN §3: at most 5)
 * @throws Error with a sentence for the user when it is no catalog, from a newer version, or damaged
 */
export function openCatalog(path: string, groupMs = 3): Catalog {
  const database = new Database(path);
  const statements = new Map<string, Database.Statement<[Parameters]>>();
  const prepare = (sql: string): Database.Statement<[Parameters]> => {
    let statement = statements.get(sql);
    if (!statement) {
      statement = database.prepare<[Parameters]>(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  if (path !== ':memory:') configure(database);
  else database.pragma('foreign_keys = ON');
  migrate(database);
  const group = createGroupCommit(database, groupMs);

  return {
    all: (row, sql, parameters = {}) =>
      prepare(sql)
        .all(parameters)
        .map((value) => row.parse(value)),
    get: (row, sql, parameters = {}) => {
      const value = prepare(sql).get(parameters);
      return value === undefined ? undefined : row.parse(value);
    },
    run: (sql, parameters = {}) => prepare(sql).run(parameters).changes,
    transaction: (work) => database.transaction(work)(),
    commit: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        let value: T;
        group
          .add(() => {
            value = work();
          })
          .then(() => resolve(value), reject);
      }),
    commitLater: async (work) => {
      await group.add(work, patientMs);
    },
    onCommit: group.setHooks,
    flushed: async () => {
      await group.add(() => undefined);
    },
    close: () => {
      group.flush();
      database.pragma('optimize');
      database.close();
    },
  };
}
