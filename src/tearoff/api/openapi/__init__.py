"""The served OpenAPI 3.1 document, made from the declarations that also serve the calls: v3's
endpoints, v4's operations and the kinds of events."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from litestar import Response, get

from tearoff import __version__
from tearoff.accounts.rights import SCOPE_MEANS
from tearoff.api.error_codes import CODES
from tearoff.api.openapi import events, shared, v3, v4

__all__ = ["document", "make_document"]

_INTRODUCTION = """\
Digital coupons: personal links by SMS and e-mail, taken in exactly once.

Two dialects serve the same account with the same credentials. `/v3/…` speaks the public
Coupontools API: programs written for it run unchanged with another host. `/v4/…` is our own:
REST verbs, bare JSON, problem details (RFC 9457) and cursor pages. Both use the same numbers for
errors."""


@cache
def make_document() -> dict[str, Any]:
    tags = [*v4.tags(), *v3.tags(), events.TAG]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tearoff API",
            "version": __version__,
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": name, "description": text} for name, text in tags],
        "paths": {**v4.paths(), **v3.paths()},
        "webhooks": events.webhooks(),
        "components": {
            "schemas": {**v4.schemas(), **v3.SCHEMAS, **events.schemas()},
            "responses": {
                **shared.failure_responses("v4", "application/problem+json", "Problem"),
                **shared.failure_responses("v3", "application/json", "Failure"),
            },
            "headers": shared.HEADERS,
            "parameters": shared.PARAMETERS,
            "securitySchemes": shared.SECURITY_SCHEMES,
        },
        "security": shared.SECURITY,
        "x-scopes": SCOPE_MEANS,
        "x-error-codes": {
            str(number): msgspec.structs.asdict(code) for number, code in sorted(CODES.items())
        },
    }


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(make_document())


@get("/openapi.json", sync_to_thread=False)
def document() -> Response[bytes]:
    return Response(_encoded(), media_type="application/json")
