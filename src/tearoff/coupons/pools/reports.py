"""Lines of a list that were not taken, as a file to mend and send again."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from tearoff.coupons.pools.importing import LeftOut

MOST = 100_000
"""Lines of one file: those of any list that somebody mends by hand."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def bad_lines(lines: Sequence[LeftOut]) -> bytes:
    """A CSV in UTF-8 with the line's number, what stands there, and why it was not taken. What a
    spreadsheet would take for a formula has a ' before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("line", "code", "why"))
    writer.writerows((one.line, _as_text(one.code), _as_text(one.why)) for one in lines)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8", "replace")


def _as_text(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
