"""The campaign's words on its pages, and what messengers may show of a link."""

from __future__ import annotations

import msgspec

from tearoff.coupons.models import Campaign
from tearoff.kit import times
from tearoff.web.visits import Visit
from tearoff.web.words import WORDS, preferred


class Switch(msgspec.Struct, frozen=True):
    """A language that the page can be shown in, by its own name."""

    language: str
    name: str


class Offer(msgspec.Struct, frozen=True):
    """The campaign's words, in the reader's language where it has them, and those that follow
    from them."""

    lang: str
    title: str
    subtitle: str
    value: str
    description: str
    terms: str
    brand: str
    picture: str
    picture_alt: str
    preview: str
    preview_picture: str
    switches: tuple[Switch, ...]


def offer(campaign: Campaign, visit: Visit) -> Offer:
    told = campaign.options.texts.get(visit.language)
    lang = visit.language if told and told.title else campaign.language
    picture = ""
    if campaign.picture_id is not None:
        picture = f"/p/{campaign.code}/picture/{campaign.picture_id}.webp"
    title = (told and told.title) or campaign.title
    value = (told and told.value) or campaign.value
    subtitle = (told and told.subtitle) or campaign.subtitle
    return Offer(
        lang=lang,
        title=title or value or campaign.brand or campaign.name,
        subtitle=subtitle,
        value=value,
        description=(told and told.description) or campaign.description,
        terms=(told and told.terms) or campaign.terms,
        brand=campaign.brand,
        picture=picture,
        picture_alt=(told and told.picture_alt) or campaign.picture_alt,
        preview=_preview(campaign, visit, value or subtitle),
        preview_picture=visit.public_url + picture if picture and visit.public_url else "",
        switches=switches(campaign, visit),
    )


def switches(campaign: Campaign, visit: Visit) -> tuple[Switch, ...]:
    """The other languages that this reader may want: the campaign's, then the browser's first
    one, then English."""
    wanted = (campaign.language, *campaign.options.texts, *preferred(visit.accepted)[:1], "en")
    languages = dict.fromkeys(tag.partition("-")[0].lower() for tag in wanted)
    return tuple(
        Switch(language, WORDS[language].name)
        for language in languages
        if language in WORDS and language != visit.language
    )


def _preview(campaign: Campaign, visit: Visit, value: str) -> str:
    """What a message app may show of the link: never the code, the name or the state."""
    parts = [value]
    if campaign.expires_at is not None:
        until = times.words_of(campaign.expires_at, campaign.timezone, visit.language)
        parts.append(f"{visit.words.valid_until} {until}")
    return " · ".join(part for part in parts if part)
