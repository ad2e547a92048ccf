-- Additive. NULL: what is known of people is kept until somebody says otherwise.
SET LOCAL lock_timeout = '10s';

ALTER TABLE accounts
  ADD COLUMN retention_days integer CHECK (retention_days BETWEEN 7 AND 3650);

-- `forgotten_at`: since when nothing of its person is known here.
ALTER TABLE sessions ADD COLUMN forgotten_at timestamptz;

-- A coupon whose person is forgotten looks in the wallet as it did: no phone is told.
DROP TRIGGER pass_changed ON sessions;
CREATE TRIGGER pass_changed AFTER UPDATE ON sessions FOR EACH ROW
  WHEN ((NEW.saved_to_apple_at IS NOT NULL OR NEW.saved_to_google_at IS NOT NULL)
    AND NEW.forgotten_at IS NOT DISTINCT FROM OLD.forgotten_at)
  EXECUTE FUNCTION pass_changed();

-- Who was erased, by the name that the list outside of the database has for it: what stands there
-- and not here was erased after the backup that this is (tearoff.keeping.again).
CREATE TABLE erasures (
  ref text PRIMARY KEY,
  account_id bigint NOT NULL,
  at timestamptz NOT NULL
);

-- Up to where all that is old was emptied: `what` is a campaign's coupons, or messages.
CREATE TABLE keeping_marks (
  account_id bigint NOT NULL,
  what text NOT NULL,
  at timestamptz NOT NULL,
  id bigint NOT NULL,
  PRIMARY KEY (account_id, what)
);

-- The last time that an account's old data was gone through.
CREATE TABLE keeping_runs (
  account_id bigint PRIMARY KEY,
  before timestamptz NOT NULL,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  sessions bigint NOT NULL DEFAULT 0,
  messages bigint NOT NULL DEFAULT 0,
  others bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
