-- Additive. The version before goes on reading and writing the token in the clear, for a day; then
-- a worker seals what it finds in the clear and takes it away (tearoff.messages.callbacks). Where
-- there is no connection yet, no version before has anything to read, and nothing is ever clear.
SET LOCAL lock_timeout = '10s';

ALTER TABLE connections
  ALTER COLUMN callback_token DROP NOT NULL,
  ADD COLUMN callback_sha256 bytea,
  ADD COLUMN callback_sealed bytea;
COMMENT ON COLUMN connections.callback_token IS
  'in the clear, for the version before; NULL: only its hash and, sealed, itself';
CREATE UNIQUE INDEX connections_callback ON connections (callback_sha256);

-- Taking the clear token away changes nothing of the service: standing links stay as they are.
DROP TRIGGER raise_version ON connections;
CREATE TRIGGER raise_version BEFORE UPDATE ON connections FOR EACH ROW
  WHEN (OLD.callback_token IS NOT DISTINCT FROM NEW.callback_token)
  EXECUTE FUNCTION raise_version();

INSERT INTO upkeep (name, due_at) SELECT 'callback tokens',
  CASE WHEN EXISTS (SELECT FROM connections) THEN now() + interval '1 day' END;

-- The same picture of an account is kept once.
CREATE INDEX pictures_same ON pictures (account_id, sha256);

-- Campaigns of an account are counted before one is added, devices of a location before a link.
CREATE INDEX campaigns_kept ON campaigns (account_id, id) WHERE removed_at IS NULL;
CREATE INDEX one_time_tokens_location ON one_time_tokens (location_id)
  WHERE location_id IS NOT NULL;
