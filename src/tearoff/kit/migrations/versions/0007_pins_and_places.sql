-- A PIN is kept as a keyed mark only, so its length is kept beside it; null: set before this.
SET LOCAL lock_timeout = '10s';
ALTER TABLE locations ADD COLUMN pin_digits smallint;

-- Whoever listens to everything listens to new kinds of events too.
UPDATE accounts a SET hooks = a.hooks || ARRAY['pin_alarm']
WHERE NOT 'pin_alarm' = ANY (a.hooks) AND EXISTS (SELECT FROM hook_endpoints e
  WHERE e.account_id = a.id AND e.active AND e.kinds IS NULL);
