"""What v4 says of providers beside what every face does (`messages.connection_views`)."""

from __future__ import annotations

import msgspec

from tearoff.api.v4.shapes import AT
from tearoff.messages.connection_views import Provider


class ProviderTest(msgspec.Struct, frozen=True):
    """`result`: ok, failed, or unknown when the service did not say whether it took the message;
    `reason` in words. `message`: the test message, whose receipt settles it."""

    result: str
    reason: str | None
    message: int | None


EXAMPLE = Provider(
    id=100001,
    kind="log",
    channel="sms",
    name="Trial",
    active=True,
    default=True,
    position=1,
    state="new",
    sender="BEANLEAF",
    settings={"sender": "BEANLEAF"},
    secrets={},
    callback_url=None,
    prices={"*": 70_000, "FR": 55_000},
    reply_numbers=[],
    unmatched_replies=None,
    failing_since=None,
    last_error=None,
    last_accepted_at=None,
    last_receipt_at=None,
    created_at=AT,
)
NEW = msgspec.structs.replace(EXAMPLE, name="", sender=None, settings={}, prices={"*": 0})
"""One of which nothing but its kind was said."""
