"""What the version before took in and let go by is found after the upgrade."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import asyncpg
import msgspec
import pytest_asyncio

from tearoff.cli import findings_replies
from tearoff.kit import clock, migrate
from tearoff.kit.db import Database
from tearoff.kit.migrations.upgrade import upgrade
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tearoff.messages import older_replies, replies, reply_pages
from tearoff.people import optout_pages, optouts

WROTE = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
ACCOUNT = 100001
TWILIO = {"account_sid": "AC" + "0a" * 16, "auth_token": "0b" * 16, "sender": "+32470009999"}


@pytest_asyncio.fixture
async def url(cluster, worker_id):
    name = f"tearoff_older_{worker_id}"
    yield await cluster.create(name)
    await cluster.drop(name)


def callback(sender, text):
    """As that version stored a request."""
    fields = {"From": sender, "To": "8850", "Body": text, "MessageSid": "SM1"}
    request = {
        "method": "POST",
        "url": "https://coupons.example.com/callbacks/twilio/0123",
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "body": urlencode(fields).encode(),
    }
    return "callback", msgspec.json.encode(request)


def link(sender, text):
    reply = {"sender": sender, "to": "8850", "text": text, "provider_id": ""}
    return "link", msgspec.json.encode({"key": "k", "raw": "", "receipt": None, "reply": reply})


BEFORE = [
    (callback("+32470001001", "I want you to stop"), "reply_maybe_stop"),
    (callback("+5215512345678", "Stop"), "reply_from_no_number"),
    (callback("0470001002", "STOP"), "reply_from_no_number"),
    (link("+541123456789", "STOP"), "reply_from_no_number"),
    (link("+32470001003", "Please stop texting me"), "reply_maybe_stop"),
    (link("+32470001004", "thanks"), "reply_none"),
    (link("+32470001005", "STOP"), "reply_stop"),  # taken off the list since, by the shop
    (link("+5215512345679", "STOP"), "reply_from_no_number"),  # ... and START a day later
    (link("+32470001006", "Cancel"), "reply_none"),  # taken off since
    (link("BANK", "STOP"), "reply_from_no_number"),
    (callback("+32470001007", "STOP"), None),  # which the worker has not come to yet
]


async def fill(url, settings):
    """Rows as the version before wrote them; no country is told."""
    old = await asyncpg.connect(url)
    await old.execute(
        "INSERT INTO accounts (name, email, hooks) VALUES"
        " ('Shop', 'a@example.com', '{contact_opted_out,message_received}');"
        "INSERT INTO hook_endpoints (account_id, url, secret_sealed)"
        " VALUES (100001, 'https://hooks.example.com/', '')"
    )
    for kind, given in (("twilio", TWILIO), ("smpp", {})):
        await old.execute(
            "INSERT INTO connections (account_id, kind, settings_sealed, callback_token)"
            " VALUES ($1, $2, $3, $2)",
            ACCOUNT, kind, Vault(settings.secret_key).seal(msgspec.json.encode(given)),
        )  # fmt: skip
    late = (link("+5215512345679", "START"), "reply_from_no_number")
    for n, ((kind, raw), result) in enumerate([*BEFORE, late]):
        await add(old, n, kind, raw, result)
    await old.execute("UPDATE arrivals SET received_at = $1 WHERE key = '11'", WROTE + DAY)
    for number in ("+32470001005", "+32470001006"):
        await old.execute(
            "INSERT INTO consent_events (account_id, address, kind, source, at)"
            " VALUES ($1, $2, 'opted_in', 'shop', $3)",
            ACCOUNT, number, WROTE + DAY,
        )  # fmt: skip
    await old.close()


async def add(db, n, kind, raw, result):
    await db.execute(
        "INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at, handled_at,"
        " result) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        ACCOUNT, ACCOUNT + (kind == "link"), str(n), kind, raw, WROTE,
        WROTE if result else None, result,
    )  # fmt: skip


async def test_what_arrived_before_is_read_again_by_the_rules_of_today(url, settings):
    await upgrade(url, "0006")
    await fill(url, settings)
    await migrate.migrate(url)
    db = await Database.open(url, size=2)
    services = Services(settings, db, Vault(settings.secret_key), url)
    try:
        now = clock.now()
        assert await older_replies.read_if_due(services, now)
        await look(db)
        told = await db.fetch("SELECT kind, at >= $1 AS new FROM hook_events", now)
        assert [tuple(row) for row in told] == 3 * [("contact_opted_out", True)]
        assert not await older_replies.read_if_due(services, now)
        await decide(db, now)
        tomorrow = now + older_replies.ONCE_MORE_AFTER
        async with db.transaction() as work:  # what the version before handled beside this one
            await add(work, 20, *link("+5215512345677", "STOP"), "reply_from_no_number")
        assert await older_replies.read_if_due(services, tomorrow)
        assert await optouts.is_opted_out(db, ACCOUNT, "+525512345677")
        assert len(await reply_pages.page(db, ACCOUNT, reply_pages.Asked(), None, 50)) == 12
        assert not await optouts.is_opted_out(db, ACCOUNT, "+32470001003"), "taken off by a person"
        assert len(await waiting(db)) == 4
        later = tomorrow + older_replies.ONCE_MORE_AFTER
        assert not await older_replies.read_if_due(services, later)
        assert await findings_replies.of_replies(services)
    finally:
        await db.close()


async def waiting(db):
    found = await reply_pages.page(db, ACCOUNT, reply_pages.Asked(state="open"), None, 50)
    assert all(one.received_at == WROTE for one in found)
    return sorted((one.sender, one.text) for one in found)


async def look(db):
    kept = await reply_pages.page(db, ACCOUNT, reply_pages.Asked(), None, 50)
    assert len(kept) == 11, "all that was handled, and no other"
    assert await waiting(db) == [
        ("+32470001001", "I want you to stop"),
        ("+32470001006", "Cancel"),
        ("+5215512345679", "STOP"),
        ("0470001002", "STOP"),
        ("BANK", "STOP"),
    ]
    listed = {one.address: one for one in await optout_pages.list_all(db, ACCOUNT)}
    assert set(listed) == {"+525512345678", "+5491123456789", "+32470001003"}
    assert {(one.source, one.created_at) for one in listed.values()} == {("reply", WROTE)}
    assert await optouts.is_opted_out(db, ACCOUNT, "+5215512345678")


async def decide(db, now):
    """A second time asks nobody again, and undoes nothing that people did."""
    (one,) = [
        r
        for r in await reply_pages.page(db, ACCOUNT, reply_pages.Asked(), None, 50)
        if r.sender == "BANK"
    ]
    async with db.transaction() as work:
        await replies.dismiss(work, ACCOUNT, one.id, now=now)
        await optouts.remove(work, ACCOUNT, "+32470001003", now=now)
