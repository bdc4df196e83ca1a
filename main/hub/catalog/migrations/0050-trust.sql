-- A name that the hub's owner gave a machine; it wins over what the machine calls itself.
ALTER TABLE nodes ADD COLUMN given_name TEXT;

-- Tokens for other programs and people. Of the secret only the SHA-256 is kept.
CREATE TABLE api_tokens (
  id           TEXT PRIMARY KEY,
  name         TEXT NOT NULL,
  scope        TEXT NOT NULL CHECK (scope IN ('read', 'submit', 'admin')),
  secret_hash  TEXT NOT NULL,
  created_ms   INTEGER NOT NULL,
  expires_ms   INTEGER,
  last_used_ms INTEGER
) STRICT;
