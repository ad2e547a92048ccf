"""`/v4/account/limits`: how far the account's limits are used now."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.accounts import limits_used
from tearoff.accounts.limits_used import Budget
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v4 import shapes
from tearoff.api.v4.account import TAG
from tearoff.api.v4.operation import Operation
from tearoff.kit.db import Handle


class Spent(msgspec.Struct, frozen=True):
    """In millionths of the currency unit. `limit` null: there is none, and nothing is counted.
    `until`: when `spent` begins anew; null while nothing was spent."""

    limit: int | None
    spent: int
    until: datetime | None


class LimitsUsed(msgspec.Struct, frozen=True):
    """`numbers_at_limit` get no message now; `blocks_at_limit` are neighbouring numbers that get
    none together."""

    currency: str
    spend_day: Spent
    spend_month: Spent
    numbers_at_limit: int
    blocks_at_limit: int


async def get_limits(call: Call, db: Handle) -> LimitsUsed:
    account = call.account
    used = await limits_used.used(db, account.id, call.now)
    return LimitsUsed(
        account.currency,
        _spent(account.limit_spend_day, used.day),
        _spent(account.limit_spend_month, used.month),
        used.numbers,
        used.blocks,
    )


def _spent(limit: int | None, budget: Budget | None) -> Spent:
    if limit is None or budget is None:
        return Spent(limit, 0, None)
    return Spent(limit, budget.n, budget.until)


GET = Operation(
    method="GET",
    path="/v4/account/limits",
    tag=TAG,
    right=Right.SETTINGS,
    summary="How far the account's own limits are used now: budgets, and numbers that get nothing"
    " more for a while.",
    act=get_limits,
    answers={200: ("What is used.", LimitsUsed)},
    example=LimitsUsed(
        "EUR", Spent(50_000_000, 12_350_000, shapes.AT), Spent(None, 0, None), 2, 0
    ),
)  # fmt: skip

OPERATIONS = (GET,)
