"""Old coupons forget their people while others are sent and taken in: does anybody notice?"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp
from tests.cast import Shop, open_shop

from bench.rig import Rig

PACE = 0.05
"""Seconds between two calls of a kind: a busy shop, not a full machine."""
QUIET = 20.0
"""Seconds of the same calls without anything beside them."""
ROW = "| {:<34} | {:>6} | {:>8} | {:>8} | {:>8} |"

_RETAIN = """
import asyncio, sys
from tearoff.keeping import retention
from tearoff.kit import clock
from tearoff.kit.db import Database

async def main():
    db = await Database.open(sys.argv[1], size=2)
    await retention.run(db, int(sys.argv[2]), clock.now())
    await db.close()

asyncio.run(main())
"""

_OLD = """
INSERT INTO sessions (account_id, campaign_id, code, firstname, lastname, email, phone, customid,
  customfields, utm, device, expires_at, created_at)
SELECT $1, $2, lpad(to_hex(n), 6, 'x') || left(md5(n::text), 15), 'Ann', 'Peeters',
  'ann' || n || '@example.com', '+3247000' || lpad((n % 10000)::text, 4, '0'), 'K-' || n,
  ARRAY['window seat', NULL, NULL, NULL, NULL, NULL, NULL], ARRAY['flyer', NULL, NULL, NULL, NULL],
  ARRAY['Chrome', 'Android', NULL], now() - interval '300 days', now() - interval '400 days'
FROM generate_series($3::int, $4::int - 1) n
"""


async def bench_keeping(rig: Rig) -> None:
    """p50, p99 and the worst of sends and of taking in, without and with it, in milliseconds."""
    shop = await open_shop(rig.services)
    await _fill(rig, shop)
    print(ROW.format("", "calls", "p50", "p99", "worst"), flush=True)
    async with aiohttp.ClientSession(headers=shop.headers) as http:
        await _measure(rig, http, shop, "", _for(5))  # warm
        await _measure(rig, http, shop, "nothing beside it", _for(QUIET))
        child = _retain(rig, shop)
        started = time.perf_counter()
        waits, _ = await asyncio.gather(
            _watch(rig, _ends(child)),
            _measure(rig, http, shop, f"while {rig.rows:,} forget", _ends(child)),
        )
        took = time.perf_counter() - started
        await _measure(rig, http, shop, "nothing beside it again", _for(QUIET))
    left = await rig.services.db.fetchval(
        "SELECT count(*) FROM sessions WHERE campaign_id = $1 AND firstname IS NOT NULL"
        " AND created_at < now() - interval '1 year'",
        shop.campaign,
    )
    print(
        f"{rig.rows:,} coupons in {took:.0f} s, {left} left; of {len(waits):,} looks at the"
        f" database {sum(waits)} saw somebody wait for a lock of a row or table",
        flush=True,
    )


async def _watch(rig: Rig, goes_on: Callable[[], bool]) -> list[int]:
    """How many wait for a lock, looked at twenty times a second."""
    found: list[int] = []
    while goes_on():
        found.append(
            await rig.services.db.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'"
            )
        )
        await asyncio.sleep(PACE)
    return found


async def _fill(rig: Rig, shop: Shop) -> None:
    lot = 50_000
    for begin in range(0, rig.rows, lot):
        async with rig.services.db.transaction() as db:
            await db.execute("SET LOCAL statement_timeout = 0")
            end = min(begin + lot, rig.rows)
            await db.execute(_OLD, shop.account, shop.campaign, begin, end)
    await rig.services.db.execute(
        "UPDATE accounts SET retention_days = 90 WHERE id = $1", shop.account
    )
    await rig.services.db.execute("VACUUM ANALYZE sessions")
    await rig.checkpoint()


def _retain(rig: Rig, shop: Shop) -> subprocess.Popen[bytes]:
    url = rig.services.database_url
    return subprocess.Popen([sys.executable, "-c", _RETAIN, url, str(shop.account)])


def _for(seconds: float) -> Callable[[], bool]:
    until = time.monotonic() + seconds
    return lambda: time.monotonic() < until


def _ends(child: subprocess.Popen[bytes]) -> Callable[[], bool]:
    return lambda: child.poll() is None


async def _measure(
    rig: Rig, http: aiohttp.ClientSession, shop: Shop, name: str, goes_on: Callable[[], bool]
) -> None:
    sends, uses = await asyncio.gather(
        _paced(lambda n: _send(rig, http, shop, n), goes_on),
        _paced(lambda n: _take_in(rig, http, shop), goes_on),
    )
    for what, times in (("send", sends), ("validate", uses)):
        if name:
            _show(f"{what}, {name}", times)


async def _paced(
    call: Callable[[int], Awaitable[float]], goes_on: Callable[[], bool]
) -> list[float]:
    times: list[float] = []
    while goes_on():
        times.append(await call(time.time_ns()))
        await asyncio.sleep(PACE)
    return times


async def _timed(
    http: aiohttp.ClientSession, url: str, body: dict[str, object]
) -> tuple[float, dict]:
    started = time.perf_counter()
    async with http.post(url, json=body) as answer:
        told = await answer.json()
        assert answer.status == 200, told
    return (time.perf_counter() - started) * 1000, told


async def _send(rig: Rig, http: aiohttp.ClientSession, shop: Shop, n: int) -> float:
    body = {"campaign": shop.ref, "phone": f"+3247000{n // 1000 % 10_000:04d}", "body": f"Hi {n}"}
    return (await _timed(http, f"{rig.url}/v3/send/sms", body))[0]


async def _take_in(rig: Rig, http: aiohttp.ClientSession, shop: Shop) -> float:
    _, made = await _timed(http, f"{rig.url}/v3/singleuse/create", {"campaign": shop.ref})
    body = {"couponsession": made["single_use_code"], "operation": "validated"}
    return (await _timed(http, f"{rig.url}/v3/couponsession/update", body))[0]


def _show(name: str, times: list[float]) -> None:
    cuts = statistics.quantiles(times, n=100)
    print(ROW.format(name, len(times), f"{cuts[49]:.1f}", f"{cuts[98]:.1f}", f"{max(times):.1f}"),
          flush=True)  # fmt: skip
