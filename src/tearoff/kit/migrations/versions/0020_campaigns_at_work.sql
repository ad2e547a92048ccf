-- Additive. What counts is written by triggers, so that the version before, which runs beside this
-- one, counts as well; what was before them is added by tearoff.kit.older_counts, once.
SET LOCAL lock_timeout = '10s';

-- How many coupons and messages of a campaign, by the day on which it happened in the account's
-- time zone. `campaign_deltas` is what was counted since it was added to the other two: whoever
-- counts appends a row, waits for nobody and looks at nothing, not even at the time zone. All of a
-- campaign is its row in `campaign_totals` and its deltas, read in one statement.
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

-- Without any key: that would cost whoever counts more than it spares whoever reads, as there are
-- only the rows of the last seconds.
CREATE TABLE campaign_deltas (
  campaign_id bigint NOT NULL,
  account_id bigint NOT NULL,
  at timestamptz NOT NULL,
  issued integer NOT NULL DEFAULT 0,
  sent integer NOT NULL DEFAULT 0,
  opened integer NOT NULL DEFAULT 0,
  claimed integer NOT NULL DEFAULT 0,
  redeemed integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

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

-- A million coupons at once are one row.
CREATE FUNCTION count_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO campaign_deltas (campaign_id, account_id, at, issued, opened, claimed)
  SELECT campaign_id, account_id, created_at, count(*), count(opened_at), count(claimed_at)
  FROM made GROUP BY 1, 2, 3;
  RETURN NULL;
END $$;
CREATE TRIGGER count_made AFTER INSERT ON sessions REFERENCING NEW TABLE AS made
  FOR EACH STATEMENT EXECUTE FUNCTION count_made();

-- What one statement did at one moment is one row. A use that happened before another one leaves no
-- time in the coupon; its event, which the same statement has written, tells it.
CREATE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  opened integer := num_nonnulls(NEW.opened_at) - num_nonnulls(OLD.opened_at);
  claimed integer := num_nonnulls(NEW.claimed_at) - num_nonnulls(OLD.claimed_at);
  used integer := greatest(NEW.uses - OLD.uses, 0);
  opened_then timestamptz := coalesce(NEW.opened_at, OLD.opened_at);
  claimed_then timestamptz := coalesce(NEW.claimed_at, OLD.claimed_at);
  used_then timestamptz := NEW.used_at;
  moment timestamptz;
BEGIN
  IF used > 0 AND (NEW.used_at = OLD.used_at OR NEW.used_at IS NULL) THEN
    SELECT coalesce(e.happened_at, e.at) INTO used_then FROM session_events e
      WHERE e.session_id = NEW.id AND e.kind = 'validated' ORDER BY e.id DESC LIMIT 1;
    used_then := coalesce(used_then, NEW.used_at, now());
  END IF;
  moment := CASE WHEN used > 0 THEN used_then WHEN claimed <> 0 THEN claimed_then
    ELSE opened_then END;
  IF (opened = 0 OR opened_then = moment) AND (claimed = 0 OR claimed_then = moment) THEN
    INSERT INTO campaign_deltas (campaign_id, account_id, at, opened, claimed, redeemed)
    VALUES (NEW.campaign_id, NEW.account_id, moment, opened, claimed, used);
  ELSE
    INSERT INTO campaign_deltas (campaign_id, account_id, at, opened, claimed, redeemed)
    SELECT NEW.campaign_id, NEW.account_id, d.* FROM (VALUES (opened_then, opened, 0, 0),
      (claimed_then, 0, claimed, 0), (used_then, 0, 0, used)) AS d (at, opened, claimed, used)
    WHERE (d.opened, d.claimed, d.used) <> (0, 0, 0);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_changed AFTER UPDATE ON sessions FOR EACH ROW
  WHEN ((OLD.opened_at IS NULL) <> (NEW.opened_at IS NULL)
    OR (OLD.claimed_at IS NULL) <> (NEW.claimed_at IS NULL) OR NEW.uses > OLD.uses)
  EXECUTE FUNCTION count_changed();

-- A coupon whose message certainly never left is one that nobody had: it was taken off already.
CREATE FUNCTION count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  lost boolean := EXISTS (SELECT FROM session_events WHERE session_id = OLD.id
    AND kind = 'voided' AND actor = 'tearoff');
BEGIN
  INSERT INTO campaign_deltas (campaign_id, account_id, at, issued, opened, claimed)
  SELECT OLD.campaign_id, OLD.account_id, d.at, d.issued, d.opened, d.claimed
  FROM (VALUES (CASE WHEN NOT lost THEN OLD.created_at END, -1, 0, 0),
    (OLD.opened_at, 0, -1, 0), (OLD.claimed_at, 0, 0, -1)) AS d (at, issued, opened, claimed)
  WHERE d.at IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER count_removed AFTER DELETE ON sessions FOR EACH ROW
  EXECUTE FUNCTION count_removed();

-- A use is taken off the day on which it was counted.
CREATE FUNCTION count_taken_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  happened timestamptz;
BEGIN
  IF NEW.kind = 'unvalidated' THEN
    SELECT coalesce(happened_at, at) INTO happened FROM session_events WHERE id = NEW.undoes;
    INSERT INTO campaign_deltas (campaign_id, account_id, at, redeemed)
    VALUES (NEW.campaign_id, NEW.account_id, coalesce(happened, NEW.at), -1);
  ELSE
    SELECT created_at INTO happened FROM sessions WHERE id = NEW.session_id;
    INSERT INTO campaign_deltas (campaign_id, account_id, at, issued)
    VALUES (NEW.campaign_id, NEW.account_id, coalesce(happened, NEW.at), -1);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_taken_back AFTER INSERT ON session_events FOR EACH ROW
  WHEN (NEW.kind = 'unvalidated' OR (NEW.kind = 'voided' AND NEW.actor = 'tearoff'))
  EXECUTE FUNCTION count_taken_back();

-- Sent is what a service has taken and nobody has called undeliverable, by the day of the message.
-- A coupon is found by its id alone (`IS TRUE` keeps the account's indexes out): without statistics
-- another way, through all of an account's coupons, looks as good.
CREATE FUNCTION count_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO campaign_deltas (campaign_id, account_id, at, sent)
  SELECT s.campaign_id, s.account_id, NEW.created_at,
    CASE WHEN NEW.state IN ('accepted', 'sent', 'delivered') THEN 1 ELSE -1 END
  FROM sessions s WHERE s.id = NEW.about AND (s.account_id = NEW.account_id) IS TRUE;
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
