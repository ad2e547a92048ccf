-- Additive. What counts is written by triggers, so that the version before, which runs beside this
-- one, counts as well; what was before them is added by tearoff.kit.older_counts, once.
SET LOCAL lock_timeout = '10s';

-- How many coupons and messages of a campaign, by the day on which it happened in the account's
-- time zone. `campaign_deltas` is what was counted since it was added to the other two: each
-- backend has rows of its own (`slot` is its process id), so that nobody waits for anybody else, in
-- whatever order they lock whatever else; and another one every ten seconds, because old versions of
-- a row cannot be cleared away while somebody reads for long (a backup), and would be gone through by
-- each that counts. All of a campaign is its row in `campaign_totals` and its
-- deltas, read in one statement.
CREATE TABLE campaign_totals (
  campaign_id bigint NOT NULL PRIMARY KEY,
  account_id bigint NOT NULL,
  issued bigint NOT NULL DEFAULT 0,
  sent bigint NOT NULL DEFAULT 0,
  opened bigint NOT NULL DEFAULT 0,
  claimed bigint NOT NULL DEFAULT 0,
  redeemed bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE campaign_days (
  campaign_id bigint NOT NULL,
  day date NOT NULL,
  account_id bigint NOT NULL,
  issued bigint NOT NULL DEFAULT 0,
  sent bigint NOT NULL DEFAULT 0,
  opened bigint NOT NULL DEFAULT 0,
  claimed bigint NOT NULL DEFAULT 0,
  redeemed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (campaign_id, day)
) WITH (fillfactor = 70);
CREATE INDEX campaign_days_of_account ON campaign_days (account_id, day);

CREATE TABLE campaign_deltas (
  campaign_id bigint NOT NULL,
  day date NOT NULL,
  slot bigint NOT NULL,
  account_id bigint NOT NULL,
  issued bigint NOT NULL DEFAULT 0,
  sent bigint NOT NULL DEFAULT 0,
  opened bigint NOT NULL DEFAULT 0,
  claimed bigint NOT NULL DEFAULT 0,
  redeemed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (campaign_id, day, slot)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05);

-- The zone in which an account's days are counted: its own, unless this server knows none of that
-- name. Python's list may be newer, and counting must refuse no send.
CREATE FUNCTION known_zone(zone text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  PERFORM now() AT TIME ZONE zone;
  RETURN zone;
EXCEPTION WHEN OTHERS THEN
  RETURN 'UTC';
END $$;
ALTER TABLE accounts
  ADD COLUMN day_zone text GENERATED ALWAYS AS (known_zone(timezone)) STORED;

CREATE FUNCTION count_slot() RETURNS bigint LANGUAGE sql VOLATILE
RETURN ((extract(epoch FROM clock_timestamp())::bigint / 10) << 22) | pg_backend_pid();

CREATE FUNCTION count_in_campaign(account bigint, campaign bigint, happened timestamptz,
  issued integer, sent integer, opened integer, claimed integer, redeemed integer)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO campaign_deltas AS d
    (campaign_id, day, slot, account_id, issued, sent, opened, claimed, redeemed)
  SELECT $2, (happened AT TIME ZONE a.day_zone)::date, count_slot(), $1, $4, $5, $6, $7, $8
  FROM accounts a WHERE a.id = $1
  ON CONFLICT (campaign_id, day, slot) DO UPDATE SET
    issued = d.issued + excluded.issued, sent = d.sent + excluded.sent,
    opened = d.opened + excluded.opened, claimed = d.claimed + excluded.claimed,
    redeemed = d.redeemed + excluded.redeemed;
END $$;

-- A million coupons at once are one row.
CREATE FUNCTION count_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO campaign_deltas AS d
    (campaign_id, day, slot, account_id, issued, opened, claimed)
  SELECT m.campaign_id, (m.created_at AT TIME ZONE a.day_zone)::date, n.slot, a.id,
    count(*), count(m.opened_at), count(m.claimed_at)
  FROM made m JOIN accounts a ON a.id = m.account_id, (SELECT count_slot() AS slot) n
  GROUP BY 1, 2, 3, 4
  ON CONFLICT (campaign_id, day, slot) DO UPDATE SET issued = d.issued + excluded.issued,
    opened = d.opened + excluded.opened, claimed = d.claimed + excluded.claimed;
  RETURN NULL;
END $$;
CREATE TRIGGER count_made AFTER INSERT ON sessions REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION count_made();

CREATE FUNCTION count_opened_and_claimed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  opened integer := num_nonnulls(NEW.opened_at) - num_nonnulls(OLD.opened_at);
  claimed integer := num_nonnulls(NEW.claimed_at) - num_nonnulls(OLD.claimed_at);
  opened_at timestamptz := coalesce(NEW.opened_at, OLD.opened_at);
  claimed_at timestamptz := coalesce(NEW.claimed_at, OLD.claimed_at);
BEGIN
  IF opened <> 0 AND (claimed = 0 OR opened_at = claimed_at) THEN
    PERFORM count_in_campaign(NEW.account_id, NEW.campaign_id, opened_at, 0, 0, opened, claimed, 0);
    RETURN NULL;
  END IF;
  IF opened <> 0 THEN
    PERFORM count_in_campaign(NEW.account_id, NEW.campaign_id, opened_at, 0, 0, opened, 0, 0);
  END IF;
  IF claimed <> 0 THEN
    PERFORM count_in_campaign(NEW.account_id, NEW.campaign_id, claimed_at, 0, 0, 0, claimed, 0);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_opened_and_claimed AFTER UPDATE ON sessions FOR EACH ROW
  WHEN ((OLD.opened_at IS NULL) <> (NEW.opened_at IS NULL)
    OR (OLD.claimed_at IS NULL) <> (NEW.claimed_at IS NULL))
  EXECUTE FUNCTION count_opened_and_claimed();

-- A coupon whose message certainly never left is one that nobody had: it was taken off already.
CREATE FUNCTION count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM session_events WHERE session_id = OLD.id AND kind = 'voided'
      AND actor = 'tearoff') THEN
    PERFORM count_in_campaign(OLD.account_id, OLD.campaign_id, OLD.created_at, -1, 0, 0, 0, 0);
  END IF;
  IF OLD.opened_at IS NOT NULL THEN
    PERFORM count_in_campaign(OLD.account_id, OLD.campaign_id, OLD.opened_at, 0, 0, -1, 0, 0);
  END IF;
  IF OLD.claimed_at IS NOT NULL THEN
    PERFORM count_in_campaign(OLD.account_id, OLD.campaign_id, OLD.claimed_at, 0, 0, 0, -1, 0);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_removed AFTER DELETE ON sessions FOR EACH ROW
  EXECUTE FUNCTION count_removed();

-- A use is taken off the day on which it was counted.
CREATE FUNCTION count_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  happened timestamptz := coalesce(NEW.happened_at, NEW.at);
BEGIN
  IF NEW.kind = 'validated' THEN
    PERFORM count_in_campaign(NEW.account_id, NEW.campaign_id, happened, 0, 0, 0, 0, 1);
  ELSIF NEW.kind = 'unvalidated' THEN
    SELECT coalesce(happened_at, at) INTO happened FROM session_events WHERE id = NEW.undoes;
    PERFORM count_in_campaign(NEW.account_id, NEW.campaign_id, coalesce(happened, NEW.at),
      0, 0, 0, 0, -1);
  ELSE
    SELECT created_at INTO happened FROM sessions WHERE id = NEW.session_id;
    PERFORM count_in_campaign(NEW.account_id, NEW.campaign_id, coalesce(happened, NEW.at),
      -1, 0, 0, 0, 0);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_event AFTER INSERT ON session_events FOR EACH ROW
  WHEN (NEW.kind IN ('validated', 'unvalidated') OR (NEW.kind = 'voided' AND NEW.actor = 'tearoff'))
  EXECUTE FUNCTION count_event();

-- Sent is what a service has taken and nobody has called undeliverable, by the day of the message.
CREATE FUNCTION count_sent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  campaign bigint;
  was integer := 0;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    was := (OLD.state IN ('accepted', 'sent', 'delivered'))::integer;
  END IF;
  SELECT campaign_id INTO campaign FROM sessions
    WHERE id = NEW.about AND account_id = NEW.account_id;
  IF campaign IS NOT NULL THEN
    PERFORM count_in_campaign(NEW.account_id, campaign, NEW.created_at,
      0, (NEW.state IN ('accepted', 'sent', 'delivered'))::integer - was, 0, 0, 0);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_sent AFTER UPDATE OF state ON messages FOR EACH ROW
  WHEN (NEW.about IS NOT NULL AND (OLD.state IN ('accepted', 'sent', 'delivered'))
    <> (NEW.state IN ('accepted', 'sent', 'delivered')))
  EXECUTE FUNCTION count_sent();
CREATE TRIGGER count_sent_at_once AFTER INSERT ON messages FOR EACH ROW
  WHEN (NEW.about IS NOT NULL AND NEW.state IN ('accepted', 'sent', 'delivered'))
  EXECUTE FUNCTION count_sent();

INSERT INTO upkeep (name, due_at) SELECT 'campaign counts',
  CASE WHEN EXISTS (SELECT FROM campaigns) THEN now() END;

-- Found and sorted by words as people type them: without marks and in small letters.
CREATE FUNCTION folded_text(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(lower(normalize(words, NFKD)), '[\u0300-\u036f]', '', 'g');

ALTER TABLE campaigns
  ADD COLUMN is_template boolean NOT NULL DEFAULT false,
  ADD COLUMN changed_at timestamptz,
  ADD COLUMN changed_by text NOT NULL DEFAULT '',
  ADD COLUMN search_text text COLLATE "C" GENERATED ALWAYS AS
    (folded_text(name || E'\n' || title)) STORED,
  ADD CONSTRAINT templates_stay_drafts CHECK (NOT is_template OR status = 'draft');

-- What somebody has typed into a campaign's form and not saved yet: all tabs, as they were typed.
-- `person_id` names no table: it is whoever the door says is typing.
CREATE TABLE campaign_drafts (
  campaign_id bigint NOT NULL,
  person_id bigint NOT NULL,
  account_id bigint NOT NULL,
  "values" jsonb NOT NULL,
  based_on_version integer NOT NULL,
  saved_at timestamptz NOT NULL,
  PRIMARY KEY (campaign_id, person_id)
);
CREATE INDEX campaign_drafts_of_account ON campaign_drafts (account_id, saved_at);
