SET LOCAL lock_timeout = '10s';

-- Something that somebody should look at, from when it was seen until it was over. `subject` is what
-- it is about: the id of a provider, webhook or campaign, the name of a budget, the beginning of
-- numbers. `put_away_at`: somebody has read it, and it counts no more at the bell.
CREATE TABLE alerts (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  kind text NOT NULL,
  subject text NOT NULL,
  facts jsonb NOT NULL DEFAULT '{}',
  began_at timestamptz NOT NULL,
  ended_at timestamptz,
  put_away_at timestamptz
);
CREATE UNIQUE INDEX alerts_standing ON alerts (account_id, kind, subject) WHERE ended_at IS NULL;
CREATE INDEX alerts_of_account ON alerts (account_id, id);
CREATE INDEX alerts_by_end ON alerts (ended_at);

-- Which of them a person gets by mail from an account. No row: those that are usual.
CREATE TABLE alert_choices (
  account_id bigint NOT NULL REFERENCES accounts,
  person_id bigint NOT NULL REFERENCES people ON DELETE CASCADE,
  kinds text[] NOT NULL,
  PRIMARY KEY (account_id, person_id)
);
CREATE INDEX alert_choices_of_person ON alert_choices (person_id);

-- Who was told of what by mail: written before the mail leaves, so that nobody gets it twice.
CREATE TABLE alert_mails (
  alert_id bigint NOT NULL REFERENCES alerts ON DELETE CASCADE,
  person_id bigint NOT NULL REFERENCES people ON DELETE CASCADE,
  at timestamptz NOT NULL,
  PRIMARY KEY (alert_id, person_id)
);
CREATE INDEX alert_mails_of_person ON alert_mails (person_id);
