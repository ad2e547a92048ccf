"""Screens of the dashboard in an account with millions of coupons: what a page takes, and what
PostgreSQL does of it."""

from __future__ import annotations

import statistics
import time

import asyncpg
import httpx

from bench.rig import Rig
from bench.volumes import fill
from tearoff.accounts import members, sign_ins
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.campaigns.campaigns import NewCampaign
from tearoff.kit import clock
from tearoff.web.people.page import COOKIE

CAMPAIGNS = 200
TRIES = 20
LINE = "| {:<44} | {:>9} | {:>9} | {:>10} |"


async def bench_screens(rig: Rig) -> None:
    """Milliseconds of a page as its reader waits, and of PostgreSQL's processor for it."""
    shop = await fill(rig, rig.rows)
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
    for name, path in (
        ("home", "/"),
        ("campaigns", "/campaigns"),
        ("campaigns, most redeemed first", "/campaigns?sort=-redeemed"),
        ("campaigns, searched", "/campaigns?search=campaign+7"),
        ("the editor's first tab", f"/campaigns/{shop.campaign}"),
        ("coupons of the large campaign", coupons),
        ("a coupon found by its code", f"{coupons}?search={code[:6]}"),
        ("a coupon", f"/coupons/{code[:6]}"),
    ):
        await _measure(rig, name, f"/a/{shop.account}{path}", secret)


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
