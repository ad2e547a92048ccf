"""A barcode as dark modules in rows, from which the PDF draws it: sharp at every size."""

from __future__ import annotations

from typing import Any

import segno

from tearoff.coupons import symbols
from tearoff.coupons.options import Barcode


def rows_of(barcode: Barcode, content: str) -> list[list[bool]]:
    """The symbol's modules without a quiet zone, dark ones are True; one row for bars."""
    if barcode == "qr":
        matrix = segno.make_qr(content, error="m", boost_error=False).matrix
        return [[bool(value) for value in row] for row in matrix]
    image: Any = symbols.make(barcode, content).to_image(scale=1, add_quiet_zones=False)
    pixels: Any = memoryview(image).tolist()
    rows = [[not value for value in row] for row in pixels]
    # Some bars of a GTIN are a little longer than the others.
    is_bars = all(row == rows[0] for row in rows[: len(rows) * 3 // 4])
    return rows[:1] if is_bars else rows


def runs_in(row: list[bool]) -> list[tuple[int, int]]:
    """Where dark modules begin, and how many stand side by side."""
    runs: list[tuple[int, int]] = []
    for place, is_dark in enumerate(row):
        if not is_dark:
            continue
        if runs and sum(runs[-1]) == place:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((place, 1))
    return runs
