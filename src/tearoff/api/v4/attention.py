"""`/v4/attention`: what is still to do before the first coupon is used, and what goes wrong now."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from tearoff.accounts import tallies
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v4.operation import Operation
from tearoff.coupons.campaigns import counts
from tearoff.coupons.pools import pools
from tearoff.coupons.sessions.pin_tries import ALARM, ALARM_TRIES, LOCKS
from tearoff.hooks import queries as hooks
from tearoff.hooks.models import Endpoint
from tearoff.kit import embedded, signs_of_life
from tearoff.kit.db import Handle
from tearoff.messages import reply_pages
from tearoff.messages.connections import connections_of
from tearoff.messages.models import Connection

MOST_POOLS = 20
NOT_REAL = "log"


class FirstSteps(msgspec.Struct, frozen=True):
    """What was done at least once. `has_sms`: a service that really sends texts is connected."""

    has_sms: bool
    has_campaign: bool
    has_sent: bool
    has_redeemed: bool

    @property
    def are_done(self) -> bool:
        return self.has_sms and self.has_campaign and self.has_sent and self.has_redeemed


class Failing(msgspec.Struct, frozen=True):
    """A provider that takes nothing. `error` is told only to who may change providers."""

    provider: int
    channel: str
    kind: str
    name: str
    since: datetime
    error: str | None


class FailingHook(msgspec.Struct, frozen=True):
    """A webhook that was switched off by nobody, or has failed for a while. `url` and `reason` are
    told only to who may change webhooks."""

    webhook: int
    is_off: bool
    since: datetime
    url: str | None
    reason: str | None


class LowPool(msgspec.Struct, frozen=True):
    """A campaign that has fewer codes of its own left than its mark."""

    campaign: int
    left: int


class Pins(msgspec.Struct, frozen=True):
    """Wrong PINs of the staff within an hour, and coupons that were locked because of them within
    a day. `alarm`: more than by mistake."""

    wrong: int
    locked: int
    alarm: bool


class Server(msgspec.Struct, frozen=True):
    """Of the whole installation. `worker_seen_at`: when some worker was last alive, and `works`,
    whether one is now. `backup_at`: when `tearoff backup` last ended well; `needs_backup`: the
    database is the embedded one, which nothing else backs up."""

    works: bool
    worker_seen_at: datetime | None
    backup_at: datetime | None
    needs_backup: bool


class Attention(msgspec.Struct, frozen=True):
    """`server` is told only to who may change the settings of an account without a parent."""

    first_steps: FirstSteps
    failing: list[Failing]
    webhooks: list[FailingHook]
    pools: list[LowPool]
    pins: Pins
    server: Server | None
    open_replies: int = 0


async def get_attention(call: Call, db: Handle) -> Attention:
    account_id = call.account.id
    connected = [c for c in await connections_of(db, account_id) if c.active]
    begun = await counts.begun(db, account_id)
    low = await pools.low(db, account_id, MOST_POOLS)
    pins = await tallies.reached_all(db, account_id, (ALARM.scope, LOCKS.scope), call.now)
    return Attention(
        FirstSteps(
            any(c.channel == "sms" and c.kind != NOT_REAL for c in connected),
            begun.has_campaign,
            begun.has_sent,
            begun.has_redeemed,
        ),
        [failing for c in connected for failing in _failing(call, c)],
        [_hook(call, one) for one in await hooks.in_trouble(db, account_id, call.now)],
        [LowPool(pool.campaign_id, pool.left) for pool in low],
        Pins(pins[ALARM.scope], pins[LOCKS.scope], pins[ALARM.scope] >= ALARM_TRIES),
        await _server(call, db),
        await reply_pages.count_open_of(db, account_id),
    )


def _failing(call: Call, one: Connection) -> list[Failing]:
    if one.failing_since is None:
        return []
    error = one.last_error if call.caller.may(Right.PROVIDERS) else None
    return [Failing(one.id, one.channel, one.kind, one.name, one.failing_since, error)]


def _hook(call: Call, one: Endpoint) -> FailingHook:
    may = call.caller.may(Right.HOOKS)
    since = one.failing_since if one.active else one.switched_off_at
    return FailingHook(
        one.id,
        not one.active,
        since or one.created_at,
        one.url if may else None,
        one.switched_off_reason if may else None,
    )


async def _server(call: Call, db: Handle) -> Server | None:
    if call.account.parent_id is not None or not call.caller.may(Right.SETTINGS):
        return None
    last = await signs_of_life.last(db)
    seen = last.get(signs_of_life.WORKER)
    return Server(
        works=seen is not None and seen > call.now - signs_of_life.GONE_AFTER,
        worker_seen_at=seen,
        backup_at=last.get(signs_of_life.BACKUP),
        needs_backup=embedded.is_embedded(call.doors.services.database_url),
    )


_AT = datetime(2026, 11, 23, 8, 4, 11, tzinfo=UTC)

GET = Operation(
    method="GET",
    path="/v4/attention",
    tag="Account",
    right=Right.LOOK,
    summary="What is still to do before the first coupon is used, and what goes wrong now.",
    act=get_attention,
    errors=(201,),
    answers={200: ("What needs somebody.", Attention)},
    example=Attention(
        FirstSteps(has_sms=True, has_campaign=True, has_sent=True, has_redeemed=False),
        [Failing(100001, "sms", "twilio", "", _AT, "Authenticate")],
        [FailingHook(100001, True, _AT, "https://example.com/webhooks", "It answered 410 Gone.")],
        [LowPool(100001, 12)],
        Pins(3, 0, False),
        Server(True, _AT, _AT, True),
        2,
    ),
)

OPERATIONS = (GET,)
