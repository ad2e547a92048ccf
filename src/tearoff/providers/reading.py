"""Reading what services write: bodies, callbacks, settings. Nothing here raises for garbage."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
import multipart
from yarl import URL

from tearoff.kit.http import as_given
from tearoff.providers.base import BadSettings, Callback

S = TypeVar("S")

_BROKEN = (msgspec.DecodeError, ValueError, RecursionError)

MAX_FIELDS = 500
"""Form fields of one callback that are read; one with more is not read at all."""

_WIDE = ("utf-16", "utf-32")
FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


def read_json(body: bytes, shape: type[S]) -> S | None:
    """The body as this type, or None."""
    try:
        return msgspec.json.decode(body, type=shape)
    except _BROKEN:
        return None


def fields_of(callback: Callback) -> dict[str, str]:
    """The flat fields of a callback: of its JSON object, its form, or, when its body says nothing,
    its query. {} when it cannot be read."""
    found = body_of(callback) if callback.body else None
    if isinstance(found, dict) and found:
        return {name: str(value) for name, value in found.items() if value is not None}
    return {name: values[0] for name, values in query_of(callback.url).items()}


def body_of(callback: Callback) -> object | None:
    """The body of a callback as JSON, or as the fields of a form of either kind; None when it is
    none of them. Read generously, whatever it calls itself: it may be somebody's STOP, and what
    was told once is not told again. Text is UTF-8, else of the charset that is declared, else
    Windows-1252; a wide charset is known by its bytes too."""
    kind, charset, boundary = _declared(callback.headers.get("content-type", FORM))
    body = _without_mark(callback.body, charset)
    if kind == MULTIPART:
        return _parts(body, boundary, charset)
    if body.lstrip()[:1] in (b"{", b"["):
        return _json(_decoded(body, charset))
    return _fields(body, charset) if b"=" in body else None


def _declared(content_type: str) -> tuple[str, str, str]:
    """Kind, charset ("" for one that is not known) and boundary."""
    kind, options = multipart.parse_options_header(content_type)
    try:
        charset = codecs.lookup(options.get("charset", "")).name
    except (LookupError, ValueError):
        charset = ""
    is_known = charset in _CHARSETS or charset.startswith(_FAMILIES)
    return kind, charset if is_known else "", options.get("boundary", "")


_FAMILIES = ("iso8859", "cp125", *_WIDE)
_CHARSETS = frozenset(
    {"utf-8", "ascii", "koi8-r", "koi8-u", "gb2312", "gbk", "gb18030", "big5", "shift_jis",
     "euc_jp", "euc_kr", "tis-620"}
)  # fmt: skip
"""Names as Python has them. All are read in one go: `punycode` costs minutes a megabyte, and what
`utf-7` makes of letters nobody has signed."""
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    (b"{\0", "utf-16-le"), (b"[\0", "utf-16-le"),
    (b"\0{", "utf-16-be"), (b"\0[", "utf-16-be"),
)  # fmt: skip


def _without_mark(body: bytes, charset: str) -> bytes:
    """In UTF-8 if it was in a wide charset, and without a byte order mark."""
    wide = next((name for mark, name in _WIDE_MARKS if body.startswith(mark)), "")
    if not wide and charset.startswith(_WIDE) and b"\0" in body:
        wide = charset
    if wide:
        body = body.decode(wide, "replace").encode("utf-8", "replace")
    return body.removeprefix(codecs.BOM_UTF8)


def _decoded(octets: bytes, charset: str) -> str:
    """What reads as UTF-8 is that, whatever it says: in other charsets it would be nonsense."""
    for one in ("utf-8", charset):
        if one and not one.startswith(_WIDE):
            with contextlib.suppress(UnicodeError):
                return octets.decode(one)
    return octets.decode("cp1252", "replace")


def _json(text: str) -> object | None:
    with contextlib.suppress(*_BROKEN):
        return msgspec.json.decode(text, type=object)
    with contextlib.suppress(*_BROKEN):
        # Half of an emoji, or a line end inside a text, spoils nothing else.
        loose = json.dumps(json.loads(text, strict=False), ensure_ascii=False)
        return msgspec.json.decode(loose.encode("utf-8", "replace"), type=object)
    return None


def _fields(body: bytes, charset: str) -> dict[str, str] | None:
    pairs = _pairs(body, charset)
    return None if pairs is None else dict(pairs)


def _pairs(body: bytes, charset: str) -> list[tuple[str, str]] | None:
    """Each value by itself: one that is in another charset does not spoil the others."""
    try:
        pairs = parse_qsl(
            body.decode("latin-1"),
            keep_blank_values=True,
            encoding="latin-1",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        return None
    return [(_text(name, charset), _text(value, charset)) for name, value in pairs]


def _text(octets: str, charset: str) -> str:
    return _decoded(octets.encode("latin-1"), charset)


def _parts(body: bytes, boundary: str, charset: str) -> dict[str, str] | None:
    try:
        parts = multipart.MultipartParser(
            io.BytesIO(body), boundary, len(body), part_limit=MAX_FIELDS
        )
        return {part.name: _decoded(part.raw, charset) for part in parts}
    except (multipart.MultipartError, ValueError):
        return None


def is_form(callback: Callback) -> bool:
    given = callback.headers.get("content-type", FORM)
    return given.partition(";")[0].strip().lower() == FORM


def form_pairs(body: bytes) -> list[tuple[str, str]] | None:
    """Names and values of a form in UTF-8, in their order, as a signature covers them; None when
    it is not one."""
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        return None


def query_of(url: str) -> dict[str, list[str]]:
    """Read as a form is (`body_of`)."""
    found: dict[str, list[str]] = {}
    try:
        octets = urlsplit(url).query.encode("latin-1", "replace")
    except ValueError:
        return {}
    for name, value in _pairs(octets, "") or ():
        found.setdefault(name, []).append(value)
    return found


def own_id(url: str) -> int | None:
    """Our number of the message, which travels as `m` in the callback address."""
    return read_number(query_of(url).get("m", [""])[0])


def read_number(text: str) -> int | None:
    """A whole number that fits our ids."""
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if is_number else None


def flag(settings: Mapping[str, str], name: str, default: str) -> bool:
    value = (settings.get(name, "").strip() or default).lower()
    if value not in ("true", "false"):
        raise BadSettings(name, "use true or false.")
    return value == "true"


def address(settings: Mapping[str, str], name: str, default: str = "") -> URL:
    """An http(s) address without user and password in it, to be called as it was typed."""
    given = settings.get(name, "").strip() or default
    try:
        url = as_given(given)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or url.user or url.password:
        example = default or "https://api.example.com/sms"
        raise BadSettings(name, f"use an address such as {example}, without user and password.")
    return url
