"""The paper that pages are printed on: templates, style, script, policy, compression.

Style and script are inside the page, so that a phone on a bad network waits for one answer
only. They are the same on every page, so they are compressed once: an answer is the
ready-made beginning and, continuing the same deflate stream, the part that differs.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from litestar import Response
from litestar.response.base import ASGIResponse
from markupsafe import Markup

from tearoff.web.colors import brand_colors
from tearoff.web.words import direction_of

_JINJA = Environment(
    loader=PackageLoader("tearoff.web"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
)
_LEVEL = 4
"""Of the part that differs: a tenth larger than the best, in half the time."""

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def print_page(
    template: str,
    language: str,
    brand_css: str,
    *,
    status: int,
    gzip: bool,
    headers: Iterable[tuple[str, str]] = (),
    **values: Any,
) -> ASGIResponse:
    """The page as an answer with all its headers. `gzip`: the browser can read it."""
    text = _JINJA.get_template(template).render(brand_css=brand_css, **values)
    head, rest = _head(language), text.encode("utf-8", "replace")
    all_headers = [("content-security-policy", _policy(brand_css)), *_HEADERS, *headers]
    if gzip:
        all_headers.append(("content-encoding", "gzip"))
    body = head.gzip(rest) if gzip else head.plain + rest
    return answer(body, all_headers, status=status)


def answer(
    body: bytes,
    headers: list[tuple[str, str]],
    *,
    status: int = 200,
    media_type: str = "text/html",
) -> ASGIResponse:
    return ASGIResponse(body=body, headers=headers, status_code=status, media_type=media_type)


def as_response(page: ASGIResponse) -> Response[bytes]:
    """The same answer in the form that exception handlers must give."""
    headers = {name.decode(): value.decode() for name, value in page.headers.headers}
    return Response(page.body, status_code=page.status_code, headers=headers)


@lru_cache(256)
def style_of(color: str) -> str:
    """The part of the style that depends on the merchant's colour."""
    colors = brand_colors(color)
    return f":root{{--l:{colors.on_light};--d:{colors.on_dark}}}"


class _Head:
    """The beginning of every page of one language, as it is and as the beginning of a gzip
    stream that can be continued."""

    def __init__(self, text: str) -> None:
        self.plain = text.encode()
        self._crc = zlib.crc32(self.plain)
        start = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._start = start.compress(self.plain) + start.flush(zlib.Z_SYNC_FLUSH)

    def gzip(self, rest: bytes) -> bytes:
        """RFC 1952. What was compressed before serves as the dictionary of the rest."""
        more = zlib.compressobj(_LEVEL, zlib.DEFLATED, -13, 7, zdict=self.plain[-8192:])
        packed = more.compress(rest) + more.flush()
        size = (len(self.plain) + len(rest)) & 0xFFFFFFFF
        end = struct.pack("<II", zlib.crc32(rest, self._crc), size)
        return b"".join((_GZIP_HEADER, self._start, packed, end))


@lru_cache(64)
def _head(language: str) -> _Head:
    return _Head(
        _JINJA.get_template("head.html").render(
            language=language, direction=direction_of(language), css=_CSS, script=_SCRIPT
        )
    )


def _read(name: str) -> Markup:
    text = resources.files("tearoff.web").joinpath("templates", name).read_text("utf-8")
    return Markup(text.replace("\n", ""))  # noqa: S704 - our own file


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


_CSS = _read("coupon.css")
_SCRIPT = _read("coupon.js")

_HEADERS = (
    ("cache-control", "private, no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex, nofollow"),
    ("x-content-type-options", "nosniff"),
    ("vary", "Accept-Encoding, Accept-Language"),
)


@lru_cache(256)
def _policy(brand_css: str) -> str:
    return (
        f"default-src 'none'; script-src {_hash(_SCRIPT)};"
        f" style-src {_hash(_CSS)} {_hash(brand_css)}; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
