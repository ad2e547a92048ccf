SET LOCAL lock_timeout = '10s';

-- Additive: the version before takes the earlier one of both ends, as ever. The indexes by which a
-- time line finds messages and scans are made beside the work (kit/large_indexes.py).
ALTER TABLE sessions ADD COLUMN extended boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN sessions.extended IS
  'the shop has given it an end of its own, which may be later than the campaign''s';
