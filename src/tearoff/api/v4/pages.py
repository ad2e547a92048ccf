"""Cursor pages: a cursor says after which item the next page begins.

It holds nothing but the place in the list, so it gives nobody anything: every list is asked for
with the caller's account.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec

from tearoff.api.v3 import parameters as p
from tearoff.api.v4.fields import Field, query_integer
from tearoff.kit.times import YEARS

DEFAULT_LIMIT, MOST = 50, 200

T = TypeVar("T")
S = TypeVar("S")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """`next_cursor` is null on the last page."""

    data: list[T]
    next_cursor: str | None = None


LIMIT = query_integer(
    "limit", f"Items on a page; {DEFAULT_LIMIT} if left out.", 50, least=1, most=MOST
)


def cursor_field(name: str, *kinds: type) -> Field:
    """The cursor of the list `name`, whose places are tuples of these types."""
    return Field(
        name="cursor",
        read=lambda field, given: _read_cursor(field, given, name, kinds),
        help="`next_cursor` of the page before; left out for the first page.",
        schema={"type": "string", "maxLength": 400},
    )


def page_of(
    name: str,
    found: Sequence[S],
    limit: int,
    show: Callable[[S], T],
    place: Callable[[S], tuple[Any, ...]],
) -> Page[T]:
    """`found` holds one item more than `limit` when there is a next page."""
    shown = [show(item) for item in found[:limit]]
    more = len(found) > limit
    return Page(shown, write_cursor(name, place(found[limit - 1])) if more else None)


def write_cursor(name: str, place: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([name, *place])).decode().rstrip("=")


def _shape(kinds: tuple[type, ...]) -> Any:
    return tuple.__class_getitem__((str, *kinds))


def _read_cursor(field: str, given: Any, name: str, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    bad = p.WrongValue(301, f"Invalid value in parameter: {field}. Use next_cursor of a page.")
    try:
        padded = given + "=" * (-len(given) % 4)
        raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        named, *place = msgspec.convert(msgspec.json.decode(raw), _shape(kinds))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise bad from None
    if named != name or any(type(v) is int and not 0 <= v < 2**63 for v in place):
        raise bad
    if any(isinstance(v, str) and ("\0" in v or not v.isprintable()) for v in place):
        raise bad
    if any(isinstance(v, datetime) and not _is_moment(v) for v in place):
        raise bad
    return tuple(place)


def _is_moment(given: datetime) -> bool:
    try:
        return given.tzinfo is not None and given.astimezone(UTC).year in YEARS
    except OverflowError:
        return False
