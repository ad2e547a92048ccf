"""Reading what a caller sent: JSON, a form, or nothing; lenient in form, strict in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from tearoff.errors import Invalid
from tearoff.kit.bodies import read_body

MAX_BODY = 1_000_000
MAX_VALUES = 2_000

Values = Mapping[str, Any]


class Unreadable(Invalid):
    """The body cannot be read."""


async def read_values(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The values of a call: from the query string for GET, else from the body. Raises
    `Unreadable`."""
    if request.method in ("GET", "HEAD"):
        return _form(request.scope["query_string"], "query string")
    return _parse(await _raw(request), request.headers.get("content-type", ""))


async def _raw(request: Request[Any, Any, Any]) -> bytes:
    body = await read_body(request, MAX_BODY)
    if body is None:
        raise Unreadable(f"The body is larger than {MAX_BODY} bytes.")
    return body


def _parse(body: bytes, content_type: str) -> dict[str, Any]:
    if not body.strip():
        return {}
    is_form = "x-www-form-urlencoded" in content_type.lower()
    # Many old programs send JSON with curl's default form type: what begins like an object is one.
    if body.lstrip()[:1] == b"{" or not (is_form or _looks_like_form(body, content_type)):
        return _json(body)
    return _form(body, "body")


def _looks_like_form(body: bytes, content_type: str) -> bool:
    return not content_type.strip() and b"=" in body and body.lstrip()[:1] not in b'{["'


def _json(body: bytes) -> dict[str, Any]:
    try:
        values = msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"The body is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise Unreadable("The body is not a JSON object.")
    return values


def _form(text: bytes, where: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            text.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_VALUES,
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise Unreadable(f"The {where} cannot be read: {error}") from None
    return dict(pairs)
