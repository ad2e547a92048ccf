"""CSV as spreadsheets read it: UTF-8 with a mark that says so, and nothing in it that they run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

MARK = b"\xef\xbb\xbf"
"""At the very beginning of a file: without it Excel reads UTF-8 as something else."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """What a spreadsheet would take for a formula has a ' before it, also behind blanks."""
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8", "replace")
