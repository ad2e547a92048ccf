-- A person who comes with a plus tag, or with dots that the host ignores, is counted under one key
-- (tearoff.kit.addresses.person_key). What was counted before is brought there as everything in an
-- older form is: bit by bit, beside the work (tearoff.kit.upkeep), before this version serves.
SET LOCAL lock_timeout = '10s';

INSERT INTO upkeep (name, due_at) VALUES ('canonical forms 2', now());
