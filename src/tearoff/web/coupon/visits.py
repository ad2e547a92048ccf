"""How a reader wants a page shown: the language, and the addresses that stand on it."""

from __future__ import annotations

import re

import msgspec
from litestar.params import FromPath

from tearoff.config import Settings
from tearoff.coupons.models import Campaign
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.coupons.wallets.passes import Wallet
from tearoff.kit.proxies import client_address, network_of
from tearoff.kit.services import services_of
from tearoff.kit.words import Words, words_in
from tearoff.web.paper import framing, reading
from tearoff.web.paper.languages import choose_language
from tearoff.web.paper.reading import AnyRequest

Part = FromPath[str]

_OF_APPLE = re.compile(r"iPhone|iPad|iPod|Macintosh")


class Visit(msgspec.Struct, frozen=True):
    """What a request says about how to show the page. `asked` is the language in the link,
    `accepted` the browser's Accept-Language; `link_host` and `public_url` are settings;
    `is_framed`: it is to stand in another site's frame; `wallets` are those that the operator
    has set up, the phone's own one first, with the words on their buttons; `carried`
    are the values of a public link that the coupon will keep; `kept` are values of the address
    that stay in it when the language is changed."""

    language: str
    asked: str
    accepted: str
    link_host: str
    public_url: str
    is_framed: bool = False
    wallets: tuple[tuple[Wallet, str], ...] = ()
    carried: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def query(self) -> str:
        return f"?lang={self.language}" if self.asked == self.language else ""

    @property
    def words(self) -> Words:
        return words_in("coupon", self.language)


def network_seen(request: AnyRequest) -> str:
    """Where the reader is, for counting (`network_of`)."""
    trusted = services_of(request).settings.trusted_proxies
    return network_of(client_address(request.scope, trusted))


def visit_of(request: AnyRequest, campaign: Campaign, known_language: str | None = None) -> Visit:
    """`known_language`: in which the person reads whose coupon it is."""
    settings = services_of(request).settings
    asked, accepted = reading.asked_language(request), reading.accepted_languages(request)
    language = choose_language(asked, accepted, campaign.language, known_language or "")
    return Visit(
        language=language,
        asked=asked,
        accepted=accepted,
        link_host=settings.link_host,
        public_url=settings.public_url,
        is_framed=framing.is_framed(request),
        wallets=_wallets(request, settings, language),
    )


def visit_to(request: AnyRequest, found: Linked) -> Visit:
    """A visit to somebody's own coupon."""
    return visit_of(request, found.campaign, found.session.language)


def _wallets(
    request: AnyRequest, settings: Settings, language: str
) -> tuple[tuple[Wallet, str], ...]:
    if not settings.apple_pass_type and not settings.google_issuer:
        return ()
    words = words_in("coupon", language)
    apple: tuple[Wallet, str] = ("apple", words("Add to {wallet}", wallet="Apple Wallet"))
    google: tuple[Wallet, str] = ("google", words("Add to {wallet}", wallet="Google Wallet"))
    is_apple = bool(_OF_APPLE.search(request.headers.get("user-agent", "")))
    found = [apple] if settings.apple_pass_type else []
    found += [google] if settings.google_issuer else []
    return tuple(found if is_apple else reversed(found))
