"""What a coupon promises while its page is open, and how a page wakes up: each state tells what is
true now, and turns into the next one by itself."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons.sessions import actions
from tearoff.kit.hours import Hours, open_until
from tests.cast import PIN
from tests.web.conftest import do, in_days
from tests.web.scenes import CARD, NO_LUCK, SCENES


def options(**values):
    return json.dumps(values)


def closing_soon():
    """Open since an hour ago, for some minutes more."""
    now = datetime.now(UTC)
    since, until = now - timedelta(hours=1), now + timedelta(minutes=8)
    return [{"days": [since.isoweekday()], "start": f"{since:%H:%M}", "end": f"{until:%H:%M}"}]


async def act(coupon, name):
    answer = await coupon.post(f"/{name}", {"t": (await coupon.get()).token})
    assert answer.status == 303


async def accepted_page(coupon, **values):
    """The page on the phone that was just served."""
    used = await coupon.redeem(PIN, **values)
    cookie = used.headers["set-cookie"].partition(";")[0]
    return await coupon.get(used.headers["location"], cookie=cookie)


@pytest.mark.parametrize(
    ("values", "promised"),
    [
        ({"activation_seconds": 900}, "15 minutes"),
        ({"activation_seconds": 900, "expires_at": in_days(1)}, "15 minutes"),
        ({"activation_seconds": 900, "expires_at": "soon"}, "(9|10) min"),
        ({"activation_seconds": 900, "expires_at": "now"}, r"[1-4]?\d s"),
        ({"activation_seconds": 86_400, "expires_at": "hours"}, r"2 h \d+ min|3 h 0 min"),
        ({"activation_seconds": 900, "raw_options": "closing"}, "[67] min"),
    ],
)
async def test_activating_promises_the_time_that_is_really_left(make_coupon, values, promised):
    ends = {"soon": 600, "now": 45, "hours": 3 * 3600}
    if values.get("expires_at") in ends:
        values = {**values, "expires_at": in_days(ends[values["expires_at"]] / 86_400)}
    if "raw_options" in values:
        values = {**values, "raw_options": options(hours=closing_soon()), "timezone": "UTC"}
    page = await (await make_coupon(**values)).get()
    assert re.search(rf"Only at the counter: you then have ({promised})\.<", page.text)


async def test_the_window_is_shown_up_to_the_closing_hour(make_coupon):
    hours = closing_soon()
    coupon = await make_coupon(
        activation_seconds=3600, timezone="UTC", raw_options=options(hours=hours)
    )
    await act(coupon, "claim")
    page = await coupon.get()
    end = hours[0]["end"]
    assert re.search(rf"counter before <b><time[^>]*>([^<]*, )?{end}<", page.text)
    assert re.search(r'data-left="(3\d\d|4\d\d)"', page.text)
    assert "I need more time" not in page.text, "more time is no later closing hour"


def test_when_hours_end():
    friday = datetime(2026, 11, 27, 16, 30, 12, tzinfo=UTC)  # 17:30 in Brussels

    def until(now, *lines):
        hours = [Hours(days=days, start=start, end=end) for days, start, end in lines]
        found = open_until(hours, "Europe/Brussels", now)
        return found and f"{found:%d %H:%M:%S}"

    night = ((5,), "17:00", "02:00")
    week = tuple(range(1, 8))
    assert until(friday, ((5,), "09:00", "18:00")) == "27 17:00:00"
    assert until(friday, ((5,), "09:00", "24:00"), ((6,), "00:00", "02:00")) == "28 01:00:00"
    assert until(friday, night) == until(friday + timedelta(hours=8), night) == "28 01:00:00"
    assert until(friday, (week, "00:00", "24:00")) is None
    assert until(friday, ((1,), "09:00", "18:00")) is None
    summer_ends = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)  # 01:30, and 03:00 comes late
    assert until(summer_ends, ((7,), "00:00", "04:00")) == "25 03:00:00"


@pytest.mark.parametrize(
    "more", [{}, {"activation_seconds": 900}, {"pause_seconds": 3600}, {"uses": 30}]
)
async def test_after_a_use_the_badge_says_how_many_are_left(make_coupon, more):
    coupon = await make_coupon(**{"uses": 3, **more})
    if "activation_seconds" in more:
        await act(coupon, "claim")
    page = await accepted_page(coupon)
    uses = more.get("uses", 3)
    assert "Accepted" in page.text
    assert re.search(rf'class="badge ok">.*?</svg>{uses - 1} of {uses} left<', page.text)


async def test_after_a_use_the_next_window_is_two_steps_away(make_coupon):
    coupon = await make_coupon(uses=3, activation_seconds=900)
    await act(coupon, "claim")
    page = await accepted_page(coupon)
    assert "/claim" not in page.text
    assert f'<a class="go plain" href="{coupon.path}">Activate coupon</a>' in page.text
    page = await coupon.get()
    assert f'action="{coupon.path}/claim"' in page.text
    assert "2 of 3 left" in page.text


async def test_a_coupon_alone_is_told_in_words_of_its_own(make_coupon):
    ours = options(withdrawn_text="Back in May.")
    for kind, words in (("voided", "made invalid"), ("locked", "locked for now")):
        coupon = await make_coupon(raw_options=ours)
        await do(coupon, kind)
        page = await coupon.get()
        assert words in page.text
        assert "Back in May." not in page.text
        mark = (await coupon.get(f"{coupon.path}/now")).text
        await do(coupon, f"un{kind}")
        assert (await coupon.get(f"{coupon.path}/now")).text != mark
    await do(coupon, "locked")
    mark = (await coupon.get(f"{coupon.path}/now")).text
    await do(coupon, "voided")
    assert (await coupon.get(f"{coupon.path}/now")).text != mark
    assert "made invalid" in (await coupon.get()).text


async def test_a_locked_coupon_says_so_when_it_is_opened_again(make_coupon):
    coupon = await make_coupon()
    free = (await coupon.get(f"{coupon.path}/now")).text
    await SCENES["locked"].act(coupon)
    page = await coupon.get()
    assert '<details class="staff" open>' in page.text
    assert "Locked for 15 minutes." in page.text
    locked = (await coupon.get(f"{coupon.path}/now")).text
    assert locked != free
    await coupon.services.db.execute(
        "UPDATE tallies SET until = until - interval '3 minutes'"
        " WHERE scope = 'pin:session:' || (SELECT id FROM sessions WHERE code = $1)", coupon.code
    )  # fmt: skip
    assert "Locked for 12 minutes." in (await coupon.get()).text
    assert (await coupon.get(f"{coupon.path}/now")).text != locked


@pytest.mark.parametrize(
    ("name", "values", "asks"),
    [
        ("paused", {"status": "paused"}, True),
        ("expired", {"expires_at": in_days(-1)}, True),
        ("lost", {"raw_options": options(scratch=NO_LUCK)}, False),
        ("a card", {"raw_options": options(scratch=CARD)}, True),
    ],
)
async def test_every_state_that_can_change_is_asked_for(make_coupon, name, values, asks):
    coupon = await make_coupon(**values)
    if name == "lost":
        await act(coupon, "scratch")
    assert ("data-mark" in (await coupon.get()).text) is asks


@pytest.mark.parametrize(
    ("values", "mark"),
    [({}, "open"), ({"status": "paused"}, "paused"), ({"expires_at": in_days(-1)}, "ended"),
     ({"starts_at": in_days(1)}, "early"), ({"limit_sessions": 1}, "gone")],
)  # fmt: skip
async def test_the_offers_page_asks_how_it_stands(make_coupon, values, mark):
    coupon = await make_coupon(**values)
    public = f"/p/{coupon.shop.code}"
    page, now = await coupon.get(public), await coupon.get(f"{public}/now")
    assert (now.status, now.text) == (200, mark)
    asks = f'data-now="{public}/now" data-mark="{mark}"'
    assert (asks in page.text) is (mark != "open")
    assert (await coupon.get("/p/zzzzzz/now")).status == 404


async def test_one_code_has_one_look(make_coupon):
    coupon = await make_coupon()
    page = await coupon.get()
    assert f'class="short" dir="ltr" translate="no">{coupon.short}<' in page.text
    assert "text-transform" not in page.text
    found = await actions.find_session(coupon.services.db, coupon.shop.account, f" {coupon.short} ")
    assert found.session.code == coupon.code
