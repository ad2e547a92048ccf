"""Pages that are no coupon: an unknown link, and trouble on our side."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from functools import lru_cache

import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from tearoff.errors import TryLater
from tearoff.kit.bodies import TooSlow
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.colors import OURS
from tearoff.kit.words import LANGUAGES, words_in
from tearoff.web.paper.html import Answer, Beginning, Header, begin, print_page, render, style_of
from tearoff.web.paper.languages import choose_language
from tearoff.web.paper.reading import AnyRequest, accepted_languages, asked_language, reads_gzip

STYLE = ("paper/note", "paper/form")
"""What pages that say or ask one thing need of style."""

_COUPON = re.compile(r"/[pz]/[0-9A-Za-z]{1,32}(/[0-9A-Za-z]{21})?(?=/|$)")
"""The part of an address that leads back to the offer or the coupon, whatever was done there."""

_TYPED = "typed"

log = structlog.get_logger()


def keep_typed(request: AnyRequest, fields: Mapping[str, str]) -> None:
    """What a form has sent stands on the page of trouble, whose button sends it once more. Not
    for a form that asks for something secret, and only for one that may come twice."""
    request.scope["state"][_TYPED] = dict(fields)


def unknown(request: AnyRequest, status: int = 404) -> Answer:
    """The same for a link that never was, was mistyped, or is gone: it tells nobody why."""
    words = words_in("coupon", _language(request))
    lines = [
        words("Check the link in your message."),
        words("If it still does not open, ask the shop that sent it to you."),
    ]
    return _note(
        request, status, picture="ticket", title=words("We do not know this coupon."), lines=lines
    )


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


def _trouble(request: AnyRequest, status: int, *, reference: str = "", after: float = 2) -> Answer:
    words = words_in("coupon", _language(request))
    coupon = _COUPON.match(request.scope["path"])
    asked = asked_language(request)
    query = f"?lang={asked}" if asked in LANGUAGES else ""
    return _note(
        request,
        status,
        picture="clock",
        title=words("Your coupon is safe."),
        lines=[words("We cannot show it just now. Try again in a moment.")],
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
        "paper/note.html",
        words_in("coupon", language),
        picture=picture,
        title=title,
        lines=lines,
        again=again,
        typed=typed,
        reference=reference,
    )
    gzip = reads_gzip(request)
    return print_page(_beginning(language), text, status=status, gzip=gzip, headers=headers)


@lru_cache(64)
def _beginning(language: str) -> Beginning:
    css = style_of(OURS)
    return begin(language, css, "paper/note_head.html", STYLE)


def _language(request: AnyRequest) -> str:
    return choose_language(asked_language(request), accepted_languages(request), "")
