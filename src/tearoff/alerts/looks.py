"""What each kind of alert looks for, in all accounts at once. A look reads and changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tearoff.alerts import models
from tearoff.alerts.models import Facts, Found
from tearoff.coupons.sessions.pin_tries import ALARM, ALARM_TRIES
from tearoff.hooks.models import OFF_BY_OWNER
from tearoff.kit.db import Handle

Look = Callable[[Handle, datetime], Awaitable[list[Found]]]

FAILS_FOR = timedelta(minutes=2)
"""A provider that mended itself before was no news."""
HOOK_FAILS_FOR = timedelta(hours=1)
NEAR = 0.8
"""Of a budget."""
ENDS_WITHIN = timedelta(hours=48)
RECEIPTS_AFTER = timedelta(hours=2)
RECEIPTS_OF = timedelta(hours=24)
LEAST_WITHOUT = 20
"""Messages in a day of which no receipt came, before somebody is told."""
SILENT_AFTER = timedelta(hours=3)
SILENT_OF = timedelta(hours=24)
SILENT_DIGITS = 6
"""`+` and five digits: a country with the beginning of an operator's numbers."""
LEAST_SILENT = 50
"""Messages to numbers that begin alike of which nobody opened one. With one reader in ten, that is
chance once in two hundred times (0.9 ** 50)."""
MOST = 10_000
"""Of one kind at a time, in all accounts. What is beyond is found when others are over."""


async def failing_providers(db: Handle, now: datetime) -> list[Found]:
    rows = await db.fetch(
        "SELECT account_id, id, coalesce(nullif(name, ''), kind) AS name, failing_since, last_error"
        " FROM connections WHERE active AND failing_since <= $1 ORDER BY id LIMIT $2",
        now - FAILS_FOR,
        MOST,
    )
    return [
        _found(row, Facts(row["name"], at=row["failing_since"], reason=row["last_error"]))
        for row in rows
    ]


async def missing_receipts(db: Handle, now: datetime) -> list[Found]:
    """A service that took many texts and told of none what became of it. The trial provider tells
    what it pretends."""
    rows = await db.fetch(
        "SELECT c.account_id, c.id, coalesce(nullif(c.name, ''), c.kind) AS name,"
        " n.last_receipt_at FROM connections c"
        " LEFT JOIN connection_news n ON n.connection_id = c.id"
        " WHERE c.active AND c.channel = 'sms' AND c.kind <> 'log'"
        " AND (n.last_receipt_at IS NULL OR n.last_receipt_at < $2)"
        " AND n.last_accepted_at >= $1 AND (SELECT count(*) FROM (SELECT FROM messages m"
        "  WHERE m.account_id = c.account_id AND m.id >= time_id($1) AND m.id < time_id($2)"
        "  AND m.connection_id = c.id AND m.state = 'accepted' AND m.answered_at >="
        "   coalesce(n.last_receipt_at, '-infinity') LIMIT $3) few) = $3 ORDER BY c.id LIMIT $4",
        now - RECEIPTS_OF - RECEIPTS_AFTER,
        now - RECEIPTS_AFTER,
        LEAST_WITHOUT,
        MOST,
    )
    return [
        _found(row, Facts(row["name"], n=LEAST_WITHOUT, at=row["last_receipt_at"])) for row in rows
    ]


async def failing_webhooks(db: Handle, now: datetime) -> list[Found]:
    rows = await db.fetch(
        "SELECT account_id, id, url, failing_since FROM hook_endpoints"
        " WHERE active AND failing_since <= $1 ORDER BY id LIMIT $2",
        now - HOOK_FAILS_FOR,
        MOST,
    )
    return [_found(row, Facts(_host(row["url"]), at=row["failing_since"])) for row in rows]


async def webhooks_off(db: Handle, now: datetime) -> list[Found]:
    """Switched off by Tearoff, not by somebody."""
    rows = await db.fetch(
        "SELECT account_id, id, url, switched_off_at, switched_off_reason FROM hook_endpoints"
        " WHERE NOT active AND switched_off_at IS NOT NULL AND switched_off_reason <> $1"
        " ORDER BY id LIMIT $2",
        OFF_BY_OWNER,
        MOST,
    )
    return [
        _found(
            row,
            Facts(_host(row["url"]), at=row["switched_off_at"], reason=row["switched_off_reason"]),
        )
        for row in rows
    ]


async def low_pools(db: Handle, now: datetime) -> list[Found]:
    """Of each no more codes are counted than its mark."""
    rows = await db.fetch(
        "SELECT p.account_id, p.id, p.name, free.left, p.pool_low FROM campaigns p,"
        " LATERAL (SELECT count(*) AS left FROM (SELECT FROM pool_codes"
        "  WHERE campaign_id = p.id AND taken_at IS NULL LIMIT p.pool_low) f) free"
        " WHERE p.has_pool AND p.removed_at IS NULL AND p.status = 'active'"
        " AND free.left < p.pool_low ORDER BY p.id LIMIT $1",
        MOST,
    )
    return [_found(row, Facts(row["name"], n=row["left"], of=row["pool_low"])) for row in rows]


async def near_budgets(db: Handle, now: datetime) -> list[Found]:
    rows = await db.fetch(
        "SELECT a.id AS account_id, b.scope AS id, t.n, b.cap, t.until FROM accounts a"
        " CROSS JOIN LATERAL (VALUES ('spend-day', a.limit_spend_day),"
        "  ('spend-month', a.limit_spend_month))"
        "  AS b (scope, cap)"
        " JOIN tallies t ON t.account_id = a.id AND t.scope = b.scope AND t.until > $1"
        " WHERE b.cap > 0 AND t.n >= b.cap * $2::float8 ORDER BY a.id, b.scope LIMIT $3",
        now,
        NEAR,
        MOST,
    )
    return [_found(row, Facts(n=row["n"], of=row["cap"], at=row["until"])) for row in rows]


async def ending_campaigns(db: Handle, now: datetime) -> list[Found]:
    """Those of which coupons are out: of others nobody waits for the end."""
    rows = await db.fetch(
        "SELECT c.account_id, c.id, c.name, c.expires_at FROM campaigns c"
        " WHERE c.status = 'active' AND c.removed_at IS NULL AND c.expires_at > $1"
        " AND c.expires_at <= $2 AND EXISTS (SELECT FROM sessions s WHERE s.campaign_id = c.id)"
        " ORDER BY c.id LIMIT $3",
        now,
        now + ENDS_WITHIN,
        MOST,
    )
    return [_found(row, Facts(row["name"], at=row["expires_at"])) for row in rows]


async def guessed_pins(db: Handle, now: datetime) -> list[Found]:
    rows = await db.fetch(
        "SELECT a.id AS account_id, '' AS id, t.n, t.until FROM accounts a"
        " JOIN tallies t ON t.account_id = a.id AND t.scope = $2 AND t.until > $1 AND t.n >= $3"
        " ORDER BY a.id LIMIT $4",
        now,
        ALARM.scope,
        ALARM_TRIES,
        MOST,
    )
    return [_found(row, Facts(n=row["n"], at=row["until"] - ALARM.window)) for row in rows]


async def silent_prefixes(db: Handle, now: datetime) -> list[Found]:
    """Numbers that begin alike, of whom nobody opened a coupon that came by text. Mostly they are
    numbers of people; where somebody earns by texts, nobody looks at one."""
    rows = await db.fetch(
        f"SELECT m.account_id, left(m.recipient, {SILENT_DIGITS}) AS id, count(*) AS n"
        " FROM messages m JOIN sessions s ON s.id = m.about"
        " WHERE m.id >= time_id($1) AND m.id < time_id($2) AND m.channel = 'sms'"
        " AND m.state IN ('accepted', 'sent', 'delivered')"
        " GROUP BY 1, 2 HAVING count(*) >= $3 AND count(s.opened_at) = 0 ORDER BY 1, 2 LIMIT $4",
        now - SILENT_OF - SILENT_AFTER,
        now - SILENT_AFTER,
        LEAST_SILENT,
        MOST,
    )
    return [_found(row, Facts(n=row["n"])) for row in rows]


def _found(row: Mapping[str, Any], facts: Facts) -> Found:
    return Found(row["account_id"], str(row["id"]), facts)


def _host(url: str) -> str:
    """The rest of an address may hold a secret."""
    return urlsplit(url).hostname or ""


EACH_MINUTE: dict[str, Look] = {
    models.PROVIDER_FAILING: failing_providers,
    models.WEBHOOK_FAILING: failing_webhooks,
    models.WEBHOOK_OFF: webhooks_off,
    models.BUDGET_NEAR: near_budgets,
    models.PIN_GUESSED: guessed_pins,
}
EACH_TEN_MINUTES: dict[str, Look] = {
    models.POOL_LOW: low_pools,
    models.CAMPAIGN_ENDS: ending_campaigns,
    models.RECEIPTS_MISSING: missing_receipts,
}
EACH_HOUR: dict[str, Look] = {models.PREFIX_SILENT: silent_prefixes}
"""It reads a day of messages."""
