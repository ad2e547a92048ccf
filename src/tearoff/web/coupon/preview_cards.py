"""Preview cards for messengers: the picture that they show of a link. Their addresses carry no
code of a person, and everybody may keep them."""

from __future__ import annotations

import re

from litestar import route

from tearoff.coupons.campaigns.preview_cards import card_of_code, card_of_webp, draw_card
from tearoff.coupons.models import Campaign
from tearoff.kit.bulkhead import Bulkhead
from tearoff.kit.services import services_of
from tearoff.web.coupon.finding import find_campaign, read_code
from tearoff.web.coupon.visits import Part, network_seen
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.paper.static_files import FOR_EVER

_DRAWING = Bulkhead("cards", at_once=2, waiting=32, after=2)

_PICTURE = re.compile(r"([0-9]{1,15})\.jpg\Z")
_PLAIN = re.compile(r"plain-([0-9a-f]{6})\.jpg\Z")


def card_path(campaign: Campaign) -> str:
    """The address of the campaign's card. It changes with the picture, or, where there is none,
    with the colour that the card is drawn in."""
    name = campaign.picture_id or f"plain-{campaign.brand_color.lower().removeprefix('#')}"
    return f"/p/{campaign.code}/card/{name}.jpg"


@route("/p/{campaign:str}/card/{name:str}", http_method=READ)
async def show_card(request: AnyRequest, campaign: Part, name: Part) -> Answer:
    picture, plain = _PICTURE.match(name), _PLAIN.match(name)
    card = None
    if picture:
        card = await _of_picture(request, read_code(campaign), int(picture[1]))
    elif plain:
        card = await _drawn(request, campaign, f"#{plain[1]}")
    if card is None:
        return notes.unknown(request)
    headers = [
        ("content-type", "image/jpeg"),
        ("cache-control", FOR_EVER),
        ("x-content-type-options", "nosniff"),
    ]
    return answer(200, headers, card)


async def _of_picture(request: AnyRequest, code: str, picture_id: int) -> bytes | None:
    db = services_of(request).db
    found = await patiently(card_of_code(db, code, picture_id)) if code else None
    if found is None:
        return None
    if found.card is not None:
        return bytes(found.card)
    return await _DRAWING.run_for(network_seen(request), card_of_webp, bytes(found.webp))


async def _drawn(request: AnyRequest, code: str, color: str) -> bytes | None:
    """Only in the campaign's own colour: nobody has us draw all the others."""
    found = await find_campaign(services_of(request), code)
    if found is None or found.brand_color.lower() != color:
        return None
    return await _DRAWING.run_for(network_seen(request), draw_card, color)


HANDLERS = [show_card]
