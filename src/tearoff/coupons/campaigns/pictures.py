"""Pictures of campaigns: read, cut and shrunk, kept and found."""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import asyncpg
import msgspec
from PIL import Image, ImageOps

from tearoff.coupons.campaigns.preview_cards import cut, make_card
from tearoff.errors import Invalid
from tearoff.kit.bulkhead import Bulkhead
from tearoff.kit.db import Handle
from tearoff.kit.memory import give_back
from tearoff.kit.rows import read

MOST_BYTES = 10_000_000
"""Of a file that is taken."""
PICTURE_SIZE = (800, 420)
PICTURE_LIMIT = 60_000
"""Bytes of a picture on the page: it must not keep anybody waiting on a bad network."""
MOST_PIXELS = 25_000_000
"""A small file can unfold to more than a server's memory: looked at before it is unfolded."""
_SHRINK_TO = (1600, 1600)
"""Twice what the page and the card need; everything else is done on that."""
FORMATS = ("JPEG", "PNG", "WEBP")

T = TypeVar("T")

_PICTURES = Bulkhead("pictures", at_once=2, waiting=8, after=5)

_UNREADABLE = (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError)
"""What Pillow raises for broken files: ValueError for texts in a PNG that unfold to too much,
SyntaxError and struct.error for broken headers."""


class Picture(msgspec.Struct, frozen=True):
    id: int
    webp: bytes
    width: int
    height: int


class NewPicture(msgspec.Struct, frozen=True):
    """As the page shows it, and as messengers do."""

    webp: bytes
    card: bytes


class Crop(msgspec.Struct, frozen=True):
    """The part of a picture that is taken, in fractions of its width and height as it is seen:
    where it begins at the left and at the top, how wide and how high it is."""

    x: float
    y: float
    w: float
    h: float

    def check(self) -> None:
        """Raises `Invalid`."""
        sides = ((self.x, self.w), (self.y, self.h))
        if not all(at >= 0 and side >= _LEAST and at + side <= 1.0001 for at, side in sides):
            raise Invalid(
                "A part of a picture lies within it: x, y, width and height are fractions from 0 to"
                f" 1, and a side has at least {_LEAST}.",
                field="crop",
            )


_LEAST = 0.05


def prepare_picture(image: bytes, crop: Crop | None = None) -> NewPicture:
    """Cut the picture, or the part of it, to 40:21 from its middle and make it small enough for the
    page and for messengers: anew from its colours, so nothing that was hidden in the file stays.
    This takes a moment, and memory that is given back. Raises `Invalid`."""
    if crop is not None:
        crop.check()
    try:
        return _prepared(read_image(image, crop))
    finally:
        give_back()


def _prepared(image: Image.Image) -> NewPicture:
    return NewPicture(_webp(image), make_card(image))


async def prepared_picture(path: Path, crop: Crop | None = None) -> NewPicture:
    """The same of a file, beside the event loop, two at once. Raises `Invalid`, `TooBusy`."""
    return await beside(lambda image: prepare_picture(image, crop), path)


async def beside(prepare: Callable[[bytes], T], path: Path) -> T:
    """Costly work on a file's picture. Raises what it does, and `TooBusy`."""
    return await _PICTURES.run(lambda: prepare(path.read_bytes()))


async def prepare(image: bytes, crop: Crop | None = None) -> NewPicture:
    """The same of what is in memory already."""
    return await _PICTURES.run(prepare_picture, image, crop)


async def set_picture(
    db: Handle,
    account_id: int,
    campaign_id: int,
    image: bytes,
    alt: str = "",
    crop: Crop | None = None,
) -> int:
    """`put_picture` of a file. Only where nobody waits: it takes a moment of the processor."""
    return await put_picture(db, account_id, campaign_id, prepare_picture(image, crop), alt)


async def put_picture(
    db: Handle, account_id: int, campaign_id: int, picture: NewPicture, alt: str, by: str = ""
) -> int:
    """One that the account has already is kept once, however often it is sent. `by` is who."""
    made: int = await db.fetchval(
        "WITH known AS (SELECT id FROM pictures WHERE account_id = $1 AND sha256 = $3"
        "  ORDER BY id LIMIT 1),"
        " made AS (INSERT INTO pictures (account_id, sha256, webp, width, height, card)"
        "  SELECT $1, $3, $4, $5, $6, $8 WHERE NOT EXISTS (SELECT FROM known) RETURNING id),"
        " p AS (SELECT id FROM known UNION ALL SELECT id FROM made)"
        " UPDATE campaigns SET picture_id = p.id, picture_alt = $7, changed_at = now(),"
        " changed_by = $9 FROM p"
        " WHERE account_id = $1 AND campaigns.id = $2 RETURNING p.id",
        account_id,
        campaign_id,
        hashlib.sha256(picture.webp).digest(),
        picture.webp,
        *PICTURE_SIZE,
        alt,
        picture.card,
        by,
    )
    return made


async def remove_picture(db: Handle, account_id: int, campaign_id: int, by: str = "") -> None:
    """Pages that are open still find it."""
    await db.execute(
        "UPDATE campaigns SET picture_id = NULL, picture_alt = '', changed_at = now(),"
        " changed_by = $3 WHERE account_id = $1 AND id = $2",
        account_id,
        campaign_id,
        by,
    )


async def picture_of_code(db: Handle, campaign_code: str, picture_id: int) -> Picture | None:
    """A picture that stands on the page of this campaign."""
    row: asyncpg.Record | None = await db.fetchrow(
        "SELECT p.id, p.webp, p.width, p.height FROM campaigns c JOIN pictures p"
        " ON p.account_id = c.account_id WHERE c.code = $1 AND p.id = $2",
        campaign_code,
        picture_id,
    )
    return row and read(Picture, row)


def read_image(image: bytes, crop: Crop | None = None, field: str = "picture") -> Image.Image:
    """Upright, on white, not much larger than is needed. Raises `Invalid` naming the field."""
    part = 1.0 if crop is None else max(0.25, min(crop.w, crop.h))
    least = (round(_SHRINK_TO[0] / part), round(_SHRINK_TO[1] / part))
    try:
        with Image.open(io.BytesIO(image), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Invalid(
                    f"A picture has at most {MOST_PIXELS // 10**6} million pixels.", field=field
                )
            opened.draft("RGB", least)  # a JPEG is unfolded small from the beginning
            shown = ImageOps.exif_transpose(_shrunk(opened, least))
            return _bare(_on_white(_part(shown, crop)))
    except _UNREADABLE:  # its text has an address of this machine's memory in it
        text = "This is not a picture that can be read. Use PNG, JPEG or WebP."
        raise Invalid(text, field=field) from None


def _bare(image: Image.Image) -> Image.Image:
    """Without comments and notes, which Pillow hands on. Its colours mean what its profile says."""
    image.info = {k: v for k, v in image.info.items() if k == "icc_profile"}
    return image


def _part(image: Image.Image, crop: Crop | None) -> Image.Image:
    if crop is None:
        return image
    left, top = int(crop.x * image.width), int(crop.y * image.height)
    right = max(left + 1, min(image.width, round((crop.x + crop.w) * image.width)))
    bottom = max(top + 1, min(image.height, round((crop.y + crop.h) * image.height)))
    return image.crop((left, top, right, bottom))


def _shrunk(image: Image.Image, least: tuple[int, int]) -> Image.Image:
    """So small that its shorter side is just enough. Whole colours, because shades between
    the entries of a palette are none."""
    factor = min(image.width // least[0], image.height // least[1])
    if factor < 2:
        image.load()
        return image
    if image.mode in ("P", "1") or image.has_transparency_data:
        image = image.convert("RGBA")  # a transparent colour must not shine through its edges
    return image.reduce(factor)


def _on_white(image: Image.Image) -> Image.Image:
    """What is transparent would otherwise be of any colour that the file has there."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    sheet, layer = Image.new("RGB", image.size, "#ffffff"), image.convert("RGBA")
    sheet.paste(layer, mask=layer)
    return sheet


def _webp(image: Image.Image) -> bytes:
    return packed(cut(image, PICTURE_SIZE), PICTURE_LIMIT)


def packed(image: Image.Image, most: int) -> bytes:
    """As WebP, of at most so many bytes if that can be."""
    for quality in (80, 70, 60, 45, 30):
        out = io.BytesIO()
        image.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= most:
            break
    return out.getvalue()
