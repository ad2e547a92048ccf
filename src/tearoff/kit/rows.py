"""From database rows to structs, without a word in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

import asyncpg
import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def read(kind: type[T], row: asyncpg.Record, prefix: str = "") -> T:
    """The struct whose fields (two or more, none of them by keyword only) are columns of the row;
    arrays become tuples."""
    values = _taker(kind, prefix)(row)
    return kind(*[tuple(value) if isinstance(value, list) else value for value in values])


@cache
def _taker(kind: type[msgspec.Struct], prefix: str) -> Callable[[asyncpg.Record], tuple[Any, ...]]:
    """Takes all columns at once: a call reads hundreds of them, and one by one costs twice as
    much."""
    return itemgetter(*(prefix + name for name in kind.__struct_fields__))


def columns(kind: type[msgspec.Struct], table: str = "", prefix: str = "") -> str:
    """The column list to select for `read`."""
    dot = f"{table}." if table else ""
    alias: Iterable[str] = kind.__struct_fields__
    return ", ".join(
        f"{dot}{name} AS {prefix}{name}" if prefix else f"{dot}{name}" for name in alias
    )
