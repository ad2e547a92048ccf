"""Lines of a list that were not taken, as a file to mend and send again."""

from __future__ import annotations

from collections.abc import Sequence

from tearoff.coupons.pools.importing import LeftOut
from tearoff.kit import spreadsheets

MOST = 100_000
"""Lines of one file: those of any list that somebody mends by hand."""


def bad_lines(lines: Sequence[LeftOut]) -> bytes:
    """A CSV in UTF-8 with the line's number, what stands there, and why it was not taken. What a
    spreadsheet would take for a formula has a ' before it."""
    rows = [("line", "code", "why"), *((str(one.line), one.code, one.why) for one in lines)]
    return spreadsheets.MARK + spreadsheets.lines(rows)
