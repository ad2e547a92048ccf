"""The table of the hot paths, three lines each: our own and the two floors; and how it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bench.load import Load

HEAD = (
    "hot path", "calls/s", "ratio", "p50 ms", "p99 ms", "Python ms", "PostgreSQL ms", "errors",
)  # fmt: skip
LINE = "| {:<36} | {:>7} | {:>5} | {:>6} | {:>6} | {:>9} | {:>13} | {:>6} |"
FLOOR = "· "
"""Begins the line of a floor, whose ratio is ours to it."""


class Rate(NamedTuple):
    """Calls a second of a hot path, and milliseconds of all processors a call; 0 where the table
    is of a version that did not measure them."""

    per_second: float
    processors: float


def head() -> str:
    return "\n".join([LINE.format(*HEAD), LINE.format(*["---"] * len(HEAD))])


def show(name: str, ours: Load, floors: Mapping[str, Load]) -> None:
    """One hot path."""
    print(_line(name, ours, ""))
    for floor, load in floors.items():
        ratio = f"{ours.per_second / load.per_second:.2f}"
        print(_line(FLOOR + floor, load, ratio), flush=True)


def _line(name: str, load: Load, ratio: str) -> str:
    return LINE.format(
        name, f"{load.per_second:,.0f}", ratio, f"{load.p50:.1f}", f"{load.p99:.1f}",
        f"{load.web:.2f}", f"{load.database:.2f}", load.errors,
    )  # fmt: skip


def read(text: str) -> dict[str, Rate]:
    """The hot paths of a table as this version or an earlier one prints it. Raises `ValueError`
    when calls of one were answered with errors."""
    found: dict[str, Rate] = {}
    names: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if cells[0] == HEAD[0]:
            # Earlier versions: hot path, ours/s, floor/s, ratio, p50 ms, p99 ms, errors.
            names = ["calls/s" if cell == "ours/s" else cell for cell in cells]
        elif len(cells) == len(names) and _number(cells[1]) and not cells[0].startswith(FLOOR):
            row = dict(zip(names, cells, strict=True))
            if row["errors"] != "0":
                raise ValueError(f"{cells[0]}: {row['errors']} answers were no success.")
            ms = [_number(row.get(name, "0")) for name in ("Python ms", "PostgreSQL ms")]
            found[cells[0]] = Rate(_number(row["calls/s"]), sum(ms))
    return found


def _number(cell: str) -> float:
    text = cell.replace(",", "")
    return float(text) if text.replace(".", "", 1).isdigit() else 0
