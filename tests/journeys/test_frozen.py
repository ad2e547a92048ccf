"""A database that stands still, as a machine that swaps or a disk that hangs does, and goes on.

All processes of PostgreSQL are really stopped. Every door is asked while they are, all at once;
each must answer at all, in its own words, and afterwards everything goes on by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from tearoff.accounts import tallies
from tearoff.config import read_settings
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.models import NewSession
from tearoff.coupons.sessions import actions
from tearoff.distribution.context import Contexts
from tearoff.distribution.send import OutcomeUnknown, Sender, SendRequest
from tearoff.kit import clock
from tearoff.kit.db import Database, DatabaseAway, connect
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.migrate import migrate
from tearoff.kit.pgprograms import EmbeddedServerError
from tearoff.kit.phone import parse_phone
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tearoff.messages.open_connections import Links
from tests.api.caller import Caller
from tests.cast import Shop, open_shop, until_guards_are_freed
from tests.commands import Commands
from tests.conftest import KEY
from tests.hooks.listening import listen
from tests.hooks.receiver import open_receiver
from tests.kit.servers import postmaster
from tests.providers.dialects import ACCOUNT, TOKEN
from tests.providers.standin import StandIn
from tests.running import Running, descendants, free_port, start_server
from tests.web.conftest import PHONE, Coupon
from tests.web.tills import new_key, open_till

ANSWERED = 90
"""Seconds in which every door must have answered. Each limit is far below; the machine may be
busy."""
SAFE = "Your coupon is safe."
HELD = "+32470008700"
"""The service keeps the answer to a message for this number until it is let go."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


class Holding(StandIn):
    """Takes a message, and keeps its answer to some until it may go."""

    def __init__(self) -> None:
        super().__init__()
        self.took = asyncio.Event()
        self.go = asyncio.Event()

    async def _answer_taken(self, request: Any, digits: str, answer: Any) -> Any:
        if digits == HELD[-3:]:
            self.took.set()
            await self.go.wait()
        return await super()._answer_taken(request, digits, answer)


@dataclass
class Stage:
    services: Services
    home: Path
    pids: int
    running: Running
    shop: Shop
    standin: Holding
    http: aiohttp.ClientSession
    commands: Commands

    @property
    def url(self) -> str:
        return self.running.url

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        os.kill(self.pids, signal.SIGSTOP)  # first, so that it starts no more
        stopped = [self.pids, *descendants(self.pids)]
        try:
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in reversed(stopped):  # those that work before the one that can stop them
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    async def coupon(self) -> Coupon:
        db, shop = self.services.db, self.shop
        campaign = await campaigns.campaign(db, shop.account, shop.campaign)
        async with db.transaction() as work:
            issued = await actions.issue_session(
                work, campaign, NewSession(), now=datetime.now(UTC)
            )
        return Coupon(shop, issued.code, self.services, self.http, self.url)


@pytest_asyncio.fixture
async def stage(run_folder, commands, tmp_path) -> AsyncIterator[Stage]:
    home = run_folder / f"frozen-{os.getpid()}"
    server = EmbeddedServer(home)
    url = server.attach()
    await migrate(url)
    port = free_port()
    settings = read_settings(
        {}, data=tmp_path, database_url=url, secret_key=KEY, allow_loopback=True,
        send_lease=2, statement_limit=3, public_url=f"http://127.0.0.1:{port}",
    )  # fmt: skip
    db = await Database.open(url, size=4)
    services = Services(settings, db, Vault(KEY), url)
    standin = Holding()
    await standin.start()
    try:
        shop = await open_shop(
            services,
            kind="twilio",
            settings={
                "account_sid": ACCOUNT, "auth_token": TOKEN, "sender": "+12015550100",
                "base_url": standin.url,
            },
            campaign={"limit_sessions": 1000},
        )  # fmt: skip
        with start_server(settings, tmp_path, port=port) as running:
            async with aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=300),
                timeout=aiohttp.ClientTimeout(total=ANSWERED),
            ) as http:
                pid = postmaster(server)
                assert pid is not None
                yield Stage(services, home, pid, running, shop, standin, http, commands)
    finally:
        await standin.close()
        await db.close()
        server.detach()
        shutil.rmtree(home, ignore_errors=True)


async def test_every_door_answers_and_all_goes_on(stage):
    async with open_receiver() as receiver, one_connection(stage) as opener:
        await walk(stage, receiver, opener)


async def walk(stage, receiver, opener):
    caller, shop = Caller(stage.http, stage.url, stage.shop), stage.shop
    till = await open_till(stage.services, stage.http, stage.url, shop)
    coupon, held, other = await stage.coupon(), await stage.coupon(), await stage.coupon()
    webhook = await listen(caller, receiver, "coupon_validated")
    assert (await caller.send("+32470008600")).status == 200  # what is remembered is so now
    page = (await coupon.get()).token

    under_way = asyncio.create_task(send(caller, HELD, "held"))
    await asyncio.wait_for(stage.standin.took.wait(), ANSWERED)
    line = await connect(stage.services.database_url)
    try:
        turn = line.transaction()
        await turn.start()
        await line.execute("SELECT FROM sessions WHERE code = $1 FOR UPDATE", held.code)
        waiting = asyncio.create_task(held.redeem(shop.pin))
        await until(lambda: is_waiting(stage.services))
        with stage.frozen():
            stage.standin.go.set()
            stopped = time.monotonic()
            told, known = await asyncio.gather(
                asyncio.gather(*(one for one, _ in doors(stage, caller, till, coupon, page))),
                asyncio.gather(
                    under_way,
                    waiting,
                    command(stage),
                    own_pool(stage),
                    opener.give_up(),
                    another_that_wants_the_server(stage),
                ),
            )
            assert time.monotonic() - stopped < ANSWERED
        await turn.rollback()
    finally:
        await line.close()
    expected = [want for _, want in doors(stage, caller, till, coupon, page, ask=False)]
    wrong = [(want, got) for want, got in zip(expected, told, strict=True) if not want.fits(got)]
    assert not wrong
    answer, refused, (status, said), *_ = known
    assert (answer.status, answer.body.get("action")) == (200, "sms_sent")
    assert (refused.status, SAFE in refused.text) == (503, True)
    assert status == 1
    assert "database" in said

    await goes_on(stage, caller, till, coupon, held, other)
    await wait_for_hook(caller, webhook)
    await opener.is_taken_back()


@dataclass
class Want:
    door: str
    status: int
    words: str

    def fits(self, got: tuple[int, str]) -> bool:
        return got[0] == self.status and self.words in got[1]


def doors(stage, caller, till, coupon, page, *, ask=True):
    """Every door, asked, and what it must say."""
    form = {"user-agent": PHONE, "sec-fetch-site": "same-origin"}
    api, device = stage.shop.headers, till.headers
    v4 = {"x-api-key": stage.shop.client_id, "x-api-secret": stage.shop.client_secret}
    code, secret = coupon.code, "A" * 49
    v3 = '"error_code":[503]'
    at_till = '{"error":"Try again in a moment."}'
    table = [
        ("GET", coupon.path, form, None, 503, SAFE),
        ("GET", f"/p/{stage.shop.code}", form, None, 503, SAFE),
        ("POST", f"/p/{stage.shop.code}", form, {"t": page}, 503, SAFE),
        *(("POST", f"{coupon.path}/{act}", form, {"t": page, "pin": stage.shop.pin}, 503, SAFE)
          for act in ("open", "claim", "lengthen", "scratch", "redeem", "save", "stop")),
        *(("GET", f"{coupon.path}/{act}", form, None, 503, SAFE)
          for act in ("save", "coupon.pdf", "coupon.ics", "stop")),
        ("GET", "/till/api/state", device, None, 503, at_till),
        *(("POST", f"/till/api/{act}", device, json({"key": new_key(), "code": code}), 503, at_till)
          for act in ("check", "redeem", "undo", "sync", "seen", "sign-out")),
        ("GET", "/till", device, None, 503, SAFE),
        ("GET", "/till/pin", device, None, 503, SAFE),
        ("GET", f"/till/pair/{secret}", form, None, 503, SAFE),
        ("GET", f"/sso/{secret}", form, None, 503, SAFE),
        ("POST", f"/sso/{secret}", form, {"t": "x"}, 503, SAFE),
        ("GET", f"/password/{secret}", form, None, 503, SAFE),
        ("GET", "/", {"cookie": f"tearoff_sign_in={secret}"}, None, 503, SAFE),
        ("POST", "/v3/coupon/list", api, {}, 503, v3),
        ("POST", "/v3/couponsession/update", api,
         {"couponsession": code, "operation": "validated"}, 503, v3),
        *(("POST", "/v3/send/sms", api, {"campaign": stage.shop.ref, "phone": phone}, 503, v3)
          for phone in ("+32470008601", "+32470008601", "+32470008602")),
        ("POST", "/v3/send/sms", {**api, "idempotency-key": "first"},
         {"campaign": stage.shop.ref, "phone": "+32470008603"}, 503, v3),
        ("GET", "/v4/messages", v4, None, 503, "503"),
        ("POST", f"/callbacks/twilio/{stage.shop.token}", {}, {"MessageSid": "SM1"}, 503, ""),
        ("GET", "/healthz", {}, None, 200, "ok"),
        ("GET", "/readyz", {}, None, 503, "database away"),
        ("GET", "/metrics", {}, None, 200, "tearoff_"),
    ]  # fmt: skip
    for method, path, headers, body, status, words in table:
        asked = fetch(stage, method, path, headers, body) if ask else None
        yield asked, Want(f"{method} {path}", status, words)


def json(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode(body)


async def fetch(stage, method, path, headers, body):
    async with stage.http.request(
        method, stage.url + path, headers=headers, data=body, allow_redirects=False
    ) as answer:
        return answer.status, await answer.text(errors="replace")


async def command(stage):
    """What somebody at a terminal is told."""
    env = {
        **os.environ,
        "TEAROFF_DATABASE_URL": stage.services.database_url,
        "TEAROFF_SECRET_KEY": KEY,
        "TEAROFF_DATA": str(stage.services.settings.data),
    }
    words = ["campaign", "list", "--account", str(stage.shop.account)]
    done = await asyncio.to_thread(stage.commands.run, words, env)
    return done.returncode, done.stderr


async def another_that_wants_the_server(stage):
    with pytest.raises(EmbeddedServerError, match="does not answer"):
        await asyncio.to_thread(EmbeddedServer(stage.home).attach)


async def own_pool(stage):
    """Whoever has less time than a limit has that time, and hardly more; a task that is cancelled
    stays cancelled."""
    db = stage.services.db
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5), db.transaction() as work:
            await work.fetchval("SELECT 1")
    assert time.monotonic() - began < ANSWERED / 3
    task = asyncio.create_task(db.fetchval("SELECT 1"))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@dataclass
class Opener:
    """A process whose only connection is in use already: what it sends is done by a database that
    goes on, whether or not anybody still waits."""

    sender: Sender
    caller: Any
    shop: Shop
    services: Services

    async def send(self, phone: str) -> None:
        asked = SendRequest(campaign_id=self.shop.campaign, phone=parse_phone(phone))
        await self.sender.send(self.caller, asked, clock.now())

    async def give_up(self) -> None:
        with pytest.raises(DatabaseAway):
            await self.send("+32470008802")

    async def is_taken_back(self) -> None:
        async with asyncio.timeout(ANSWERED):
            while True:
                try:
                    await self.send("+32470008802")
                    break
                except OutcomeUnknown:
                    await asyncio.sleep(0.2)
        db, account = self.services.db, self.shop.account
        rows = await db.fetch(
            "SELECT m.recipient, m.state, s.voided FROM messages m"
            " JOIN sessions s ON s.id = m.about WHERE m.account_id = $1 ORDER BY m.id",
            account,
        )
        told = [tuple(row) for row in rows]
        left = [("+32470008801", "accepted", False), ("+32470008802", "accepted", False)]
        assert [row for row in told if row != ("+32470008802", "failed", True)] == left
        scope = f"campaign:{self.shop.campaign}:sessions"
        assert await tallies.reached(db, account, scope, clock.now()) == len(left)


@contextlib.asynccontextmanager
async def one_connection(stage) -> AsyncIterator[Opener]:
    shop = await open_shop(stage.services, campaign={"limit_sessions": 50})
    db = await Database.open(stage.services.database_url, size=1, statement_within=2)
    services = msgspec.structs.replace(stage.services, db=db)
    contexts = Contexts()
    sender = Sender(services, Links(services), contexts)
    opener = Opener(sender, await contexts.caller(db, shop.client_id), shop, services)
    try:
        await opener.send("+32470008801")
        await until_guards_are_freed(services, shop)
        yield opener
    finally:
        await sender.finish()
        await db.close()


async def goes_on(stage, caller, till, coupon, held, other):
    async with asyncio.timeout(ANSWERED):
        while (await fetch(stage, "GET", "/readyz", {}, None))[0] != 200:
            await asyncio.sleep(0.2)
    # Nothing was used meanwhile, and each is used once.
    assert (await coupon.get()).status == 200
    assert [(await one.row())["uses"] for one in (coupon, held, other)] == [0, 0, 0]
    for one in (coupon, held):
        assert (await one.redeem(stage.shop.pin)).status == 303
        assert (await one.redeem(stage.shop.pin, token="x")).status == 409
    assert (await till.redeem(other.code))["verdict"] == "used"
    assert [(await one.row())["uses"] for one in (coupon, held, other)] == [1, 1, 1]
    # Who was told to try later is texted once; and who was told that it left, was.
    for phone, key in (("+32470008601", ""), ("+32470008602", ""), ("+32470008603", "first")):
        async with asyncio.timeout(ANSWERED):
            while (await send(caller, phone, key)).status != 200:
                await asyncio.sleep(0.5)
        assert len(stage.standin.taken_for(phone)) == 1
    assert (await send(caller, HELD, "held")).status == 200
    assert len(stage.standin.taken_for(HELD)) == 1
    # Receipts of all of them are read: the worker is there again. What was never sent says so.
    await until(lambda: all_are(stage, "delivered", "failed"))
    rows = await stage.services.db.fetch(
        "SELECT recipient, state FROM messages WHERE account_id = $1", stage.shop.account
    )
    assert sorted(r["recipient"] for r in rows if r["state"] == "delivered") == [
        "+32470008600", "+32470008601", "+32470008602", "+32470008603", HELD,
    ]  # fmt: skip
    counted = await stage.services.db.fetchval(
        "SELECT n FROM tallies WHERE scope = $1", f"campaign:{stage.shop.campaign}:sessions"
    )
    assert counted == 5 + 3
    await until(lambda: nothing_is_left_open(stage.services))


async def send(caller, phone, key=""):
    return await caller.post(
        "/v3/send/sms",
        {"campaign": caller.shop.ref, "phone": phone},
        extra={"Idempotency-Key": key} if key else {},
    )


async def until(is_so):
    async with asyncio.timeout(ANSWERED):
        while not await is_so():
            await asyncio.sleep(0.1)


async def is_waiting(services):
    return await services.db.fetchval(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')"
    )


async def all_are(stage, *states):
    rows = await stage.services.db.fetch(
        "SELECT DISTINCT state FROM messages WHERE account_id = $1", stage.shop.account
    )
    return {row["state"] for row in rows} <= set(states)


async def nothing_is_left_open(services):
    return not await services.db.fetchval(
        "SELECT (SELECT count(*) FROM open_sends) + (SELECT count(*) FROM pgqueuer WHERE"
        " status = 'picked') + (SELECT count(*) FROM pg_stat_activity WHERE"
        " state LIKE 'idle in%' AND pid <> pg_backend_pid())"
    )


async def wait_for_hook(caller, webhook):
    async with asyncio.timeout(ANSWERED):
        while True:
            answer = await caller.post("/v3/webhook/deliveries", {"webhook": webhook["ID"]})
            if [one["state"] for one in answer.body["data"]] == ["delivered"] * 3:
                return
            await asyncio.sleep(0.2)
