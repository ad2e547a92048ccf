"""What an account used, day by day: messages and what became of its coupons."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tearoff.kit.db import Handle


class Used(msgspec.Struct, kw_only=True):
    """Messages by the day on which they were made: `sent` ones were taken by a service, `failed`
    ones were refused or not delivered. Coupons by the day on which it happened; `validated` are
    coupons that were used up. `cost` is in millionths of the currency unit."""

    sent: int = 0
    delivered: int = 0
    failed: int = 0
    opened: int = 0
    claimed: int = 0
    validated: int = 0
    segments: int = 0
    cost: int = 0

    def add(self, other: Used) -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


_MESSAGES = """
SELECT (m.created_at AT TIME ZONE $4)::date AS day,
  count(*) FILTER (WHERE m.state IN ('accepted', 'sent', 'delivered')) AS sent,
  count(*) FILTER (WHERE m.state = 'delivered') AS delivered,
  count(*) FILTER (WHERE m.state = 'failed') AS failed,
  coalesce(sum(m.segments) FILTER (WHERE m.state <> 'failed' AND m.channel = 'sms'), 0) AS segments,
  coalesce(sum(m.cost) FILTER (WHERE m.state <> 'failed'), 0)::bigint AS cost
FROM messages m
WHERE m.account_id = $1 AND m.id >= time_id($2::timestamptz)
  AND m.id < time_id($3::timestamptz + interval '2 seconds')
  AND m.created_at >= $2 AND m.created_at < $3
  AND ($5::bigint IS NULL OR EXISTS (
    SELECT FROM sessions s WHERE s.id = m.about AND s.campaign_id = $5))
GROUP BY 1
"""

_EVENTS = """
SELECT (e.at AT TIME ZONE $4)::date AS day,
  count(*) FILTER (WHERE e.kind = 'opened') AS opened,
  count(*) FILTER (WHERE e.kind = 'claimed') AS claimed,
  count(*) FILTER (WHERE e.kind = 'validated') AS validated
FROM campaigns c JOIN session_events e ON e.campaign_id = c.id
WHERE c.account_id = $1 AND ($5::bigint IS NULL OR c.id = $5)
  AND e.listed AND e.kind IN ('opened', 'claimed', 'validated') AND e.at >= $2 AND e.at < $3
GROUP BY 1
"""


async def usage(
    db: Handle, account_id: int, timezone: str, first: date, last: date, campaign_id: int | None
) -> dict[date, Used]:
    """Every day from the first to the last, both included, in the account's time zone."""
    days = {first + timedelta(days=i): Used() for i in range((last - first).days + 1)}
    start, end = _begin(first, timezone), _begin(last + timedelta(days=1), timezone)
    for statement in (_MESSAGES, _EVENTS):
        for row in await db.fetch(statement, account_id, start, end, timezone, campaign_id):
            if row["day"] in days:
                days[row["day"]].add(Used(**{k: v for k, v in row.items() if k != "day"}))
    return days


def total(days: dict[date, Used]) -> Used:
    found = Used()
    for used in days.values():
        found.add(used)
    return found


def _begin(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(timezone))
