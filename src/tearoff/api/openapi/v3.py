"""The v3 dialect in the document. What an answer holds is read from its example: keys that
stand there are always there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tearoff.api.openapi import shared
from tearoff.api.v3.coupon import COUPON_EXAMPLE
from tearoff.api.v3.endpoint import Endpoint
from tearoff.api.v3.routes import ENDPOINTS
from tearoff.api.v3.shapes import SESSION_EXAMPLE

NOUNS = {
    "send": ("Sending", "Texting or mailing a coupon to one person."),
    "singleuse": ("Single use codes", "Sessions made ahead, one or many."),
    "couponsession": ("Sessions", "One person's coupon: its data and its state."),
    "campaign": ("Lists of sessions", "A campaign's sessions, page by page, and searching them."),
    "coupon": ("Coupons", "Campaigns, as this dialect calls them coupons."),
    "category": ("Categories and folders", "What sorts campaigns."),
    "webhook": ("Webhooks", "Who is told of what, and the log of deliveries."),
    "smstool": ("SMS groups", "Groups of phone numbers, and who must get no texts."),
    "emailtool": ("E-mail groups", "Groups of e-mail addresses, and who must get no mail."),
    "account": ("Account", "The account, its use, and signing in by link."),
    "subaccount": ("Subaccounts", "Accounts below this one."),
}
_SAME = {"multiplesingleuse": "singleuse", "folder": "category", "teammate": "account"}

_COMMON = (400, 401, 403, 404, 422, 429, 500, 503)
_FORBIDDEN = (101, 102, 105)


def tags() -> list[tuple[str, str]]:
    return [(f"v3: {name}", text) for name, text in NOUNS.values()]


def paths() -> dict[str, Any]:
    return {endpoint.path: _path(endpoint) for endpoint in ENDPOINTS}


def _path(endpoint: Endpoint) -> dict[str, Any]:
    found = {"post": _operation(endpoint, "post")}
    if not endpoint.writes:
        found["get"] = _operation(endpoint, "get")
    return found


def _operation(endpoint: Endpoint, verb: str) -> dict[str, Any]:
    statuses = sorted(
        (*_COMMON, *([409] if endpoint.writes else []), *([408] if verb == "post" else []))
    )
    operation: dict[str, Any] = {
        "operationId": f"{verb}_{endpoint.path.strip('/').replace('/', '_')}",
        "tags": [_tag(endpoint.path)],
        "summary": endpoint.summary,
        "x-scope": shared.scope_of(endpoint.right),
        "x-errors": shared.told_errors(endpoint.errors, _status_of),
        "responses": {
            "200": _success(endpoint),
            **shared.failures(statuses, "v3"),
        },
    }
    if verb == "get":
        operation["parameters"] = [shared.parameter(p, "query") for p in endpoint.parameters]
        return operation
    operation["parameters"] = [shared.KEY] if endpoint.writes else []
    operation["requestBody"] = {"required": False, "content": _bodies(endpoint)}
    return operation


def _tag(path: str) -> str:
    noun = path.split("/")[2]
    return f"v3: {NOUNS[_SAME.get(noun, noun)][0]}"


def _status_of(code: int) -> int:
    return 403 if code in _FORBIDDEN else 422


def _success(endpoint: Endpoint) -> dict[str, Any]:
    schema = schema_of(endpoint.example, endpoint.sometimes)
    media = {"schema": schema, "example": endpoint.example}
    return {
        "description": "Done.",
        "headers": shared.success_headers(endpoint.writes),
        "content": {"application/json": media},
    }


def _bodies(endpoint: Endpoint) -> dict[str, Any]:
    schema = shared.body_schema(endpoint.parameters, strict=False)
    example = shared.example_of(endpoint.parameters)
    media: dict[str, Any] = {"schema": schema}
    if example:
        media["example"] = example
    return {"application/json": media, "application/x-www-form-urlencoded": {"schema": schema}}


def schema_of(example: Any, sometimes: Sequence[str] = ()) -> dict[str, Any]:
    """What is like this example. A number may be missing where there is nothing to count, so it
    can be null; of what is null here nothing is said. `sometimes`: keys that may be missing."""
    if isinstance(example, Mapping):
        for name, known in _KNOWN.items():
            if example == known:
                return {"$ref": f"#/components/schemas/{name}"}
        return _object_like(example, sometimes)
    if isinstance(example, list | tuple):
        items = schema_of(example[0], sometimes) if example else {}
        return {"type": "array", "items": items}
    if isinstance(example, bool):
        return {"type": "boolean"}
    if isinstance(example, int):
        return {"type": ["integer", "null"]}
    return {"type": "string"} if isinstance(example, str) else {}


def _object_like(example: Mapping[str, Any], sometimes: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name in example if name not in sometimes],
        "properties": {name: schema_of(value, sometimes) for name, value in example.items()},
    }


_KNOWN: dict[str, Mapping[str, Any]] = {
    "V3Coupon": COUPON_EXAMPLE,
    "V3Session": SESSION_EXAMPLE,
    "V3SessionStatus": SESSION_EXAMPLE["status"],
    "V3Customer": SESSION_EXAMPLE["customer"],
    "V3Location": SESSION_EXAMPLE["location"],
}
"""What many answers hold is described once."""


_ERRORS = {
    "type": "object",
    "required": ["error_code", "error_message"],
    "properties": {
        "error_code": {
            "anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]
        },
        "error_message": {"type": "string"},
        "error_message_description": {"type": "array", "items": {"type": "string"}},
    },
}
SCHEMAS: dict[str, Any] = {
    **{name: _object_like(example) for name, example in _KNOWN.items()},
    "Failure": {
        "description": "How every failure of v3 looks; the errors stand in both places in which"
        " programs look for them.",
        "type": "object",
        "required": ["status", "errors"],
        "properties": {
            "status": {
                "type": "object",
                "required": ["status", "message", "errors"],
                "properties": {
                    "status": {"const": "failed"},
                    "message": {"type": "string"},
                    "errors": {"$ref": "#/components/schemas/FailureErrors"},
                },
            },
            "errors": {"$ref": "#/components/schemas/FailureErrors"},
        },
    },
    "FailureErrors": _ERRORS,
}
