"""The kinds of alerts there are, and their rows."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.accounts.rights import Right

PROVIDER_FAILING = "provider_failing"
RECEIPTS_MISSING = "receipts_missing"
WEBHOOK_FAILING = "webhook_failing"
WEBHOOK_OFF = "webhook_off"
POOL_LOW = "pool_low"
BUDGET_NEAR = "budget_near"
CAMPAIGN_ENDS = "campaign_ends"
PIN_GUESSED = "pin_guessed"
PREFIX_SILENT = "prefix_silent"

RIGHTS = {
    PROVIDER_FAILING: Right.PROVIDERS,
    RECEIPTS_MISSING: Right.PROVIDERS,
    WEBHOOK_FAILING: Right.HOOKS,
    WEBHOOK_OFF: Right.HOOKS,
    POOL_LOW: Right.EDIT,
    BUDGET_NEAR: Right.SETTINGS,
    CAMPAIGN_ENDS: Right.EDIT,
    PIN_GUESSED: Right.PLACES,
    PREFIX_SILENT: Right.PROVIDERS,
}
"""Every kind, and what somebody needs to be told of it: whoever can do something about it."""
KINDS = tuple(RIGHTS)
MAILED = tuple(kind for kind in KINDS if kind not in (WEBHOOK_FAILING, CAMPAIGN_ENDS))
"""Those that are mailed to whoever has not chosen: what costs money or customers if nobody looks
before tomorrow."""


class Facts(msgspec.Struct, frozen=True):
    """What was met, without a person in it. `name`: of the provider, campaign or host; `n` of `of`:
    codes left, millionths spent, messages or tries counted; `at`: since or until when; `reason`: in
    the words of the other side."""

    name: str = ""
    n: int = 0
    of: int = 0
    at: datetime | None = None
    reason: str = ""


class Found(msgspec.Struct, frozen=True):
    """Something that a look has met."""

    account_id: int
    subject: str
    facts: Facts


class Alert(msgspec.Struct, frozen=True):
    """`put_away_at`: somebody said that they have read it."""

    id: int
    account_id: int
    kind: str
    subject: str
    facts: Facts
    began_at: datetime
    ended_at: datetime | None
    put_away_at: datetime | None
