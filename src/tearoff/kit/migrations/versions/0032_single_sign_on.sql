-- Additive. An account's own provider of sign-ins (OpenID Connect).
SET LOCAL lock_timeout = '10s';

-- Where the account's people sign in by it. Nobody guesses it, so nobody learns which accounts
-- there are; it stays, so that it can be told to the provider before anything is stored. The
-- default is asked for each row: accounts are few, and this writes them anew.
ALTER TABLE accounts ADD COLUMN sign_in_code text NOT NULL
  DEFAULT substr(replace(gen_random_uuid()::text, '-', ''), 17)
    || substr(replace(gen_random_uuid()::text, '-', ''), 1, 8);
CREATE UNIQUE INDEX accounts_sign_in_code ON accounts (sign_in_code);

CREATE TABLE single_sign_on (
  account_id bigint PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
  name text NOT NULL,
  issuer text NOT NULL,
  client_id text NOT NULL,
  client_secret_sealed bytea NOT NULL,
  secret_stored_at timestamptz NOT NULL,
  scopes text NOT NULL,
  role_claim text NOT NULL,
  roles json NOT NULL,
  default_role text,
  domains text[] NOT NULL DEFAULT '{}',
  is_only boolean NOT NULL DEFAULT false,
  version bigint NOT NULL DEFAULT 1
);
COMMENT ON COLUMN single_sign_on.roles IS 'from a value of the claim to a role';
COMMENT ON COLUMN single_sign_on.default_role IS 'NULL: only people who were invited';
COMMENT ON COLUMN single_sign_on.domains IS
  'of the addresses of people whom nobody invited; empty: all';
COMMENT ON COLUMN single_sign_on.is_only IS 'the people of this account come in by no other way';
COMMENT ON COLUMN single_sign_on.version IS 'grows when issuer, client, secret or scopes change';

-- Whom the provider means by a subject. Without a member: somebody who was removed.
CREATE TABLE single_sign_on_people (
  account_id bigint NOT NULL REFERENCES single_sign_on ON DELETE CASCADE,
  subject_mark bytea NOT NULL,
  member_id bigint UNIQUE REFERENCES members ON DELETE SET NULL,
  given_role text NOT NULL DEFAULT '',
  owner_at timestamptz,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, subject_mark)
);
COMMENT ON COLUMN single_sign_on_people.given_role IS 'the role that the claim gave last; empty: none';
COMMENT ON COLUMN single_sign_on_people.owner_at IS
  'when they last came in as an owner, with the provider as it is set up now';

-- Sign-ins that are on their way: the browser is at the provider.
-- A place that goes to another address is met anew, by that address.
CREATE FUNCTION forget_single_sign_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE single_sign_on_people SET member_id = NULL WHERE member_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER members_forget_single_sign_on AFTER UPDATE OF email, person_id ON members
  FOR EACH ROW WHEN (lower(OLD.email) <> lower(NEW.email)
    OR OLD.person_id IS DISTINCT FROM NEW.person_id)
  EXECUTE FUNCTION forget_single_sign_on();

CREATE TABLE single_sign_on_begun (
  state_sha256 bytea PRIMARY KEY,
  browser_sha256 bytea NOT NULL,
  account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE,
  sealed bytea NOT NULL,
  until timestamptz NOT NULL
);
CREATE INDEX ON single_sign_on_begun (until);

ALTER TABLE sign_ins ADD COLUMN by_provider boolean NOT NULL DEFAULT false;
