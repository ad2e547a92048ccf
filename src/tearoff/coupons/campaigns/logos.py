"""An account's logo: made small, kept, and shown beside the brand's name on its coupons. Its
campaigns carry it, so that a page needs to ask nothing more."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from PIL import Image

from tearoff.coupons.campaigns import pictures
from tearoff.coupons.campaigns.pictures import Picture
from tearoff.kit.db import Handle
from tearoff.kit.memory import give_back
from tearoff.kit.rows import read

MOST_SIZE = (288, 96)
"""Pixels: three times as many as the page shows, for fine screens."""
LIMIT = 8_000
"""Bytes: it comes before everything else of the page."""


class Logo(msgspec.Struct, frozen=True):
    webp: bytes
    width: int
    height: int


def prepare_logo(image: bytes) -> Logo:
    """Made to fit, on white. Raises `Invalid`."""
    try:
        found = pictures.read_image(image, field="logo")
        found.thumbnail(MOST_SIZE, Image.Resampling.LANCZOS)
        return Logo(pictures.packed(found, LIMIT), *found.size)
    finally:
        give_back()


async def prepared_logo(path: Path) -> Logo:
    """The same of a file, beside the event loop. Raises `Invalid`, `TooBusy`."""
    return await pictures.beside(prepare_logo, path)


async def put_logo(db: Handle, account_id: int, logo: Logo) -> None:
    """One that the account had before is kept once."""
    await db.execute(
        "WITH known AS (SELECT id FROM pictures WHERE account_id = $1 AND sha256 = $2"
        "  ORDER BY id LIMIT 1),"
        " made AS (INSERT INTO pictures (account_id, sha256, webp, width, height)"
        "  SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT FROM known) RETURNING id),"
        " p AS (SELECT id FROM known UNION ALL SELECT id FROM made)"
        " UPDATE accounts SET logo_id = p.id FROM p WHERE accounts.id = $1",
        account_id,
        hashlib.sha256(logo.webp).digest(),
        logo.webp,
        logo.width,
        logo.height,
    )
    await _hand_on(db, account_id)


async def remove_logo(db: Handle, account_id: int) -> None:
    """Pages that are open still find it."""
    await db.execute("UPDATE accounts SET logo_id = NULL WHERE id = $1", account_id)
    await _hand_on(db, account_id)


async def _hand_on(db: Handle, account_id: int) -> None:
    """To all campaigns, in the order in which others lock them."""
    await db.execute(
        "WITH found AS MATERIALIZED (SELECT c.id, a.logo_id FROM campaigns c"
        "  JOIN accounts a ON a.id = c.account_id WHERE a.id = $1 AND c.removed_at IS NULL"
        "  AND c.logo_id IS DISTINCT FROM a.logo_id ORDER BY c.id FOR NO KEY UPDATE OF c)"
        " UPDATE campaigns c SET logo_id = found.logo_id FROM found WHERE c.id = found.id",
        account_id,
    )


async def logo_of(db: Handle, account_id: int) -> Picture | None:
    row = await db.fetchrow(
        "SELECT p.id, p.webp, p.width, p.height FROM accounts a JOIN pictures p"
        " ON p.id = a.logo_id AND p.account_id = a.id WHERE a.id = $1",
        account_id,
    )
    return row and read(Picture, row)
