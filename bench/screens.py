"""Screens of the dashboard in an account with millions of coupons: what a page takes, and what
PostgreSQL does of it."""

from __future__ import annotations

import statistics
import time

import asyncpg
import httpx
from tests.cast import Shop

from bench.rig import Rig
from bench.volumes import fill
from tearoff.accounts import members, sign_ins
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.campaigns.campaigns import NewCampaign
from tearoff.kit import clock, older_names
from tearoff.web.people.page import COOKIE

CAMPAIGNS = 200
TRIES = 20
LINE = "| {:<44} | {:>9} | {:>9} | {:>10} |"


async def bench_screens(rig: Rig) -> None:
    """Milliseconds of a page as its reader waits, and of PostgreSQL's processor for it."""
    shop = await fill(rig, rig.rows)
    await _people(rig, shop, rig.rows // 2)
    async with rig.services.db.transaction() as db:
        for n in range(CAMPAIGNS):
            new = NewCampaign(name=f"Campaign {n}", title="2-for-1", brand="Bean & Leaf")
            await campaigns.create_campaign(db, shop.account, new)
        secret = await _sign_in(db, shop.account)
    code = await rig.services.db.fetchval(
        "SELECT code FROM sessions WHERE campaign_id = $1 LIMIT 1", shop.campaign
    )
    print(LINE.format(f"screens beside {rig.rows:,} coupons", "median", "worst", "PostgreSQL"))
    print(LINE.format("---", "---", "---", "---"))
    coupons = f"/campaigns/{shop.campaign}/coupons"
    here = f"location={shop.location}"
    for name, path in (
        ("home", "/"),
        ("campaigns", "/campaigns"),
        ("campaigns, most redeemed first", "/campaigns?sort=-redeemed"),
        ("campaigns, searched", "/campaigns?search=campaign+7"),
        ("the editor's first tab", f"/campaigns/{shop.campaign}"),
        ("coupons of the large campaign", coupons),
        ("a coupon found by its code", f"{coupons}?search={code[:6]}"),
        ("all coupons", "/coupons"),
        ("found by a whole number", "/coupons?search=%2B32470000077"),
        ("found by four digits", "/coupons?search=0077"),
        ("found by the end of an address", "/coupons?search=77@example.com"),
        ("found by a rare name", "/coupons?search=zo%C3%AB"),
        ("found by a name that every tenth has", "/coupons?search=name7"),
        ("found by two words, both common", "/coupons?search=name7+family1"),
        ("redeemed", "/coupons?state=validated"),
        ("blocked, one in 100,000", "/coupons?state=locked"),
        ("redeemed at one place", f"/coupons?state=validated&{here}"),
        ("by e-mail, of which there is none", "/coupons?channel=email"),
        ("expired, of which there is none", "/coupons?state=expired"),
        ("differing, of which there is none", "/coupons?differs=true"),
        ("a day long ago", "/coupons?from=2026-01-05&until=2026-01-05"),
        ("a day long ago, redeemed", "/coupons?from=2026-01-05&until=2026-01-05&state=validated"),
        ("four filters", f"/coupons?search=family1&state=opened&channel=link&{here}"),
        ("a coupon", f"/coupons/{code[:6]}"),
    ):
        await _measure(rig, name, f"/a/{shop.account}{path}", secret)


async def _people(rig: Rig, shop: Shop, amount: int) -> None:
    """Coupons of people: ten names and a hundred families, in several states. Then what `migrate`
    does for names that are older than their words."""
    async with rig.services.db.transaction() as db:
        await db.execute("SET LOCAL statement_timeout = 0")
        await db.execute(
            "INSERT INTO sessions (account_id, campaign_id, code, firstname, lastname, phone,"
            " email, created_at, opened_at, uses, validated_at, location_id, locked) SELECT $1, $2,"
            " substr(translate(md5(i::text), '01', 'xy'), 1, 21),"
            " CASE WHEN i % 50000 = 0 THEN 'Zoë' ELSE 'Name' || i % 10 END, 'Family' || i % 100,"
            " '+3247' || lpad((i % 10000000)::text, 7, '0'), 'person' || i || '@example.com',"
            " '2026-01-01'::timestamptz + i * interval '7 seconds',"
            " CASE WHEN i % 3 = 0 THEN now() END, (i % 8 = 0)::int,"
            " CASE WHEN i % 8 = 0 THEN now() END, CASE WHEN i % 800 = 0 THEN $3::bigint END,"
            " i % 100000 = 0 FROM generate_series(1, $4::bigint) i ON CONFLICT DO NOTHING",
            shop.account, shop.campaign, shop.location, amount,
            timeout=3600,
        )  # fmt: skip
    started = time.perf_counter()
    named = await older_names.write_missing(rig.services.db)
    print(f"words of {named:,} names written in {time.perf_counter() - started:.1f} s")
    for table in ("sessions", "session_words"):
        await rig.services.db.execute(f"VACUUM ANALYZE {table}")


async def _sign_in(db: asyncpg.Connection, account_id: int) -> str:
    now = clock.now()
    owner = await members.ensure_owner(db, account_id)
    token = await sign_ins.issue_ticket(
        db, "sso", account_id, member_id=owner.id, expires_at=now + sign_ins.SSO_LIVES
    )
    ticket = await sign_ins.use_ticket(db, token, "sso", now)
    return await sign_ins.sign_in(db, ticket, now)


async def _measure(rig: Rig, name: str, path: str, secret: str) -> None:
    async with httpx.AsyncClient(cookies={COOKIE: secret}, timeout=60) as http:
        await http.get(rig.url + path)
        times = []
        before = rig.processor_seconds()[1]
        for _ in range(TRIES):
            started = time.perf_counter()
            answer = await http.get(rig.url + path)
            assert answer.status_code == 200, answer.text[:300]
            times.append((time.perf_counter() - started) * 1000)
        database = (rig.processor_seconds()[1] - before) * 1000 / TRIES
    told = (f"{statistics.median(times):.1f}", f"{max(times):.1f}", f"{database:.1f}")
    print(LINE.format(name, *told), flush=True)
