/** A catalog of the first version, with work in it, opens in this one and keeps all of it. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { openAttempts, outboxRows } from '../../main/hub/catalog/attempts.ts';
import { openCatalog } from '../../main/hub/catalog/database.ts';
import { findBatch, findJob } from '../../main/hub/catalog/jobs.ts';

let dir = '';
afterEach(() => rm(dir, { recursive: true }));

const firstVersion = new URL('../../main/hub/catalog/migrations/0010-initial.sql', import.meta.url);
const sha = 'a'.repeat(64);

test('attempts, jobs and batches of the first version are there; what was on its way is sent again', async () => {
  dir = await mkdtemp(join(tmpdir(), 'mr-migrate-'));
  const path = join(dir, 'catalog.sqlite');
  const old = new Database(path);
  old.exec(readFileSync(firstVersion, 'utf8'));
  old.pragma('user_version = 10');
  old.pragma(`application_id = ${0x4d4c5243}`);
  old.pragma('foreign_keys = ON');
  old.exec(`
    INSERT INTO blobs VALUES ('${sha}', 1, 'image/png', 0);
    INSERT INTO items VALUES ('item', '${sha}', 'n', 'image', 'image/png', 1, NULL, NULL, NULL, 0);
    INSERT INTO batches VALUES ('batch', 'watermark', 'normal', '', '{}', 0);
    INSERT INTO jobs (id, item_id, batch_id, pipeline, options, priority, state, created_ms)
      VALUES ('job', 'item', 'batch', 'watermark', '{}', 'normal', 'running', 0);
    INSERT INTO nodes (id, name, pin, secret_hash, broker_password, local, capability, joined_ms)
      VALUES ('node', 'n', 'p', '', '', 0, '{}', 0);
    INSERT INTO stages (id, job_id, kind, slot, queue, state, code_version, options, inputs, created_ms)
      VALUES ('stage', 'job', 'watermark', 'main', 'watermark', 'running', 1, '{}', '[]', 0);
    INSERT INTO attempts (id, stage_id, number, node_id, state, placed_ms) VALUES ('stage~1', 'stage', 1, 'node', 'placed', 0);
    INSERT INTO outbox (attempt_id, node_id, queue, payload) VALUES ('stage~1', 'node', 'watermark', '{}');
  `);
  old.close();

  const catalog = openCatalog(path);
  expect(openAttempts(catalog)).toMatchObject([{ id: 'stage~1', state: 'placed', nodeName: 'n' }]);
  expect(findJob(catalog, 'job')).toMatchObject({ state: 'running', privacy: 'any' });
  expect(findBatch(catalog, 'batch')).toMatchObject({ paused: false, privacy: 'any' });
  expect(outboxRows(catalog)).toEqual([]);
  expect(catalog.run("UPDATE attempts SET state = 'paused' WHERE id = 'stage~1'")).toBe(1);
  catalog.close();
});
