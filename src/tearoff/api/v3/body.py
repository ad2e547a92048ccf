"""Reading what a caller sent: JSON, a form of either kind, or nothing; lenient in form, strict in
bytes. What cannot be read is refused, never dropped."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import multipart
from litestar import Request

from tearoff.errors import Invalid
from tearoff.kit.bodies import read_body

MAX_BODY = 1_000_000
MAX_VALUES = 2_000

Values = Mapping[str, Any]

# Browsers read a declared ISO-8859-1 as Windows-1252 (WHATWG, Encoding), and so do we.
_CHARSETS = {
    "": "utf-8", "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8",
    "iso-8859-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252", "latin1": "cp1252",
    "latin-1": "cp1252", "windows-1252": "cp1252", "cp1252": "cp1252",
    "iso-8859-15": "iso-8859-15",
}  # fmt: skip
_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_PLAIN = ("", "text/plain")
"""What programs send that set no type: VBA's XMLHTTP calls everything plain text."""

_OF_LIST = re.compile(r"([^\[\]]+)\[([0-9]*)\]\Z")
_OF_OBJECT = re.compile(r"([^\[\]]+)\[.*\]\Z", re.DOTALL)
_ADDRESSES = frozenset({"email", "search"})
_UNPLUSSED = re.compile(r"\s*[^\s@]+( [^\s@]+)+@[^\s@]+\s*")
_STRAY_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_BOUNDARY = re.compile(rb"--([^\r\n]{1,200})\r?\n")


class Unreadable(Invalid):
    """The body cannot be read."""


async def read_values(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The values of a call: from the query string for GET, else from the body. Raises
    `Unreadable`."""
    if request.method in ("GET", "HEAD"):
        return read_query(request.scope["query_string"])
    return _parse(await _raw(request), request.headers.get("content-type", ""))


def read_query(text: bytes) -> dict[str, Any]:
    """The values of a query string. Raises `Unreadable`."""
    return _form(text, "utf-8", "query string")


async def _raw(request: Request[Any, Any, Any]) -> bytes:
    body = await read_body(request, MAX_BODY)
    if body is None:
        raise Unreadable(f"The body is larger than {MAX_BODY} bytes.")
    return body


def _parse(body: bytes, content_type: str) -> dict[str, Any]:
    body = body.removeprefix(b"\xef\xbb\xbf")
    start = body.lstrip()[:1]
    if not start:
        return {}
    kind, charset, boundary = _declared(content_type)
    if kind == _MULTIPART:
        return _multipart(body, boundary, charset)
    # Many old programs send JSON with curl's default form type: what begins like an object is one.
    if start == b"{" or not (kind == _FORM or _looks_like_form(body, start, kind)):
        return read_object(body, charset)
    return _form(body, charset, "body")


@lru_cache(64)
def _declared(content_type: str) -> tuple[str, str, str]:
    """Kind, charset and boundary. Programs send the same again and again."""
    kind, options = multipart.parse_options_header(content_type)
    return kind, _charset(options.get("charset", "")), options.get("boundary", "")


def _charset(declared: str) -> str:
    name = _CHARSETS.get(declared.strip().lower())
    if name is None:
        raise Unreadable(f"The body's charset is not known here: {declared[:40]}. Send UTF-8.")
    return name


def _looks_like_form(body: bytes, start: bytes, kind: str) -> bool:
    return kind in _PLAIN and b"=" in body and start not in b'{["'


def read_object(body: bytes, charset: str = "utf-8") -> dict[str, Any]:
    try:
        values = msgspec.json.decode(body if charset == "utf-8" else body.decode(charset))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"The body is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise Unreadable("The body is not a JSON object.")
    return values


def _form(text: bytes, charset: str, where: str) -> dict[str, Any]:
    stray = islice(_STRAY_PERCENT.finditer(text), MAX_VALUES + 1)
    if sum(1 for _ in stray) > MAX_VALUES:  # each costs as much as a thousand letters
        raise Unreadable(f"The {where} has more than {MAX_VALUES} % signs that encode nothing.")
    try:
        pairs = parse_qsl(
            text.decode(charset),
            keep_blank_values=True,
            encoding=charset,
            errors="strict",
            max_num_fields=MAX_VALUES,
        )
    except (UnicodeDecodeError, ValueError) as error:
        raise Unreadable(f"The {where} cannot be read: {error}") from None
    return _gathered((name, _with_plus(name, value)) for name, value in pairs)


def _with_plus(name: str, value: str) -> str:
    """No address holds a space: it was a `+` that the sender did not encode."""
    if name in _ADDRESSES and _UNPLUSSED.fullmatch(value):
        return value.strip().replace(" ", "+")
    return value


def _multipart(body: bytes, boundary: str, charset: str) -> dict[str, Any]:
    """Fields, as PHP's cURL sends an array and as browsers send a form. Of a part with a file
    name only the content counts: some programs give one to every field."""
    if not boundary:  # the type was set by hand, without it
        found = _BOUNDARY.match(body.lstrip())
        boundary = found[1].decode("latin-1") if found else ""
    try:
        parts = multipart.MultipartParser(
            io.BytesIO(body), boundary, len(body), part_limit=MAX_VALUES, spool_limit=MAX_BODY,
            memory_limit=2 * MAX_BODY,
        )  # fmt: skip
        pairs = [(part.name, _part(part, charset)) for part in parts]
    except (multipart.MultipartError, UnicodeDecodeError, ValueError) as error:
        raise Unreadable(f"The body cannot be read: {error}") from None
    return _gathered(pairs)


def _part(part: multipart.MultipartPart, charset: str) -> str:
    _, options = multipart.parse_options_header(part.headers.get("content-type", ""))
    declared = options.get("charset", "")
    raw: bytes = part.raw
    return raw.decode(_charset(declared) if declared else charset)


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Values by name. `name[]`, `name[0]` and a name that comes again make a list; the same
    value again adds nothing. `name[word]` makes an object, which no parameter takes."""
    values: dict[str, Any] = {}
    for full, value in pairs:
        if match := _OF_LIST.match(full):
            values[match[1]] = _joined(values.get(match[1], []), value)
        elif match := _OF_OBJECT.match(full):
            values[match[1]] = {"": value}
        elif full in values:
            values[full] = _joined(values[full], value)
        else:
            values[full] = value
    return values


def _joined(known: Any, value: str) -> Any:
    if isinstance(known, str):
        return known if known == value else [known, value]
    return [*known, value] if isinstance(known, list) else known
