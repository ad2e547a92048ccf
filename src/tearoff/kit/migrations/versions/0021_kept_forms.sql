SET LOCAL lock_timeout = '10s';

-- What somebody had typed when their sign-in was over.
CREATE TABLE kept_forms (
  word_sha256 bytea PRIMARY KEY,
  sealed bytea NOT NULL,
  until timestamptz NOT NULL
);
CREATE INDEX ON kept_forms (until);
