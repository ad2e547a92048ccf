"""Pages that are no coupon: an unknown link, and trouble on our side."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response.base import ASGIResponse

from tearoff.errors import TryLater
from tearoff.web.colors import OURS
from tearoff.web.paper import as_response, print_page, style_of
from tearoff.web.words import WORDS, Words, choose_language

AnyRequest = Request[Any, Any, Any]

_log = logging.getLogger(__name__)


def unknown(request: AnyRequest, status: int = 404) -> ASGIResponse:
    """The same for a link that never was, was mistyped, or is gone: it tells nobody why."""
    words = WORDS[_language(request)]
    lines = [words.unknown_text, words.unknown_help]
    return _note(request, status, "ticket", words.unknown, lines)


def trouble(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Something went wrong that the consumer did not do. 503 when it will pass by itself,
    otherwise 500 with a reference that is also in the log."""
    if isinstance(error, HTTPException) and error.status_code < 500:
        return as_response(unknown(request, error.status_code))
    words = WORDS[_language(request)]
    again = request.url.path.removesuffix("/redeem").removesuffix("/open")
    if isinstance(error, TryLater):
        _log.warning("page not shown: %s", error)
        retry = [("retry-after", str(max(1, round(error.after))))]
        return as_response(_trouble(request, words, 503, again, headers=retry))
    reference = secrets.token_hex(6)
    _log.error("page failed, reference %s", reference, exc_info=error)
    return as_response(_trouble(request, words, 500, again, reference=reference))


def error_page(request: AnyRequest, status: int) -> Response[bytes]:
    """The page for an error that no handler of ours has met."""
    if status < 500:
        return as_response(unknown(request, status))
    retry = [("retry-after", "2")] if status == 503 else []
    words = WORDS[_language(request)]
    return as_response(_trouble(request, words, status, request.url.path, headers=retry))


def reads_gzip(request: AnyRequest) -> bool:
    coding = request.headers.get("accept-encoding", "")
    return "gzip" in coding and "gzip;q=0" not in coding.replace(" ", "")


def _trouble(
    request: AnyRequest,
    words: Words,
    status: int,
    again: str,
    *,
    reference: str = "",
    headers: Iterable[tuple[str, str]] = (),
) -> ASGIResponse:
    text = [words.trouble_text]
    return _note(request, status, "clock", words.trouble, text, again, reference, headers)


def _note(
    request: AnyRequest,
    status: int,
    picture: str,
    title: str,
    lines: list[str],
    again: str | None = None,
    reference: str = "",
    headers: Iterable[tuple[str, str]] = (),
) -> ASGIResponse:
    language = _language(request)
    return print_page(
        "note.html",
        language,
        style_of(OURS),
        status=status,
        gzip=reads_gzip(request),
        headers=headers,
        picture=picture,
        title=title,
        lines=lines,
        again=again,
        try_again=WORDS[language].try_again,
        reference=reference,
    )


def _language(request: AnyRequest) -> str:
    asked = request.query_params.get("lang", "")[:10]
    return choose_language(asked, request.headers.get("accept-language", "")[:200], "")
