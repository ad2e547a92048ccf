"""Preview cards: what a messenger shows of a link. JPEG of 1200x630, which all of them read, in
at most 300 KB, which the strictest of them (WhatsApp) takes."""

from __future__ import annotations

import io
from functools import lru_cache
from math import cos, pi, sin

import msgspec
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from tearoff.kit.colors import brand_colors
from tearoff.kit.db import Handle
from tearoff.kit.rows import columns, read

CARD_SIZE = (1200, 630)
CARD_LIMIT = 300_000

_FINE = 2
"""Everything is drawn so many times larger, and then made smaller: edges become smooth."""

Point = tuple[float, float]


class Card(msgspec.Struct, frozen=True):
    """A picture's card. Pictures from before there were cards have none (`card` is None)."""

    id: int
    card: bytes | None
    webp: bytes


async def card_of_code(db: Handle, campaign_code: str, picture_id: int) -> Card | None:
    """The card of a picture that stands on the page of this campaign."""
    row = await db.fetchrow(
        f"SELECT {columns(Card, 'p')} FROM campaigns c JOIN pictures p"
        " ON p.account_id = c.account_id WHERE c.code = $1 AND p.id = $2",
        campaign_code,
        picture_id,
    )
    return row and read(Card, row)


def make_card(image: Image.Image) -> bytes:
    """The card of a picture, cut from its middle."""
    return _save(cut(image, CARD_SIZE))


@lru_cache(64)
def card_of_webp(webp: bytes) -> bytes:
    """The card of an older picture, from the one on the page."""
    with Image.open(io.BytesIO(webp)) as opened:
        return make_card(opened.convert("RGB"))


def cut(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture in this size, cut from the middle. Nothing is made larger than that on the
    way: a line of two pixels by many thousands would fill the memory."""
    return ImageOps.fit(image, size)


@lru_cache(64)
def draw_card(color: str) -> bytes:
    """A coupon in the merchant's colour, for a campaign without a picture. No words: they stand
    beside it, in whatever script, in the messenger's own letters."""
    brand = brand_colors(color).on_light
    width, height = (side * _FINE for side in CARD_SIZE)
    sheet = _background((width, height), brand)
    ticket = _ticket((width, height))
    shadow = ticket.filter(ImageFilter.GaussianBlur(18 * _FINE)).point(lambda v: v * 2 // 5)
    dark = Image.new("RGB", sheet.size, "#000000")
    sheet.paste(dark, (0, 14 * _FINE), shadow)
    sheet.paste(Image.new("RGB", sheet.size, "#ffffff"), (0, 0), ticket)
    _print_on(ImageDraw.Draw(sheet), brand)
    return _save(sheet.resize(CARD_SIZE, Image.Resampling.LANCZOS))


def _save(image: Image.Image) -> bytes:
    for quality in (85, 75, 60, 40):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        if out.tell() <= CARD_LIMIT:
            break
    return out.getvalue()


def _background(size: tuple[int, int], brand: str) -> Image.Image:
    """The colour, a little lighter above than below."""
    light = Image.blend(Image.new("RGB", (1, 1), brand), Image.new("RGB", (1, 1), "#fff"), 0.18)
    dark = Image.blend(Image.new("RGB", (1, 1), brand), Image.new("RGB", (1, 1), "#000"), 0.12)
    slope = Image.linear_gradient("L").resize(size)
    return Image.composite(dark.resize(size), light.resize(size), slope)


_LEFT, _TOP, _RIGHT, _BOTTOM = 150, 115, 1050, 515
_TEAR = 780
"""Where the ticket stands, and where it is torn off."""


def _ticket(size: tuple[int, int]) -> Image.Image:
    """The ticket's shape: round corners, and a bite at either end of the tear line."""
    mask = Image.new("L", size, 0)
    pen = ImageDraw.Draw(mask)
    pen.rounded_rectangle(_fine(_LEFT, _TOP, _RIGHT, _BOTTOM), radius=36 * _FINE, fill=255)
    for y in (_TOP, _BOTTOM):
        pen.ellipse(_fine(_TEAR - 30, y - 30, _TEAR + 30, y + 30), fill=0)
    return mask


def _print_on(pen: ImageDraw.ImageDraw, brand: str) -> None:
    pale = f"#{_mixed(brand)}"
    for y in range(_TOP + 52, _BOTTOM - 50, 26):
        pen.rounded_rectangle(_fine(_TEAR - 3, y, _TEAR + 3, y + 13), 3 * _FINE, fill=pale)
    star = [(x * _FINE, y * _FINE) for x, y in _star(335, 315, 108)]
    pen.polygon(star, fill=brand)
    for y, end, color in ((250, 690, brand), (304, 650, pale), (358, 600, pale)):
        pen.rounded_rectangle(_fine(485, y, end, y + 26), 13 * _FINE, fill=color)
    x = _TEAR + 49
    for stripe in (8, 4, 14, 4, 8, 16, 4, 10, 4, 14, 6):
        pen.rectangle(_fine(x, 215, x + stripe, 415), fill=brand)
        x += stripe + 8


def _fine(*sides: int) -> tuple[int, int, int, int]:
    left, top, right, bottom = (side * _FINE for side in sides)
    return left, top, right, bottom


def _star(x: float, y: float, size: float) -> list[Point]:
    radius = (size, size * 0.46)
    turns = [(i * pi / 5 - pi / 2, radius[i % 2]) for i in range(10)]
    return [(x + r * cos(turn), y + r * sin(turn)) for turn, r in turns]


def _mixed(brand: str) -> str:
    """Three quarters of the way to white."""
    parts = (int(brand[i : i + 2], 16) for i in (1, 3, 5))
    return "".join(f"{part + (255 - part) * 3 // 4:02x}" for part in parts)
