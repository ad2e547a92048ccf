"""One coupon: who has it, how it stands, and what happened to it."""

from __future__ import annotations

import asyncio

from tearoff.accounts import locations
from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaigns, events, messages, sessions, shapes
from tearoff.api.v4.operation import find
from tearoff.kit.words import phrase
from tearoff.web.dashboard import standings
from tearoff.web.dashboard.pages import page
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

MOST_EVENTS = 200

_CAMPAIGN = find(campaigns.OPERATIONS, "GET /v4/campaigns/{id}")

KINDS = {
    "created": phrase("Made"),
    "opened": phrase("Opened"),
    "played": phrase("Scratched"),
    "claimed": phrase("Activated"),
    "unclaimed": phrase("Activation taken back"),
    "validated": phrase("Redeemed"),
    "unvalidated": phrase("Redemption taken back"),
    "voided": phrase("Withdrawn"),
    "unvoided": phrase("Given back"),
    "locked": phrase("Blocked"),
    "unlocked": phrase("Unblocked"),
    "saved": phrase("Saved"),
    "reserved": phrase("Held by a till"),
    "released": phrase("Let go by a till"),
    "lengthened": phrase("Time lengthened"),
}
ACTORS = {
    "consumer": phrase("by the customer"),
    "staff": phrase("by staff"),
    "robot": phrase("by a robot"),
    "tearoff": phrase("by Tearoff itself"),
}
CHANNELS = {
    "page": phrase("on the coupon's page"),
    "counter": phrase("at the counter"),
    "api": phrase("by a program"),
    "dashboard": phrase("here"),
}


def _name(visit: Visit, row: shapes.Session) -> str:
    if not standings.sees_people(visit):
        return ""
    return " ".join(filter(None, (row.customer.firstname, row.customer.lastname)))


async def show_one(visit: Visit) -> Answer:
    coupon = await visit.read(sessions.GET, code=visit.path["code"])
    campaign, happened = await asyncio.gather(
        visit.read(_CAMPAIGN, id=coupon.campaign),
        visit.read(events.LIST, code=coupon.code, limit=MOST_EVENTS),
    )
    message = await visit.read(messages.GET, id=coupon.message) if coupon.message else None
    customer = coupon.customer
    return await page(
        visit,
        "coupon",
        title=visit.words("Coupon {code}", code=spelled(coupon.short_code)),
        at="/campaigns",
        coupon=coupon,
        campaign=campaign,
        standing=standings.of_coupon(coupon.state),
        sees=standings.sees_people(visit),
        name=_name(visit, coupon),
        phone=standings.recipient(visit, customer.phone),
        email=standings.recipient(visit, customer.email),
        free=[value for value in customer.customfields if value],
        happened=happened.data,
        has_more=happened.next_cursor is not None,
        kinds=KINDS,
        actors=ACTORS,
        channels=CHANNELS,
        places=await _places(visit, {event.location for event in happened.data}),
        message=message,
        message_standing=standings.of_message(message) if message else None,
    )


def spelled(short_code: str) -> str:
    """As people read it: two groups of three."""
    return f"{short_code[:3]}\N{NO-BREAK SPACE}{short_code[3:]}".upper()


async def _places(visit: Visit, ids: set[int | None]) -> dict[int, str]:
    found = {}
    for place_id in ids - {None}:
        assert place_id is not None
        place = await patiently(locations.found(visit.services.db, visit.account.id, place_id))
        if place is not None:
            found[place_id] = place.name
    return found


SCREENS = (Screen(path="/coupons/{code:str}", right=Right.LOOK, act=show_one),)
