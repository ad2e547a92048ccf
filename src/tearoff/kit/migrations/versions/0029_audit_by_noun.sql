SET LOCAL lock_timeout = '10s';

-- `campaign.change` is found under `campaign`, an entry under who made it: a rare one among
-- millions is not searched for.
CREATE INDEX audit_by_noun ON audit_entries (account_id, split_part(verb, '.', 1), id);
CREATE INDEX audit_by_actor ON audit_entries (account_id, actor_kind, actor_name, id);
