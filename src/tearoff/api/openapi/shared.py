"""What both dialects say of themselves: credentials, headers, statuses, errors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tearoff.accounts.idempotency import LIVES
from tearoff.accounts.rights import GRANTS, Right
from tearoff.api.error_codes import CODES
from tearoff.api.v3.reading import Parameter

STATUSES = {
    400: "The body cannot be read.",
    401: "Wrong or missing credentials.",
    403: "The account has expired, the key lacks the scope (105), or these credentials may not do"
    " this.",
    404: "There is no such address or thing.",
    408: CODES[408].text,
    409: "The call with this Idempotency-Key is still at work, or the state of the thing forbids"
    " it.",
    422: "Something documented is wrong; nothing was done.",
    429: "Too many calls.",
    500: "Something broke on our side.",
    503: "The database is away, others were changing the same, or the server is stopping.",
}

SECURITY_SCHEMES = {
    name: {"type": "apiKey", "in": "header", "name": header}
    for name, header in (
        ("key", "x-api-key"),
        ("key_secret", "x-api-secret"),
        ("id", "X-Client-Id"),
        ("secret", "X-Client-Secret"),
    )
}
SECURITY: list[dict[str, list[str]]] = [{"key": [], "key_secret": []}, {"id": [], "secret": []}]
"""Either pair. v3 also takes `client_id` and `client_secret` in the body, for which OpenAPI has
no words."""

HEADERS: dict[str, Any] = {
    "RateLimit-Limit": {
        "description": "Calls that this key can make at once.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Remaining": {
        "description": "Calls that are left at this moment.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Reset": {
        "description": "Seconds until all of them are there again.",
        "schema": {"type": "integer"},
    },
    "Retry-After": {
        "description": "Seconds after which the same call may succeed.",
        "schema": {"type": "integer"},
    },
    "Idempotent-Replay": {
        "description": "`true`: this is the stored answer to an earlier call with this key, and"
        " nothing was done now.",
        "schema": {"const": "true"},
    },
}

PARAMETERS: dict[str, Any] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "1 to 255 printable characters. The same key and body within"
        f" {LIVES // timedelta(hours=1)} hours"
        " gives the stored answer again and does nothing.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    }
}
KEY = {"$ref": "#/components/parameters/Idempotency-Key"}


def headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


_QUOTA = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def success_headers(writes: bool) -> dict[str, Any]:
    return headers(*_QUOTA, *(("Idempotent-Replay",) if writes else ()))


def failures(statuses: Iterable[int], dialect: str) -> dict[str, Any]:
    """References to what `failure_responses` describes."""
    return {str(n): {"$ref": f"#/components/responses/{dialect}-{n}"} for n in statuses}


def failure_responses(dialect: str, media_type: str, schema: str) -> dict[str, Any]:
    content = {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        f"{dialect}-{status}": {
            "description": text,
            "headers": headers(*(("Retry-After",) if status in (409, 429, 503) else ()))
            | headers(*(_QUOTA if status == 429 else ())),
            "content": content,
        }
        for status, text in STATUSES.items()
    }


def scope_of(right: Right) -> str:
    """What an API key needs for an operation; it stands there as `x-scope`."""
    return GRANTS[right].scope


def told_errors(numbers: Iterable[int], status_of: Any) -> list[dict[str, Any]]:
    """The errors of one operation, for readers; what any call can answer is not repeated."""
    return [
        {"code": n, "status": status_of(n), "title": CODES[n].title, "text": CODES[n].text}
        for n in sorted(set(numbers))
    ]


def schema_of_parameter(parameter: Parameter) -> dict[str, Any]:
    schema = {**parameter.schema, "description": parameter.help}
    return schema if parameter.example is None else {**schema, "examples": [parameter.example]}


def parameter(parameter: Parameter, place: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": place,
        "required": parameter.required,
        "schema": schema_of_parameter(parameter),
    }


def body_schema(parameters: Iterable[Parameter], *, strict: bool) -> dict[str, Any]:
    listed = list(parameters)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {p.name: schema_of_parameter(p) for p in listed},
    }
    if required := [p.name for p in listed if p.required]:
        schema["required"] = required
    return {**schema, "additionalProperties": False} if strict else schema


def example_of(parameters: Iterable[Parameter]) -> dict[str, Any]:
    return {p.name: p.example for p in parameters if p.example is not None}
