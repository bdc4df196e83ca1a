/** Reading a data folder at start: manifest, snapshot, logs; torn tails are cut, damage in the middle refuses. */
import { existsSync, truncateSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { FILE_HEADER_BYTES, type ReadResult, readFrames } from './frames.ts';
import { ErrorReply } from './replies.ts';
import { RequestParser } from './resp.ts';

/** Which files hold the data: a snapshot (or none) and the logs after it, in order. */
export interface Manifest {
  readonly format: 1;
  readonly base: string | null;
  readonly logs: readonly string[];
  /** Number of the newest file. */
  readonly newest: number;
}

export const MANIFEST = 'manifest.json';
export const EMPTY_MANIFEST: Manifest = { format: 1, base: null, logs: [], newest: 0 };

export async function readManifest(dir: string): Promise<Manifest> {
  const path = join(dir, MANIFEST);
  if (!existsSync(path)) return EMPTY_MANIFEST;
  const value: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (isManifest(value)) return value;
  throw new Error(`${path} is not a manifest of this broker`);
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  if (!('format' in value) || value.format !== 1 || !('newest' in value) || typeof value.newest !== 'number')
    return false;
  if (!('base' in value) || (value.base !== null && !isFileName(value.base))) return false;
  return 'logs' in value && Array.isArray(value.logs) && value.logs.every(isFileName);
}

function isFileName(value: unknown): value is string {
  return typeof value === 'string' && /^\d{6,}\.(base|log)$/.test(value);
}

export interface LoadSummary {
  readonly records: number;
  readonly cutBytes: number;
  readonly baseBytes: number;
  readonly logBytes: number;
}

/** Loads everything the manifest names into the engine. @throws Error naming file and offset when a file is damaged. */
export function loadData(engine: Engine, dir: string, manifest: Manifest): LoadSummary {
  const replay = createReplay(engine);
  const summary = { records: 0, cutBytes: 0, baseBytes: 0, logBytes: 0 };
  engine.keyspace.loading = true;
  engine.keyspace.nowMs = engine.clock.nowMs();
  if (manifest.base !== null) {
    const path = join(dir, manifest.base);
    const result = readFrames(path, replay);
    if (result.trouble !== 'none') throw damage(path, result);
    summary.records += result.frames;
    summary.baseBytes = result.sizeBytes;
  }
  manifest.logs.forEach((name, index) => {
    const path = join(dir, name);
    const result = readFrames(path, replay);
    const lastWritten = manifest.logs.slice(index + 1).every((later) => isEmptyLog(join(dir, later)));
    if (result.trouble === 'damaged' || (result.trouble === 'torn' && !lastWritten)) throw damage(path, result);
    if (result.trouble === 'torn') {
      const cutBytes = result.sizeBytes - result.goodBytes;
      engine.logger.warn({ file: path, offset: result.goodBytes, cutBytes }, `log: ${result.reason}; the tail is cut`);
      truncateSync(path, result.goodBytes);
      summary.cutBytes += cutBytes;
    }
    summary.records += result.frames;
    summary.logBytes += result.goodBytes;
  });
  engine.keyspace.loading = false;
  engine.keyspace.dirty = 0;
  return summary;
}

function isEmptyLog(path: string): boolean {
  const result = readFrames(path, () => undefined);
  return result.frames === 0 && result.trouble !== 'damaged' && result.sizeBytes <= FILE_HEADER_BYTES;
}

function damage(path: string, result: ReadResult): Error {
  return new Error(`the broker's data file ${path} is damaged: ${result.reason}`);
}

/** Applies one record: requests one after the other, starting in database 0. */
function createReplay(engine: Engine): (payload: Buffer) => void {
  const session = engine.newSession('replay');
  session.mayNotBlock = true;
  const parser = new RequestParser({ maxArgs: Number.MAX_SAFE_INTEGER, maxBulkBytes: 0x1fffffe8 });
  return (payload) => {
    session.db = engine.keyspace.db(0);
    parser.push(payload);
    for (let argv = parser.next(); argv !== undefined; argv = parser.next()) {
      const command = engine.table.get(argv[0] ?? '');
      const sub = command?.subcommands.get((argv[1] ?? '').toLowerCase()) ?? command;
      if (sub === undefined) throw new Error(`the log holds the unknown command ${argv[0]}`);
      const reply = engine.execute(session, sub, argv);
      if (reply instanceof ErrorReply) {
        engine.logger.error({ command: sub.name, error: reply.error }, 'log: a logged command failed at replay');
      }
    }
  };
}
