"""`/v3/webhook/*`: who is told of what, the log of deliveries, and checking what was received."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Endpoint, once, success_body
from tearoff.coupons.sessions.invented import invented_body
from tearoff.coupons.sessions.status import utc
from tearoff.errors import Invalid
from tearoff.hooks import addresses, endpoints, log, queries, test_event
from tearoff.hooks.claims import Claimed
from tearoff.hooks.endpoints import OLD_SECRET_LIVES, Changes, WebhookNotFound
from tearoff.hooks.models import KINDS, STATES, Logged
from tearoff.hooks.models import Endpoint as Webhook
from tearoff.kit.db import Handle

ALL_KINDS = ("all", "*")
SHOWN_OF_BODY = 4096
"""Characters of an event's body that the log shows."""


async def create_webhook(call: Call, db: Handle) -> dict[str, Any]:
    given = call.given
    made = await endpoints.create(
        db,
        call.doors.services.vault,
        call.account.id,
        url=given["url"],
        kinds=given["events"] or None,
        description=given["description"] or "",
        now=call.now,
    )
    return {"action": "webhook_created", "webhook": _webhook(made.endpoint, made.secret)}


async def list_webhooks(call: Call, db: Handle) -> dict[str, Any]:
    found = await queries.endpoints(db, call.account.id)
    return {"amount_of_webhooks": len(found), "webhook": [_webhook(one) for one in found]}


async def update_webhook(call: Call, db: Handle) -> dict[str, Any]:
    given = call.given
    changes = Changes(
        url=UNSET if given["url"] is None else given["url"],
        kinds=UNSET if given["events"] is None else given["events"] or None,
        description=UNSET if given["description"] is None else given["description"],
        active=UNSET if given["active"] is None else given["active"],
        roll_secret=bool(given["roll_secret"]),
    )
    changed = await endpoints.update(
        db, call.doors.services.vault, call.account.id, given["webhook"], changes, call.now
    )
    return {"action": "webhook_updated", "webhook": _webhook(changed.endpoint, changed.secret)}


async def delete_webhook(call: Call, db: Handle) -> dict[str, Any]:
    await endpoints.delete(db, call.account.id, call.given["webhook"], call.now)
    return {"action": "webhook_deleted", "webhook": f"whk_{call.given['webhook']}"}


async def test_webhook(call: Call) -> tuple[int, bytes]:
    """Send a test and wait for what it brings; under an Idempotency-Key its event is kept."""
    taken: list[Claimed] = []

    async def prepare(db: Handle) -> bytes:
        endpoint = await endpoints.hold(db, call.account.id, call.given["webhook"])
        body = invented_body(call.account.id, call.account.timezone, call.link_host, call.now)
        taken.append(await test_event.prepare(db, endpoint, body, call.now))
        return taken[0].ref.encode()

    ref = await once(call, prepare)
    await test_event.carry_out(call.doors.services, taken[0])
    return 200, await tell_test(call, ref)


async def tell_test(call: Call, ref: bytes) -> bytes:
    """How a test went, from the log."""
    db, webhook_id = call.doors.services.db, call.given["webhook"]
    found = await log.delivery(db, call.account.id, webhook_id, ref.decode())
    if found is None:
        raise WebhookNotFound
    told = _delivery(found)
    shown = ("event", "type", "state", "http_status", "error", "answer", "took_ms")
    return success_body({"webhook": f"whk_{webhook_id}", **{name: told[name] for name in shown}})


async def list_deliveries(call: Call, db: Handle) -> dict[str, Any]:
    given, account_id = call.given, call.account.id
    endpoint = await endpoints.find(db, account_id, given["webhook"])
    wanted = log.Wanted(given["state"], _utc(given["since"]))
    page = given["page"] or 1
    return {
        "webhook": endpoint.ref,
        "amount_of_results": await log.count_deliveries(db, account_id, endpoint.id, wanted),
        "data": [
            _delivery(logged)
            for logged in await log.deliveries(db, account_id, endpoint.id, wanted, page)
        ],
    }


async def resend(call: Call, db: Handle) -> dict[str, Any]:
    given = call.given
    if given["event"] is not None:
        event = await endpoints.find_event(db, call.account.id, given["event"])
        n = await endpoints.resend_event(db, call.account.id, event, given["webhook"], call.now)
    else:
        since = given["since"].replace(tzinfo=UTC)
        n = await endpoints.resend_failed(db, call.account.id, given["webhook"], since, call.now)
    return {"action": "webhook_resent", "amount_of_results": n}


async def verify_at_once(call: Call) -> dict[str, Any]:
    return await verify(call, call.doors.services.db)


async def verify(call: Call, db: Handle) -> dict[str, Any]:
    """Whether an event that was received is one of ours, of the last 30 days."""
    event = await endpoints.find_event(db, call.account.id, call.given["webhook"])
    body = msgspec.json.decode(event.body)
    if call.given["session"] not in (None, body["session"]):
        raise WebhookNotFound
    return {
        "result": "valid",
        "webhook": event.ref,
        "date": utc(event.at),
        "campaign": body["campaign"],
        "session": body["session"],
        "type": event.kind,
    }


async def check_address(call: Call) -> None:
    if call.given["url"] is None:
        return
    try:
        await addresses.check_host(call.given["url"], call.doors.services.settings)
    except Invalid as error:
        raise p.BadParameters([(300, f"Invalid value in parameter: url. {error}")]) from None


def address(name: str, given: Any) -> str:
    """An address that could be called."""
    try:
        return addresses.read_address(p.text(2000)(name, given))
    except Invalid as error:
        raise p.WrongValue(300, f"Invalid value in parameter: {name}. {error}") from None


def kinds(name: str, given: Any) -> tuple[str, ...]:
    """Kinds of events; empty for all of them."""
    words = tuple(word.lower() for word in p.words(100, 50)(name, given))
    if any(word in ALL_KINDS for word in words):
        return ()
    if unknown := [word for word in words if word not in KINDS]:
        raise p.WrongValue(
            302,
            f"Invalid value in parameter: {name}. Unknown: {', '.join(unknown[:3])}."
            f" Use one of: all, {', '.join(KINDS)}.",
        )
    return words


def event_ref(name: str, given: Any) -> str:
    """`evt_` and 20 letters and digits, or these alone. What can be no such name is simply
    unknown."""
    word = p.as_text(name, given).strip()
    if not word.isascii() or not word.isprintable():
        raise p.invalid_character(name)
    return word if word.startswith("evt_") else f"evt_{word}"


def _webhook(endpoint: Webhook, secret: str | None = None) -> dict[str, Any]:
    return {
        "ID": endpoint.ref,
        "url": endpoint.url,
        "events": list(endpoint.kinds or ("all",)),
        "description": endpoint.description,
        "active": "1" if endpoint.active else "0",
        "failing_since_utc": utc(endpoint.failing_since),
        "switched_off_date_utc": utc(endpoint.switched_off_at),
        "switched_off_reason": endpoint.switched_off_reason,
        "created_date_utc": utc(endpoint.created_at),
        "secret": secret or "",
        "warning": " ".join(endpoint.warnings),
    }


def _delivery(logged: Logged) -> dict[str, Any]:
    delivery = logged.delivery
    return {
        "event": logged.ref,
        "type": logged.kind,
        "state": delivery.state,
        "tries": delivery.tries,
        "next_try_date_utc": utc(delivery.next_at) if delivery.state == "waiting" else "",
        "http_status": delivery.last_status,
        "error": delivery.last_error,
        "answer": delivery.last_answer,
        "took_ms": delivery.last_took_ms,
        "created_date_utc": utc(delivery.created_at),
        "settled_date_utc": utc(delivery.settled_at),
        "body": logged.body.decode()[:SHOWN_OF_BODY],
    }


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)


_WEBHOOK = p.string(
    "webhook", p.reference("whk"), "Id of the webhook.", "whk_100001", required=True
)
_URL = p.string(
    "url", address,
    "Where events are sent: https (http works, with a `warning`), not a private address.",
    "https://example.com/webhooks", required=True,
)  # fmt: skip
_EVENTS = p.several("events", 100, 50, f"Kinds of events: `all`, or some of {', '.join(KINDS)}.")
_EVENTS = msgspec.structs.replace(_EVENTS, read=kinds, example="coupon_validated")
_DESCRIPTION = p.string("description", p.text(200), "For your own records.", "Our shop system")
_SINCE = p.string(
    "since", p.start_date, "What was announced from this moment on, UTC: yyyy-MM-dd HH:mm.",
    "2026-11-23 10:00",
)  # fmt: skip
_EVENT = p.string("event", event_ref, "Id of an event.", "evt_a1B2c3D4e5F6g7H8i9J0")


def _names_no_event(found: Mapping[str, Any]) -> bool:
    return found["event"] is None


_OK = {"status": {"status": "OK"}}
_EXAMPLE = {
    "ID": "whk_100001",
    "url": "https://example.com/webhooks",
    "events": ["coupon_validated"],
    "description": "Our shop system",
    "active": "1",
    "failing_since_utc": "",
    "switched_off_date_utc": "",
    "switched_off_reason": "",
    "created_date_utc": "2026-11-23 10:00:00",
    "secret": "",
    "warning": "",
}
_SHOWN_ONCE = {**_EXAMPLE, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}

ENDPOINTS = (
    Endpoint(
        path="/v3/webhook/create",
        right=Right.HOOKS,
        summary="Let an address be told of events. The secret is shown here and never again.",
        parameters=(_URL, _EVENTS, _DESCRIPTION),
        before=check_address,
        act=create_webhook,
        errors=(200, 300, 301, 302, 516),
        example={**_OK, "action": "webhook_created", "webhook": _SHOWN_ONCE},
    ),
    Endpoint(
        path="/v3/webhook/list",
        right=Right.HOOKS,
        summary="The account's webhooks.",
        parameters=(),
        act=list_webhooks,
        writes=False,
        example={**_OK, "amount_of_webhooks": 1, "webhook": [_EXAMPLE]},
    ),
    Endpoint(
        path="/v3/webhook/update",
        right=Right.HOOKS,
        summary="Change a webhook, switch it off or on, or roll its secret.",
        parameters=(
            _WEBHOOK,
            p.optional(_URL),
            _EVENTS,
            _DESCRIPTION,
            p.yes_or_no("active", "Whether it is told anything.", True),
            p.yes_or_no("roll_secret", "Make a new secret; the old one signs too for"
                         f" {OLD_SECRET_LIVES // timedelta(hours=1)} hours."),
        ),
        before=check_address,
        act=update_webhook,
        errors=(200, 300, 301, 302, 509),
        example={**_OK, "action": "webhook_updated", "webhook": _EXAMPLE},
    ),
    Endpoint(
        path="/v3/webhook/delete",
        right=Right.HOOKS,
        summary="Delete a webhook with its log.",
        parameters=(_WEBHOOK,),
        act=delete_webhook,
        errors=(200, 301, 509),
        example={**_OK, "action": "webhook_deleted", "webhook": "whk_100001"},
    ),
    Endpoint(
        path="/v3/webhook/test",
        right=Right.HOOKS,
        summary="Send a `webhook_test` now and tell how it went.",
        parameters=(_WEBHOOK,),
        act_alone=test_webhook,
        replay=tell_test,
        errors=(200, 301, 509),
        example={
            **_OK,
            "webhook": "whk_100001",
            "event": "evt_a1B2c3D4e5F6g7H8i9J0",
            "type": "webhook_test",
            "state": "delivered",
            "http_status": 200,
            "error": "",
            "answer": "ok",
            "took_ms": 48,
        },
    ),
    Endpoint(
        path="/v3/webhook/deliveries",
        right=Right.HOOKS,
        summary="What was sent to a webhook and what it answered, oldest first, 100 a page.",
        parameters=(
            _WEBHOOK,
            p.PAGE,
            p.string("state", p.one_of(*STATES), "Only those in this state.", "failed"),
            _SINCE,
        ),
        act=list_deliveries,
        writes=False,
        errors=(200, 300, 301, 302, 303, 509),
        example={
            **_OK,
            "webhook": "whk_100001",
            "amount_of_results": 1,
            "data": [
                {
                    "event": "evt_a1B2c3D4e5F6g7H8i9J0",
                    "type": "coupon_validated",
                    "state": "failed",
                    "tries": 10,
                    "next_try_date_utc": "",
                    "http_status": 500,
                    "error": "HTTP 500.",
                    "answer": "Internal Server Error",
                    "took_ms": 48,
                    "created_date_utc": "2026-11-23 10:00:00",
                    "settled_date_utc": "2026-11-26 09:36:05",
                    "body": '{"id":"evt_a1B2c3D4e5F6g7H8i9J0","type":"coupon_validated"}',
                }
            ],
        },
    ),
    Endpoint(
        path="/v3/webhook/resend",
        right=Right.HOOKS,
        summary="Send an event again, or everything that failed since a moment.",
        parameters=(
            _EVENT,
            p.needed_when(p.optional(_WEBHOOK), _names_no_event),
            p.needed_when(_SINCE, _names_no_event),
        ),
        act=resend,
        errors=(200, 301, 303, 509, 523),
        example={**_OK, "action": "webhook_resent", "amount_of_results": 1},
    ),
    Endpoint(
        path="/v3/webhook/verification",
        right=Right.HOOKS,
        summary="Check that an event that was received is genuine.",
        parameters=(
            p.string("webhook", event_ref, "Id of the event that was received.",
                     "evt_a1B2c3D4e5F6g7H8i9J0", required=True),
            p.string("session", p.session_code, "Session that the event names.",
                     "ac6s7u3g8a25ja7x9qg87"),
        ),
        act=verify,
        quick=verify_at_once,
        errors=(200, 301, 509),
        example={
            **_OK,
            "result": "valid",
            "webhook": "evt_a1B2c3D4e5F6g7H8i9J0",
            "date": "2026-11-23 10:00:00",
            "campaign": "cam_100001",
            "session": "ac6s7u3g8a25ja7x9qg87",
            "type": "coupon_validated",
        },
    ),
)  # fmt: skip
