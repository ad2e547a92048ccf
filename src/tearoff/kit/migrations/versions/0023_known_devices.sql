SET LOCAL lock_timeout = '10s';

-- A link that pairs a device can be named, so that it can be withdrawn, and may be for a device
-- that is known already.
CREATE SEQUENCE pairing_ids START WITH 100001;
ALTER TABLE one_time_tokens
  ADD COLUMN pairing_id bigint,
  ADD COLUMN device_id bigint REFERENCES devices;
