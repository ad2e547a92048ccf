"""What stands on the paper, as the page and its PDF hand it on."""

from __future__ import annotations

import msgspec

from tearoff.coupons.options import Barcode


class Told(msgspec.Struct, frozen=True):
    """A heading and what stands under it."""

    words: str
    text: str


class Paper(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on the page. `content` is what the code holds, "" for a coupon without one;
    `readable` are lines under or beside it, of which the first is large."""

    language: str
    is_rtl: bool
    color: str
    brand: str
    title: str
    subtitle: str
    value: str
    description: str
    picture: bytes | None
    show_this: str
    barcode: Barcode
    content: str
    readable: tuple[Told, ...]
    dates: tuple[Told, ...]
    hours: str
    note: str
    terms: str
    terms_word: str
    more_terms: str
    footer: str
