"""`/v4/webhooks`: who is told of what, and the log of deliveries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET

from tearoff.accounts.rights import Right
from tearoff.api.call import Call, claim, keep
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.webhook import SHOWN_OF_BODY, address, event_ref, kinds
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation, encode
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.shapes import AT
from tearoff.errors import Invalid
from tearoff.hooks import addresses, endpoints, queries, test_event
from tearoff.hooks.claims import Claimed
from tearoff.hooks.endpoints import OLD_SECRET_LIVES, Changes, WebhookNotFound
from tearoff.hooks.models import KINDS, STATES, Logged
from tearoff.hooks.models import Endpoint as WebhookRow
from tearoff.kit.db import Handle

TAG = "Webhooks"


class Webhook(msgspec.Struct, frozen=True):
    """An address that is told of events. `events` null: all kinds. `secret` is there when it
    was just made, and never again. `warnings`: what its owner should know, in words."""

    id: int
    url: str
    events: tuple[str, ...] | None
    description: str
    active: bool
    failing_since: datetime | None
    switched_off_at: datetime | None
    switched_off_reason: str
    created_at: datetime
    secret: str | None
    warnings: list[str]


class Delivery(msgspec.Struct, frozen=True):
    """How it stands between one event and one webhook, with what the last try brought.
    `state`: waiting, delivered, failed or dropped."""

    id: int
    event: str
    type: str
    state: str
    tries: int
    next_try_at: datetime | None
    http_status: int | None
    error: str
    answer: str
    took_ms: int | None
    created_at: datetime
    settled_at: datetime | None
    body: str


class Resent(msgspec.Struct, frozen=True):
    """To how many webhooks it is sent again."""

    deliveries: int


async def list_webhooks(call: Call, db: Handle) -> Page[Webhook]:
    """All of them: an account has at most 20."""
    return Page([_webhook(one) for one in await queries.endpoints(db, call.account.id)])


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


async def get_webhook(call: Call, db: Handle) -> Webhook:
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
    await endpoints.delete(db, call.account.id, call.given["id"])


async def test_webhook(call: Call) -> tuple[int, bytes]:
    """Send a test and wait for what it brings. Under an Idempotency-Key its delivery is kept
    from the beginning, so that the same call never sends a second one."""
    services = call.doors.services
    async with services.db.transaction() as db:
        endpoint = await endpoints.hold(db, call.account.id, call.given["id"])
        await claim(db, call)
        claimed = await test_event.prepare(db, endpoint, call.now)
        await call.note(db, "webhook.test", subject=str(call.given["id"]))
        await keep(db, call, 200, await _tested(call, db, claimed))
    await test_event.carry_out(services, claimed)
    told = await _tested(call, services.db, claimed)
    await keep(services.db, call, 200, told)
    return 200, told


async def _tested(call: Call, db: Handle, claimed: Claimed) -> bytes:
    found = await queries.delivery(db, call.account.id, claimed.endpoint_id, claimed.ref)
    if found is None:
        raise WebhookNotFound
    return encode(_delivery(found))


async def list_deliveries(call: Call, db: Handle) -> Page[Delivery]:
    given = call.given
    endpoint = await endpoints.find(db, call.account.id, given["id"])
    limit = given.get("limit", DEFAULT_LIMIT)
    (before,) = given.get("cursor", (None,))
    wanted = queries.Wanted(given.get("state"), given.get("since"))
    found = await queries.deliveries_before(
        db, call.account.id, endpoint.id, wanted, before, limit + 1
    )
    return page_of("deliveries", found, limit, _delivery, lambda one: (one.delivery.id,))


async def resend_event(call: Call, db: Handle) -> Resent:
    given, account_id = call.given, call.account.id
    event = await endpoints.find_event(db, account_id, given["event"])
    n = await endpoints.resend_event(db, account_id, event, given.get("webhook"), call.now)
    return Resent(n)


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
        row.switched_off_at, row.switched_off_reason, row.created_at, secret,
        row.warnings,
    )  # fmt: skip


def _delivery(logged: Logged) -> Delivery:
    row = logged.delivery
    return Delivery(
        row.id,
        logged.ref,
        logged.kind,
        row.state,
        row.tries,
        row.next_at if row.state == "waiting" else None,
        row.last_status,
        row.last_error,
        row.last_answer,
        row.last_took_ms,
        row.created_at,
        row.settled_at,
        logged.body.decode()[:SHOWN_OF_BODY],
    )


def _kinds(name: str, given: Any) -> tuple[str, ...] | None:
    """None for all of them."""
    words = f.texts(100, 50)(name, given)
    return kinds(name, list(words)) or None


_ID = f.path_id("id", "whk", "Id of the webhook.", 100001)
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
_EVENT = "evt_a1B2c3D4e5F6g7H8i9J0"
_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 (an example)
_WEBHOOK = Webhook(
    100001, "https://example.com/webhooks", ("coupon_validated",), "Our shop", True, None, None,
    "", AT, None, [],
)  # fmt: skip
_DELIVERY = Delivery(
    100001, _EVENT, "coupon_validated", "delivered", 1, None, 200, "", "ok", 48, AT, AT,
    '{"id":"evt_a1B2c3D4e5F6g7H8i9J0","type":"coupon_validated"}',
)  # fmt: skip

LIST = Operation(
    method="GET",
    path="/v4/webhooks",
    tag=TAG,
    right=Right.HOOKS,
    summary="The account's webhooks, on one page.",
    act=list_webhooks,
    errors=(201,),
    answers={200: ("The webhooks.", Page[Webhook])},
    example=Page([_WEBHOOK]),
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
        path_fields=(_ID,),
        act=get_webhook,
        errors=(404, 509),
        answers={200: ("The webhook.", Webhook)},
        example=_WEBHOOK,
    ),
    Operation(
        method="PATCH",
        path="/v4/webhooks/{id}",
        tag=TAG,
        right=Right.HOOKS,
        verb="webhook.change",
        look=get_webhook,
        summary="Change a webhook, switch it off or on, or roll its secret.",
        path_fields=(_ID,),
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
        look=get_webhook,
        summary="Delete a webhook with its log.",
        path_fields=(_ID,),
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
        path_fields=(_ID,),
        act_alone=test_webhook,
        errors=(404, 509, 523),
        answers={200: ("What the test brought.", Delivery)},
        example=msgspec.structs.replace(_DELIVERY, type="webhook_test"),
    ),
    Operation(
        method="GET",
        path="/v4/webhooks/{id}/deliveries",
        tag=TAG,
        right=Right.HOOKS,
        summary="What was sent to a webhook and what it answered, newest first.",
        path_fields=(_ID,),
        query=(
            LIMIT,
            cursor_field("deliveries", int),
            f.words_field("state", STATES, "Only those in this state.", "delivered"),
            f.moment_field("since", "What was announced from this moment on.",
                           "2026-11-23T10:00:00Z"),
        ),
        act=list_deliveries,
        errors=(201, 300, 301, 302, 303, 404, 509),
        answers={200: ("A page of deliveries.", Page[Delivery])},
        example=Page([_DELIVERY]),
    ),
    Operation(
        method="POST",
        path="/v4/events/{event}/resend",
        tag=TAG,
        right=Right.HOOKS,
        verb="event.resend",
        summary="Send an event again: to the webhooks that got it, or to one that is named.",
        path_fields=(
            f.text_field("event", event_ref, "Id of the event.", _EVENT, required=True),
        ),
        body=(f.integer_field("webhook", "Id of a webhook."),),
        act=resend_event,
        errors=(201, 301, 404, 409, 422, 509, 523),
        answers={200: ("It is on its way again.", Resent)},
        example=Resent(1),
    ),
)  # fmt: skip
