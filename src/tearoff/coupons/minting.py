"""Many sessions at once, made inside the database.

The codes come from the database's own strong random source (`gen_random_uuid`). A letter is
one random octet modulo the alphabet's size: some letters are 8/256 instead of 7/256 likely,
which costs a code less than half a bit of its 100.
"""

from __future__ import annotations

from datetime import datetime

from tearoff.coupons.models import Campaign
from tearoff.errors import TryLater
from tearoff.kit.codes import CODE_ALPHABET, SHORT_CODE_LENGTH, SPOKEN_ALPHABET
from tearoff.kit.db import Handle

# The octets of two UUIDs that are random in all their bits.
_OCTETS = [i for i in range(32) if i % 16 not in (6, 8)][:21]


def _letter(position: int, octet: int) -> str:
    alphabet = SPOKEN_ALPHABET if position < SHORT_CODE_LENGTH else CODE_ALPHABET
    return f"substr('{alphabet}', 1 + get_byte(r, {octet}) % {len(alphabet)}, 1)"


_CODE = " || ".join(_letter(i, octet) for i, octet in enumerate(_OCTETS))
_MINT = f"""
WITH made AS (
  INSERT INTO sessions (account_id, campaign_id, code, created_at)
  SELECT $1, $2, {_CODE}, $3
  FROM (SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) AS r
        FROM generate_series(1, $4::integer) OFFSET 0) AS random
  ON CONFLICT (account_id, short_code) DO NOTHING
  RETURNING id
)
SELECT count(*) FROM made
"""


async def mint(db: Handle, campaign: Campaign, amount: int, now: datetime) -> None:
    """Make `amount` sessions in the caller's transaction: all of them or, when it fails, none.
    About 10 µs each. Codes whose short code is taken are drawn again."""
    missing = amount
    for _ in range(50):
        missing -= await db.fetchval(_MINT, campaign.account_id, campaign.id, now, missing)
        if not missing:
            return
    raise TryLater("No free session codes were found.")
