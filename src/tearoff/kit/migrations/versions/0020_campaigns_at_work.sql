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

-- Columns are named instead of conditions, here and below: a trigger's WHEN is read from its text in
-- each statement that might meet it, which costs those too that it lets pass.
--
-- The two that happen all the time come first. The rest is told by events, which the same statement
-- has written: when a use was that happened before another one, and what is taken back, which is
-- taken off the day on which it was counted. A coupon is lost if its message certainly never left.
CREATE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.opened_at IS NULL AND NEW.opened_at IS NOT NULL AND NEW.uses = OLD.uses
      AND NEW.claimed_at IS NOT DISTINCT FROM OLD.claimed_at AND NEW.voided = OLD.voided THEN
    INSERT INTO campaign_deltas (campaign_id, account_id, at, opened)
    VALUES (NEW.campaign_id, NEW.account_id, NEW.opened_at, 1);
  ELSIF NEW.uses = OLD.uses + 1 AND NEW.used_at > coalesce(OLD.used_at, '-infinity')
      AND NEW.opened_at = coalesce(OLD.opened_at, NEW.used_at)
      AND NEW.claimed_at = coalesce(OLD.claimed_at, NEW.used_at) AND NEW.voided = OLD.voided THEN
    INSERT INTO campaign_deltas (campaign_id, account_id, at, opened, claimed, redeemed)
    VALUES (NEW.campaign_id, NEW.account_id, NEW.used_at, num_nulls(OLD.opened_at),
      num_nulls(OLD.claimed_at), 1);
  ELSE
    INSERT INTO campaign_deltas (campaign_id, account_id, at, issued, opened, claimed, redeemed)
    SELECT NEW.campaign_id, NEW.account_id, d.* FROM (
      SELECT coalesce(NEW.opened_at, OLD.opened_at) AS at, 0 AS issued,
        num_nonnulls(NEW.opened_at) - num_nonnulls(OLD.opened_at) AS opened, 0 AS claimed,
        0 AS redeemed
      UNION ALL SELECT coalesce(NEW.claimed_at, OLD.claimed_at), 0, 0,
        num_nonnulls(NEW.claimed_at) - num_nonnulls(OLD.claimed_at), 0
      UNION ALL SELECT used_then(NEW.id, NEW.uses > OLD.uses), 0, 0, 0, NEW.uses - OLD.uses
        WHERE NEW.uses <> OLD.uses
      UNION ALL SELECT NEW.created_at, -1, 0, 0, 0 WHERE NEW.voided AND NOT OLD.voided
        AND (SELECT count(*) = 1 AND max(v.id) = (SELECT max(w.id) FROM session_events w
            WHERE w.session_id = NEW.id AND w.kind = 'voided')
          FROM session_events v
          WHERE v.session_id = NEW.id AND v.kind = 'voided' AND v.actor = 'tearoff')
    ) d WHERE (d.issued, d.opened, d.claimed, d.redeemed) <> (0, 0, 0, 0);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_changed AFTER UPDATE OF opened_at, claimed_at, uses, voided ON sessions
  FOR EACH ROW EXECUTE FUNCTION count_changed();

-- When the use was that was noted last, or the one that was taken back last.
CREATE FUNCTION used_then(session bigint, is_use boolean) RETURNS timestamptz LANGUAGE sql STABLE
RETURN coalesce((
  SELECT coalesce(u.happened_at, u.at, e.happened_at, e.at)
  FROM session_events e LEFT JOIN session_events u ON u.id = e.undoes
  WHERE e.session_id = session AND e.kind = CASE WHEN is_use THEN 'validated' ELSE 'unvalidated' END
  ORDER BY e.id DESC LIMIT 1), now());

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

-- Sent is what a service has taken and nobody has called undeliverable, by the day of the message,
-- which is never written as such from the start. A coupon is found by its id alone (`IS TRUE` keeps
-- the account's indexes out): without statistics, to go through all of an account looks as good.
CREATE FUNCTION count_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.about IS NOT NULL AND (OLD.state IN ('accepted', 'sent', 'delivered'))
      <> (NEW.state IN ('accepted', 'sent', 'delivered')) THEN
    INSERT INTO campaign_deltas (campaign_id, account_id, at, sent)
    SELECT s.campaign_id, s.account_id, NEW.created_at,
      CASE WHEN NEW.state IN ('accepted', 'sent', 'delivered') THEN 1 ELSE -1 END
    FROM sessions s WHERE s.id = NEW.about AND (s.account_id = NEW.account_id) IS TRUE;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_sent AFTER UPDATE OF state ON messages FOR EACH ROW
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
