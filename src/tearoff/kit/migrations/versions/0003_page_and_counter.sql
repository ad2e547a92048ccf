-- accounts -----------------------------------------------------------------------------
ALTER TABLE accounts ADD COLUMN frame_hosts text[];
COMMENT ON COLUMN accounts.frame_hosts IS
  'hosts whose pages may frame the public links (…&web=true); NULL: any';

ALTER TABLE locations
  ADD COLUMN raw_hours jsonb NOT NULL DEFAULT '[]',
  ADD COLUMN redeems_at_once boolean NOT NULL DEFAULT false,
  ADD COLUMN trusts_offline boolean NOT NULL DEFAULT false,
  ADD COLUMN removed_at timestamptz;
COMMENT ON COLUMN locations.redeems_at_once IS 'a scan that is good takes the coupon in at once';
COMMENT ON COLUMN locations.trusts_offline IS
  'the staff may hand out goods for a coupon that could not be checked';

-- Whether some location has an address or hours: the coupon's page asks this for every visit.
ALTER TABLE accounts ADD COLUMN tells_places boolean NOT NULL DEFAULT false;
UPDATE accounts a SET tells_places = true WHERE EXISTS (SELECT FROM locations l
  WHERE l.account_id = a.id AND (l.street <> '' OR l.city <> ''));

-- A phone or till of the staff, paired with a location.
CREATE TABLE devices (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  location_id bigint NOT NULL REFERENCES locations,
  name text NOT NULL,
  secret_sha256 bytea NOT NULL UNIQUE,
  pin_hash text NOT NULL,
  pin_until timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  last_seen_at timestamptz,
  removed_at timestamptz
);
CREATE INDEX ON devices (account_id, location_id);

ALTER TABLE one_time_tokens
  ADD COLUMN location_id bigint REFERENCES locations,
  DROP CONSTRAINT one_time_tokens_purpose_check,
  ADD CONSTRAINT one_time_tokens_purpose_check CHECK (purpose IN ('sso', 'password', 'pair'));

-- coupons ------------------------------------------------------------------------------
-- `raw_options`: what the pages show and ask, as `coupons/options.py` reads it. What a guarded
-- update must look at has columns of its own.
ALTER TABLE campaigns
  ADD COLUMN raw_options jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN activation_seconds integer CHECK (activation_seconds > 0),
  ADD COLUMN pause_seconds integer CHECK (pause_seconds > 0),
  ADD COLUMN limit_claims bigint,
  ADD COLUMN limit_person bigint,
  ADD COLUMN limit_day bigint,
  ADD COLUMN limit_location bigint;
COMMENT ON COLUMN campaigns.activation_seconds IS
  'how long a coupon can be used once it is claimed; NULL: it needs no activation';
COMMENT ON COLUMN campaigns.pause_seconds IS 'between two uses of one coupon';
COMMENT ON COLUMN campaigns.limit_person IS 'coupons of one person: given out and begun to use';
COMMENT ON COLUMN campaigns.limit_day IS 'uses on one day of the campaign''s time zone';
COMMENT ON COLUMN campaigns.limit_location IS 'uses at each location';

-- `active_until`: the end of the window that claiming opened; `lengthened`: it was made longer
-- once; `used_at`: the last use; `prize`: what the scratch card showed ('' is a blank).
ALTER TABLE sessions
  ADD COLUMN active_until timestamptz,
  ADD COLUMN lengthened boolean NOT NULL DEFAULT false,
  ADD COLUMN used_at timestamptz,
  ADD COLUMN prize text,
  ADD COLUMN receipt text,
  ADD COLUMN saved_to_apple_at timestamptz,
  ADD COLUMN saved_to_google_at timestamptz;
UPDATE sessions s SET used_at = coalesce(s.validated_at,
  (SELECT max(e.at) FROM session_events e WHERE e.session_id = s.id AND e.kind = 'validated'))
WHERE s.uses > 0;

-- The form that a session of the public link was begun with: sent twice, it makes one session.
ALTER TABLE sessions ADD COLUMN begun_by text;
CREATE UNIQUE INDEX sessions_begun_by ON sessions (campaign_id, begun_by)
  WHERE begun_by IS NOT NULL;

-- `verdict`: who an open came from (human, robot or unsure); `device_id`: the counter's.
ALTER TABLE session_events
  ADD COLUMN verdict text CHECK (verdict IN ('human', 'robot', 'unsure')),
  ADD COLUMN device_id bigint;

-- What somebody agreed to, in the words that were shown.
CREATE TABLE session_consents (
  id bigint NOT NULL DEFAULT new_time_id() PRIMARY KEY,
  account_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  session_id bigint NOT NULL,
  key text NOT NULL,
  given boolean NOT NULL,
  language text NOT NULL,
  words text NOT NULL,
  at timestamptz NOT NULL
);
CREATE INDEX ON session_consents (session_id);

-- The picture as messengers want it: JPEG, 1200x630.
ALTER TABLE pictures ADD COLUMN card bytea;

-- the counter --------------------------------------------------------------------------
-- Every code that was looked at at a counter, and what came of it. `key` is the device's own
-- name for the scan: the same scan sent twice is one row.
-- `seen_at`: the staff has read that a scan kept without connection came to NO.
CREATE TABLE counter_scans (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  location_id bigint NOT NULL,
  device_id bigint NOT NULL,
  key text NOT NULL,
  code text NOT NULL,
  session_id bigint,
  verdict text NOT NULL,
  reason text NOT NULL DEFAULT '',
  was_offline boolean NOT NULL DEFAULT false,
  scanned_at timestamptz NOT NULL,
  at timestamptz NOT NULL,
  undone_at timestamptz,
  seen_at timestamptz,
  UNIQUE (device_id, key)
);
CREATE INDEX ON counter_scans (device_id, at);
CREATE INDEX ON counter_scans (location_id, id);

-- wallets ------------------------------------------------------------------------------
-- A pass that lies in a wallet (apple), or was on its way into one (google). It was changed and
-- its wallet not told while `told_at` is null; the next try is at `next_at`.
CREATE TABLE wallet_passes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  session_id bigint NOT NULL,
  wallet text NOT NULL CHECK (wallet IN ('apple', 'google')),
  serial text NOT NULL UNIQUE,
  message text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  told_at timestamptz,
  next_at timestamptz NOT NULL,
  tries integer NOT NULL DEFAULT 0,
  UNIQUE (session_id, wallet)
);
CREATE INDEX ON wallet_passes (campaign_id, id);
CREATE INDEX wallet_passes_due ON wallet_passes (next_at) WHERE told_at IS NULL;

-- Apple's phones that want to hear of changes of a pass.
CREATE TABLE wallet_registrations (
  pass_id bigint NOT NULL REFERENCES wallet_passes ON DELETE CASCADE,
  device text NOT NULL,
  push_token text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (pass_id, device)
);
CREATE INDEX ON wallet_registrations (device);

-- A change and the news of it commit together, whoever makes the change.
CREATE FUNCTION pass_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE wallet_passes SET changed_at = clock_timestamp(), told_at = NULL, tries = 0,
    next_at = clock_timestamp() WHERE session_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER pass_changed AFTER UPDATE ON sessions FOR EACH ROW
  WHEN (NEW.saved_to_apple_at IS NOT NULL OR NEW.saved_to_google_at IS NOT NULL)
  EXECUTE FUNCTION pass_changed();

CREATE FUNCTION passes_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE wallet_passes SET changed_at = clock_timestamp(), told_at = NULL, tries = 0,
    next_at = clock_timestamp() WHERE campaign_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER passes_changed AFTER UPDATE ON campaigns FOR EACH ROW
  WHEN ((OLD.title, OLD.value, OLD.description, OLD.terms, OLD.brand, OLD.brand_color,
         OLD.picture_id, OLD.starts_at, OLD.expires_at, OLD.status, OLD.raw_options)
    IS DISTINCT FROM
        (NEW.title, NEW.value, NEW.description, NEW.terms, NEW.brand, NEW.brand_color,
         NEW.picture_id, NEW.starts_at, NEW.expires_at, NEW.status, NEW.raw_options))
  EXECUTE FUNCTION passes_changed();
