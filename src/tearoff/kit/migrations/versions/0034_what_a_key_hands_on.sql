-- Additive.
SET LOCAL lock_timeout = '10s';

ALTER TABLE one_time_tokens ADD COLUMN scopes text[];
COMMENT ON COLUMN one_time_tokens.scopes IS
  'those of the key that made the link, which are the most it opens; NULL: no key did';
ALTER TABLE sign_ins ADD COLUMN scopes text[];
COMMENT ON COLUMN sign_ins.scopes IS 'those of the link by which they came; NULL: no such end';

ALTER TABLE api_keys ADD COLUMN is_handed_on boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN api_keys.is_handed_on IS
  'somebody who is no owner has had its secret made anew, or its scopes: it is no owner''s key';
-- Who rolled or widened the older ones is not known of each. Nothing has needed an owner's key yet.
UPDATE api_keys SET is_handed_on = true WHERE 'admin' = ANY (scopes);
