SET LOCAL lock_timeout = '10s';

ALTER TABLE connections ADD COLUMN country text CHECK (country ~ '^[A-Z]{2}$');
COMMENT ON COLUMN connections.country IS
  'whose national numbers the service writes; NULL: those of the account''s country';

CREATE TABLE replies (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  connection_id bigint NOT NULL,
  sender text NOT NULL,
  phone text,
  received_by text NOT NULL DEFAULT '',
  text text NOT NULL,
  keyword text NOT NULL,
  provider_ref text NOT NULL DEFAULT '',
  received_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('done', 'open', 'opted_out', 'dismissed')),
  decided_at timestamptz
);
COMMENT ON COLUMN replies.sender IS 'as the service wrote it';
COMMENT ON COLUMN replies.phone IS 'E.164; NULL: the sender could not be read';
COMMENT ON COLUMN replies.state IS 'open: a person has to decide';
CREATE INDEX ON replies (account_id, id);
CREATE INDEX replies_open ON replies (account_id, id) WHERE state = 'open';
CREATE INDEX ON replies (received_at);

-- Ids of parts in another case than the answers had them.
CREATE INDEX message_parts_any_case ON message_parts (connection_id, lower(provider_id));

-- Three countries write one mobile in two ways (tearoff.kit.phone.phone_key). Of entries that
-- fall together the oldest stays.
CREATE FUNCTION pg_temp.key_of(address text) RETURNS text LANGUAGE sql IMMUTABLE RETURN
  regexp_replace(regexp_replace(regexp_replace(address,
    '^\+521([2-9][0-9]{9})$', '+52\1'),
    '^\+54([1-8][0-9]{9})$', '+549\1'),
    '^\+55([1-9][0-9])([016-9][0-9]{7})$', '+55\19\2');
WITH moved AS (
  DELETE FROM opt_outs WHERE address ~ '^\+5[245]' AND pg_temp.key_of(address) <> address
  RETURNING account_id, pg_temp.key_of(address) AS address, source, channel, reason, created_at
)
INSERT INTO opt_outs AS o (account_id, address, source, channel, reason, created_at)
SELECT DISTINCT ON (account_id, address, source)
  account_id, address, source, channel, reason, created_at
FROM moved ORDER BY account_id, address, source, created_at
ON CONFLICT (account_id, address, source) DO UPDATE SET
  reason = CASE WHEN excluded.created_at < o.created_at THEN excluded.reason ELSE o.reason END,
  created_at = least(o.created_at, excluded.created_at);
