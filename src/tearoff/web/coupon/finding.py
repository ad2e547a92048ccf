"""From the codes in a consumer's link to what is behind them, for as long as somebody waits who
stands at a counter."""

from __future__ import annotations

import re

from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.models import Campaign
from tearoff.coupons.sessions.behind_link import Linked, linked
from tearoff.kit.services import Services
from tearoff.web.paper.reading import patiently

PERSONAL = ["/p/{campaign:str}/{session:str}", "/z/{campaign:str}/{session:str}"]
PUBLIC = ["/p/{campaign:str}", "/z/{campaign:str}"]

_CODE = re.compile(r"[0-9A-Za-z]{1,32}(?![0-9A-Za-z])")
_CODES = r"(/[pz]/[0-9a-z]{1,32}(?:/[0-9a-z]{1,32})?)"
_PARTS = r"(stop|save|where|place|confirm|coupon\.(?:pdf|ics)|wallet/(?:apple|google))"
_ANY_CASE = re.IGNORECASE | re.ASCII | re.DOTALL
_STRAIGHT = re.compile(rf"{_CODES}(?![0-9a-z/]).*", _ANY_CASE)
_STRAIGHT_PART = re.compile(rf"{_CODES}(?:[^0-9a-z/][^/]*)?/{_PARTS}(?![0-9a-z/]).*", _ANY_CASE)
"""Of the pages below a coupon's, with what is glued behind the code and behind the page."""


async def find(services: Services, campaign: str, session: str) -> Linked | None:
    """What a personal link leads to; None when either code is wrong."""
    campaign, session = read_code(campaign), read_code(session)
    if not campaign or not session:
        return None
    return await patiently(linked(services.db, campaign, session))


async def find_campaign(services: Services, campaign: str) -> Campaign | None:
    """The campaign of a public link, or of a picture's address."""
    code = read_code(campaign)
    return await patiently(campaigns.campaign_of_code(services.db, code)) if code else None


def read_code(text: str) -> str:
    """A code as it stands in a link: in any case. It ends where `[a-z0-9]` ends, whatever a
    messenger or a sentence glued behind it. Empty when it can be no code."""
    code = _CODE.match(text)
    return code[0].lower() if code else ""


def straight(path: str) -> str:
    """The path that was meant: of `/P/ABC/DEF`, of one with a slash in what is glued behind the
    code, of one of the coupon's further pages with something glued behind it. Empty when that is
    no other path."""
    found = _STRAIGHT_PART.fullmatch(path) or _STRAIGHT.fullmatch(path)
    meant = "/".join(found.groups()).lower() if found else ""
    return "" if meant == path else meant
