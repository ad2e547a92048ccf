"""From database rows to structs, without a word in between."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import asyncpg
import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def read(kind: type[T], row: asyncpg.Record, prefix: str = "") -> T:
    """The struct whose fields are columns of the row; arrays become tuples."""
    return kind(**{name: _plain(row[prefix + name]) for name in kind.__struct_fields__})


def columns(kind: type[msgspec.Struct], table: str = "", prefix: str = "") -> str:
    """The column list to select for `read`."""
    dot = f"{table}." if table else ""
    alias: Iterable[str] = kind.__struct_fields__
    return ", ".join(
        f"{dot}{name} AS {prefix}{name}" if prefix else f"{dot}{name}" for name in alias
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    return value
