"""Passwords and PINs cost much to hash: after the cheap refusals, and outside of transactions."""

import asyncio
import contextlib
import threading

import pytest

from tearoff.accounts import devices, members, passwords, sign_ins
from tearoff.errors import Invalid
from tearoff.kit import clock
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.db import Database
from tests.cast import open_shop

PASSWORD = "seven brown horses"
HASHING = {"password": passwords._HASHING, "pin": devices._HASHING}


@contextlib.asynccontextmanager
async def full(bulkhead):
    """Both hands and every place in the line are taken."""
    done, tasks = threading.Event(), []
    try:
        with contextlib.suppress(TooBusy):
            while True:
                tasks.append(asyncio.create_task(bulkhead.run(done.wait)))
                await asyncio.sleep(0)
                if tasks[-1].done():
                    tasks.pop().result()
        yield tasks
    finally:
        done.set()
        await asyncio.gather(*tasks)


@pytest.fixture
async def narrow(database_url):
    """A database with one connection: a transaction that stays open would hold everybody."""
    db = await Database.open(database_url, size=1)
    yield db
    await db.close()


async def ticket(db, shop, what):
    now = clock.now()
    if what == "pin":
        return (await devices.make_pairing(db, shop.account, shop.location, now)).token
    email = f"owner.{shop.account}@example.com"
    async with db.transaction() as work:
        member = await members.create_member(work, shop.account, members.NewMember(email=email))
    expires_at = now + sign_ins.RESET_LIVES
    return await sign_ins.issue_ticket(
        db, "password", shop.account, member_id=member, expires_at=expires_at
    )


async def use(db, what, token, secret):
    if what == "pin":
        await devices.pair(db, token, name="Sam", pin=secret, now=clock.now())
    else:
        await members.set_password(db, token, secret, clock.now())


@pytest.mark.parametrize(
    ("what", "good", "bad"), [("password", PASSWORD, "x"), ("pin", "246824", "x")]
)
async def test_hashing_holds_no_connection(services, narrow, what, good, bad):
    token = await ticket(narrow, await open_shop(services, kind=None), what)
    async with full(HASHING[what]) as tasks:
        with pytest.raises(TooBusy):
            await use(narrow, what, token, good)
        with pytest.raises(Invalid):  # said all the same: nothing is hashed for it
            await use(narrow, what, token, bad)
        with pytest.raises(sign_ins.LinkOver):
            await use(narrow, what, "a" * 49, good)
        tasks[-1].cancel()  # leaves the line
        await asyncio.wait(tasks[-1:])
        tasks.pop()
        waiting = asyncio.create_task(use(narrow, what, token, good))
        for _ in range(20):
            assert await narrow.fetchval("SELECT 1") == 1
    await waiting


async def test_a_taken_address_costs_no_hash(services):
    shop = await open_shop(services, kind=None)
    new = members.NewMember(email=f"taken.{shop.account}@example.com")
    async with services.db.transaction() as work:
        await members.create_member(work, shop.account, new)
    with pytest.raises(members.EmailTaken):
        await members.check_free(services.db, shop.account, new.email.upper())
