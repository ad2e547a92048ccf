"""The paper that pages are printed on: templates, style, script, policy, compression.

Style and script are inside the page, so that a phone on a bad network waits for one answer
only. What many pages have in common is at their beginning and is compressed once: an answer
is a ready-made beginning and, continuing the same gzip stream, the part that differs.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import zlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec
from jinja2 import Environment, FunctionLoader, StrictUndefined
from litestar import Response
from litestar.types import Receive, Scope, Send
from markupsafe import Markup
from rjsmin import jsmin

from tearoff.kit.colors import brand_colors
from tearoff.kit.words import Words, direction_of

Header = tuple[str, str]


def _read(name: str) -> str:
    room, _, file = name.partition("/")
    return resources.files("tearoff.web").joinpath(room, "templates", file).read_text("utf-8")


_JINJA = Environment(
    loader=FunctionLoader(_read),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
)
_LEVEL = 4
"""Of the part that differs: a few percent larger than the best, in two thirds of the time."""

_KEPT = 512
"""Blanks kept in memory, each some twenty kilobytes."""


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer, ready to be sent. HEAD gets the headers of GET."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        body = b"" if scope.get("method") == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body, "more_body": False})

    def with_header(self, name: str, value: str) -> Answer:
        return Answer(
            self.status, [*self.headers, (name.encode(), value.encode("latin-1"))], self.body
        )

    def as_response(self) -> Response[bytes]:
        """The same in the form that Litestar's exception handlers must give."""
        headers = {name.decode(): value.decode("latin-1") for name, value in self.headers}
        return Response(self.body, status_code=self.status, headers=headers)


def answer(status: int, headers: Iterable[Header], body: bytes = b"") -> Answer:
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    if status != 204:
        encoded.append((b"content-length", b"%d" % len(body)))
    return Answer(status, encoded, body)


class Beginning:
    """The beginning of a page, as it is and as the beginning of a gzip stream (RFC 1952) that
    can be continued: what was compressed here is the dictionary of what follows."""

    def __init__(
        self, text: str, brand_css: str, parts: tuple[str, ...], scripts: tuple[str, ...]
    ) -> None:
        self.plain = text.encode("utf-8", "replace")
        self.policy = _policy(brand_css, parts, scripts).encode()
        self._crc = zlib.crc32(self.plain)
        start = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        packed = start.compress(self.plain) + start.flush(zlib.Z_SYNC_FLUSH)
        self._packed = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + packed
        self._tail = self.plain[-2048:]

    def gzip(self, rest: bytes) -> bytes:
        more = zlib.compressobj(_LEVEL, zlib.DEFLATED, -12, 6, zdict=self._tail)
        packed = more.compress(rest) + more.flush()
        size = (len(self.plain) + len(rest)) & 0xFFFFFFFF
        end = struct.pack("<II", zlib.crc32(rest, self._crc), size)
        return b"".join((self._packed, packed, end))


def begin(
    language: str,
    brand_css: str,
    template: str,
    parts: tuple[str, ...],
    scripts: tuple[str, ...] = (),
    words: Words | None = None,
    **values: Any,
) -> Beginning:
    """`parts` are the styles that the page needs beside that of all pages, as `room/name`;
    `scripts` those that may stand on it beside that of all pages."""
    text = _head(language, parts) + render(template, words, brand_css=brand_css, **values)
    return Beginning(text, brand_css, parts, scripts)


class Blank(msgspec.Struct, frozen=True):
    """A page with blanks, printed once for everybody whose page differs only in them.
    `parts` are text and names of blanks in turns."""

    beginning: Beginning
    parts: list[str]

    def fill(self, values: dict[str, str]) -> str:
        """The values are put in as they are: none may need escaping."""
        filled = self.parts.copy()
        filled[1::2] = [values[name] for name in filled[1::2]]
        return "".join(filled)


class Kept:
    """Blanks by everything that they depend on."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Blank] = {}

    def get(self, key: Hashable, make: Callable[[], Blank]) -> Blank:
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            found = self._known[key] = make()
        return found


def print_blank(
    beginning: Beginning, template: str, names: Sequence[str], words: Words, **values: Any
) -> Blank:
    """A page of which some values are `blank_of(name)`."""
    text = render(template, words, **values)
    return Blank(beginning, re.split(blank_of(f"({'|'.join(names)})"), text))


def blank_of(name: str) -> str:
    """What stands in a blank until it is filled."""
    return f"\x02{name}\x02"


def print_page(
    beginning: Beginning,
    rest: str,
    *,
    status: int = 200,
    gzip: bool = False,
    headers: Iterable[Header] = (),
    frames: str = "'none'",
    leads_to: str = "",
) -> Answer:
    """A page with all its headers. `gzip`: the browser can read it; `frames`: who may show the
    page in a frame, in the policy's words; `leads_to`: the other site to which a form of the page
    leads, which browsers ask of the policy too."""
    encoded = rest.encode("utf-8", "replace")
    body = beginning.gzip(encoded) if gzip else beginning.plain + encoded
    to = f" {leads_to}" if leads_to else ""
    policy = beginning.policy + f"{to}; frame-ancestors {frames}".encode()
    all_headers = [
        *_HEADERS,
        (b"content-security-policy", policy),
        (b"content-length", b"%d" % len(body)),
        *((name.encode(), value.encode()) for name, value in headers),
    ]
    if gzip:
        all_headers.append((b"content-encoding", b"gzip"))
    return Answer(status, all_headers, body)


def render(template: str, words: Words | None = None, **values: Any) -> str:
    """`template`: `room/name`, a file in that room's `templates/`. What it says by `_("…")` is said
    in the language of the `words`."""
    if words is not None:
        values |= {
            "_": words,
            "ngettext": words.ngettext,
            "pgettext": words.pgettext,
            "plural_forms": words.plural_forms,
            "words": words,
        }
    return _JINJA.get_template(template).render(values)


@lru_cache(256)
def style_of(color: str) -> str:
    """The part of the style that depends on the merchant's colour."""
    colors = brand_colors(color)
    return f":root{{--l:{colors.on_light};--d:{colors.on_dark}}}"


@lru_cache(256)
def _head(language: str, parts: tuple[str, ...]) -> str:
    """What pages of a language and a kind begin with."""
    direction, css = direction_of(language), _style(parts)
    return render(
        "paper/head.html", language=language, direction=direction, css=css, script=_SCRIPT
    )


@lru_cache(256)
def _policy(brand_css: str, parts: tuple[str, ...], scripts: tuple[str, ...]) -> str:
    allowed = " ".join(map(hash_of, (_SCRIPT, *scripts)))
    return (
        f"default-src 'none'; script-src {allowed};"
        f" style-src {hash_of(_style(parts))} {hash_of(brand_css)}; img-src 'self' data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'self'"
    )


def hash_of(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def read_template(name: str) -> Markup:
    """A style or a script, `room/name`, without its comments and line breaks."""
    text = _read(name)
    text = jsmin(text) if name.endswith(".js") else text.replace("\n", "")
    return Markup(text)  # noqa: S704 - our own file


@lru_cache
def _style(parts: tuple[str, ...]) -> Markup:
    files = (part.replace("/", "/css/") for part in ("paper/page", *parts))
    return Markup().join(read_template(f"{file}.css") for file in files)


_SCRIPT = read_template("paper/page.js")

_HEADERS = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"private, no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Accept-Encoding, Accept-Language"),
)
