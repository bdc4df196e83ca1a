-- Pauses, privacy, trust, and machines that missed a known answer.

-- Another state needs another CHECK, and so another table. The outbox refers to it; what lies there is only on its way, and
-- `reconcile` sends it again.
DELETE FROM outbox;
CREATE TABLE attempts_new (
  id                TEXT PRIMARY KEY,
  stage_id          TEXT NOT NULL REFERENCES stages (id),
  number            INTEGER NOT NULL,
  node_id           TEXT NOT NULL REFERENCES nodes (id),
  state             TEXT NOT NULL CHECK (state IN ('placed', 'running', 'done', 'failed', 'lost', 'dropped', 'paused')),
  digest            TEXT,
  error             TEXT,
  placed_ms         INTEGER NOT NULL,
  started_ms        INTEGER,
  finished_ms       INTEGER,
  processing_ms     REAL,
  transfer_ms       REAL,
  peak_memory_bytes INTEGER,
  UNIQUE (stage_id, number)
) STRICT;
INSERT INTO attempts_new SELECT id, stage_id, number, node_id, state, digest, error, placed_ms, started_ms, finished_ms,
  processing_ms, transfer_ms, peak_memory_bytes FROM attempts;
DROP TABLE attempts;
ALTER TABLE attempts_new RENAME TO attempts;
CREATE INDEX attempts_open ON attempts (node_id) WHERE state IN ('placed', 'running');
CREATE INDEX attempts_by_node ON attempts (node_id, finished_ms DESC);
CREATE INDEX attempts_by_outcome ON attempts (node_id, state);

-- `hold` is what the hub's owner wants of the machine: none, drain or pause.
ALTER TABLE nodes ADD COLUMN trusted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE nodes ADD COLUMN hold TEXT NOT NULL DEFAULT 'none';

ALTER TABLE batches ADD COLUMN privacy TEXT NOT NULL DEFAULT 'any';
ALTER TABLE batches ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN privacy TEXT NOT NULL DEFAULT 'any';

-- A machine that gets no more work of a kind since it missed that kind's known answer. Times are wall-clock ms; `checks` counts the
-- checks it missed in a row, `error` says what was wrong with the newest.
CREATE TABLE benches (
  node_id    TEXT NOT NULL REFERENCES nodes (id),
  kind       TEXT NOT NULL,
  since_ms   INTEGER NOT NULL,
  checked_ms INTEGER NOT NULL,
  checks     INTEGER NOT NULL,
  error      TEXT NOT NULL,
  PRIMARY KEY (node_id, kind)
) STRICT, WITHOUT ROWID;

-- Blobs that nothing refers to, by when that was first seen; `trashed_ms` when their bytes went into the trash.
CREATE TABLE loose_blobs (
  sha256     TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  seen_ms    INTEGER NOT NULL,
  trashed_ms INTEGER
) STRICT, WITHOUT ROWID;
