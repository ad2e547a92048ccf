-- accounts -----------------------------------------------------------------------------
-- `hooks`: the kinds of events that some active webhook of the account wants, so that the many
-- accounts without one pay nothing for announcing. Kept by the statements that change webhooks.
ALTER TABLE accounts
  ADD COLUMN hooks text[],
  ADD COLUMN blocked_at timestamptz,
  ADD COLUMN stage text NOT NULL DEFAULT 'customer' CHECK (stage IN ('trial', 'customer')),
  ADD COLUMN package_id bigint,
  ADD COLUMN calls_per_second integer DEFAULT 500 CHECK (calls_per_second > 0),
  ADD COLUMN calls_at_once integer DEFAULT 5000 CHECK (calls_at_once > 0);
COMMENT ON COLUMN accounts.calls_per_second IS
  'calls of one API key: refill and (calls_at_once) size of its token bucket; NULL: no limit';
CREATE INDEX ON accounts (parent_id) WHERE parent_id IS NOT NULL;

-- What a subaccount may do and have.
CREATE TABLE packages (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  name text NOT NULL,
  max_campaigns integer,
  access text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON packages (account_id);
ALTER TABLE accounts ADD FOREIGN KEY (package_id) REFERENCES packages;

-- People who can sign in. The owner's address is the account's login.
CREATE TABLE members (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  role text NOT NULL CHECK (role IN ('owner', 'manager', 'editor', 'sender', 'staff', 'reader')),
  email text NOT NULL,
  first_name text NOT NULL DEFAULT '',
  last_name text NOT NULL DEFAULT '',
  language text NOT NULL DEFAULT 'en',
  password_hash text,
  sign_ins integer NOT NULL DEFAULT 0,
  last_sign_in_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX members_email ON members (lower(email));
CREATE INDEX ON members (account_id);

-- Tokens in links that sign somebody in or set a password: kept as SHA-256, used once.
CREATE TABLE one_time_tokens (
  token_sha256 bytea PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('sso', 'password')),
  account_id bigint NOT NULL REFERENCES accounts,
  member_id bigint REFERENCES members,
  page text NOT NULL DEFAULT '',
  campaign_id bigint,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX ON one_time_tokens (expires_at);

CREATE TABLE sign_ins (
  token_sha256 bytea PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  member_id bigint REFERENCES members,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX ON sign_ins (expires_at);

-- One token bucket for each API key; processes take tokens from it in lots.
CREATE UNLOGGED TABLE call_buckets (
  client_id text PRIMARY KEY,
  tokens double precision NOT NULL,
  at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- people -------------------------------------------------------------------------------
CREATE TABLE groups (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  channel text NOT NULL CHECK (channel IN ('sms', 'email')),
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON groups (account_id, channel, id);

CREATE TABLE contacts (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  phone text,
  email text,
  first_name text NOT NULL DEFAULT '',
  last_name text NOT NULL DEFAULT '',
  birthday date,
  customfields text[],
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK (phone IS NOT NULL OR email IS NOT NULL)
);
CREATE UNIQUE INDEX contacts_phone ON contacts (account_id, phone) WHERE phone IS NOT NULL;
CREATE UNIQUE INDEX contacts_email ON contacts (account_id, lower(email)) WHERE email IS NOT NULL;

CREATE TABLE group_contacts (
  group_id bigint NOT NULL REFERENCES groups ON DELETE CASCADE,
  contact_id bigint NOT NULL REFERENCES contacts ON DELETE CASCADE,
  added_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (group_id, contact_id)
);
CREATE INDEX ON group_contacts (contact_id);

-- messages -----------------------------------------------------------------------------
ALTER TABLE messages
  ADD COLUMN channel text NOT NULL DEFAULT 'sms',
  ADD COLUMN subject text,
  ADD COLUMN cost bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN messages.cost IS 'millionths of the account''s currency unit';
CREATE INDEX ON messages (account_id, id);
-- Who was mailed what, for sends that must not reach anybody twice.
CREATE INDEX messages_mailed ON messages (account_id, lower(recipient)) WHERE channel = 'email';

-- coupons ------------------------------------------------------------------------------
CREATE TABLE folders (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON folders (account_id);

-- Categories have up to three levels; `level` follows from the parent's.
CREATE TABLE categories (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  parent_id bigint REFERENCES categories,
  level integer NOT NULL DEFAULT 1 CHECK (level BETWEEN 1 AND 3),
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON categories (account_id);

-- `has_pool`: sessions of this campaign take their validation code from `pool_codes`.
-- `removed_at`: deleted for its owner; its sessions keep their history.
ALTER TABLE campaigns
  ADD COLUMN folder_id bigint REFERENCES folders ON DELETE SET NULL,
  ADD COLUMN category_id bigint REFERENCES categories ON DELETE SET NULL,
  ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
  ADD COLUMN customid text NOT NULL DEFAULT '',
  ADD COLUMN featured boolean NOT NULL DEFAULT false,
  ADD COLUMN has_pool boolean NOT NULL DEFAULT false,
  ADD COLUMN pool_low integer NOT NULL DEFAULT 100,
  ADD COLUMN pool_told_at timestamptz,
  ADD COLUMN removed_at timestamptz;
CREATE INDEX campaigns_by_tag ON campaigns USING gin (tags);

CREATE TABLE pool_codes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  campaign_id bigint NOT NULL REFERENCES campaigns,
  code text COLLATE "C" NOT NULL,
  taken_at timestamptz
);
CREATE UNIQUE INDEX pool_codes_code ON pool_codes (campaign_id, code);
CREATE INDEX pool_codes_free ON pool_codes (campaign_id, id) WHERE taken_at IS NULL;

-- A till's reservation: nobody else can use the session until it is over.
ALTER TABLE sessions
  ADD COLUMN reservation text,
  ADD COLUMN reserved_until timestamptz,
  ADD COLUMN reserved_by text;

-- Lists of a campaign are in the order of time. The index replaces the one by id.
DROP INDEX sessions_by_campaign;
CREATE INDEX sessions_by_time ON sessions (campaign_id, created_at, id);

-- `listed`: this event is the one that the session's flag (opened, claimed, validated) came
-- from; undoing it unlists it. So the lists of opens, claims and validations are an index.
ALTER TABLE session_events ADD COLUMN listed boolean NOT NULL DEFAULT false;
UPDATE session_events e SET listed = true FROM sessions s
WHERE s.id = e.session_id AND e.at = CASE e.kind
  WHEN 'opened' THEN s.opened_at WHEN 'claimed' THEN s.claimed_at
  WHEN 'validated' THEN s.validated_at END;
-- What a use implied had no event so far.
INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, listed)
SELECT s.account_id, s.campaign_id, s.id, k.kind, k.at, true
FROM sessions s CROSS JOIN LATERAL
  (VALUES ('opened', s.opened_at), ('claimed', s.claimed_at)) AS k (kind, at)
WHERE k.at IS NOT NULL AND NOT EXISTS (SELECT FROM session_events e
  WHERE e.session_id = s.id AND e.kind = k.kind AND e.listed);
CREATE INDEX session_events_listed ON session_events (campaign_id, kind, at, session_id)
  WHERE listed;

-- Where page n begins: every 5,000th place of a campaign's list, so that any page of millions
-- is a short walk from an anchor, and counting needs only the rows after the last one.
CREATE TABLE list_anchors (
  campaign_id bigint NOT NULL REFERENCES campaigns,
  list text NOT NULL CHECK (list IN ('created', 'opened', 'claimed', 'validated')),
  n bigint NOT NULL,
  at timestamptz NOT NULL,
  id bigint NOT NULL,
  PRIMARY KEY (campaign_id, list, n)
);

-- hooks --------------------------------------------------------------------------------
CREATE TABLE hook_endpoints (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001) PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES accounts,
  url text NOT NULL,
  kinds text[],
  description text NOT NULL DEFAULT '',
  active boolean NOT NULL DEFAULT true,
  secret_sealed bytea NOT NULL,
  previous_secret_sealed bytea,
  previous_until timestamptz,
  failing_since timestamptz,
  switched_off_at timestamptz,
  switched_off_reason text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN hook_endpoints.kinds IS 'the kinds it wants; NULL: all';
CREATE INDEX ON hook_endpoints (account_id);

-- One row for each event that some webhook wanted. `id` rises, so it is the sequence that
-- receivers see; `thread` is the session's code (or what else must stay in order).
CREATE TABLE hook_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ref text NOT NULL UNIQUE,
  account_id bigint NOT NULL,
  kind text NOT NULL,
  at timestamptz NOT NULL,
  campaign_id bigint,
  thread text NOT NULL DEFAULT '',
  body bytea NOT NULL
);
CREATE INDEX ON hook_events (at);

CREATE TABLE hook_deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL,
  endpoint_id bigint NOT NULL REFERENCES hook_endpoints ON DELETE CASCADE,
  event_id bigint NOT NULL REFERENCES hook_events ON DELETE CASCADE,
  thread text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'waiting'
    CHECK (state IN ('waiting', 'delivered', 'failed', 'dropped')),
  tries integer NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL,
  claimed_until timestamptz,
  last_status integer,
  last_error text NOT NULL DEFAULT '',
  last_answer text NOT NULL DEFAULT '',
  last_took_ms integer,
  created_at timestamptz NOT NULL,
  settled_at timestamptz
) WITH (fillfactor = 80);
CREATE INDEX hook_deliveries_waiting ON hook_deliveries (endpoint_id, next_at, id)
  WHERE state = 'waiting';
CREATE INDEX hook_deliveries_threads ON hook_deliveries (endpoint_id, thread, event_id)
  WHERE state = 'waiting';
-- What is under way: a handful of rows.
CREATE INDEX hook_deliveries_claimed ON hook_deliveries (account_id, endpoint_id)
  WHERE claimed_until IS NOT NULL;
CREATE INDEX ON hook_deliveries (endpoint_id, id);
CREATE INDEX ON hook_deliveries (event_id);
