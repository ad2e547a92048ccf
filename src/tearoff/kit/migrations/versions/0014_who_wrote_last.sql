-- Additive. The table is new in this version, so it is short.
SET LOCAL lock_timeout = '10s';

CREATE INDEX replies_of_person ON replies (connection_id, sender, id);
