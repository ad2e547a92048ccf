-- The language in which a person reads: of a contact, and of the coupon that this person has.
-- Additive, without a default: nothing is written anew, and the old version does not see it.
SET LOCAL lock_timeout = '10s';
ALTER TABLE sessions ADD COLUMN language text;
ALTER TABLE contacts ADD COLUMN language text;
