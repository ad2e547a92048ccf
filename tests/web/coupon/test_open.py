"""An open is what a visible page reports of itself."""

import asyncio
import re
from datetime import timedelta

import pytest

from tearoff.kit import clock
from tearoff.web.paper import forms
from tests.cast import PIN
from tests.web.conftest import do, in_days


async def report(coupon, token=None, **headers):
    token = (await coupon.get()).token if token is None else token
    return await coupon.post("/open", {"t": token}, **headers)


async def test_recorded_once(coupon):
    token = (await coupon.get()).token
    for _ in range(3):
        assert (await report(coupon, token)).status == 204
    assert await coupon.events() == [("opened", "consumer", "page", None)]
    assert (await coupon.row())["opened_at"] is not None
    assert 'data-open="' not in (await coupon.get()).text


IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)


async def test_the_device_that_opened_it_first_is_kept(coupon):
    token = (await coupon.get()).token
    await report(coupon, token, user_agent=IPHONE, accept_language="nl-BE,nl;q=0.9,en;q=0.8")
    await report(coupon, token, user_agent="Mozilla/5.0 (Windows NT 10.0) Firefox/130.0")
    assert (await coupon.row())["device"] == ["Mobile Safari", "iOS", "nl-BE"]


async def test_a_device_that_tells_little(coupon):
    await report(coupon, user_agent="A browser nobody knows", accept_language='*;q="x')
    assert (await coupon.row())["device"] == ["", "", ""]


async def test_a_page_that_is_not_valid_yet_can_be_opened(make_coupon):
    coupon = await make_coupon(starts_at=in_days(2))
    await report(coupon)
    assert [kind for kind, *_ in await coupon.events()] == ["opened"]


async def verdicts(coupon):
    rows = await coupon.services.db.fetch(
        "SELECT e.verdict, e.listed, e.reason FROM session_events e"
        " JOIN sessions s ON s.id = e.session_id WHERE s.code = $1 AND e.kind = 'opened'"
        " ORDER BY e.id",
        coupon.code,
    )
    return [(row["verdict"], row["listed"]) for row in rows]


ROBOTS = [
    {"user_agent": "facebookexternalhit/1.1 Facebot Twitterbot/1.0"},
    {"user_agent": "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/130.0"},
    {"user_agent": ""},
    {"sec_purpose": "prefetch;prerender"},
    {"x_purpose": "preview"},
]


@pytest.mark.parametrize("headers", ROBOTS)
async def test_a_robot_opens_nothing_and_is_answered_the_same(coupon, headers):
    before = await coupon.row()
    token = (await coupon.get()).token
    for _ in range(3):
        assert (await report(coupon, token, **headers)).status == 204
    assert await coupon.row() == before
    # One line an hour is enough of it.
    assert await verdicts(coupon) == [("robot", False)]


async def test_a_person_opens_what_a_robot_saw_before(coupon):
    token = (await coupon.get()).token
    await report(coupon, token, **ROBOTS[0])
    assert 'data-open="' in (await coupon.get()).text
    await report(coupon, token)
    assert await verdicts(coupon) == [("robot", False), ("human", True)]
    assert (await coupon.row())["opened_at"] is not None


async def test_robots_at_once_leave_one_line(coupon):
    token = (await coupon.get()).token
    await asyncio.gather(*(report(coupon, token, **ROBOTS[i % 5]) for i in range(40)))
    assert await verdicts(coupon) == [("robot", False)]


async def test_a_robot_comes_again_after_an_hour(coupon, services):
    token = (await coupon.get()).token
    await report(coupon, token, **ROBOTS[0])
    await services.db.execute(
        "UPDATE tallies SET until = now() - interval '1 s' WHERE account_id = $1",
        coupon.shop.account,
    )
    await report(coupon, token, **ROBOTS[0])
    assert await verdicts(coupon) == [("robot", False), ("robot", False)]


async def test_more_than_ten_fresh_coupons_from_one_network_are_a_doubt(make_coupon, services):
    first = await make_coupon()
    coupons = [first, *[await make_coupon(first.shop) for _ in range(13)]]
    tokens = [(await coupon.get()).token for coupon in coupons]
    await asyncio.gather(*(report(c, t) for c, t in zip(coupons, tokens, strict=True)))
    told = [(await verdicts(coupon))[0][0] for coupon in coupons]
    assert sorted(told) == ["human"] * 10 + ["unsure"] * 4
    doubted = coupons[told.index("unsure")]
    assert (await doubted.row())["opened_at"] is None
    assert 'data-open="' in (await doubted.get()).text
    # Whoever uses the coupon has opened it.
    assert (await doubted.redeem(PIN)).status == 303
    assert await verdicts(doubted) == [("unsure", False), ("human", True)]


async def test_coupons_that_were_not_just_sent_are_no_burst(make_coupon, services):
    first = await make_coupon()
    coupons = [first, *[await make_coupon(first.shop) for _ in range(12)]]
    await services.db.execute(
        "UPDATE sessions SET created_at = now() - interval '3 minutes' WHERE campaign_id = $1",
        first.shop.campaign,
    )
    for coupon in coupons:
        await report(coupon)
        assert await verdicts(coupon) == [("human", True)]


async def test_without_a_true_token_nothing_is_opened(coupon, make_coupon, services):
    other = await make_coupon(coupon.shop)
    old = forms.make_token(services.vault, coupon.code, 0, clock.now() - timedelta(hours=20))
    for token in ("", "x.y.z", old, (await other.get()).token):
        assert (await report(coupon, token)).status == 204
    assert await coupon.events() == []


@pytest.mark.parametrize("kind", ["voided", "validated"])
async def test_what_is_over_is_not_opened(coupon, kind):
    token = (await coupon.get()).token
    await do(coupon, kind)
    before = await coupon.events()
    assert (await report(coupon, token)).status == 204
    assert await coupon.events() == before


async def test_unknown_coupon(coupon):
    assert (await coupon.post("x/open", {"t": "1.0.x"})).status == 204


async def test_many_at_a_poster_are_people(make_coupon, services):
    """Coupons of the public link were in no message: thirty phones in one shop are no scanner."""
    first = await make_coupon()
    coupons = [first, *[await make_coupon(first.shop) for _ in range(14)]]
    await services.db.execute(
        "UPDATE sessions SET begun_by = 'poster' || id WHERE campaign_id = $1",
        first.shop.campaign,
    )
    tokens = [(await coupon.get()).token for coupon in coupons]
    await asyncio.gather(*(report(c, t) for c, t in zip(coupons, tokens, strict=True)))
    assert [await verdicts(coupon) for coupon in coupons] == [[("human", True)]] * 15


async def test_hits_are_counted_apart_from_opens(coupon):
    async def count():
        page = await coupon.get("/metrics")
        found = re.findall(r'tearoff_(page_hits|opens)_total\{\w+="(\w+)"\} (\d+)', page.text)
        return {name: int(n) for *_, name, n in found}

    before = await count()
    for path in (coupon.path, coupon.path, f"/p/{coupon.shop.code}", f"{coupon.path}x"):
        await coupon.get(path)
    after = await count()
    changed = {name: n - before.get(name, 0) for name, n in after.items()}
    assert {name: n for name, n in changed.items() if n} == {"coupon": 2, "offer": 1}


async def test_verdicts_are_counted_for_operators(coupon):
    async def count():
        page = await coupon.get("/metrics")
        found = re.findall(r'tearoff_opens_total{verdict="(\w+)"} (\d+)', page.text)
        return {verdict: int(n) for verdict, n in found}

    before, token = await count(), (await coupon.get()).token
    await report(coupon, token, **ROBOTS[0])
    await report(coupon, token)
    after = await count()
    assert {name: after[name] - before.get(name, 0) for name in ("robot", "human")} == {
        "robot": 1,
        "human": 1,
    }
