-- The first catalog. Times are wall-clock ms; ids are UUIDv7 text; JSON is text that was validated by the contract's schemas.
-- Numbers of migrations leave gaps, so that one can be put between two others.

CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL CHECK (json_valid(value))
) STRICT, WITHOUT ROWID;

-- Bytes that are in the blob store, verified. A row is written in the transaction that first refers to it.
CREATE TABLE blobs (
  sha256     TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  media_type TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The same bytes under the same name are the same item.
CREATE TABLE items (
  id          TEXT PRIMARY KEY,
  sha256      TEXT NOT NULL REFERENCES blobs (sha256),
  name        TEXT NOT NULL,
  kind        TEXT NOT NULL,
  media_type  TEXT NOT NULL,
  size_bytes  INTEGER NOT NULL,
  width       INTEGER,
  height      INTEGER,
  duration_ms INTEGER,
  created_ms  INTEGER NOT NULL,
  UNIQUE (sha256, name)
) STRICT;
CREATE INDEX items_by_time ON items (created_ms DESC, id DESC);

CREATE TABLE batches (
  id              TEXT PRIMARY KEY,
  pipeline        TEXT NOT NULL,
  priority        TEXT NOT NULL,
  name            TEXT NOT NULL,
  options         TEXT NOT NULL,
  created_ms      INTEGER NOT NULL
) STRICT;

-- A POST with an Idempotency-Key: the same key with the same request answers the same.
CREATE TABLE idempotency (
  key          TEXT PRIMARY KEY,
  request_hash TEXT NOT NULL,
  status       INTEGER NOT NULL,
  answer       TEXT NOT NULL,
  created_ms   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `dirty` jobs are planned again. `stages_done` and `stages_total` are kept by the planner.
CREATE TABLE jobs (
  id           TEXT PRIMARY KEY,
  item_id      TEXT NOT NULL REFERENCES items (id),
  batch_id     TEXT NOT NULL REFERENCES batches (id),
  pipeline     TEXT NOT NULL,
  options      TEXT NOT NULL,
  priority     TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'paused', 'done', 'failed', 'quarantined', 'cancelled')),
  error        TEXT,
  dirty        INTEGER NOT NULL DEFAULT 1,
  stages_done  INTEGER NOT NULL DEFAULT 0,
  stages_total INTEGER NOT NULL DEFAULT 0,
  created_ms   INTEGER NOT NULL,
  finished_ms  INTEGER
) STRICT;
CREATE INDEX jobs_by_time ON jobs (created_ms DESC, id DESC);
CREATE INDEX jobs_by_state ON jobs (state, created_ms DESC, id DESC);
CREATE INDEX jobs_by_batch ON jobs (batch_id, state);
CREATE INDEX jobs_by_item ON jobs (item_id);
CREATE INDEX jobs_dirty ON jobs (id) WHERE dirty = 1;

-- `secret_hash` is of the node's bearer secret. `broker_password` is kept in clear, since the hub has to let its nodes in at the
-- broker again at every start; it opens the node's own queues only. `joined_by` is the join token that was used.
CREATE TABLE nodes (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  pin          TEXT NOT NULL,
  secret_hash  TEXT NOT NULL,
  broker_password TEXT NOT NULL,
  local        INTEGER NOT NULL,
  session      TEXT,
  capability   TEXT NOT NULL,
  joined_by    TEXT NOT NULL DEFAULT '',
  joined_ms    INTEGER NOT NULL,
  last_seen_ms INTEGER,
  removed_ms   INTEGER
) STRICT;

CREATE TABLE join_tokens (
  id          TEXT PRIMARY KEY,
  secret_hash TEXT NOT NULL,
  uses_left   INTEGER NOT NULL,
  expires_ms  INTEGER NOT NULL,
  created_ms  INTEGER NOT NULL
) STRICT;

-- `result_key` is the cache key of DESIGN §3 "Computing once"; null for stages with effects.
-- `not_before_ms` is back-off (hub's steady time, see planner); `patience` counts failures that blame nobody; attempts up to
-- number `forgiven` count no more, since the user asked for a retry after them.
CREATE TABLE stages (
  id            TEXT PRIMARY KEY,
  job_id        TEXT NOT NULL REFERENCES jobs (id),
  kind          TEXT NOT NULL,
  slot          TEXT NOT NULL,
  queue         TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
  code_version  INTEGER NOT NULL,
  options       TEXT NOT NULL,
  inputs        TEXT NOT NULL,
  result_key    TEXT,
  not_before_ms INTEGER NOT NULL DEFAULT 0,
  patience      INTEGER NOT NULL DEFAULT 0,
  forgiven      INTEGER NOT NULL DEFAULT 0,
  cached        INTEGER NOT NULL DEFAULT 0,
  outputs       TEXT,
  summary       TEXT,
  engine        TEXT,
  node_name     TEXT,
  error         TEXT,
  created_ms    INTEGER NOT NULL,
  finished_ms   INTEGER,
  UNIQUE (job_id, kind, slot)
) STRICT;
CREATE INDEX stages_open ON stages (state, created_ms) WHERE state IN ('waiting', 'running');
CREATE INDEX stages_by_queue ON stages (queue, kind, state);
CREATE INDEX stages_by_key ON stages (result_key) WHERE result_key IS NOT NULL;

CREATE TABLE attempts (
  id                TEXT PRIMARY KEY,
  stage_id          TEXT NOT NULL REFERENCES stages (id),
  number            INTEGER NOT NULL,
  node_id           TEXT NOT NULL REFERENCES nodes (id),
  state             TEXT NOT NULL CHECK (state IN ('placed', 'running', 'done', 'failed', 'lost', 'dropped')),
  -- Digest of the result that closed it: the same result again is no conflict.
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
CREATE INDEX attempts_open ON attempts (node_id) WHERE state IN ('placed', 'running');
CREATE INDEX attempts_by_node ON attempts (node_id, finished_ms DESC);
CREATE INDEX attempts_by_outcome ON attempts (node_id, state);

-- Results that may be used again, by key.
CREATE TABLE results (
  result_key TEXT PRIMARY KEY,
  stage_id   TEXT NOT NULL REFERENCES stages (id),
  outputs    TEXT NOT NULL,
  summary    TEXT NOT NULL,
  engine     TEXT NOT NULL,
  node_name  TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
  job_id     TEXT NOT NULL REFERENCES jobs (id),
  stage_id   TEXT NOT NULL REFERENCES stages (id),
  item_id    TEXT NOT NULL REFERENCES items (id),
  role       TEXT NOT NULL,
  sha256     TEXT NOT NULL REFERENCES blobs (sha256),
  name       TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (job_id, stage_id, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX artifacts_by_item ON artifacts (item_id);
CREATE INDEX artifacts_by_blob ON artifacts (sha256);

-- Placed work on its way to the broker. A row goes when the broker has it.
CREATE TABLE outbox (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  attempt_id TEXT NOT NULL UNIQUE REFERENCES attempts (id),
  node_id    TEXT NOT NULL,
  queue      TEXT NOT NULL,
  payload    TEXT NOT NULL
) STRICT;

-- What arrived at the central store, in order. The folder central_storage and worker_activity.log are projections of it.
CREATE TABLE central_uploads (
  number          INTEGER PRIMARY KEY AUTOINCREMENT,
  idempotency_key TEXT NOT NULL UNIQUE,
  sha256          TEXT NOT NULL REFERENCES blobs (sha256),
  -- As the form gave it, and as it is stored (twins numbered).
  file_name       TEXT NOT NULL,
  stored_as       TEXT NOT NULL UNIQUE,
  -- The same folded (NFC, lower case): some file systems tell no case apart.
  stored_key      TEXT NOT NULL UNIQUE,
  worker_name     TEXT NOT NULL,
  created_ms      INTEGER NOT NULL
) STRICT;
