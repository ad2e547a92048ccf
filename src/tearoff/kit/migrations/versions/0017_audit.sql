SET LOCAL lock_timeout = '10s';

-- Who changed what in an account, written with the change.
CREATE TABLE audit_entries (
  id bigint NOT NULL DEFAULT new_time_id() PRIMARY KEY,
  account_id bigint NOT NULL,
  at timestamptz NOT NULL,
  actor_kind text NOT NULL CHECK (actor_kind IN ('person', 'key', 'command', 'system')),
  actor_name text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT '',
  verb text NOT NULL,
  subject text NOT NULL DEFAULT '',
  before jsonb,
  after jsonb
);
CREATE INDEX ON audit_entries (account_id, id);

-- What a key may do. Keys that are older than scopes keep what they could do, but for what came
-- with scopes: keys, providers, members and the audit log.
ALTER TABLE api_keys
  ADD COLUMN scopes text[] NOT NULL DEFAULT '{read,send,manage,validate}'
    CHECK (scopes <@ '{read,send,manage,validate,admin}' AND cardinality(scopes) > 0);
