"""Robots of all kinds look at everything, and nothing changes: no row of any table, no count, no
clock. What they post changes nothing that counts either."""

from __future__ import annotations

import asyncio
import random
import re

import pytest

from tearoff.coupons.models import NewSession
from tearoff.web.routes import COUPON_PAGES
from tests.web.agents import PEOPLE, ROBOTS

AT_ONCE = 40

# Filled and emptied by background work, whatever anybody asks for.
WORKS_ALONE = {"call_buckets", "processes", "signs_of_life"}
COUNTS = {"campaign_deltas", "campaign_totals", "campaign_days"}
"""Counts are added up by the worker; together they say the same."""


async def snapshot(services, account):
    """Every table's rows, as a fingerprint each; those of this account where rows have one."""
    tables = await services.db.fetch(
        "SELECT c.relname AS name, EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid"
        " AND a.attname = 'account_id' AND NOT a.attisdropped) AS is_tenants"
        " FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
        " AND c.relnamespace = 'public'::regnamespace"
    )
    found = {}
    for table in tables:
        name = table["name"]
        if name.startswith("pgqueuer") or name in WORKS_ALONE | COUNTS:
            continue
        mine = f"WHERE account_id = {account}" if table["is_tenants"] else ""
        if name == "accounts":
            mine = f"WHERE id = {account}"
        found[name] = await services.db.fetchval(
            "SELECT count(*) || ':' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)),"
            f" '') FROM {name} t {mine}"
        )
    counted = await services.db.fetch(
        "SELECT campaign_id, sum(issued), sum(sent), sum(opened), sum(claimed), sum(redeemed)"
        " FROM (SELECT campaign_id, issued, sent, opened, claimed, redeemed FROM campaign_totals"
        " WHERE account_id = $1 UNION ALL SELECT campaign_id, issued, sent, opened, claimed,"
        " redeemed FROM campaign_deltas WHERE account_id = $1) c GROUP BY 1 ORDER BY 1",
        account,
    )
    return found | {"counts": str([tuple(row) for row in counted])}


def addresses(coupon, picture):
    """All that a robot can find: every address that there is, as it stands in messages and on
    pages, and what can be guessed from there."""
    codes = {"campaign:str": coupon.shop.code, "session:str": coupon.code, "rest:path": "nothing"}
    found = []
    for route in COUPON_PAGES.routes:
        if re.match(r"/[pz](/|$)", route.path):
            path = route.path
            for name, value in codes.items():
                path = path.replace(f"{{{name}}}", value)
            found.append(re.sub(r"{[^}]*}", f"{picture}.webp", path))
    public, personal = f"/p/{coupon.shop.code}", coupon.path
    return [
        *found, f"{personal}?lang=nl", f"{personal}&web=true", f"{personal}.",
        personal.upper().replace("/P/", "/p/"), f"{personal}/stop?again=1",
        f"{public}&web=true", f"{public}?customid=7&utm_source=mail",
        f"{public}/card/{picture}.jpg", f"{public}/card/plain-0b5d4b.jpg",
    ]  # fmt: skip


@pytest.fixture
async def coupon(make_coupon):
    return await make_coupon(
        picture=True,
        new=NewSession(firstname="Ann", phone="+32470001234"),
        activation_seconds=900,
        limit_sessions=5,
        limit_claims=5,
        raw_options='{"public_link": true}',
    )


@pytest.mark.parametrize("gets", [400, pytest.param(2_000, marks=pytest.mark.soak)])
async def test_no_look_changes_anything(coupon, services, gets):
    picture = await services.db.fetchval(
        "SELECT picture_id FROM campaigns WHERE id = $1", coupon.shop.campaign
    )
    paths = addresses(coupon, picture)
    assert len(paths) > 25
    agents = [*ROBOTS.values(), *PEOPLE.values()]
    before = await snapshot(services, coupon.shop.account)
    chance, turns, statuses = random.Random(4), asyncio.Semaphore(AT_ONCE), set()

    async def look(n):
        headers = {"user-agent": agents[n % len(agents)], "accept-language": "nl,en;q=0.5"}
        if n % 7 == 0:
            headers["sec-purpose"] = "prefetch;prerender"
        method = "HEAD" if n % 3 == 0 else "GET"
        async with (
            turns,
            coupon.http.request(
                method, coupon.url + chance.choice(paths), headers=headers, allow_redirects=False
            ) as answer,
        ):
            await answer.read()
            statuses.add(answer.status)

    await asyncio.gather(*map(look, range(gets)))
    assert statuses <= {200, 303, 404, 405}  # 303: from what cannot be saved to the coupon
    assert await snapshot(services, coupon.shop.account) == before


@pytest.mark.parametrize("agent", ROBOTS.values(), ids=ROBOTS)
async def test_what_a_robot_posts_counts_nothing(coupon, services, agent):
    """It presses everything that is on the page, and gets the same answers as anybody."""
    page, stop = await coupon.get(), await coupon.get(f"{coupon.path}/stop")
    before, row = await snapshot(services, coupon.shop.account), await coupon.row()
    robot = {"user_agent": agent, "accept_language": "en"}
    answers = [
        await coupon.post("/open", {"t": page.token}, **robot),
        await coupon.post("/claim", {"t": page.token}, **robot),
        await coupon.post("/scratch", {"t": page.token}, **robot),
    ]
    public = await coupon.get(f"/p/{coupon.shop.code}")
    if agent.strip():
        answers.append(await coupon.post("/stop", {"t": stop.token}, **robot))
    answers.append(await coupon._ask("POST", f"/p/{coupon.shop.code}", robot, {"t": public.token}))
    assert {answer.status for answer in answers} <= {200, 204, 303, 404, 405}
    after = await snapshot(services, coupon.shop.account)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"session_events", "tallies"}
    assert await coupon.row() == row
    counted = await services.db.fetch(
        "SELECT kind, verdict, listed FROM session_events WHERE account_id = $1",
        coupon.shop.account,
    )
    assert [tuple(event) for event in counted] == [("opened", "robot", False)]
    tallies = await services.db.fetch(
        "SELECT scope FROM tallies WHERE account_id = $1 AND scope LIKE 'campaign:%'",
        coupon.shop.account,
    )
    assert [t["scope"] for t in tallies] == [f"campaign:{coupon.shop.campaign}:sessions"]


@pytest.mark.parametrize("agent", [ROBOTS["safelinks"], ROBOTS["headless"], ROBOTS["whatsapp"]])
async def test_a_robot_that_presses_both_buttons_uses_nothing(make_coupon, agent):
    """Scanners of mail are known to press what they find."""
    coupon = await make_coupon(raw_options='{"methods": ["code", "button"]}')
    before, token = await coupon.row(), (await coupon.get(f"{coupon.path}/confirm")).token
    answer = await coupon.post("/redeem", {"t": token, "sure": "1"}, user_agent=agent)
    assert answer.status == 200
    assert await coupon.row() == before
    assert (await coupon.post("/redeem", {"t": token, "sure": "1"})).status == 303
