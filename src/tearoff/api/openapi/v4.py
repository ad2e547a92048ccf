"""The v4 dialect in the document. What an answer holds is read from the struct that is
answered."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from tearoff.api.openapi import shared
from tearoff.api.v4.operation import File, Operation
from tearoff.api.v4.problems import Problem
from tearoff.api.v4.routes import OPERATIONS

_ABOUT = {
    "Campaigns": "What is offered, when, and how often a coupon of it can be used.",
    "Locations": "Where coupons are taken in, and the devices of the staff there.",
    "Sessions": "One person's coupon.",
    "Messages": "What was sent to whom, and what became of it.",
    "Replies": "What people wrote back, and whether it meant STOP.",
    "Suppressions": "Who must get nothing.",
    "Templates": "Campaigns to start others from.",
    "Folders and categories": "What sorts campaigns.",
    "Groups and contacts": "People the account knows.",
    "Webhooks": "Who is told of what, and the log of deliveries.",
    "Providers": "The services that carry messages, and which one is used.",
    "Account": "The account and what it used.",
    "Alerts": "What somebody should look at, from its beginning to its end.",
    "Audit log": "Who changed what, and what it was before.",
    "Single sign-on": "The account's own provider, by which its people sign in.",
    "Keeping and forgetting": "How long people are remembered, and erasing one of them.",
    "API keys": "What lets programs in: by scopes, rolled with a day of overlap, revoked.",
    "Members": "Who belongs to the account, by role; invitations by link and mail.",
}
_COMMON = (400, 401, 403, 404, 408, 409, 422, 429, 500, 503)
_NOT_FOUND = frozenset({404, 501, 502, 505, 509, 510, 513, 514, 515, 521, 522, 525})
_CONFLICT = frozenset(
    {
        103,
        104,
        409,
        506,
        508,
        511,
        512,
        516,
        517,
        518,
        519,
        520,
        523,
        524,
        526,
        527,
        528,
        529,
        530,
        540,
        541,
        542,
        550,
        602,
        605,
    }
)


def tags() -> list[tuple[str, str]]:
    names = dict.fromkeys(operation.tag for operation in OPERATIONS)
    return [(f"v4: {name}", _ABOUT[name]) for name in names]


def paths() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for operation in OPERATIONS:
        found.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return found


def status_of(code: int) -> int:
    """The HTTP status with which this dialect tells an error."""
    if code == 105:
        return 403
    if code in _NOT_FOUND:
        return 404
    return 409 if code in _CONFLICT else 422


def _operation(operation: Operation) -> dict[str, Any]:
    statuses = [s for s in _COMMON if operation.writes or s not in (408, 409)]
    described: dict[str, Any] = {
        "operationId": _name(operation),
        "tags": [f"v4: {operation.tag}"],
        "summary": operation.summary,
        "x-scope": shared.scope_of(operation.right),
        "parameters": [
            *(shared.parameter(p, "path") for p in operation.path_fields),
            *(shared.parameter(p, "query") for p in operation.query),
            *([shared.KEY] if operation.writes and operation.takes is None else []),
        ],
        "x-errors": shared.told_errors(operation.errors, status_of),
        "responses": {
            **dict(_answers(operation)),
            **shared.failures(statuses, "v4"),
        },
    }
    if operation.body:
        described["requestBody"] = {
            "required": any(p.required for p in operation.body),
            "content": {"application/json": _body(operation)},
        }
    if operation.takes is not None:
        described["requestBody"] = {
            "required": True,
            "content": {
                operation.takes.media_type: _file(operation.takes),
            },
        }
    return described


def _file(file: File) -> dict[str, Any]:
    if file.example:
        return {"schema": {"type": "string"}, "example": file.example}
    return {"schema": {"type": "string", "format": "binary"}}


def _name(operation: Operation) -> str:
    words = operation.path.removeprefix("/v4/").replace("{", "by_").replace("}", "")
    return f"{operation.method.lower()}_v4_{words.replace('/', '_')}"


def _body(operation: Operation) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": shared.body_schema(operation.body, strict=True)}
    example = shared.example_of(operation.body)
    return {**media, "example": example} if example else media


def _answers(operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    schemas, _ = _described()
    for status, (text, kind) in operation.answers.items():
        answer: dict[str, Any] = {
            "description": text,
            "headers": shared.success_headers(operation.writes),
        }
        if kind is not None:
            media: dict[str, Any] = {"schema": schemas[kind]}
            if status == operation.status:
                media["example"] = msgspec.to_builtins(operation.example)
            answer["content"] = {"application/json": media}
        if links := _links(operation, kind):
            answer["links"] = links
        yield str(status), answer


def _links(operation: Operation, kind: Any) -> dict[str, Any]:
    """What can be asked about a thing that was just made: the addresses below its list."""
    if operation.method != "POST" or kind is None:
        return {}
    begins = {f"{operation.path}/{{id}}": "id"}
    if "code" in kind.__struct_fields__ and operation.path.endswith("/sessions"):
        begins = {"/v4/sessions/{code}": "code"}
    return {
        _name(other): {
            "operationId": _name(other),
            "parameters": {name: f"$response.body#/{name}"},
        }
        for other in OPERATIONS
        for begin, name in begins.items()
        if other.path.startswith(begin) and name in kind.__struct_fields__
    }


def schemas() -> dict[str, Any]:
    return _described()[1]


@cache
def _described() -> tuple[dict[Any, Any], dict[str, Any]]:
    """A reference for each kind of answer, and the schemas that they refer to."""
    kinds = {Problem: None} | {
        kind: None
        for operation in OPERATIONS
        for _, kind in operation.answers.values()
        if kind is not None
    }
    references, components = msgspec.json.schema_components(
        list(kinds), ref_template="#/components/schemas/{name}"
    )
    for component in components.values():
        always_there(component)
    return dict(zip(kinds, references, strict=True)), components


def always_there(component: dict[str, Any]) -> None:
    """An answer holds its defaults too."""
    properties = component.get("properties", {})
    for name, schema in properties.items():
        if "default" in schema:
            del schema["default"]
            component.setdefault("required", []).append(name)
