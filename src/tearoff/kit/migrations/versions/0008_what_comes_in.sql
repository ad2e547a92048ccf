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
