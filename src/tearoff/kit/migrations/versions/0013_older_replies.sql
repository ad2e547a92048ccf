-- A version before kept no replies and let some wishes to stop go by. A worker reads what it has
-- handled again, when it starts and once more a day later (tearoff.messages.older_replies). Where
-- there is no connection nothing has arrived.
SET LOCAL lock_timeout = '10s';

INSERT INTO upkeep (name, due_at) SELECT 'older replies',
  CASE WHEN EXISTS (SELECT FROM connections) THEN now() END;
