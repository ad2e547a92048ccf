-- People apart from their places in accounts (docs/decisions/0045-people-and-members.md). The
-- version before writes members and sign-ins as it did: triggers add who is meant. They and
-- `members.password_hash` can go once no version before this one runs.
SET LOCAL lock_timeout = '10s';

-- `email` is the canonical form. `recovery_codes`: SHA-256 of those that are left. `totp_last_step`:
-- the last half minute (since 1970) whose code was used. `totp_begun_sealed`: shown, not confirmed.
CREATE TABLE people (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  email text NOT NULL,
  first_name text NOT NULL DEFAULT '',
  last_name text NOT NULL DEFAULT '',
  language text NOT NULL DEFAULT 'en',
  password_hash text,
  totp_secret_sealed bytea,
  totp_begun_sealed bytea,
  totp_last_step bigint NOT NULL DEFAULT 0,
  recovery_codes bytea[] NOT NULL DEFAULT '{}',
  mail_proven_at timestamptz,
  sign_ins integer NOT NULL DEFAULT 0,
  last_sign_in_at timestamptz,
  last_account_id bigint,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX people_email ON people (lower(email));

-- `accepted_at` is null where another tenant knew the person first: only the account's own links
-- sign them in there, and nowhere else.
ALTER TABLE members
  ADD COLUMN person_id bigint REFERENCES people,
  ADD COLUMN accepted_at timestamptz;

-- One person for an address, with the password of the oldest member that has one: another tenant's
-- password never opens what is theirs.
INSERT INTO people (email, first_name, last_name, language, password_hash, sign_ins,
  last_sign_in_at, created_at)
SELECT DISTINCT ON (lower(email)) lower(email), first_name, last_name, language, password_hash,
  sign_ins, last_sign_in_at, created_at
FROM members ORDER BY lower(email), password_hash IS NULL, id;

WITH placed AS (
  SELECT m.id, p.id AS person_id, coalesce(a.parent_id, a.id) AS tenant, first_value(
    coalesce(a.parent_id, a.id)) OVER (PARTITION BY p.id ORDER BY m.password_hash IS NULL, m.id)
    AS first_tenant
  FROM members m JOIN people p ON lower(p.email) = lower(m.email)
  JOIN accounts a ON a.id = m.account_id
)
UPDATE members m SET person_id = placed.person_id,
  accepted_at = CASE WHEN placed.tenant = placed.first_tenant THEN m.created_at END
FROM placed WHERE placed.id = m.id;

CREATE UNIQUE INDEX members_account_person ON members (account_id, person_id);
CREATE INDEX members_by_person ON members (person_id);

CREATE FUNCTION members_name_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.person_id IS NOT NULL AND EXISTS (
    SELECT FROM people WHERE id = NEW.person_id AND lower(email) = lower(NEW.email)) THEN
    RETURN NEW;
  END IF;
  -- Nobody's any more: a former tenant knows the password.
  DELETE FROM people p WHERE lower(p.email) = lower(NEW.email)
    AND NOT EXISTS (SELECT FROM members m WHERE m.person_id = p.id);
  INSERT INTO people (email, first_name, last_name, language, password_hash)
  VALUES (lower(NEW.email), NEW.first_name, NEW.last_name, NEW.language, NEW.password_hash)
  ON CONFLICT (lower(email)) DO UPDATE SET email = people.email RETURNING id INTO NEW.person_id;
  NEW.accepted_at := CASE WHEN NOT EXISTS (
    SELECT FROM members m JOIN accounts a ON a.id = m.account_id
    WHERE m.person_id = NEW.person_id AND coalesce(a.parent_id, a.id)
      <> (SELECT coalesce(parent_id, id) FROM accounts WHERE id = NEW.account_id)
  ) THEN now() END;
  RETURN NEW;
END $$;
CREATE TRIGGER members_name_person BEFORE INSERT OR UPDATE OF email ON members
  FOR EACH ROW EXECUTE FUNCTION members_name_person();

ALTER TABLE members ALTER COLUMN person_id SET NOT NULL;

-- `only_account_id`: a sign-in by an account's own link sees nothing else. `account_id` and
-- `member_id` are what the version before reads; a sign-in of a person has neither.
-- `second_step_due`: the password was right, the second step is still asked for.
ALTER TABLE sign_ins
  ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY,
  ADD COLUMN person_id bigint REFERENCES people ON DELETE CASCADE,
  ADD COLUMN only_account_id bigint REFERENCES accounts,
  ADD COLUMN last_seen_at timestamptz,
  ADD COLUMN confirmed_at timestamptz,
  ADD COLUMN address text NOT NULL DEFAULT '',
  ADD COLUMN user_agent text NOT NULL DEFAULT '',
  ADD COLUMN second_step_due boolean NOT NULL DEFAULT false,
  ALTER COLUMN account_id DROP NOT NULL;
CREATE UNIQUE INDEX sign_ins_id ON sign_ins (id);
CREATE INDEX sign_ins_person ON sign_ins (person_id);

CREATE FUNCTION sign_ins_name_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.last_seen_at := coalesce(NEW.last_seen_at, NEW.created_at);
  IF NEW.person_id IS NULL THEN
    NEW.only_account_id := NEW.account_id;
    NEW.person_id := (SELECT person_id FROM members WHERE account_id = NEW.account_id
      AND (id = NEW.member_id OR NEW.member_id IS NULL AND role = 'owner') ORDER BY id LIMIT 1);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER sign_ins_name_person BEFORE INSERT OR UPDATE OF account_id ON sign_ins
  FOR EACH ROW EXECUTE FUNCTION sign_ins_name_person();
UPDATE sign_ins SET account_id = account_id;

-- Links for a person: `reset` by mail, `owner` from the terminal, which ends the second step too.
-- `begin` makes the first account (no account) or gives an account its owner; `demo` signs in.
ALTER TABLE one_time_tokens
  ADD COLUMN person_id bigint REFERENCES people ON DELETE CASCADE,
  ALTER COLUMN account_id DROP NOT NULL,
  DROP CONSTRAINT one_time_tokens_purpose_check,
  ADD CONSTRAINT one_time_tokens_purpose_check CHECK (purpose IN
    ('sso', 'password', 'pair', 'reset', 'owner', 'begin', 'demo'));
CREATE INDEX one_time_tokens_person ON one_time_tokens (person_id) WHERE person_id IS NOT NULL;
