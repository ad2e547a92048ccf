"""Never twice, never lost: servers and databases are really killed.

One round each in the suite; `make soak` runs TEAROFF_ROUNDS of them.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time

import aiohttp
import msgspec
import pytest

from tearoff.config import read_settings
from tearoff.kit.db import Database
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.migrate import migrate
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tests.api.caller import Caller
from tests.cast import open_shop
from tests.journeys.conftest import smpp_settings, start_smsc
from tests.running import PATIENCE, free_port, launch

ROUNDS = int(os.environ.get("TEAROFF_ROUNDS", "1"))
SENDS, KILLS = (500, 4) if ROUNDS > 1 else (160, 1)
"""How much a test sends, and how often the server dies meanwhile."""
pytestmark = [pytest.mark.kill, pytest.mark.timeout(300 * max(1, ROUNDS))]
FINAL = ("accepted", "sent", "failed", "unknown", "delivered")


@pytest.mark.parametrize("round_", range(ROUNDS))
async def test_kill_during_hundreds_of_sends(round_, http, services, settings, tmp_path):
    """kill -9 of the whole server at random moments of the work; callers retry every error as an
    old program would."""
    settings = msgspec.structs.replace(settings, public_url="", send_lease=2)
    moments = sorted(random.Random(time.time_ns()).sample(range(10, SENDS - 100), KILLS))
    port = free_port()
    with start_smsc(tmp_path, "--receipts", "--delay", "15") as smsc:
        provider = smpp_settings(smsc, window="20", max_binds="4")
        shop = await open_shop(services, kind="smpp", settings=provider)
        server = launch(settings, tmp_path, port=port, workers=2)
        numbers = [f"+3247001{i:04d}" for i in range(SENDS)]
        caller = Caller(http, server.url, shop)
        work = asyncio.gather(*(old_program(caller, lot) for lot in split(numbers, 16)))
        try:
            for moment in moments:
                async with asyncio.timeout(PATIENCE):
                    while smsc.accepted().total() < moment:
                        await asyncio.sleep(0.01)
                assert not work.done()
                server.kill()
                server = await asyncio.to_thread(launch, settings, tmp_path, port=port, workers=2)
            await asyncio.wait_for(work, 200)
            await until_settled(services, shop)
        finally:
            work.cancel()
            server.stop()
        accepted = smsc.accepted()
        assert max(accepted.values()) == 1, "somebody was texted twice"
        await agrees(services, shop, accepted)


def split(items, n):
    return [items[i::n] for i in range(n)]


async def old_program(caller, numbers):
    """Sends to each number, again and again until it hears OK or a refusal that is final."""
    for number in numbers:
        give_up = time.monotonic() + 180  # servers start meanwhile, one after the other
        while time.monotonic() < give_up:
            try:
                answer = await caller.send(number)
            except (aiohttp.ClientError, TimeoutError, ValueError):
                await asyncio.sleep(0.1)
                continue
            if answer.status == 200:
                break
            if answer.codes == [602] and "msg_" in answer.texts[0]:
                break  # it may have been sent, and is not sent again
            await asyncio.sleep(0.1)
        else:
            raise AssertionError(f"{number} never got an answer")


async def until_settled(services, shop, seconds=PATIENCE):
    async with asyncio.timeout(seconds):
        while await services.db.fetchval(
            "SELECT count(*) FROM messages WHERE account_id = $1 AND state = 'submitting'",
            shop.account,
        ):
            await asyncio.sleep(0.3)


async def agrees(services, shop, accepted):
    """Our record and the SMSC's ledger tell the same story, or ours says `unknown`."""
    rows = await services.db.fetch(
        "SELECT recipient, state, about FROM messages WHERE account_id = $1", shop.account
    )
    by_number: dict[str, list[str]] = {}
    for row in rows:
        assert row["state"] in FINAL
        by_number.setdefault(row["recipient"].removeprefix("+"), []).append(row["state"])
    for number, n in accepted.items():
        sent = [s for s in by_number[number] if s != "failed"]
        assert n == 1
        assert sent, f"{number} got a text that our record calls failed"
    for number, states in by_number.items():
        certain = [s for s in states if s in ("accepted", "sent", "delivered")]
        assert len(certain) <= 1
        if certain:
            assert accepted[number] == 1, f"{number} got nothing, and our record says otherwise"


@pytest.mark.parametrize("round_", range(ROUNDS))
async def test_postgres_restarts_under_load(round_, http, tmp_path_factory):
    """Callers get 503 with Retry-After; afterwards everything works without a restart of ours."""
    folder = tmp_path_factory.mktemp("pg")
    pg = EmbeddedServer(folder / "data")
    url = await asyncio.to_thread(pg.attach)
    await migrate(url)
    from tests.conftest import KEY

    settings = read_settings(
        {}, data=folder / "data", database_url=url, secret_key=KEY, allow_loopback=True,
        send_lease=2,
    )  # fmt: skip
    db = await Database.open(url, size=4)
    services = Services(settings, db, Vault(KEY), url)
    server = await asyncio.to_thread(launch, settings, folder, workers=2 if ROUNDS > 1 else 1)
    try:
        shop = await open_shop(services)
        caller = Caller(http, server.url, shop)
        stop = asyncio.Event()
        seen: list = []
        work = asyncio.gather(*(steady(caller, lot, stop, seen) for lot in range(8)))
        for how in (signal.SIGINT, signal.SIGQUIT):
            await asyncio.sleep(1)
            pid = int((pg.home() / "cluster" / "postmaster.pid").read_text().split()[0])
            os.kill(pid, how)
            await asyncio.sleep(1)
            async with asyncio.timeout(PATIENCE):
                while (await caller.request("GET", "/readyz")).status != 200:
                    await asyncio.sleep(0.2)
        await asyncio.sleep(1)
        stop.set()
        await asyncio.wait_for(work, PATIENCE)
        odd = [a.text for a in seen if a.status not in (200, 422, 503)]
        assert not odd, server.log.read_text()[-3000:]
        away = [a for a in seen if a.status == 503]
        assert away
        assert all(a.codes == [503] and int(a.headers["Retry-After"]) >= 1 for a in away)
        refusals = [a for a in seen if a.status == 422]
        assert all("msg_" in a.texts[0] for a in refusals)
        assert (await caller.send("+32470029999")).status == 200
        await until_settled(services, shop)
        n = await db.fetchval("SELECT count(*) FROM messages WHERE state = 'accepted'")
        assert n >= sum(a.status == 200 for a in seen)
    finally:
        await asyncio.to_thread(server.stop)
        await db.close()
        await asyncio.to_thread(pg.detach)


async def steady(caller, lot, stop, seen):
    i = 0
    while not stop.is_set():
        seen.append(await caller.send(f"+324700{2000 + lot * 900 + i % 900:05d}", body=f"no {i}"))
        i += 1
        await asyncio.sleep(0.1 if seen[-1].status == 503 else 0.05)
