-- The language in which the person reads whose coupon it is.
-- Additive, without a default: nothing is written anew, and the old version does not see it.
SET LOCAL lock_timeout = '10s';
ALTER TABLE sessions ADD COLUMN language text;
