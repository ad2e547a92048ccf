SET LOCAL lock_timeout = '10s';

-- `signing_sealed`: the secret that X-Hmac goes on being signed with until `signing_until`, after
-- the key was rolled; else the key's own signs.
ALTER TABLE api_keys
  ADD COLUMN name text NOT NULL DEFAULT '',
  ADD COLUMN created_by text NOT NULL DEFAULT '',
  ADD COLUMN signs_webhooks boolean NOT NULL DEFAULT false,
  ADD COLUMN signing_sealed bytea,
  ADD COLUMN signing_until timestamptz;

-- The one that signs today: the oldest live one of each account.
UPDATE api_keys k SET signs_webhooks = true WHERE client_id = (
  SELECT client_id FROM api_keys o WHERE o.account_id = k.account_id AND o.revoked_at IS NULL
  ORDER BY o.created_at, o.client_id LIMIT 1);
CREATE UNIQUE INDEX api_keys_that_signs ON api_keys (account_id) WHERE signs_webhooks;

-- When a key was used last, to the hour. A table of its own, so that it raises no key's version.
CREATE TABLE key_uses (
  client_id text PRIMARY KEY,
  used_at timestamptz NOT NULL
);
