"""Where a coupon is taken in, and when it is open there."""

from __future__ import annotations

import msgspec
from litestar import route

from tearoff.accounts import locations
from tearoff.accounts.models import Location
from tearoff.kit.hours import in_words
from tearoff.kit.services import services_of
from tearoff.web.coupon.finding import PERSONAL, find
from tearoff.web.coupon.last_try import to_coupon
from tearoff.web.coupon.standing import path_of
from tearoff.web.coupon.visits import Part, visit_to
from tearoff.web.paper import html, notes, reading
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently

MOST = 200
"""Places on the page."""


class Place(msgspec.Struct, frozen=True):
    """`hours` are lines such as `Mon–Fri 09:00–17:00`."""

    name: str
    address: str
    hours: tuple[str, ...]
    phone: str


@route([f"{path}/where" for path in PERSONAL], http_method=READ)
async def show_places(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    services = services_of(request)
    found = await find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    if not found.tells_places:
        return to_coupon(request, found)
    visit, campaign_row = visit_to(request, found), found.campaign
    known = await patiently(
        locations.of_campaign(services.db, campaign_row.account_id, campaign_row.id)
    )
    text = html.render(
        "coupon/where.html", visit.words, brand=campaign_row.brand, path=path_of(found),
        query=visit.query, back=visit.words("Back to the coupon"),
        places=[_place(location, visit.language) for location in known[:MOST]],
    )  # fmt: skip
    css = html.style_of(campaign_row.brand_color)
    beginning = html.begin(visit.language, css, "paper/note_head.html", notes.STYLE)
    return html.print_page(beginning, text, gzip=reading.reads_gzip(request))


def _place(location: Location, language: str) -> Place:
    hours = in_words(location.hours, language)
    return Place(location.name, location.address, hours, location.phone)


HANDLERS = [show_places]
