"""The served OpenAPI 3.1 document, made from the endpoints' own declarations."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, get

from tearoff import __version__
from tearoff.api.v3.endpoint import Endpoint
from tearoff.api.v3.parameters import Parameter
from tearoff.api.v3.routes import ENDPOINTS

STATUSES = {
    "400": "The body cannot be read.",
    "401": "Wrong or missing credentials.",
    "403": "The account has expired.",
    "404": "Unknown path.",
    "409": "A call with this Idempotency-Key is still being worked on.",
    "422": "Something documented is wrong; nothing was done.",
    "503": "The database is away or the server is stopping.",
}
READ_STATUSES = ("400", "401", "403", "404", "422", "503")


def make_document() -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tearoff API",
            "version": __version__,
            "description": "Digital coupons: personal links by SMS, taken in exactly once.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {endpoint.path: _path(endpoint) for endpoint in ENDPOINTS},
        "components": {
            "schemas": {"Success": _SUCCESS, "Failure": _FAILURE},
            "securitySchemes": {
                "id": {"type": "apiKey", "in": "header", "name": "X-Client-Id"},
                "secret": {"type": "apiKey", "in": "header", "name": "X-Client-Secret"},
            },
        },
        "security": [{"id": [], "secret": []}],
    }


@get("/openapi.json", sync_to_thread=False)
def document() -> Response[bytes]:
    return Response(msgspec.json.encode(make_document()), media_type="application/json")


def _path(endpoint: Endpoint) -> dict[str, Any]:
    found = {"post": _operation(endpoint, "post")}
    if not endpoint.writes:
        found["get"] = _operation(endpoint, "get")
    return found


def _operation(endpoint: Endpoint, verb: str) -> dict[str, Any]:
    statuses = STATUSES if endpoint.writes else READ_STATUSES
    operation: dict[str, Any] = {
        "operationId": f"{verb}_{endpoint.path.strip('/').replace('/', '_')}",
        "summary": endpoint.summary,
        "description": "Error codes: " + ", ".join(map(str, endpoint.errors)),
        "responses": {
            "200": _answer("Done.", "Success", endpoint.example),
            **{status: _answer(STATUSES[status], "Failure", {}) for status in statuses},
        },
    }
    if verb == "get":
        operation["parameters"] = [_query(p) for p in endpoint.parameters]
    else:
        operation["parameters"] = [_KEY] if endpoint.writes else []
        operation["requestBody"] = {"required": False, "content": _bodies(endpoint)}
    return operation


def _answer(description: str, schema: str, example: Any) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    if example:
        media["example"] = example
    return {"description": description, "content": {"application/json": media}}


def _bodies(endpoint: Endpoint) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {p.name: _schema(p) for p in endpoint.parameters},
        "required": [p.name for p in endpoint.parameters if p.required],
    }
    if not schema["required"]:
        del schema["required"]
    return {
        "application/json": {"schema": schema},
        "application/x-www-form-urlencoded": {"schema": schema},
    }


def _schema(parameter: Parameter) -> dict[str, Any]:
    schema = {**parameter.schema, "description": parameter.help}
    return schema if parameter.example is None else {**schema, "examples": [parameter.example]}


def _query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "schema": _schema(parameter),
    }


_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 printable characters. The same key and body within 24 hours gives"
    " the stored answer again and does nothing.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}
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
_SUCCESS = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": {
            "type": "object",
            "required": ["status"],
            "properties": {"status": {"const": "OK"}},
        }
    },
}
_FAILURE = {
    "type": "object",
    "required": ["status", "errors"],
    "properties": {
        "status": {
            "type": "object",
            "required": ["status", "message", "errors"],
            "properties": {
                "status": {"const": "failed"},
                "message": {"type": "string"},
                "errors": _ERRORS,
            },
        },
        "errors": _ERRORS,
    },
}
