"""The last moment at which a coupon is of use, wherever it is told: the day that is named is
one on which it can be used, by the shop's clock."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tearoff.coupons import rules
from tearoff.coupons.models import NewSession
from tearoff.coupons.sessions import actions
from tests.web.conftest import do, in_days

WORKDAYS = [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "17:00"}]
ENDS = {
    "at 18:00": ("2031-01-02 18:00", [], None, "2 January 2031, 18:00"),
    "half an hour after midnight": ("2031-01-02 00:30", [], None, "2 January 2031, 00:30"),
    "at midnight": ("2031-01-02 00:00", [], None, "1 January 2031, 23:59"),
    "in a weekend of a shop that rests": ("2031-01-05 23:59", WORKDAYS, None,
                                          "3 January 2031, 17:00"),
    "at night, after closing time": ("2031-01-02 00:30", WORKDAYS, None, "1 January 2031, 17:00"),
    "within the hours": ("2031-01-02 12:00", WORKDAYS, None, "2 January 2031, 12:00"),
    "before its campaign": ("2031-01-31 18:00", [], "2031-01-02 00:00", "1 January 2031, 23:59"),
}  # fmt: skip


def brussels(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Brussels"))


def options(**values):
    return json.dumps(values)


async def ending(make_coupon, name, **values):
    ends, hours, own, told = ENDS[name]
    new = NewSession(expires_at=brussels(own) if own else None, email="ann@example.com")
    given = options(hours=hours)
    coupon = await make_coupon(new=new, expires_at=brussels(ends), raw_options=given, **values)
    return coupon, told


@pytest.mark.parametrize("name", ENDS)
async def test_the_page_names_the_last_moment_of_use(make_coupon, name):
    coupon, told = await ending(make_coupon, name)
    assert f">{told}</time>" in (await coupon.get()).text


async def test_the_card_and_the_public_page_name_it_too(make_coupon):
    coupon, told = await ending(make_coupon, "in a weekend of a shop that rests")
    page = await coupon.get(f"/p/{coupon.shop.code}")
    assert page.text.count(told) >= 2
    assert "5 January" not in page.text


def _yesterday_only():
    day = in_days(-1).isoweekday()
    return [{"days": [day], "start": "00:00", "end": "24:00"}]


async def test_a_coupon_that_never_opens_again_has_ended(make_coupon):
    """Its end is tomorrow, its last hour was yesterday."""
    given = {"timezone": "UTC", "expires_at": in_days(1), "starts_at": in_days(-30)}
    coupon = await make_coupon(**given, raw_options=options(hours=_yesterday_only()))
    page = await coupon.get()
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert "This coupon ended on" in page.text
    assert "Not at this hour" not in page.text
    assert f'datetime="{midnight.isoformat()}"' in page.text
    with pytest.raises(rules.Expired) as refused:
        await do(coupon, "validated")
    assert refused.value.at == midnight
    offer = await coupon.get(f"/p/{coupon.shop.code}")
    assert "ended on" in offer.text and "<button" not in offer.text


async def test_it_is_closed_while_it_opens_again(make_coupon):
    coupon = await make_coupon(
        timezone="UTC", expires_at=in_days(7.5), raw_options=options(hours=_yesterday_only())
    )
    assert "Not at this hour" in (await coupon.get()).text
    found = await actions.find_session(coupon.services.db, coupon.shop.account, coupon.code)
    refusal = rules.why_not_usable(found.session, found.campaign, datetime.now(UTC))
    assert isinstance(refusal, rules.WrongTime)


async def test_the_first_day_is_one_on_which_it_can_be_used(make_coupon):
    coupon = await make_coupon(
        starts_at=brussels("2031-01-04 00:00"), expires_at=brussels("2031-02-01 00:00"),
        raw_options=options(hours=WORKDAYS),
    )  # fmt: skip
    page = await coupon.get()
    assert ">6 January 2031, 09:00</time>" in page.text
    assert ">31 January 2031, 17:00</time>" in page.text
