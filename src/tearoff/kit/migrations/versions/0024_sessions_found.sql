-- Additive. tearoff.kit.older_names makes the indexes of `sessions` beside the work, right after this,
-- and lets a worker write the words of the names that are there already.
SET LOCAL lock_timeout = '10s';

-- The words of people's names, folded as tearoff.kit.folding does it: what PostgreSQL makes small
-- letters of depends on its locale, and there are no extensions. Only who has a name has words.
CREATE TABLE session_words (
  account_id bigint NOT NULL,
  word text COLLATE "C" NOT NULL,
  session_id bigint NOT NULL,
  PRIMARY KEY (account_id, word, session_id)
);
CREATE INDEX session_words_of_session ON session_words (session_id);

-- Whoever changes or takes away a name, also the version before, leaves no word of it. The new words
-- are written after it. Before the row, so that they can be written by the same statement.
CREATE FUNCTION forget_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM session_words WHERE session_id = OLD.id;
    RETURN OLD;
  END IF;
  IF (NEW.firstname, NEW.lastname) IS DISTINCT FROM (OLD.firstname, OLD.lastname) THEN
    DELETE FROM session_words WHERE session_id = OLD.id;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER forget_words BEFORE UPDATE OF firstname, lastname ON sessions
  FOR EACH ROW EXECUTE FUNCTION forget_words();
CREATE TRIGGER forget_all_words BEFORE DELETE ON sessions
  FOR EACH ROW EXECUTE FUNCTION forget_words();

-- Scans that a device took in without a connection and that came to nothing (scan_lists.py).
CREATE INDEX counter_scans_conflicts ON counter_scans (account_id, session_id)
  WHERE was_offline AND takes AND verdict = 'no';

INSERT INTO upkeep (name, due_at) VALUES ('sessions found', now()), ('names as words', now());
