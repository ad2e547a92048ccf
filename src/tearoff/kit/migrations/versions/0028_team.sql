SET LOCAL lock_timeout = '10s';

-- An invitation is open as long as its member has not accepted the place. `number` counts the links
-- that were made: a mail with an earlier one is not sent any more. `mail_state`: `none` where the
-- server can send no mail; `sending` is set before the mail server is asked, so that no mail leaves
-- twice. `mail_reason` is what the mail server said.
CREATE TABLE invitations (
  member_id bigint PRIMARY KEY REFERENCES members ON DELETE CASCADE,
  account_id bigint NOT NULL REFERENCES accounts,
  invited_by bigint REFERENCES people ON DELETE SET NULL,
  number integer NOT NULL DEFAULT 1,
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  mail_state text NOT NULL CHECK (mail_state IN ('none', 'waiting', 'sending', 'sent', 'failed')),
  mail_reason text NOT NULL DEFAULT '',
  mail_at timestamptz NOT NULL
);
CREATE INDEX invitations_by_inviter ON invitations (invited_by) WHERE invited_by IS NOT NULL;
