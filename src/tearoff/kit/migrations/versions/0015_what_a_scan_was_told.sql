-- Additive: the version before writes rows as it did. `moment`, `where_id` (a location) and `detail`
-- are what was in the way of a scan when it was judged; `takes`: people asked to take it in.
SET LOCAL lock_timeout = '10s';

ALTER TABLE counter_scans
  ADD COLUMN moment timestamptz,
  ADD COLUMN where_id bigint,
  ADD COLUMN detail text NOT NULL DEFAULT '',
  ADD COLUMN takes boolean NOT NULL DEFAULT true;
