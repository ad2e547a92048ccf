"""One coupon: how it stands, whose it is, what happened to it, and what can be done to it."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from tearoff.accounts import locations
from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaign_shapes, campaigns, sessions, shapes, timeline
from tearoff.api.v4.fields import BadFields
from tearoff.api.v4.operation import find
from tearoff.kit import times
from tearoff.web.dashboard import coupon_line, standings
from tearoff.web.dashboard.forms import clock_text
from tearoff.web.dashboard.moments import Moments
from tearoff.web.dashboard.pages import page
from tearoff.web.dashboard.saying import Problems
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

STEPS = 100
"""Of its time line on one page."""

_CAMPAIGN = find(campaigns.OPERATIONS, "GET /v4/campaigns/{id}")
_USABLE = ("created", "opened", "claimed")


async def show(visit: Visit) -> Answer:
    return await shown(visit)


async def shown(
    visit: Visit, problems: Problems | None = None, *, box: str = "", refused: str = ""
) -> Answer:
    """`box`: the act whose form stands open, because of these `problems`; `refused`: what stands
    in the way of one that was possible a moment ago."""
    coupon = await visit.read(sessions.GET, code=visit.path["code"])
    campaign = await visit.read(_CAMPAIGN, id=coupon.campaign)
    happened, places = await _happened(visit, coupon.code), await _places(visit, coupon)
    acts = offered(visit, coupon)
    cursor = visit.query.get("cursor")
    return await page(
        visit,
        "coupon",
        title=visit.words("Coupon {code}", code=standings.spelled(coupon.short_code)),
        at="/coupons",
        status=409 if refused else 422 if problems else 200,
        coupon=coupon,
        campaign=campaign,
        base=visit.address(f"/coupons/{coupon.short_code}"),
        standing=standings.of_coupon(coupon.state),
        **_person(visit, coupon),
        **_ends(visit, coupon, campaign),
        steps=coupon_line.told(visit, happened.data),
        first=visit.address(f"/coupons/{coupon.short_code}") if cursor else "",
        next=_next(visit, coupon, happened.next_cursor),
        places=places,
        acts=acts,
        problems=problems,
        box=box,
        refused=refused,
        once=secrets.token_urlsafe(9),
    )


async def _happened(visit: Visit, code: str) -> Any:
    cursor = visit.query.get("cursor") or None
    try:
        return await visit.read(timeline.LIST, code=code, limit=STEPS, cursor=cursor)
    except BadFields:  # an address that somebody has cut
        return await visit.read(timeline.LIST, code=code, limit=STEPS)


def _next(visit: Visit, coupon: shapes.Session, cursor: str | None) -> str:
    return visit.address(f"/coupons/{coupon.short_code}", cursor=cursor) if cursor else ""


async def _places(visit: Visit, coupon: shapes.Session) -> dict[int, str]:
    """Where it is taken in, and where it was."""
    db, account = visit.services.db, visit.account.id
    found = await patiently(locations.of_campaign(db, account, coupon.campaign))
    known = {place.id: place.name for place in found}
    if coupon.location is not None and coupon.location not in known:
        used_at = await patiently(locations.of_ids(db, account, [coupon.location]))
        known |= {place.id: place.name for place in used_at.values()}
    return known


def _person(visit: Visit, coupon: shapes.Session) -> dict[str, Any]:
    customer = coupon.customer
    return {
        "erased_at": erased_at(coupon),
        "sees": standings.sees_people(visit),
        "name": standings.name_of(visit, coupon),
        "phone": standings.recipient(visit, customer.phone),
        "email": standings.recipient(visit, customer.email),
        "free": [value for value in customer.customfields if value],
    }


def erased_at(coupon: shapes.Session) -> datetime | None:
    """None again where somebody else was written into it since."""
    customer = coupon.customer
    known = (customer.phone, customer.email, customer.firstname, customer.lastname)
    return None if any(known) else coupon.forgotten_at


def _ends(
    visit: Visit, coupon: shapes.Session, campaign: campaign_shapes.Campaign
) -> dict[str, Any]:
    """On the campaign's clock, as the phone and the counter tell it."""
    is_other = campaign.timezone != visit.account.timezone
    return {
        "ends": Moments(visit.words, campaign.timezone, visit.now),
        "clock": times.city_of(campaign.timezone, visit.language) if is_other else "",
        "end_text": clock_text(coupon.expires_at, campaign.timezone, is_end=True),
        "zone_name": times.city_of(campaign.timezone, visit.language),
    }


def offered(visit: Visit, coupon: shapes.Session) -> list[str]:
    """What can be done to it as it stands, by somebody of this role."""
    state, is_live = coupon.state, coupon.state in _USABLE
    can = {
        "resend": is_live and visit.may(Right.SEND) and erased_at(coupon) is None,
        "redeem": is_live and visit.may(Right.REDEEM),
        "undo": coupon.uses > 0 and visit.may(Right.UNDO),
        "extend": (is_live or state in ("expired", "locked"))
        and coupon.expires_at is not None
        and visit.may(Right.SEND),
        "block": is_live and visit.may(Right.REDEEM),
        "unblock": state == "locked" and visit.may(Right.REDEEM),
        "withdraw": (is_live or state in ("expired", "locked")) and visit.may(Right.REDEEM),
        "give-back": state == "voided" and visit.may(Right.REDEEM),
    }
    return [act for act, is_so in can.items() if is_so]


SCREENS = (Screen(path="/coupons/{code:str}", right=Right.LOOK, act=show),)
