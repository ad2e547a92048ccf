"""What is in a database when a new version arrives is found by the new version."""

import asyncio
import hashlib
import os
from datetime import UTC, datetime

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from tearoff.accounts import keys
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.counter import matching
from tearoff.coupons.counter.scanned_text import read_scanned
from tearoff.coupons.models import NewSession
from tearoff.coupons.pools import twins
from tearoff.coupons.sessions import limits, lists, public
from tearoff.coupons.sessions.search import Wanted, search
from tearoff.kit import canonical_forms, clock, pgbackup, schema
from tearoff.kit.db import Database
from tearoff.kit.migrate import migrate
from tearoff.kit.migrations.upgrade import upgrade
from tearoff.kit.phone import phone_key
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tearoff.messages import callbacks, connections
from tearoff.messages.connections import NewConnection
from tearoff.messages.open_connections import surroundings_of
from tearoff.people import optouts

NAME = "tearoff_migrations"

OLD_DATA = """
INSERT INTO accounts (name, email) VALUES ('Shop', 'a@example.com');
INSERT INTO campaigns (account_id, code, name) VALUES (100001, 'abcdef', 'Old');
INSERT INTO sessions
  (account_id, campaign_id, code, created_at, opened_at, claimed_at, validated_at)
VALUES
  (100001, 100001, 'aaaaaa000000000000000', '2026-01-01', NULL, NULL, NULL),
  (100001, 100001, 'bbbbbb000000000000000', '2026-01-02', '2026-02-02', NULL, NULL),
  (100001, 100001, 'cccccc000000000000000', '2026-01-03', '2026-02-03', '2026-02-04', '2026-02-04');
INSERT INTO session_events (account_id, campaign_id, session_id, kind, at) VALUES
  (100001, 100001, 2, 'opened', '2026-02-02'),
  (100001, 100001, 3, 'opened', '2026-02-03'),
  (100001, 100001, 3, 'validated', '2026-02-04');
"""


@pytest_asyncio.fixture
async def url(cluster, worker_id):
    name = f"{NAME}_{worker_id}"
    yield await cluster.create(name)
    await cluster.drop(name)


async def test_lists_hold_what_happened_before(url):
    await upgrade(url, "0001")
    old = await asyncpg.connect(url)
    await old.execute(OLD_DATA)
    await old.close()
    assert await migrate(url) == schema.revisions()[1:]
    db = await Database.open(url, size=2)
    assert await schema.is_up_to_date(db)
    found = {
        name: [session.id for session in (await lists.page(db, 100001, name, 1)).sessions]
        for name in lists.LISTS
    }
    assert found == {"created": [1, 2, 3], "opened": [2, 3], "claimed": [3], "validated": [3]}
    await db.close()


async def test_several_may_migrate_at_once(url):
    done = await asyncio.gather(*(migrate(url) for _ in range(3)))
    assert schema.revisions() in done


async def test_a_new_version_of_the_queue_is_an_upgrade(url):
    await migrate(url)
    db = await Database.open(url, size=1)
    await db.execute("COMMENT ON TABLE alembic_version IS 'pgqueuer 0.1'")
    assert not await schema.is_up_to_date(db)
    assert await migrate(url) == []
    assert await schema.is_up_to_date(db)
    await db.close()


OLD_OPT_OUTS = """
INSERT INTO accounts (name, email) VALUES ('Shop', 'a@example.com');
INSERT INTO opt_outs (account_id, address, source, reason, created_at) VALUES
  (100001, '+5215512345678', 'reply', 'old', '2026-01-01'),
  (100001, '+525512345678', 'reply', 'new', '2026-02-01'),
  (100001, '+525512345678', 'shop', 'shop', '2026-02-01'),
  (100001, '+541123456789', 'reply', 'one', '2026-03-01'),
  (100001, '+551187654321', 'reply', 'eight', '2026-03-01'),
  (100001, '+5511987654321', 'reply', 'nine', '2026-01-01'),
  (100001, '+551145678901', 'reply', 'landline', '2026-03-01'),
  (100001, '+32470001234', 'reply', '', '2026-03-01');
INSERT INTO accounts (name, email) VALUES ('Large shop', 'b@example.com');
INSERT INTO opt_outs (account_id, address, source, created_at)
  SELECT 100002, '+521551' || 2000000 + n, 'reply', '2026-01-01' FROM generate_series(1, 1500) n;
"""


async def test_opt_outs_that_fall_together_are_joined(url):
    await upgrade(url, "0007")
    old = await asyncpg.connect(url)
    await old.execute(OLD_OPT_OUTS)
    await old.close()
    await migrate(url)
    db = await Database.open(url, size=2)
    rows = await db.fetch(
        "SELECT address, source, reason FROM opt_outs WHERE account_id = 100001 ORDER BY 1, 2"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("+32470001234", "reply", ""),
        ("+525512345678", "reply", "old"),
        ("+525512345678", "shop", "shop"),
        ("+5491123456789", "reply", "one"),
        ("+551145678901", "reply", "landline"),
        ("+5511987654321", "reply", "nine"),
    ]
    assert {phone_key(row["address"]) for row in rows} == {row["address"] for row in rows}
    lots = await db.fetch(
        "SELECT address ~ '^.525512[0-9]{6}$' AS right, count(*) AS n FROM opt_outs"
        " WHERE account_id = 100002 GROUP BY 1, xmin::text ORDER BY 2"
    )
    assert [right for right, _ in lots] == [True, True], "each lot has its own commit"
    assert sum(n for _, n in lots) == 1_500
    await db.execute(  # by the version before, which still runs
        "INSERT INTO opt_outs (account_id, address, source, created_at)"
        " VALUES (100001, '+543512345678', 'reply', now())"
    )
    assert await optouts.is_opted_out(db, 100001, "+5493512345678")
    await db.close()


FORMER = """
INSERT INTO accounts (name, email) VALUES ('Shop', 'a@example.com');
INSERT INTO campaigns (account_id, code, name, status, has_pool, limit_person)
  VALUES (100001, 'abcdef', 'Old', 'active', true, 1);
INSERT INTO opt_outs (account_id, address, source, channel, reason, created_at) VALUES
  (100001, E'ann\\u200b@example.com', 'shop', 'email', 'first', '2026-01-01'),
  (100001, 'ann@example.com', 'shop', 'email', 'second', '2026-02-01'),
  (100001, E'\\uff45ve@example.com', 'link', 'email', '', '2026-01-01'),
  (100001, 'anna@straße.example', 'shop', 'email', '', '2026-01-01'),
  (100001, 'mailto:ben@example.com', 'shop', 'email', '', '2026-01-01'),
  (100001, '???@', 'shop', 'email', '', '2026-01-01'),
  (100001, '+32470000001', 'shop', 'sms', '', '2026-01-01');
INSERT INTO consent_events (account_id, address, kind, source, at) VALUES
  (100001, E'ann\\u200b@example.com', 'opted_out', 'shop', '2026-01-01');
INSERT INTO contacts (account_id, email) VALUES
  (100001, E'eve\\u00ad@example.com'), (100001, E'cy\\u200b@example.com'),
  (100001, 'cy@example.com');
INSERT INTO sessions (account_id, campaign_id, code, created_at, email, customid, validation_code,
  uses, begun_by) VALUES
  (100001, 100001, 'aaaaaa000000000000000', '2026-01-01', E'd\\u200ban@example.com', NULL,
   E'SAVE\\u200b10', 1, NULL),
  (100001, 100001, 'bbbbbb000000000000000', '2026-01-02', 'Dan@example.com', NULL,
   E'CAFE\\u0301\\u00a07', 1, 'form'),
  (100001, 100001, 'cccccc000000000000000', '2026-01-03', NULL, E'Kunde\\u00a07 ',
   'TWIN-1', 0, NULL),
  (100001, 100001, 'dddddd000000000000000', '2026-01-04', NULL, NULL, E'TWIN-1\\u200b', 0, NULL),
  (100001, 100001, 'eeeeee000000000000000', '2026-01-05', NULL, NULL, '0012345678905', 0, NULL);
INSERT INTO pool_codes (campaign_id, code) VALUES
  (100001, E'FREE\\u00ad1'), (100001, 'BOTH'), (100001, E'BOTH\\u200b');
"""
"""Each kind of bad row that the version before this one has let in."""


def marked(person):
    return "campaign:100001:person:" + hashlib.sha256(person.encode()).hexdigest()[:32]


async def rows_of(db, query):
    return [tuple(row) for row in await db.fetch(query)]


async def test_what_was_stored_is_brought_into_the_forms_of_today(url, settings):
    await upgrade(url, "0006")
    old = await asyncpg.connect(url)
    await old.execute(FORMER)
    await old.executemany(
        "INSERT INTO tallies (account_id, scope, n, cap, until) VALUES (100001, $1, 1, 1, $2)",
        [
            (scope, datetime(2126, 1, 1, tzinfo=UTC))
            for scope in (
                marked("d\u200ban@example.com"), marked("dan@example.com"),
                "address-day:d\u200ban@example.com",
            )
        ],
    )  # fmt: skip
    await old.close()
    await migrate(url)
    db = await Database.open(url, size=4)
    services = Services(
        msgspec.structs.replace(settings, database_url=url), db, Vault(settings.secret_key), url
    )
    try:
        await look_at_what_was_stored(db)
        await look_at_people(services)
        await look_at_codes(services)
        await what_the_old_version_writes_beside_it(db, url)
    finally:
        await db.close()


async def look_at_what_was_stored(db):
    assert await rows_of(db, "SELECT address, reason FROM opt_outs ORDER BY address") == [
        ("+32470000001", ""), ("???@", ""), ("ann@example.com", "first"),
        ("anna@xn--strae-oqa.example", ""), ("ben@example.com", ""), ("eve@example.com", ""),
    ]  # fmt: skip
    assert await rows_of(db, "SELECT address FROM consent_events") == [("ann@example.com",)]
    assert await rows_of(db, "SELECT email FROM contacts ORDER BY id") == [
        ("eve@example.com",), ("cy\u200b@example.com",), ("cy@example.com",),
    ]  # fmt: skip
    assert await rows_of(db, "SELECT code FROM pool_codes ORDER BY id") == [
        ("FREE1",), ("BOTH",), ("BOTH\u200b",),
    ]  # fmt: skip
    assert await rows_of(
        db, "SELECT email, customid, validation_code FROM sessions ORDER BY id"
    ) == [
        ("dan@example.com", None, "SAVE10"), ("Dan@example.com", None, "CAFÉ 7"),
        (None, "Kunde 7", "TWIN-1"), (None, None, "TWIN-1\u200b"), (None, None, "0012345678905"),
    ]  # fmt: skip
    assert await rows_of(db, "SELECT scope, n, cap FROM tallies ORDER BY scope") == [
        ("address-day:dan@example.com", 1, 1), (marked("dan@example.com"), 2, 2),
    ]  # fmt: skip
    assert await canonical_forms.contacts_alike(db) == [(100001, 100002, 100003)]


async def look_at_people(services):
    """Nothing is sent to somebody who had opted out, however the address is written."""
    db = services.db
    for address in ("ANN@example.com", "an\u00adn@example.com", "anna@STRAßE.example",
                    "eve@example.com", "ben@example.com"):  # fmt: skip
        assert await optouts.is_opted_out(db, 100001, address), ascii(address)
    found = await search(db, 100001, Wanted(email="dan@example.com"), campaign_id=None, page=1)
    assert [one.session.id for one in found.sessions] == [1, 2]
    found = await search(db, 100001, Wanted(customid="Kunde 7"), campaign_id=None, page=1)
    assert [one.session.id for one in found.sessions] == [3]


async def look_at_codes(services):
    place, now = matching.Place(100001, 1, 1), clock.now()
    for text, session in {"save10": 1, "CAFE\u03017": 2, "012345678905": 5, "TWIN-1": 3}.items():
        found = await matching.find(services.db, place, read_scanned(text), now)
        assert found is not None and found.session.id == session, text
    with pytest.raises(matching.Ambiguous):
        await matching.find(services.db, place, read_scanned("twin1"), now)
    assert await twins.count(services.db) == {100001: 4}
    told = [(one.code, one.session, bool(one.pool_code))
            for one in await twins.find(services.db, 100001, 10)]  # fmt: skip
    assert told == [
        ("BOTH", None, True), ("BOTH\u200b", None, True),
        ("TWIN-1", "cccccc000000000000000", False),
        ("TWIN-1\u200b", "dddddd000000000000000", False),
    ]  # fmt: skip


async def what_the_old_version_writes_beside_it(db, url):
    """It is found a day later, and then what only the version before needs is taken away."""
    await db.execute("UPDATE sessions SET customid = E'Kunde\\u00a08 ' WHERE id = 3")
    assert not await canonical_forms.run_if_due(db, url, clock.now())
    tomorrow = clock.now() + canonical_forms.ONCE_MORE_AFTER
    assert await canonical_forms.run_if_due(db, url, tomorrow)
    assert await db.fetchval("SELECT customid FROM sessions WHERE id = 3") == "Kunde 8"
    assert await db.fetchval("SELECT to_regclass('sessions_own_code')") is None
    assert not await canonical_forms.run_if_due(db, url, tomorrow + canonical_forms.ONCE_MORE_AFTER)


FETCHED = """
INSERT INTO accounts (name, email) VALUES ('Shop', 'a@example.com');
INSERT INTO campaigns (account_id, code, name, status, raw_options) VALUES
  (100001, 'abcdef', 'By address', 'active', '{"form": {"fields":
   [{"name": "email", "required": true}], "unique": "email"}}'),
  (100001, 'bcdefg', 'By number', 'active', '{"form": {"fields":
   [{"name": "phone", "required": true}], "unique": "phone"}}');
INSERT INTO sessions (account_id, campaign_id, code, created_at, email, phone, begun_by) VALUES
  (100001, 100001, 'aaaaaa000000000000000', '2026-01-01', 'Anna+1@Example.com', NULL, 'a'),
  (100001, 100001, 'bbbbbb000000000000000', '2026-01-01', 'b.en@googlemail.com', NULL, 'b'),
  (100001, 100001, 'cccccc000000000000000', '2026-01-01', 'be.n@gmail.com', NULL, 'c'),
  (100001, 100001, 'dddddd000000000000000', '2026-01-01', 'c.y@example.com', NULL, 'd'),
  (100001, 100002, 'eeeeee000000000000000', '2026-01-01', NULL, '+5215512345678', 'e');
"""
OLD_MARKS = (
    (100001, "anna+1@example.com"), (100001, "b.en@googlemail.com"), (100001, "be.n@gmail.com"),
    (100001, "c.y@example.com"), (100002, "+5215512345678"),
)  # fmt: skip


async def test_who_has_had_one_under_the_old_key_gets_no_second(url):
    """The version before has counted each spelling of an address by itself."""
    await upgrade(url, "0010")
    old = await asyncpg.connect(url)
    await old.execute(FETCHED)
    await old.executemany(
        "INSERT INTO tallies (account_id, scope, n, cap, until) VALUES (100001, $1, 1, 1, $2)",
        [
            (f"campaign:{campaign}:fetched:{limits.mark(person)}", datetime(2126, 1, 1, tzinfo=UTC))
            for campaign, person in OLD_MARKS
        ],
    )
    await old.close()
    await migrate(url)
    db = await Database.open(url, size=2)
    tries = [
        ("anna@example.com", False), ("anna+1@example.com", False), ("ANNA+2@example.com", False),
        ("ben@gmail.com", False), ("b.e.n+x@googlemail.com", False), ("ben@example.com", True),
        ("c.y@example.com", False), ("cy@example.com", True),
        ("+5215512345678", False), ("+525512345678", False), ("+525512345679", True),
    ]  # fmt: skip
    try:
        for person, gets_one in tries:
            assert await has_got_one(db, person) == gets_one, person
    finally:
        await db.close()


async def has_got_one(db, person):
    campaign = await campaigns.campaign(db, 100001, 100001 if "@" in person else 100002)
    field = {"email": person} if "@" in person else {"phone": person}
    new = NewSession(begun_by=f"form of {person}", **field)
    try:
        async with db.transaction() as work:
            return bool(
                await public.begin(
                    work,
                    campaign,
                    new,
                    [],
                    reason="",
                    network="unknown",
                    now=clock.now(),
                    listener=None,
                )
            )
    except public.HasCoupon:
        return False


OLD_TOKEN = "an-old-token-of-22-let"


async def test_tokens_of_callbacks_are_sealed_once_the_version_before_is_gone(url, settings):
    await upgrade(url, "0011")
    old = await asyncpg.connect(url)
    await old.execute("INSERT INTO accounts (name, email) VALUES ('Shop', 'a@example.com')")
    vault = Vault(settings.secret_key)
    await old.execute(
        "INSERT INTO connections (account_id, kind, settings_sealed, callback_token)"
        " VALUES (100001, 'log', $1, $2)",
        vault.seal(b"{}"),
        OLD_TOKEN,
    )
    await old.execute(
        "INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at)"
        " VALUES (100001, 100001, 'k', 'callback', $1, now())",
        msgspec.json.encode({"url": f"https://x.example/callbacks/log/{OLD_TOKEN}?m=é"}),
    )
    await old.close()
    await migrate(url)
    db = await Database.open(url, size=2)
    services = Services(settings, db, vault, url)
    try:
        await look_at_callbacks(services, clock.now())
    finally:
        await db.close()


async def look_at_callbacks(services, now):
    """For a day the version before reads and writes the clear token; then nothing is clear."""
    db, vault = services.db, services.vault

    async def add():
        new = NewConnection(kind="log", settings={})
        async with db.transaction() as work:
            return await connections.add_connection(
                work, vault, 100001, new, surroundings_of(services)
            )

    second = await add()
    tokens = [OLD_TOKEN, callbacks.token_of(vault, second)]
    assert second.callback_token == tokens[1]
    assert await callbacks.seal_clear_tokens(db, vault, now) == 0
    for day, sealed in ((0, 0), (1, 2), (2, 0)):
        later = now + day * canonical_forms.ONCE_MORE_AFTER
        assert await callbacks.seal_clear_tokens(db, vault, later) == sealed
        found = [await callbacks.connection_of_token(db, "log", token) for token in tokens]
        assert [one.id for one in found] == [100001, 100002]
        assert [callbacks.token_of(vault, one) for one in found] == tokens
        assert [one.version for one in found] == [1, 1], "links stay as they are"
    dump = str(await rows_of(db, "SELECT c::text FROM connections c"))
    assert not any(token in dump or token.encode().hex() in dump for token in tokens)
    raw = await db.fetchval("SELECT raw FROM arrivals")
    assert msgspec.json.decode(raw) == {"url": "https://x.example/callbacks/log/-?m=é"}
    assert (await add()).callback_token is None


async def test_the_key_that_signed_before_is_marked(url):
    """What is written by the version before, which still runs, has a key that signs too."""
    await upgrade(url, "0017")
    old = await asyncpg.connect(url)
    await old.execute(OLD_KEYS)
    await migrate(url)
    await old.execute(
        "INSERT INTO api_keys (client_id, account_id, secret_sha256, secret_sealed)"
        " VALUES ('5', 100002, '', '')"
    )
    await old.close()
    db = await Database.open(url, size=1)
    found = [
        (key.client_id, key.scopes, key.signs_webhooks)
        for account in (100001, 100002)
        for key in await keys.keys(db, account, clock.now())
    ]
    four = ("read", "send", "manage", "validate")
    assert found == [
        ("1", four, False), ("3", four, True), ("2", four, False), ("5", four, True),
    ]  # fmt: skip
    await db.close()


OLD_KEYS = """
INSERT INTO accounts (name, email) VALUES ('Shop', 'a@example.com'), ('Late', 'b@example.com');
INSERT INTO api_keys (client_id, account_id, secret_sha256, secret_sealed, created_at, revoked_at)
VALUES
  ('1', 100001, '', '', '2026-01-01', '2026-01-02'),
  ('2', 100001, '', '', '2026-01-03', NULL),
  ('3', 100001, '', '', '2026-01-02', NULL);
"""


async def test_an_older_backup_is_brought_up_to_date(commands, url, settings, tmp_path):
    await upgrade(url, "0009")
    await asyncio.to_thread(pgbackup.backup, url, tmp_path / "old.dump")
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TEAROFF_")},
        "TEAROFF_DATABASE_URL": url, "TEAROFF_SECRET_KEY": settings.secret_key,
        "TEAROFF_DATA": str(tmp_path),
    }  # fmt: skip
    words = ["restore", "--force", str(tmp_path / "old.dump")]
    done = await asyncio.to_thread(commands.run, words, env)
    assert done.returncode == 0
    db = await Database.open(url, size=1)
    assert await schema.is_up_to_date(db)
    await db.close()


MEMBERS = """
INSERT INTO accounts (name, email) VALUES ('One', 'a@example.com'), ('Two', 'b@example.com');
INSERT INTO accounts (parent_id, name, email) VALUES (100001, 'Below', 'c@example.com');
INSERT INTO members (account_id, role, email, first_name, password_hash) VALUES
  (100001, 'owner', 'Ann@example.com', 'Ann', NULL),
  (100002, 'owner', 'ann@example.com', 'Anna', 'of two'),
  (100002, 'editor', 'ben@example.com', 'Ben', NULL),
  (100003, 'owner', 'cy@example.com', 'Cy', 'of below');
INSERT INTO sign_ins (token_sha256, account_id, member_id, created_at, expires_at) VALUES
  ('a', 100001, NULL, now(), now() + interval '1 hour'),
  ('b', 100002, 100003, now(), now() + interval '1 hour');
"""


async def test_people_are_made_of_members(url):
    """A password opens only what its tenant had; the version before goes on writing beside it."""
    await upgrade(url, "0015")
    old = await asyncpg.connect(url)
    await old.execute(MEMBERS)
    await migrate(url)
    db = await Database.open(url, size=2)
    people = "SELECT id, email, first_name, password_hash FROM people ORDER BY id"
    placed = "SELECT email, p.email, accepted_at IS NOT NULL FROM members m JOIN people p"
    placed = placed.replace("SELECT email", "SELECT m.email") + " ON p.id = person_id ORDER BY m.id"
    assert [row[1:] for row in await rows_of(db, people)] == [
        ("ann@example.com", "Anna", "of two"), ("ben@example.com", "Ben", None),
        ("cy@example.com", "Cy", "of below"),
    ]  # fmt: skip
    assert await rows_of(db, placed) == [
        ("Ann@example.com", "ann@example.com", False), ("ann@example.com", "ann@example.com", True),
        ("ben@example.com", "ben@example.com", True), ("cy@example.com", "cy@example.com", True),
    ]  # fmt: skip
    signed_in = (
        "SELECT s.only_account_id, p.email FROM sign_ins s JOIN people p ON p.id = person_id"
    )
    assert await rows_of(db, f"{signed_in} ORDER BY s.id") == [
        (100001, "ann@example.com"), (100002, "ben@example.com"),
    ]  # fmt: skip
    await what_the_version_before_writes(db, old, placed, signed_in)
    await db.close()


async def what_the_version_before_writes(db, old, placed, signed_in):
    await old.execute(
        "INSERT INTO members (account_id, role, email, password_hash) VALUES"
        " (100001, 'editor', 'Dan@example.com', 'x'), (100001, 'editor', 'ben@example.com', 'y')"
    )
    await old.execute(
        "INSERT INTO sign_ins (token_sha256, account_id, member_id, created_at, expires_at)"
        " VALUES ('c', 100001, 100006, now(), now() + interval '1 hour')"
    )
    await old.execute("UPDATE members SET email = 'eve@example.com' WHERE id = 100004")
    await old.close()
    assert (await rows_of(db, placed))[3:] == [
        ("eve@example.com", "eve@example.com", True), ("Dan@example.com", "dan@example.com", True),
        ("ben@example.com", "ben@example.com", False),
    ]  # fmt: skip
    ben = await db.fetchval("SELECT password_hash FROM people WHERE email = 'ben@example.com'")
    assert ben is None
    assert (100001, "ben@example.com") in await rows_of(db, signed_in)
