"""Finding sessions by what people know: their own validation code, phone, e-mail or customid."""

from __future__ import annotations

import msgspec

from tearoff.coupons.models import Campaign, Session, SessionAndCampaign
from tearoff.kit.db import Handle
from tearoff.kit.mail_addresses import AddressInvalid, mail_address
from tearoff.kit.phone import spellings
from tearoff.kit.rows import columns, read

PAGE = 100


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; several together are all meant. `anything` may be any of them, or a
    session code. `phone` is E.164, and found in any of its spellings; the others are as they are
    seen. E-mail addresses are compared without regard to case, codes by `own_code_key`."""

    validation_code: str | None = None
    phone: str | None = None
    email: str | None = None
    customid: str | None = None
    anything: str | None = None


class Found(msgspec.Struct, frozen=True):
    total: int
    sessions: list[SessionAndCampaign]


# Each way in has its index; the ids of all of them together are few. OFFSET 0 keeps the planner,
# which does not know the values, from reading the whole table to join them.
_HITS = """
WITH hits AS MATERIALIZED (
  SELECT id FROM sessions WHERE account_id = $1 AND phone = ANY($4)
  UNION SELECT id FROM sessions WHERE account_id = $1 AND lower(email) = lower($5)
  UNION SELECT id FROM sessions WHERE account_id = $1 AND customid = $6
  UNION SELECT id FROM sessions WHERE account_id = $1 AND validation_code IS NOT NULL
    AND own_code_key(validation_code) = own_code_key($3)
  UNION SELECT id FROM sessions WHERE account_id = $1 AND short_code = left($7, 6)
    AND (code = $7 OR length($7) = 6)
)
"""

_ANY = """
FROM hits h CROSS JOIN LATERAL (SELECT * FROM sessions WHERE id = h.id OFFSET 0) s
JOIN campaigns c ON c.id = s.campaign_id
WHERE s.account_id = $1 AND ($2::bigint IS NULL OR s.campaign_id = $2)
"""
_ALL = f"""{_ANY}
  AND ($3::text IS NULL OR own_code_key(s.validation_code) = own_code_key($3))
  AND ($4::text[] IS NULL OR s.phone = ANY($4))
  AND ($5::text IS NULL OR lower(s.email) = lower($5))
  AND ($6::text IS NULL OR s.customid = $6)
"""


async def search(
    db: Handle, account_id: int, wanted: Wanted, *, campaign_id: int | None, page: int
) -> Found:
    """Sessions of the account (or of one campaign), oldest first, a hundred a page."""
    text = wanted.anything
    phones = list(spellings(wanted.phone)) if wanted.phone else None
    values: tuple[str | list[str] | None, ...]
    if text is None:
        tail = _ALL
        values = (wanted.validation_code, phones, wanted.email, wanted.customid, None)
    else:
        tail, values = _ANY, (text, phones, _address(text), text, text.lower())
    rows = await db.fetch(
        f"{_HITS} SELECT {columns(Session, 's', 's_')}, {columns(Campaign, 'c', 'c_')},"
        f" count(*) OVER () AS total {tail} ORDER BY s.created_at, s.id OFFSET $8 LIMIT {PAGE}",
        account_id,
        campaign_id,
        *values,
        (page - 1) * PAGE,
    )
    found = [SessionAndCampaign(read(Session, r, "s_"), read(Campaign, r, "c_")) for r in rows]
    if rows or page == 1:
        return Found(rows[0]["total"] if rows else 0, found)
    n: int = await db.fetchval(f"{_HITS} SELECT count(*) {tail}", account_id, campaign_id, *values)
    return Found(n, [])


_NEWEST = """
SELECT {columns} FROM hits h CROSS JOIN LATERAL (SELECT * FROM sessions WHERE id = h.id OFFSET 0) s
WHERE s.account_id = $1 AND s.campaign_id = $2
  AND ($8::bigint IS NULL OR (s.created_at, s.id) <
    ((SELECT created_at FROM sessions WHERE id = $8 AND account_id = $1), $8))
ORDER BY s.created_at DESC, s.id DESC LIMIT $9
"""


async def newest(
    db: Handle, campaign: Campaign, wanted: Wanted, before: int | None, limit: int
) -> list[Session]:
    """Of one campaign, the newest first, from behind the one with this id. `wanted.anything` and
    `wanted.phone` together: that text in any of its readings, or that number."""
    text = wanted.anything or ""
    rows = await db.fetch(
        _HITS + _NEWEST.format(columns=columns(Session, "s")),
        campaign.account_id,
        campaign.id,
        text,
        list(spellings(wanted.phone)) if wanted.phone else [],
        _address(text),
        text,
        text.lower(),
        before,
        limit,
    )
    return [read(Session, row) for row in rows]


def _address(text: str) -> str | None:
    try:
        return mail_address(text)
    except AddressInvalid:
        return None
