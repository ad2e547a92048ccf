"""What takes millions of rows: making them, sending beside them, long lists, many codes at once."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta

import aiohttp
from tests.cast import Shop, open_shop

from bench.paths import Sending, open_shops, show
from bench.processors import resident_memory
from bench.rig import Rig
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.sessions import lists
from tearoff.coupons.sessions.minting import mint

LINE = "| {:<44} | {:>9} | {:>9} | {:>6} |"


async def bench_mint(rig: Rig) -> None:
    """Minting against a bare COPY of the same rows into a table with the same indexes."""
    amount = min(rig.rows, 1_000_000)
    db = rig.services.db
    shop = await open_shop(rig.services)
    started = time.perf_counter()
    await _mint(rig, shop, amount)
    ours = time.perf_counter() - started
    rows = await db.fetch(
        "SELECT account_id, campaign_id, code, created_at FROM sessions WHERE campaign_id = $1",
        shop.campaign,
    )
    async with db.connection() as connection:
        await connection.execute("CREATE TABLE floor_copy (LIKE sessions INCLUDING ALL)")
        started = time.perf_counter()
        await connection.copy_records_to_table(
            "floor_copy", records=[tuple(r) for r in rows],
            columns=["account_id", "campaign_id", "code", "created_at"],
        )  # fmt: skip
        floor = time.perf_counter() - started
        await connection.execute("DROP TABLE floor_copy")
    print(f"mint {amount:,}: {ours:.1f} s, bare COPY {floor:.1f} s, ratio {ours / floor:.2f}")


async def bench_send_beside(rig: Rig) -> None:
    """The same send rate when the accounts already have many sessions."""
    small, large = await open_shops(rig), await open_shops(rig)
    for shop in large:
        await _mint(rig, shop, rig.rows // len(large))
    await rig.checkpoint()
    await show(
        rig, f"send beside {rig.rows:,} sessions", Sending(rig, large).script(),
        {"beside none": Sending(rig, small).script()},
    )  # fmt: skip


async def _mint(rig: Rig, shop: Shop, amount: int) -> None:
    campaign = await campaigns.campaign(rig.services.db, shop.account, shop.campaign)
    assert campaign is not None
    async with rig.services.db.transaction() as db:
        await mint(db, campaign, amount, datetime.now(UTC))


async def bench_lists(rig: Rig) -> None:
    """Pages of a campaign with very many sessions, against reading 100 sessions by their ids."""
    amount = rig.rows
    shop = await fill(rig, amount)
    floor = await _floor(rig, shop)
    print(LINE.format(f"list of {amount:,} sessions, milliseconds", "median", "worst", "floors"))
    print(LINE.format("---", "---", "---", "---"))
    async with aiohttp.ClientSession(headers=shop.headers) as http:
        await _pages(rig, http, shop, "before anchors: page 1", "data", [1], {}, floor, tries=1)
        async with rig.services.db.transaction() as db:
            started = time.perf_counter()
            made = await lists.set_anchors(db, shop.campaign, datetime.now(UTC))
            seconds = time.perf_counter() - started
        last = amount // 100
        everywhere = [1, 2, 77, last // 7, last // 3, last // 2, last - 50, last, last + 1]
        period = {"start_date": "2026-02-03", "end_date": "2026-03-01 11:30"}
        await _pages(rig, http, shop, "all, any page", "data", everywhere, {}, floor)
        first = [1, 2, 10, 49, 50, 51, 99, 100]
        await _pages(rig, http, shop, "a period, first 100 pages", "data", first, period, floor)
        await _pages(rig, http, shop, "opened, first 100 pages", "opens", first, {}, floor)
        await _pages(
            rig, http, shop, "opened in a period, first 100 pages", "opens", first, period, floor
        )
    print(f"{made:,} anchors set in {seconds:.1f} s")


async def fill(rig: Rig, amount: int) -> Shop:
    """Sessions over three months, every fifth one opened a day later."""
    shop = await open_shop(rig.services)
    campaign = await campaigns.campaign(rig.services.db, shop.account, shop.campaign)
    assert campaign is not None
    lots = max(1, amount // 20_000)
    for lot in range(lots):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=90 * lot / lots)
        async with rig.services.db.transaction() as db:
            await mint(db, campaign, amount // lots, at)
            await db.execute("SET LOCAL statement_timeout = 0")
            await db.execute(
                "WITH o AS (UPDATE sessions SET opened_at = created_at + interval '1 day'"
                " WHERE campaign_id = $1 AND created_at = $2 AND id % 5 = 0 RETURNING *)"
                " INSERT INTO session_events (account_id, campaign_id, session_id, kind, at,"
                " listed) SELECT account_id, campaign_id, id, 'opened', opened_at, true FROM o",
                campaign.id,
                at,
            )
    await rig.services.db.execute("VACUUM ANALYZE sessions")
    await rig.services.db.execute("VACUUM ANALYZE session_events")
    return shop


async def _floor(rig: Rig, shop: Shop) -> float:
    """Milliseconds of reading 100 sessions by their ids."""
    rows = await rig.services.db.fetch(
        "SELECT id FROM sessions WHERE campaign_id = $1 LIMIT 100", shop.campaign
    )
    ids = [row["id"] for row in rows]
    times = []
    for _ in range(20):
        started = time.perf_counter()
        await rig.services.db.fetch("SELECT * FROM sessions WHERE id = ANY($1)", ids)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


async def _pages(
    rig: Rig,
    http: aiohttp.ClientSession,
    shop: Shop,
    name: str,
    path: str,
    pages: list[int],
    more: dict[str, str],
    floor: float,
    tries: int = 5,
) -> None:
    times = []
    for page in pages * tries:
        body = {"campaign": shop.ref, "page": page, **more}
        started = time.perf_counter()
        async with http.post(f"{rig.url}/v3/campaign/{path}", json=body) as answer:
            await answer.read()
            assert answer.status == 200, await answer.text()
        times.append((time.perf_counter() - started) * 1000)
    median, worst = statistics.median(times), max(times)
    print(LINE.format(name, f"{median:.1f}", f"{worst:.1f}", f"{median / floor:.1f}"), flush=True)


async def bench_many(rig: Rig, amount: int = 100_000) -> None:
    """Codes through the API, several calls in a row: seconds, and what the server's memory does."""
    shop = await open_shop(rig.services)
    async with aiohttp.ClientSession(headers=shop.headers) as http:
        for turn in range(4):
            before = resident_memory(rig.process.pid)
            started, first, size = time.perf_counter(), 0.0, 0
            body = {"campaign": shop.ref, "amount": amount}
            async with http.post(f"{rig.url}/v3/multiplesingleuse/create", json=body) as answer:
                async for chunk in answer.content.iter_any():
                    first = first or time.perf_counter() - started
                    size += len(chunk)
            print(
                f"{amount:,} codes, call {turn + 1}: first byte {first:.1f} s, all"
                f" {time.perf_counter() - started:.1f} s, {size / 1e6:.1f} MB; server memory"
                f" {before:.0f} -> {resident_memory(rig.process.pid):.0f} MB",
                flush=True,
            )
