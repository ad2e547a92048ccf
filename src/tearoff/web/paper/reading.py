"""What pages read of a request, and for how long somebody waits for its answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qsl, unquote

from litestar import Request

from tearoff.kit.db import DatabaseAway

AnyRequest = Request[Any, Any, Any]
T = TypeVar("T")

READ: list[Literal["GET", "HEAD"]] = ["GET", "HEAD"]

PATIENCE = 7
"""Seconds after which the database counts as away: who waits stands at a counter. With `db.GRACE`
there is an answer within 8."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?![A-Za-z])")


async def patiently(work: Awaitable[T]) -> T:
    """What the database has for it. Raises `DatabaseAway` when that takes too long."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await work
    except TimeoutError:
        raise DatabaseAway("The database does not answer.", after=2) from None


def header(request: AnyRequest, name: bytes) -> str:
    """One header of the request; without making a multi-dict of all of them."""
    for key, value in request.scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return ""


def reads_gzip(request: AnyRequest) -> bool:
    coding = header(request, b"accept-encoding")
    return "gzip" in coding and "gzip;q=0" not in coding.replace(" ", "")


def asked_language(request: AnyRequest) -> str:
    """In the query string, else glued to the code: `nl`, of `nl-BE` and `nl.` too."""
    asked = ""
    if request.scope["query_string"]:
        asked = request.query_params.get("lang", "")
    if not asked and "&" in request.scope["path"]:
        asked = values_in(glued_to(request)).get("lang", "")
    found = _LANGUAGE.match(asked) if asked else None
    return found[0].lower() if found else ""


def glued_to(request: AnyRequest) -> str:
    """What is glued with `&` to the code of a link, and to the page below it: it reads as a query
    string."""
    parts = (part.partition("&")[2] for part in unquote(request.scope["path"]).split("/"))
    return "&".join(filter(None, parts))


def values_in(query: str) -> dict[str, str]:
    """None of a query string with too many; of a name that comes twice, the last."""
    try:
        return dict(parse_qsl(query, max_num_fields=50))
    except ValueError:
        return {}


def accepted_languages(request: AnyRequest) -> str:
    return header(request, b"accept-language")[:200]
