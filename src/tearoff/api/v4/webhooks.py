"""`/v4/webhooks`: who is told of what, and the log of deliveries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET

from tearoff.accounts.rights import Right
from tearoff.api.call import Call, claim, keep
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.webhook import address, kinds
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation, encode
from tearoff.api.v4.pages import Page
from tearoff.api.v4.shapes import AT
from tearoff.api.v4.webhook_log import DELIVERY, ID, TAG, Delivery, delivery_of
from tearoff.coupons.sessions.invented import invented_body
from tearoff.errors import Invalid
from tearoff.hooks import addresses, endpoints, log, queries, standings, test_event
from tearoff.hooks.claims import Claimed
from tearoff.hooks.endpoints import OLD_SECRET_LIVES, Changes, WebhookNotFound
from tearoff.hooks.models import KINDS
from tearoff.hooks.models import Endpoint as WebhookRow
from tearoff.kit.db import Handle


class Webhook(msgspec.Struct, frozen=True):
    """An address that is told of events. `events` null: all kinds. `secret` is there when it
    was just made, and never again. `kept_until`: while it is off, what happens until then is kept
    for it and can be sent by a replay. `paused_until`: nothing is sent before, because it asked for
    that (Retry-After). `warnings`: what its owner should know, in words."""

    id: int
    url: str
    events: tuple[str, ...] | None
    description: str
    active: bool
    failing_since: datetime | None
    switched_off_at: datetime | None
    switched_off_reason: str
    kept_until: datetime | None
    paused_until: datetime | None
    created_at: datetime
    secret: str | None
    warnings: list[str]


class WebhookStanding(Webhook, frozen=True):
    """And how it stands. `waiting`: deliveries that are still to be made. `missed_since`:
    when the oldest event happened that did not arrive since it fails or was switched off, else of
    the last 30 days; `missed`: how many did not arrive of those that happened since that minute.
    `last_try_at`, `last_status`, `last_error`: of the last try (status null: no answer)."""

    waiting: int
    missed: int
    missed_since: datetime | None
    last_try_at: datetime | None
    last_status: int | None
    last_error: str


async def list_webhooks(call: Call, db: Handle) -> Page[WebhookStanding]:
    """All of them: an account has at most 20."""
    stand = await standings.of(db, call.account.id, call.now)
    rows = await queries.endpoints(db, call.account.id)
    return Page([_standing(one, stand[one.id]) for one in rows if one.id in stand])


async def create_webhook(call: Call, db: Handle) -> Webhook:
    made = await endpoints.create(
        db,
        call.doors.services.vault,
        call.account.id,
        url=call.given["url"],
        kinds=call.given.get("events"),
        description=call.given.get("description", ""),
        now=call.now,
    )
    return _webhook(made.endpoint, made.secret)


async def get_webhook(call: Call, db: Handle) -> WebhookStanding:
    row = await endpoints.find(db, call.account.id, call.given["id"])
    stand = await standings.of(db, call.account.id, call.now, row.id)
    if row.id not in stand:
        raise WebhookNotFound
    return _standing(row, stand[row.id])


async def look_at_webhook(call: Call, db: Handle) -> Webhook:
    """What of it somebody changes."""
    return _webhook(await endpoints.find(db, call.account.id, call.given["id"]))


async def update_webhook(call: Call, db: Handle) -> Webhook:
    given = call.given
    changes = Changes(
        url=given.get("url", UNSET),
        kinds=given.get("events", UNSET),
        description=given.get("description", UNSET),
        active=given.get("active", UNSET),
        roll_secret=given.get("roll_secret", False),
    )
    vault = call.doors.services.vault
    changed = await endpoints.update(db, vault, call.account.id, given["id"], changes, call.now)
    return _webhook(changed.endpoint, changed.secret)


async def delete_webhook(call: Call, db: Handle) -> None:
    await endpoints.delete(db, call.account.id, call.given["id"], call.now)


async def test_webhook(call: Call) -> tuple[int, bytes]:
    """Send a test and wait for what it brings. Under an Idempotency-Key its delivery is kept
    from the beginning, so that the same call never sends a second one."""
    services = call.doors.services
    async with services.db.transaction() as db:
        endpoint = await endpoints.hold(db, call.account.id, call.given["id"])
        await claim(db, call)
        body = invented_body(call.account.id, call.account.timezone, call.link_host, call.now)
        claimed = await test_event.prepare(db, endpoint, body, call.now)
        await call.note(db, "webhook.test", subject=str(call.given["id"]))
        await keep(db, call, 200, await _tested(call, db, claimed))
    await test_event.carry_out(services, claimed)
    told = await _tested(call, services.db, claimed)
    await keep(services.db, call, 200, told)
    return 200, told


async def _tested(call: Call, db: Handle, claimed: Claimed) -> bytes:
    found = await log.delivery(db, call.account.id, claimed.endpoint_id, claimed.ref)
    if found is None:
        raise WebhookNotFound
    return encode(delivery_of(found))


async def check_address(call: Call) -> None:
    if "url" not in call.given:
        return
    try:
        await addresses.check_host(call.given["url"], call.doors.services.settings)
    except Invalid as error:
        raise f.wrong("url", 300, f"Invalid value in parameter: url. {error}") from None


def _webhook(row: WebhookRow, secret: str | None = None) -> Webhook:
    return Webhook(
        row.id, row.url, row.kinds, row.description, row.active, row.failing_since,
        row.switched_off_at, row.switched_off_reason, row.kept_until, row.paused_until,
        row.created_at, secret, row.warnings,
    )  # fmt: skip


def _standing(row: WebhookRow, stands: standings.Standing) -> WebhookStanding:
    return WebhookStanding(
        **msgspec.structs.asdict(_webhook(row)),
        waiting=stands.waiting,
        missed=stands.missed,
        missed_since=stands.missed_since,
        last_try_at=stands.last_at,
        last_status=stands.last_status,
        last_error=stands.last_error or "",
    )


def _kinds(name: str, given: Any) -> tuple[str, ...] | None:
    """None for all of them."""
    words = f.texts(100, 50)(name, given)
    return kinds(name, list(words)) or None


_URL = f.text_field(
    "url", address,
    "Where events are sent: https (http works, with a warning), not a private address.",
    "https://example.com/webhooks", required=True,
)  # fmt: skip
_EVENTS = f.Field(
    name="events",
    read=_kinds,
    help="Kinds of events; null: all of them.",
    example=["coupon_validated"],
    nullable=True,
    schema={"type": ["array", "null"], "items": {"type": "string", "enum": list(KINDS)}},
)
_DESCRIPTION = f.text_field("description", p.text(200), "For your own records.", "Our shop")
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 (an example)
_WEBHOOK = Webhook(
    100001, "https://example.com/webhooks", ("coupon_validated",), "Our shop", True, None, None,
    "", None, None, AT, None, [],
)  # fmt: skip
_STANDING = WebhookStanding(
    **msgspec.structs.asdict(_WEBHOOK),
    waiting=0,
    missed=0,
    missed_since=None,
    last_try_at=AT,
    last_status=200,
    last_error="",
)
LIST = Operation(
    method="GET",
    path="/v4/webhooks",
    tag=TAG,
    right=Right.HOOKS,
    summary="The account's webhooks, on one page.",
    act=list_webhooks,
    errors=(201,),
    answers={200: ("The webhooks.", Page[WebhookStanding])},
    example=Page([_STANDING]),
)

OPERATIONS = (
    LIST,
    Operation(
        method="POST",
        path="/v4/webhooks",
        tag=TAG,
        right=Right.HOOKS,
        verb="webhook.create",
        summary="Let an address be told of events. The secret is shown here and never again.",
        body=(_URL, _EVENTS, _DESCRIPTION),
        before=check_address,
        act=create_webhook,
        errors=(200, 201, 300, 301, 302, 409, 422, 516),
        answers={201: ("The webhook.", Webhook)},
        example=msgspec.structs.replace(
            _WEBHOOK, secret=_SECRET
        ),
    ),
    Operation(
        method="GET",
        path="/v4/webhooks/{id}",
        tag=TAG,
        right=Right.HOOKS,
        summary="One webhook.",
        path_fields=(ID,),
        act=get_webhook,
        errors=(404, 509),
        answers={200: ("The webhook.", WebhookStanding)},
        example=_STANDING,
    ),
    Operation(
        method="PATCH",
        path="/v4/webhooks/{id}",
        tag=TAG,
        right=Right.HOOKS,
        verb="webhook.change",
        look=look_at_webhook,
        summary="Change a webhook, switch it off or on, or roll its secret.",
        path_fields=(ID,),
        body=(
            msgspec.structs.replace(_URL, required=False),
            _EVENTS,
            _DESCRIPTION,
            f.boolean_field("active", "Whether it is told anything.", example=True),
            f.boolean_field("roll_secret", "Make a new secret, which is in the answer; the old"
                            " one signs too for"
                            f" {OLD_SECRET_LIVES // timedelta(hours=1)} hours.", example=False),
        ),
        before=check_address,
        act=update_webhook,
        errors=(201, 300, 301, 302, 404, 409, 422, 509),
        answers={200: ("The webhook as it is then.", Webhook)},
        example=_WEBHOOK,
    ),
    Operation(
        method="DELETE",
        path="/v4/webhooks/{id}",
        tag=TAG,
        right=Right.HOOKS,
        verb="webhook.remove",
        look=look_at_webhook,
        summary="Delete a webhook with its log.",
        path_fields=(ID,),
        act=delete_webhook,
        errors=(404, 409, 422, 509),
        answers={204: ("It is gone.", None)},
    ),
    Operation(
        method="POST",
        path="/v4/webhooks/{id}/test",
        tag=TAG,
        right=Right.HOOKS,
        verb="webhook.test",
        summary="Send a `webhook_test` now and tell how it went.",
        path_fields=(ID,),
        act_alone=test_webhook,
        errors=(404, 509, 523),
        answers={200: ("What the test brought.", Delivery)},
        example=msgspec.structs.replace(DELIVERY, type="webhook_test"),
    ),
)  # fmt: skip
