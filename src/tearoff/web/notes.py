"""Pages that are no coupon: an unknown link, and trouble on our side."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from tearoff.errors import TryLater
from tearoff.kit.bodies import TooSlow
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.colors import OURS
from tearoff.web.paper import Answer, Beginning, Header, begin, print_page, render, style_of
from tearoff.web.words import WORDS, choose_language

AnyRequest = Request[Any, Any, Any]

STYLE = ("note", "form")
"""What pages that say or ask one thing need of css/."""

_COUPON = re.compile(r"/[pz]/[0-9A-Za-z]{1,32}(/[0-9A-Za-z]{21})?(?=/|$)")
"""The part of an address that leads back to the offer or the coupon, whatever was done there."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?![A-Za-z])")
_TYPED = "typed"

log = structlog.get_logger()


def keep_typed(request: AnyRequest, fields: Mapping[str, str]) -> None:
    """What a form has sent stands on the page of trouble, whose button sends it once more. Not
    for a form that asks for something secret, and only for one that may come twice."""
    request.scope["state"][_TYPED] = dict(fields)


def unknown(request: AnyRequest, status: int = 404) -> Answer:
    """The same for a link that never was, was mistyped, or is gone: it tells nobody why."""
    words = WORDS[_language(request)]
    lines = [words.unknown_text, words.unknown_help]
    return _note(request, status, picture="ticket", title=words.unknown, lines=lines)


def trouble(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Something went wrong that the consumer did not do. 503 when it will pass by itself, 429
    when too many want the same, otherwise 500 with a reference that is also in the log."""
    if isinstance(error, HTTPException) and error.status_code < 500:
        return unknown(request, error.status_code).as_response()
    if isinstance(error, TooSlow):
        return _trouble(request, 408).as_response()
    if isinstance(error, TryLater):
        log.warning("page.trouble", error=str(error))
        status = 429 if isinstance(error, TooBusy) else 503
        return _trouble(request, status, after=error.after).as_response()
    reference = secrets.token_hex(6)
    log.error("page.broke", reference=reference, exc_info=error)
    return _trouble(request, 500, reference=reference).as_response()


def error_page(request: AnyRequest, status: int) -> Response[bytes]:
    """The page for an error that no handler of ours has met."""
    page = unknown(request, status) if status < 500 else _trouble(request, status)
    return page.as_response()


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


def _trouble(request: AnyRequest, status: int, *, reference: str = "", after: float = 2) -> Answer:
    words = WORDS[_language(request)]
    coupon = _COUPON.match(request.scope["path"])
    asked = asked_language(request)
    query = f"?lang={asked}" if asked in WORDS else ""
    return _note(
        request,
        status,
        picture="clock",
        title=words.trouble,
        lines=[words.trouble_text],
        again=f"{coupon[0]}{query}" if coupon and request.method == "POST" else "",
        typed=request.scope.get("state", {}).get(_TYPED),
        reference=reference,
        headers=[("retry-after", str(max(1, round(after))))] if status in (429, 503) else [],
    )


def _note(
    request: AnyRequest,
    status: int,
    *,
    picture: str,
    title: str,
    lines: list[str],
    again: str | None = None,
    typed: Mapping[str, str] | None = None,
    reference: str = "",
    headers: Iterable[Header] = (),
) -> Answer:
    language = _language(request)
    text = render(
        "note.html",
        picture=picture,
        title=title,
        lines=lines,
        again=again,
        typed=typed,
        try_again=WORDS[language].try_again,
        reference=reference,
    )
    gzip = reads_gzip(request)
    return print_page(_beginning(language), text, status=status, gzip=gzip, headers=headers)


@lru_cache(64)
def _beginning(language: str) -> Beginning:
    css = style_of(OURS)
    return begin(language, css, "note_head.html", STYLE)


def _language(request: AnyRequest) -> str:
    return choose_language(asked_language(request), accepted_languages(request), "")
