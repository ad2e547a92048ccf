"""How a reader wants a page shown: the language, and the addresses that stand on it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from litestar import Request
from litestar.params import FromPath

from tearoff.coupons.models import Campaign
from tearoff.kit.services import services_of
from tearoff.web import framing, notes
from tearoff.web.words import WORDS, Words, choose_language

AnyRequest = Request[Any, Any, Any]
Part = FromPath[str]

READ: list[Literal["GET", "HEAD"]] = ["GET", "HEAD"]


class Visit(msgspec.Struct, frozen=True):
    """What a request says about how to show the page. `asked` is the language in the link,
    `accepted` the browser's Accept-Language; `link_host` and `public_url` are settings;
    `is_framed`: it is to stand in another site's frame."""

    language: str
    asked: str
    accepted: str
    link_host: str
    public_url: str
    is_framed: bool = False

    @property
    def query(self) -> str:
        return f"?lang={self.language}" if self.asked == self.language else ""

    @property
    def words(self) -> Words:
        return WORDS[self.language]


def visit_of(request: AnyRequest, campaign: Campaign) -> Visit:
    settings = services_of(request).settings
    asked, accepted = notes.asked_language(request), notes.accepted_languages(request)
    return Visit(
        language=choose_language(asked, accepted, campaign.language),
        asked=asked,
        accepted=accepted,
        link_host=settings.link_host,
        public_url=settings.public_url,
        is_framed=framing.is_framed(request),
    )
