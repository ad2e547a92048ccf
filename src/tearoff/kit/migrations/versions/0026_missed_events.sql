-- Additive, and can be run once more: what follows it builds indexes outside a transaction.
SET LOCAL lock_timeout = '10s';

ALTER TABLE hook_endpoints
  ADD COLUMN IF NOT EXISTS kept_until timestamptz,
  ADD COLUMN IF NOT EXISTS paused_until timestamptz;
COMMENT ON COLUMN hook_endpoints.kept_until IS
  'while it is off: what happens until then is kept for it, as dropped';
COMMENT ON COLUMN hook_endpoints.paused_until IS
  'nothing is sent before: it asked for that (Retry-After), or a replay is being put in order';

ALTER TABLE hook_deliveries
  ADD COLUMN IF NOT EXISTS claimed_by integer,
  ADD COLUMN IF NOT EXISTS last_at timestamptz,
  ADD COLUMN IF NOT EXISTS last_head text NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS replay_id bigint;
COMMENT ON COLUMN hook_deliveries.claimed_by IS 'the lock that the worker holds while it is alive';

-- What was sent again: all that had not arrived of a span.
CREATE TABLE IF NOT EXISTS hook_replays (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL,
  endpoint_id bigint NOT NULL REFERENCES hook_endpoints ON DELETE CASCADE,
  from_at timestamptz NOT NULL,
  until_at timestamptz NOT NULL,
  found integer NOT NULL,
  started_at timestamptz NOT NULL,
  placed_at timestamptz
);
COMMENT ON COLUMN hook_replays.placed_at IS 'when all of it was on its way again';
CREATE INDEX IF NOT EXISTS hook_replays_of_endpoint ON hook_replays (endpoint_id, id);
