"""The campaign's words on its pages, and what messengers may show of a link."""

from __future__ import annotations

from textwrap import shorten
from urllib.parse import urlencode

import msgspec

from tearoff.coupons import rules
from tearoff.coupons.models import Campaign
from tearoff.coupons.options import OWN_TEXTS, Text
from tearoff.kit import times
from tearoff.kit.words import LANGUAGES, words_in
from tearoff.web.coupon.preview_cards import card_path
from tearoff.web.coupon.visits import Visit
from tearoff.web.paper.languages import preferred


class Switch(msgspec.Struct, frozen=True):
    """A language that the page can be shown in, by its own name; `query` asks for it."""

    language: str
    name: str
    query: str


class Offer(msgspec.Struct, frozen=True):
    """The campaign's words, in the reader's language where it has them (`told`), and those that
    follow from them."""

    reader: str
    own: str
    told: frozenset[str]
    title: str
    subtitle: str
    value: str
    description: str
    terms: str
    picture_alt: str
    brand: str
    logo: str
    picture: str
    preview: str
    preview_picture: str
    switches: tuple[Switch, ...]

    def lang(self, name: str) -> str:
        """The language in which these words are."""
        return self.reader if name in self.told else self.own


def offer(campaign: Campaign, visit: Visit) -> Offer:
    other = campaign.options.texts.get(visit.language, Text())
    told = frozenset(name for name in OWN_TEXTS if getattr(other, name))
    words = {name: getattr(other if name in told else campaign, name) for name in OWN_TEXTS}
    words["title"] = words["title"] or words["value"] or campaign.brand or campaign.name
    return Offer(
        reader=visit.language,
        own=campaign.language,
        told=told,
        **words,
        brand=campaign.brand,
        logo=_picture(campaign, campaign.logo_id),
        picture=_picture(campaign, campaign.picture_id),
        preview=_preview(
            campaign, visit, words["value"] or words["subtitle"] or words["description"]
        ),
        preview_picture=visit.public_url + card_path(campaign) if visit.public_url else "",
        switches=switches(campaign, visit),
    )


def _picture(campaign: Campaign, picture_id: int | None) -> str:
    return "" if picture_id is None else f"/p/{campaign.code}/picture/{picture_id}.webp"


def switches(campaign: Campaign, visit: Visit) -> tuple[Switch, ...]:
    """The other languages that this reader may want: the campaign's, then the browser's first
    one, then English."""
    wanted = (campaign.language, *campaign.options.texts, *preferred(visit.accepted)[:1], "en")
    languages = dict.fromkeys(tag.partition("-")[0].lower() for tag in wanted)
    more = "&web=true" if visit.is_framed else ""
    if visit.carried or visit.kept:
        more += f"&{urlencode((*visit.carried, *visit.kept))}"
    return tuple(
        Switch(language, _own_name(language), f"?lang={language}{more}")
        for language in languages
        if language in LANGUAGES and language != visit.language
    )


def _preview(campaign: Campaign, visit: Visit, value: str) -> str:
    """What a message app may show of the link: never the code, the name or the state."""
    parts = [shorten(value, 160, placeholder="…")]
    ends = rules.last_use(campaign, campaign.expires_at)
    if ends is not None:
        until = times.end_of(ends, campaign.timezone, visit.language)
        parts.append(visit.words("Valid until") + f" {until}")
    return " · ".join(part for part in parts if part)


def _own_name(language: str) -> str:
    """Of a language, in it."""
    words = words_in("coupon", language)
    return words("English")
