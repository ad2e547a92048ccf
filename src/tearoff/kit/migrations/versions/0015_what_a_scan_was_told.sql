-- Additive: the version before writes rows as it did. `moment`, `where_id` (a location) and `detail`
-- are what was in the way of a scan when it was judged; `takes`: people asked to take it in.
-- `happened_at`: when a use that a device had kept happened; its event is of when we heard of it.
-- `status_since`: since when a campaign is paused, say; unknown for those that were so before.
SET LOCAL lock_timeout = '10s';

ALTER TABLE counter_scans
  ADD COLUMN moment timestamptz,
  ADD COLUMN where_id bigint,
  ADD COLUMN detail text NOT NULL DEFAULT '',
  ADD COLUMN takes boolean NOT NULL DEFAULT true;

-- A scan is looked up by its key. Where nothing is known of the table yet, an index that begins with
-- the device as well was taken for as good, and read all of the device's scans for each.
CREATE INDEX counter_scans_shown ON counter_scans (device_id, at) WHERE verdict <> 'good';
DROP INDEX counter_scans_device_id_at_idx;

-- `undoes` is the event of the use that was taken back; before, that was the last one that stood.
ALTER TABLE session_events
  ADD COLUMN happened_at timestamptz,
  ADD COLUMN value text,
  ADD COLUMN receipt text,
  ADD COLUMN undoes bigint;

-- What a reservation counts in until it is over: limits, by the names of their tallies.
CREATE TABLE reserved_limits (
  session_id bigint PRIMARY KEY,
  account_id bigint NOT NULL,
  campaign_id bigint NOT NULL,
  until timestamptz NOT NULL,
  scopes text[] NOT NULL
);
CREATE INDEX ON reserved_limits (until);
CREATE INDEX ON reserved_limits (campaign_id);

ALTER TABLE campaigns ADD COLUMN status_since timestamptz;
CREATE FUNCTION note_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.status_since := now();
  RETURN NEW;
END $$;
CREATE TRIGGER note_status BEFORE UPDATE OF status ON campaigns FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION note_status();
