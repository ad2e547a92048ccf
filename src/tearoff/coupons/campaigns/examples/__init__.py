"""Campaigns to begin with, in the languages that the dashboard speaks: what they say is in
`texts.json`, their pictures are drawn by `draw.py`."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from tearoff.coupons.campaigns import campaigns, pictures
from tearoff.coupons.campaigns.campaigns import NewCampaign
from tearoff.coupons.campaigns.pictures import NewPicture
from tearoff.coupons.models import Campaign
from tearoff.coupons.options import changed
from tearoff.errors import NotFound
from tearoff.kit.words import ENGLISH

_FOLDER = files("tearoff.coupons.campaigns.examples")


class ExampleNotFound(NotFound):
    """There is no example of this name."""


class Text(msgspec.Struct, frozen=True):
    """`prizes` and `blank` are those of a scratch card."""

    name: str
    title: str
    value: str
    description: str
    terms: str
    message_text: str
    alt: str
    prizes: tuple[str, ...] = ()
    blank: str = ""


class Example(msgspec.Struct, frozen=True):
    """It lasts for so many `days` from when it is started. `weights` are those of the prizes, the
    last one that of a blank."""

    brand_color: str
    days: int
    uses: int
    options: dict[str, Any]
    texts: dict[str, Text]
    weights: tuple[int, ...] = ()

    def text(self, language: str) -> Text:
        """In English where it does not speak the language."""
        return self.texts.get(language) or self.texts[ENGLISH]


@cache
def examples() -> dict[str, Example]:
    """By name, in the order in which they are shown."""
    return msgspec.json.decode((_FOLDER / "texts.json").read_bytes(), type=dict[str, Example])


def example(name: str) -> Example:
    """Raises `ExampleNotFound`."""
    if name not in examples():
        raise ExampleNotFound
    return examples()[name]


def picture(name: str) -> bytes:
    """Its picture, a WebP file. Raises `ExampleNotFound`."""
    example(name)
    return (_FOLDER / f"{name}.webp").read_bytes()


async def prepared_picture(name: str) -> NewPicture:
    """As a campaign has it, before the transaction. Raises `ExampleNotFound` and `TooBusy`."""
    return await pictures.prepare(picture(name))


async def start(
    db: asyncpg.Connection,
    account_id: int,
    name: str,
    image: NewPicture,
    *,
    language: str,
    timezone: str,
    brand: str,
    now: datetime,
    by: str = "",
) -> Campaign:
    """A draft like the example, in the account's language, in a transaction; `image` is its
    `prepared_picture`. Raises `ExampleNotFound` and `CapReached`."""
    chosen = example(name)
    made = await campaigns.create_campaign(
        db, account_id, _new(chosen, language, timezone, brand, now)
    )
    await pictures.put_picture(db, account_id, made.id, image, chosen.text(language).alt, by)
    return made


def _new(chosen: Example, language: str, timezone: str, brand: str, now: datetime) -> NewCampaign:
    text = chosen.text(language)
    spoken = language if language in chosen.texts else ENGLISH
    options = dict(chosen.options)
    if chosen.weights:
        options["scratch"] = _scratch(chosen, text, spoken)
    raw = msgspec.json.encode(options).decode()
    return NewCampaign(
        name=text.name, title=text.title, value=text.value, description=text.description,
        terms=text.terms, message_text=text.message_text, brand=brand,
        brand_color=chosen.brand_color, language=spoken, timezone=timezone, uses=chosen.uses,
        expires_at=_end(now, chosen.days, timezone), status="draft",
        raw_options=changed(raw, {}),
    )  # fmt: skip


def _scratch(chosen: Example, text: Text, language: str) -> dict[str, Any]:
    *weights, blank = chosen.weights
    return {
        "prizes": [
            {"key": f"prize{i}", "title": {language: title}, "weight": weight}
            for i, (title, weight) in enumerate(zip(text.prizes, weights, strict=True), 1)
        ],
        "blank_weight": blank,
        "blank_text": {language: text.blank},
    }


def _end(now: datetime, days: int, timezone: str) -> datetime:
    """Midnight after the last day."""
    zone = ZoneInfo(timezone)
    day = now.astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(), zone)
