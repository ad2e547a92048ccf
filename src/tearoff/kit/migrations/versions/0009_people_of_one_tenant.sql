SET LOCAL lock_timeout = '10s';

-- "Email already exists" told one tenant about another's people. Within a tenant (an account and
-- its subaccounts) `accounts/members.py` holds it; the index holds it within an account.
CREATE UNIQUE INDEX members_account_email ON members (account_id, lower(email));
CREATE INDEX members_by_email ON members (lower(email));
DROP INDEX members_email;

-- Ending somebody's sign-ins looks for them by person.
CREATE INDEX ON sign_ins (account_id, member_id);
CREATE INDEX ON one_time_tokens (account_id, member_id);
