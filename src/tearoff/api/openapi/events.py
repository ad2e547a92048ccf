"""The events that receivers are told of, as the document's `webhooks`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tearoff.api.openapi.v3 import schema_of
from tearoff.api.v3.shapes import SESSION_EXAMPLE
from tearoff.hooks.attempt import ANSWER_WITHIN
from tearoff.hooks.endpoints import OLD_SECRET_LIVES
from tearoff.hooks.models import KINDS

TAG = (
    "Events",
    f"What a webhook is told, by POST. Answer any 2xx within {ANSWER_WITHIN} seconds; what fails"
    " is sent again for three days, so an event may come twice, with the same id.",
)
_MEANS = {
    "coupon_created": "A campaign was made.",
    "coupon_updated": "A campaign was changed.",
    "coupon_removed": "A campaign was put away.",
    "coupon_distributed": "A session was issued to a person.",
    "coupon_opened": "A coupon was opened.",
    "coupon_claimed": "A coupon was claimed.",
    "coupon_validated": "A coupon was taken in.",
    "coupon_unvalidated": "That a coupon was taken in was taken back.",
    "coupon_voided": "A coupon was voided.",
    "message_sent": "A service has accepted a message.",
    "message_delivered": "A message has arrived.",
    "message_failed": "A message did not arrive.",
    "message_received": "Somebody has answered.",
    "contact_opted_out": "Somebody wants nothing any more.",
    "contact_opted_in": "Somebody wants to get messages again.",
    "broadcast_finished": "A broadcast has reached its end.",
    "pool_low": "A campaign has few of its own codes left.",
    "pin_alarm": "Many wrong PINs were typed on coupons of the account within an hour.",
    "webhook_test": "A test that was asked for.",
}
_SIGNATURES = (
    ("X-Hmac", "Lower-case hex HMAC-SHA256 of the raw body with the API client secret."),
    ("webhook-id", "The event's id (Standard Webhooks)."),
    ("webhook-timestamp", "Seconds since 1970, of this try."),
    ("webhook-signature", "`v1,` and base64 HMAC-SHA256 of `id.timestamp.body`, with the"
     " webhook's own secret; two of them for"
     f" {OLD_SECRET_LIVES // timedelta(hours=1)} hours after rolling it."),
)  # fmt: skip


def webhooks() -> dict[str, Any]:
    return {kind: {"post": _event(kind)} for kind in KINDS}


def schemas() -> dict[str, Any]:
    known = schema_of(_EXAMPLE)
    for name in ("coupon", "customer", "status"):
        known["properties"][name] = {"anyOf": [known["properties"][name], {"type": "null"}]}
    known["description"] = "An event. `coupon`, `customer` and `status` are null where it has none."
    return {"WebhookEvent": known}


def _event(kind: str) -> dict[str, Any]:
    return {
        "operationId": f"event_{kind}",
        "tags": [TAG[0]],
        "summary": _MEANS[kind],
        "parameters": [
            {"name": name, "in": "header", "description": text, "required": True,
             "schema": {"type": "string"}}
            for name, text in _SIGNATURES
        ],
        "requestBody": {
            "content": {
                "application/json": {
                    "schema": {"$ref": "#/components/schemas/WebhookEvent"},
                    "example": {**_EXAMPLE, "type": kind},
                }
            }
        },
        "responses": {"2XX": {"description": "Taken."}, "410": {"description": "Switch it off."}},
    }  # fmt: skip


_EXAMPLE: dict[str, Any] = {
    "id": "evt_a1B2c3D4e5F6g7H8i9J0",
    "type": "coupon_validated",
    "datetime": "2026-11-23 10:00:00",
    "sequence": 42,
    "campaign": "cam_100001",
    "coupon": {
        "id": "cam_100001",
        "campaign": "cam_100001",
        "coupon_code": "vuhykb",
        "url": "https://coupons.example.com/p/vuhykb",
        "friendly_name": "Two for one",
        "title": "2-for-1 cappuccino",
        "subtitle": "",
        "tags": "drinks,food",
        "coupon_value": "Second cup free",
        "custom_validation_code": "",
        "customid": "",
        "timezone": "Europe/Brussels",
    },
    "session": SESSION_EXAMPLE["session"],
    "session_url": SESSION_EXAMPLE["session_url"],
    "coupon_code": "vuhykb",
    "customid": "42",
    "customer": {**SESSION_EXAMPLE["customer"], "customid": "42"},
    "status": SESSION_EXAMPLE["status"],
}
