-- A shop's own code as a reader or a person tells it: without the brackets of GS1, hyphens and
-- spaces, in any case. Only sessions with such a code have an entry.
SET LOCAL lock_timeout = '10s';
CREATE INDEX sessions_own_code ON sessions (account_id, translate(lower(validation_code), '()- .', ''))
  WHERE validation_code IS NOT NULL;
