-- Ids of things that are kept by time (messages, events) carry their second of birth in the
-- upper bits, so that a range of ids is a range of time: partitions can be cut by id, and a
-- look-up by id alone finds its partition. 2^20 ids a second; below 2^53 until the year 2290,
-- so JSON readers with floating-point numbers keep them whole.
CREATE SEQUENCE time_id_tail CACHE 1;

CREATE FUNCTION time_id(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (extract(epoch FROM at)::bigint - 1735689600) << 20;

CREATE FUNCTION new_time_id() RETURNS bigint LANGUAGE sql VOLATILE
RETURN ((extract(epoch FROM clock_timestamp())::bigint - 1735689600) << 20)
     | (nextval('time_id_tail') & 1048575);

-- Rows that processes keep in memory have a version that rises with every change, so that a
-- statement can ask "is what I remember still so?" in its own WHERE.
CREATE FUNCTION raise_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END $$;

-- accounts -----------------------------------------------------------------------------
CREATE TABLE accounts (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  parent_id bigint REFERENCES accounts,
  name text NOT NULL,
  email text NOT NULL,
  language text NOT NULL DEFAULT 'en',
  timezone text NOT NULL DEFAULT 'UTC',
  country text CHECK (country ~ '^[A-Z]{2}$'),
  currency text NOT NULL DEFAULT 'EUR' CHECK (currency ~ '^[A-Z]{3}$'),
  link_host text,
  expires_at timestamptz,
  allowed_countries text[],
  quiet_from time,
  quiet_until time,
  limit_number_hour integer DEFAULT 10,
  limit_number_day integer DEFAULT 20,
  limit_prefix_hour integer DEFAULT 50,
  limit_spend_day bigint,
  limit_spend_month bigint,
  smart_typography boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  version integer NOT NULL DEFAULT 1
);
COMMENT ON COLUMN accounts.limit_spend_day IS 'millionths of the currency unit';
CREATE TRIGGER raise_version BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION raise_version();

CREATE TABLE api_keys (
  client_id text PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  secret_sha256 bytea NOT NULL,
  secret_sealed bytea NOT NULL,
  previous_sha256 bytea,
  previous_until timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX ON api_keys (account_id);
CREATE TRIGGER raise_version BEFORE UPDATE ON api_keys FOR EACH ROW EXECUTE FUNCTION raise_version();

CREATE TABLE locations (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  name text NOT NULL,
  street text NOT NULL DEFAULT '',
  zip text NOT NULL DEFAULT '',
  city text NOT NULL DEFAULT '',
  province text NOT NULL DEFAULT '',
  country text NOT NULL DEFAULT '',
  phone text NOT NULL DEFAULT '',
  website text NOT NULL DEFAULT '',
  pin_mac bytea,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON locations (account_id);

-- A tally counts up to its cap within its window; the constraint, not a reader, says no.
CREATE TABLE tallies (
  account_id bigint NOT NULL,
  scope text NOT NULL,
  n bigint NOT NULL,
  cap bigint NOT NULL,
  until timestamptz NOT NULL,
  PRIMARY KEY (account_id, scope),
  CONSTRAINT tally_within_cap CHECK (n <= cap)
) WITH (fillfactor = 70);
CREATE INDEX ON tallies (until);

CREATE TABLE idempotency_keys (
  account_id bigint NOT NULL,
  path text NOT NULL,
  key text NOT NULL,
  body_sha256 bytea NOT NULL,
  lease_until timestamptz NOT NULL,
  message_id bigint,
  status smallint,
  answer_sealed bytea,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, path, key)
);
CREATE INDEX ON idempotency_keys (created_at);

-- people -------------------------------------------------------------------------------
CREATE TABLE opt_outs (
  account_id bigint NOT NULL REFERENCES accounts,
  address text NOT NULL,
  source text NOT NULL CHECK (source IN ('reply', 'provider', 'shop', 'link', 'complaint')),
  channel text NOT NULL DEFAULT 'sms',
  reason text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, address, source)
);

CREATE TABLE consent_events (
  id bigint NOT NULL DEFAULT new_time_id(),
  account_id bigint NOT NULL,
  address text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('opted_out', 'opted_in')),
  source text NOT NULL,
  words text NOT NULL DEFAULT '',
  received_by text NOT NULL DEFAULT '',
  provider_ref text NOT NULL DEFAULT '',
  at timestamptz NOT NULL,
  PRIMARY KEY (id)
);
CREATE INDEX ON consent_events (account_id, address);

-- messages -----------------------------------------------------------------------------
CREATE TABLE connections (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  channel text NOT NULL DEFAULT 'sms',
  kind text NOT NULL,
  settings_sealed bytea NOT NULL,
  sender text,
  max_binds integer NOT NULL DEFAULT 1,
  segment_price bigint NOT NULL DEFAULT 0,
  callback_token text NOT NULL UNIQUE,
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  version integer NOT NULL DEFAULT 1
);
COMMENT ON COLUMN connections.segment_price IS 'millionths of the currency unit';
CREATE INDEX ON connections (account_id, channel, id) WHERE active;
CREATE TRIGGER raise_version BEFORE UPDATE ON connections FOR EACH ROW EXECUTE FUNCTION raise_version();

CREATE TABLE messages (
  id bigint NOT NULL DEFAULT new_time_id(),
  account_id bigint NOT NULL,
  connection_id bigint NOT NULL,
  about bigint,
  about_is_new boolean NOT NULL DEFAULT false,
  recipient text NOT NULL,
  sender text,
  text text NOT NULL,
  asked_text text,
  encoding text NOT NULL,
  segments smallint NOT NULL,
  state text NOT NULL CHECK (state IN
    ('queued', 'submitting', 'unknown', 'accepted', 'sent', 'failed', 'delivered')),
  reason text,
  reason_text text,
  permanent boolean,
  provider_id text,
  link_id text,
  provider_raw text,
  created_at timestamptz NOT NULL,
  answered_at timestamptz,
  settled_at timestamptz,
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);
COMMENT ON COLUMN messages.link_id IS
  'provider_id again where receipts come over a standing link and name nothing else: only these'
  ' are indexed';
CREATE INDEX ON messages (connection_id, link_id) WHERE link_id IS NOT NULL;

-- Messages whose outcome nobody knows: few, for look-ups and late receipts. A list of its own,
-- because an index over the state of all messages would make every change of state dearer.
CREATE TABLE unknown_messages (
  message_id bigint PRIMARY KEY,
  connection_id bigint NOT NULL,
  recipient text NOT NULL
);
CREATE INDEX ON unknown_messages (connection_id, recipient);

CREATE TABLE message_parts (
  connection_id bigint NOT NULL,
  provider_id text NOT NULL,
  message_id bigint NOT NULL,
  part smallint NOT NULL,
  state text NOT NULL DEFAULT 'accepted',
  PRIMARY KEY (message_id, part)
);
CREATE INDEX ON message_parts (connection_id, provider_id);

-- One row for each send whose outcome is open: who is at it (the lease), and the guard that
-- lets no equal send pass meanwhile. `taken`: a process that owns a standing link has taken the
-- message over from one that has none.
CREATE TABLE open_sends (
  account_id bigint NOT NULL,
  guard bytea NOT NULL,
  message_id bigint NOT NULL,
  until timestamptz NOT NULL,
  taken boolean NOT NULL DEFAULT false,
  PRIMARY KEY (account_id, guard)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
CREATE INDEX ON open_sends (message_id);

-- What services reported, raw, stored before they are told "got it".
CREATE TABLE arrivals (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  connection_id bigint NOT NULL,
  key text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('callback', 'link')),
  raw bytea NOT NULL,
  received_at timestamptz NOT NULL,
  handled_at timestamptz,
  result text,
  UNIQUE (connection_id, key)
);
CREATE INDEX ON arrivals (received_at);

-- coupons ------------------------------------------------------------------------------
CREATE TABLE campaigns (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  code text NOT NULL UNIQUE,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('draft', 'active', 'paused', 'archived')),
  name text NOT NULL,
  title text NOT NULL DEFAULT '',
  subtitle text NOT NULL DEFAULT '',
  description text NOT NULL DEFAULT '',
  terms text NOT NULL DEFAULT '',
  value text NOT NULL DEFAULT '',
  brand text NOT NULL DEFAULT '',
  brand_color text NOT NULL DEFAULT '#0b5d4b',
  language text NOT NULL DEFAULT 'en',
  picture_id bigint,
  picture_alt text NOT NULL DEFAULT '',
  message_text text NOT NULL DEFAULT '',
  timezone text NOT NULL DEFAULT 'UTC',
  starts_at timestamptz,
  expires_at timestamptz,
  uses integer NOT NULL DEFAULT 1 CHECK (uses >= 1),
  limit_sessions bigint,
  limit_validations bigint,
  created_at timestamptz NOT NULL DEFAULT now(),
  version integer NOT NULL DEFAULT 1
);
CREATE INDEX ON campaigns (account_id, id);
CREATE TRIGGER raise_version BEFORE UPDATE ON campaigns FOR EACH ROW EXECUTE FUNCTION raise_version();

CREATE TABLE pictures (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  sha256 bytea NOT NULL,
  webp bytea NOT NULL,
  width integer NOT NULL,
  height integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE campaign_locations (
  campaign_id bigint NOT NULL REFERENCES campaigns,
  location_id bigint NOT NULL REFERENCES locations,
  PRIMARY KEY (campaign_id, location_id)
);

-- The short code is the first six characters. It is unique within the account for as long as
-- the session exists, so that one index serves the long and the short code.
CREATE TABLE sessions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  code text COLLATE "C" NOT NULL,
  short_code text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(code, 6)) STORED,
  firstname text, lastname text, email text, phone text, gender text,
  customid text, customfields text[], utm text[],
  validation_code text, value text,
  expires_at timestamptz,
  created_at timestamptz NOT NULL,
  opened_at timestamptz, played_at timestamptz, claimed_at timestamptz,
  validated_at timestamptz, uses integer NOT NULL DEFAULT 0,
  validation_value text, location_id bigint,
  voided boolean NOT NULL DEFAULT false, voided_at timestamptz, unvoided_at timestamptz,
  locked boolean NOT NULL DEFAULT false, locked_at timestamptz, unlocked_at timestamptz,
  last_message_id bigint,
  device text[]
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX sessions_short_code ON sessions (account_id, short_code);
CREATE INDEX sessions_by_campaign ON sessions (campaign_id, id);
CREATE UNIQUE INDEX sessions_validation_code ON sessions (campaign_id, validation_code)
  WHERE validation_code IS NOT NULL;
CREATE INDEX sessions_by_phone ON sessions (account_id, phone) WHERE phone IS NOT NULL;
CREATE INDEX sessions_by_email ON sessions (account_id, lower(email)) WHERE email IS NOT NULL;
CREATE INDEX sessions_by_customid ON sessions (account_id, customid) WHERE customid IS NOT NULL;

CREATE TABLE session_events (
  id bigint NOT NULL DEFAULT new_time_id(),
  account_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  session_id bigint NOT NULL,
  kind text NOT NULL,
  at timestamptz NOT NULL,
  actor text NOT NULL DEFAULT '',
  channel text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  location_id bigint,
  PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE INDEX ON session_events (session_id);

-- Months are cut ahead of time by a chore; the rest catches what a sleeping chore has missed.
CREATE FUNCTION cut_months(months integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  parent text; first timestamptz; made integer := 0; piece text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('tearoff cut_months'));
  FOREACH parent IN ARRAY ARRAY['messages', 'session_events'] LOOP
    FOR i IN 0..months LOOP
      first := date_trunc('month', now(), 'UTC') + make_interval(months => i);
      piece := parent || to_char(first AT TIME ZONE 'UTC', '_YYYY_MM');
      IF to_regclass(piece) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)'
          ' WITH (fillfactor = 70)', piece, parent,
          time_id(first), time_id(first + interval '1 month'));
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
CREATE TABLE messages_rest PARTITION OF messages DEFAULT;
CREATE TABLE session_events_rest PARTITION OF session_events DEFAULT;
SELECT cut_months(3);
