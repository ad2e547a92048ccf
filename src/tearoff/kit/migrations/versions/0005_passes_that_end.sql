-- Passes in wallets hear of what ends without a change of their coupon: an activation's time,
-- a limit of the campaign; and of a coupon that is deleted. The old version does not see it.
SET LOCAL lock_timeout = '10s';
ALTER TABLE wallet_passes ADD COLUMN ends_at timestamptz;
COMMENT ON COLUMN wallet_passes.ends_at IS 'when the wallet must be told that the time is over';
CREATE INDEX wallet_passes_ends ON wallet_passes (ends_at) WHERE ends_at IS NOT NULL;
UPDATE wallet_passes p SET ends_at = s.active_until FROM sessions s
WHERE s.id = p.session_id AND s.active_until > now();

-- One coupon's passes of Apple and of Google have the same serial.
ALTER TABLE wallet_passes DROP CONSTRAINT wallet_passes_serial_key;
CREATE UNIQUE INDEX wallet_passes_serial ON wallet_passes (serial, wallet);

-- Also of a row that is deleted: NEW is empty then.
CREATE OR REPLACE FUNCTION pass_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE wallet_passes SET changed_at = clock_timestamp(), told_at = NULL, tries = 0,
    next_at = clock_timestamp(),
    ends_at = CASE WHEN NEW.active_until > clock_timestamp() THEN NEW.active_until END
  WHERE session_id = coalesce(NEW.id, OLD.id);
  RETURN NULL;
END $$;
CREATE TRIGGER pass_removed AFTER DELETE ON sessions FOR EACH ROW
  WHEN (OLD.saved_to_apple_at IS NOT NULL OR OLD.saved_to_google_at IS NOT NULL)
  EXECUTE FUNCTION pass_changed();

DROP TRIGGER passes_changed ON campaigns;
CREATE TRIGGER passes_changed AFTER UPDATE ON campaigns FOR EACH ROW
  WHEN ((OLD.title, OLD.value, OLD.description, OLD.terms, OLD.brand, OLD.brand_color,
         OLD.picture_id, OLD.starts_at, OLD.expires_at, OLD.status, OLD.raw_options, OLD.uses,
         OLD.limit_validations, OLD.limit_claims)
    IS DISTINCT FROM
        (NEW.title, NEW.value, NEW.description, NEW.terms, NEW.brand, NEW.brand_color,
         NEW.picture_id, NEW.starts_at, NEW.expires_at, NEW.status, NEW.raw_options, NEW.uses,
         NEW.limit_validations, NEW.limit_claims))
  EXECUTE FUNCTION passes_changed();

-- A limit of a campaign is reached, or is not any more since a use was taken back. Scopes are
-- those of coupons/sessions/limits.py.
CREATE FUNCTION limit_reached() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE wallet_passes SET changed_at = clock_timestamp(), told_at = NULL, tries = 0,
    next_at = clock_timestamp() WHERE campaign_id = split_part(NEW.scope, ':', 2)::bigint;
  RETURN NULL;
END $$;
CREATE TRIGGER limit_begun AFTER INSERT ON tallies FOR EACH ROW
  WHEN (NEW.n >= NEW.cap AND NEW.scope ~ '^campaign:[0-9]+:(validations|claims)$')
  EXECUTE FUNCTION limit_reached();
CREATE TRIGGER limit_reached AFTER UPDATE ON tallies FOR EACH ROW
  WHEN ((NEW.n >= NEW.cap) <> (OLD.n >= OLD.cap)
    AND NEW.scope ~ '^campaign:[0-9]+:(validations|claims)$')
  EXECUTE FUNCTION limit_reached();
