-- Additive. What new campaigns begin with, and what the account's people said when they began.
SET LOCAL lock_timeout = '10s';

ALTER TABLE accounts
  ADD COLUMN brand text NOT NULL DEFAULT '',
  ADD COLUMN brand_color text NOT NULL DEFAULT '#0b5d4b',
  ADD COLUMN logo_id bigint,
  ADD COLUMN sender text NOT NULL DEFAULT '',
  ADD COLUMN hides_first_steps boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN accounts.logo_id IS 'of `pictures`, of this account';
ALTER TABLE campaigns ADD COLUMN logo_id bigint;
COMMENT ON COLUMN accounts.sender IS
  'the name or number that texts shall come from, before a service is connected';

-- When something of the whole installation last happened: a worker was alive, a backup was made.
CREATE TABLE signs_of_life (
  name text PRIMARY KEY,
  at timestamptz NOT NULL
) WITH (fillfactor = 20);
