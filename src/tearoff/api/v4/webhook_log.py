"""`/v4/webhooks/{id}/deliveries` and `/replays`: what was sent, what it brought, and sending it
again."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3.webhook import SHOWN_OF_BODY, event_ref
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.shapes import AT
from tearoff.errors import Invalid
from tearoff.hooks import endpoints, log, replays, shown
from tearoff.hooks.endpoints import WebhookNotFound
from tearoff.hooks.models import KINDS, MISSED, STATES, Logged
from tearoff.kit.db import Handle

TAG = "Webhooks"
EVENT_ID = "evt_a1B2c3D4e5F6g7H8i9J0"


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


class DeliveryInFull(Delivery, frozen=True):
    """With the heads of the last try's request and answer, as `Name: value` on each line. In the
    place of signatures stands `********`; of the answer's head are kept the lines that say why it
    is as it is."""

    tried_at: datetime | None
    tries_at_most: int
    request_head: list[str]
    answer_head: list[str]


class Resent(msgspec.Struct, frozen=True):
    """To how many webhooks it is sent again."""

    deliveries: int


class Missed(msgspec.Struct, frozen=True):
    """How many events of a span did not arrive: given up, dropped, or waiting after a try that
    failed."""

    events: int


class Replay(msgspec.Struct, frozen=True):
    """A span that is sent again. `events`: how many did not arrive and go out once more; `placed`:
    all of them stand in line. What became of them: `waiting`, `delivered`, `failed`."""

    id: int
    since: datetime
    until: datetime
    events: int
    placed: bool
    waiting: int
    delivered: int
    failed: int
    started_at: datetime


async def list_deliveries(call: Call, db: Handle) -> Page[Delivery]:
    given = call.given
    endpoint = await endpoints.find(db, call.account.id, given["id"])
    limit = given.get("limit", DEFAULT_LIMIT)
    (before,) = given.get("cursor", (None,))
    wanted = log.Wanted(
        given.get("state"), given.get("since"), given.get("until"), given.get("type")
    )
    found = await log.deliveries_before(db, call.account.id, endpoint.id, wanted, before, limit + 1)
    return page_of("deliveries", found, limit, delivery_of, lambda one: (one.delivery.id,))


async def get_delivery(call: Call, db: Handle) -> DeliveryInFull:
    given, account_id = call.given, call.account.id
    endpoint = await endpoints.find(db, account_id, given["id"])
    found = await log.delivery(db, account_id, endpoint.id, given["event"])
    if found is None:
        raise WebhookNotFound
    row = found.delivery
    return DeliveryInFull(
        **msgspec.structs.asdict(delivery_of(found)),
        tried_at=row.last_at,
        tries_at_most=shown.TRIES,
        request_head=shown.request_head(endpoint, found),
        answer_head=row.last_head.splitlines(),
    )


async def resend_event(call: Call, db: Handle) -> Resent:
    given, account_id = call.given, call.account.id
    event = await endpoints.find_event(db, account_id, given["event"])
    n = await endpoints.resend_event(db, account_id, event, given.get("webhook"), call.now)
    return Resent(n)


async def count_missed(call: Call, db: Handle) -> Missed:
    given = call.given
    endpoint = await endpoints.find(db, call.account.id, given["id"])
    since, until = _span(call)
    return Missed(await replays.count(db, endpoint.id, since, until, call.now))


async def begin_replay(call: Call, db: Handle) -> Replay:
    given = call.given
    since, until = _span(call)
    begun = await replays.begin(
        db, call.account.id, given["id"], since, until, call.now,
        switch_on=given.get("switch_on", False),
    )  # fmt: skip
    return _replay(begun, replays.Progress(begun.found, 0, 0))


async def get_replay(call: Call, db: Handle) -> Replay:
    given = call.given
    found = await replays.find(db, call.account.id, given["id"], given["replay"])
    if found is None:
        raise WebhookNotFound
    return _replay(*found)


def _span(call: Call) -> tuple[datetime, datetime]:
    since, until = call.given["since"], call.given.get("until", call.now)
    if until <= since:
        raise Invalid("The end of a span comes after its beginning.", field="until")
    return since, until


def delivery_of(logged: Logged) -> Delivery:
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


def _replay(row: replays.Replay, progress: replays.Progress) -> Replay:
    return Replay(
        row.id, row.from_at, row.until_at, row.found, row.placed_at is not None,
        progress.waiting, progress.delivered, progress.failed, row.started_at,
    )  # fmt: skip


ID = f.path_id("id", "whk", "Id of the webhook.", 100001)
_EVENT = f.text_field("event", event_ref, "Id of the event.", EVENT_ID, required=True)
_SINCE = f.moment_field(
    "since", "What happened from this moment on.", "2026-11-23T10:00:00Z", required=True
)
_UNTIL = f.moment_field("until", "And before this one; now if left out.", "2026-11-24T10:00:00Z")
DELIVERY = Delivery(
    100001, EVENT_ID, "coupon_validated", "delivered", 1, None, 200, "", "ok", 48, AT, AT,
    '{"id":"evt_a1B2c3D4e5F6g7H8i9J0","type":"coupon_validated"}',
)  # fmt: skip
_IN_FULL = DeliveryInFull(
    **msgspec.structs.asdict(DELIVERY),
    tried_at=AT,
    tries_at_most=shown.TRIES,
    request_head=["POST /webhooks", "Host: example.com", f"webhook-id: {EVENT_ID}"],
    answer_head=["Content-Type: text/plain"],
)
_REPLAY = Replay(100001, AT, AT.replace(hour=23), 3, True, 1, 2, 0, AT)

LIST = Operation(
    method="GET",
    path="/v4/webhooks/{id}/deliveries",
    tag=TAG,
    right=Right.HOOKS,
    summary="What was sent to a webhook and what it answered, newest first.",
    path_fields=(ID,),
    query=(
        LIMIT,
        cursor_field("deliveries", int),
        f.words_field(
            "state", (*STATES, MISSED),
            "Only those in this state; `missed`: failed, dropped, or waiting after a try that"
            " failed.", "delivered",
        ),
        f.words_field("type", KINDS, "Only events of this kind.", "coupon_validated"),
        f.moment_field("since", "What was announced from this moment on.",
                       "2026-11-23T10:00:00Z"),
        f.moment_field("until", "And before this one.", "2999-11-24T10:00:00Z"),
    ),
    act=list_deliveries,
    errors=(201, 300, 301, 302, 303, 404, 509),
    answers={200: ("A page of deliveries.", Page[Delivery])},
    example=Page([DELIVERY]),
)  # fmt: skip
GET = Operation(
    method="GET",
    path="/v4/webhooks/{id}/deliveries/{event}",
    tag=TAG,
    right=Right.HOOKS,
    summary="One delivery, with the heads of its last request and answer.",
    path_fields=(ID, _EVENT),
    act=get_delivery,
    errors=(301, 404, 509),
    answers={200: ("The delivery.", DeliveryInFull)},
    example=_IN_FULL,
)
RESEND = Operation(
    method="POST",
    path="/v4/events/{event}/resend",
    tag=TAG,
    right=Right.HOOKS,
    verb="event.resend",
    summary="Send an event again: to the webhooks that got it, or to one that is named.",
    path_fields=(_EVENT,),
    body=(f.integer_field("webhook", "Id of a webhook."),),
    act=resend_event,
    errors=(201, 301, 404, 409, 422, 509, 523),
    answers={200: ("It is on its way again.", Resent)},
    example=Resent(1),
)
MISSING = Operation(
    method="GET",
    path="/v4/webhooks/{id}/missed",
    tag=TAG,
    right=Right.HOOKS,
    summary="How many events of a span a webhook did not get: what a replay would send.",
    path_fields=(ID,),
    query=(_SINCE, _UNTIL),
    act=count_missed,
    errors=(200, 201, 300, 301, 303, 404, 509),
    answers={200: ("The number.", Missed)},
    example=Missed(3),
)
REPLAY = Operation(
    method="POST",
    path="/v4/webhooks/{id}/replays",
    tag=TAG,
    right=Right.HOOKS,
    verb="webhook.replay",
    summary="Send again what a webhook did not get of a span: in order, each event once, however"
    " often it is asked.",
    path_fields=(ID,),
    body=(
        _SINCE,
        _UNTIL,
        f.boolean_field("switch_on", "Switch it on first, if it is off.", example=True),
    ),
    act=begin_replay,
    errors=(200, 201, 300, 301, 303, 404, 409, 422, 509, 523, 531),
    answers={201: ("What is sent again.", Replay)},
    example=_REPLAY,
)
PROGRESS = Operation(
    method="GET",
    path="/v4/webhooks/{id}/replays/{replay}",
    tag=TAG,
    right=Right.HOOKS,
    summary="How far a replay has come.",
    path_fields=(ID, f.path_id("replay", "rep", "Id of the replay.", 100001)),
    act=get_replay,
    errors=(404, 509),
    answers={200: ("The replay.", Replay)},
    example=_REPLAY,
)

OPERATIONS = (LIST, GET, RESEND, MISSING, REPLAY, PROGRESS)
