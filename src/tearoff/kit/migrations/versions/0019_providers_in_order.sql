-- Additive: what the version before adds comes last of its channel, and among equals the oldest comes
-- first, as it did. `price_countries` and `country_prices` belong together one by one; every other
-- country costs `segment_price`. `secrets_at`: when each secret was stored, where that was not when
-- the connection was made. `noted_at`: when its failing was last written.
SET LOCAL lock_timeout = '10s';

ALTER TABLE connections
  ADD COLUMN name text NOT NULL DEFAULT '',
  ADD COLUMN position integer NOT NULL DEFAULT 1000,
  ADD COLUMN price_countries text[] NOT NULL DEFAULT '{}',
  ADD COLUMN country_prices bigint[] NOT NULL DEFAULT '{}',
  ADD COLUMN reply_numbers text[] NOT NULL DEFAULT '{}',
  ADD COLUMN secrets_at jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN failing_since timestamptz,
  ADD COLUMN last_error text NOT NULL DEFAULT '',
  ADD COLUMN noted_at timestamptz,
  ADD CHECK (cardinality(price_countries) = cardinality(country_prices));
COMMENT ON COLUMN connections.country_prices IS 'millionths of the currency unit';
CREATE INDEX connections_in_order ON connections (account_id, channel, position, id) WHERE active;
CREATE INDEX connections_of_account ON connections (account_id, id);

-- When something last went well, to the minute. A table of its own: a row of `connections` that
-- changes makes every process read it anew.
CREATE TABLE connection_news (
  connection_id bigint PRIMARY KEY REFERENCES connections,
  last_accepted_at timestamptz,
  last_receipt_at timestamptz
);
