"""The coupon that somebody had got last before they wrote or wanted nothing any more: what it was
most likely about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.phone import spellings


class Asked(msgspec.Struct, frozen=True):
    """An E.164 number or an e-mail address, and the moment."""

    address: str
    at: datetime


class LastCoupon(msgspec.Struct, frozen=True):
    """`coupon` is its short code; `name` that of the campaign."""

    campaign: int
    name: str
    coupon: str


async def last_coupons(
    db: Handle, account_id: int, asked: Sequence[Asked]
) -> list[LastCoupon | None]:
    """For each of these, in one statement."""
    pairs = [(n, form, one.at) for n, one in enumerate(asked) for form in _forms(one.address)]
    rows = await db.fetch(
        "SELECT DISTINCT ON (g.n) g.n, s.campaign_id, c.name, s.short_code"
        " FROM unnest($2::int[], $3::text[], $4::timestamptz[]) AS g (n, form, at)"
        " CROSS JOIN LATERAL ("
        f" ({_OF.format('phone = g.form')}) UNION ALL ({_OF.format('lower(email) = g.form')})) s"
        " JOIN campaigns c ON c.id = s.campaign_id ORDER BY g.n, s.created_at DESC",
        account_id,
        [n for n, _, _ in pairs],
        [form for _, form, _ in pairs],
        [at for _, _, at in pairs],
    )
    found = {n: LastCoupon(campaign, name, code) for n, campaign, name, code in rows}
    return [found.get(n) for n in range(len(asked))]


def _forms(address: str) -> tuple[str, ...]:
    return (address.lower(),) if "@" in address else spellings(address)


_OF = (
    "SELECT campaign_id, short_code, created_at FROM sessions WHERE account_id = $1 AND {}"
    " AND created_at <= g.at ORDER BY created_at DESC LIMIT 1"
)
