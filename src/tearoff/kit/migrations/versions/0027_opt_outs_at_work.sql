SET LOCAL lock_timeout = '10s';

-- A list that was uploaded and waits until somebody has looked at what it would do; then what it
-- did, until the same moment.
CREATE TABLE kept_lists (
  word_sha256 bytea PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  sealed bytea NOT NULL,
  until timestamptz NOT NULL,
  taken_at timestamptz,
  done bytea
);
COMMENT ON COLUMN kept_lists.taken_at IS 'when somebody began to import it';
COMMENT ON COLUMN kept_lists.done IS 'what became of it, sealed; NULL: not imported';
CREATE INDEX ON kept_lists (until);
CREATE INDEX ON kept_lists (account_id);

-- What services reported in which nothing could be read: a table of its own, as an index would make
-- every report dearer. What is there already is read before anything is locked below.
CREATE TABLE unread_arrivals (
  account_id bigint NOT NULL,
  arrival_id bigint NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, arrival_id)
);
CREATE INDEX ON unread_arrivals (received_at);
INSERT INTO unread_arrivals SELECT account_id, id, received_at FROM arrivals
  WHERE result IN ('unreadable', 'broken');

CREATE INDEX opt_outs_newest ON opt_outs (account_id, created_at, address, source);
CREATE INDEX opt_outs_ending ON opt_outs (account_id, reverse(address) text_pattern_ops);
CREATE INDEX replies_ending ON replies (account_id, reverse(phone) text_pattern_ops)
  WHERE phone IS NOT NULL;
CREATE INDEX replies_of_number ON replies (account_id, phone) WHERE phone IS NOT NULL;
