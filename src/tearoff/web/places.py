"""Where a coupon is taken in, and when it is open there."""

from __future__ import annotations

import msgspec
from litestar import route

from tearoff.accounts import locations
from tearoff.accounts.models import Location
from tearoff.kit.hours import in_words
from tearoff.kit.services import services_of
from tearoff.web import notes, paper
from tearoff.web.finding import PERSONAL, find, patiently
from tearoff.web.paper import Answer
from tearoff.web.save_words import WORDS
from tearoff.web.standing import path_of
from tearoff.web.tries import to_coupon
from tearoff.web.visits import READ, AnyRequest, Part, visit_to

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
    text = paper.render(
        "where.html", w=visit.words, brand=campaign_row.brand, path=path_of(found),
        query=visit.query, back=WORDS[visit.language].back,
        places=[_place(location, visit.language) for location in known[:MOST]],
    )  # fmt: skip
    css = paper.style_of(campaign_row.brand_color)
    beginning = paper.begin(visit.language, css, "note_head.html", notes.STYLE)
    return paper.print_page(beginning, text, gzip=notes.reads_gzip(request))


def _place(location: Location, language: str) -> Place:
    hours = in_words(location.hours, language)
    return Place(location.name, location.address, hours, location.phone)


HANDLERS = [show_places]
