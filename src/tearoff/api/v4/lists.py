"""What a caller can say of a list that it uploads, whatever the list is of."""

from __future__ import annotations

from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.kit.tables.models import Asked

MOST_BYTES = 120_000_000

ASKED = (
    f.words_field("header", ("yes", "no"), "Whether the first line is a heading; judged if left"
                  " out.", "yes"),
    f.text_field("column", p.text(200), "The column to take, by its heading or its number (from 1"
                 " on); needed where there are several and none has a heading that is known.",
                 "1"),
    f.text_field("sheet", p.text(100), "The sheet of a workbook to read; the first one that is"
                 " not empty if left out."),
)  # fmt: skip

NUMERIC = f.words_field(
    "numeric", ("accept",), "Take values that a spreadsheet has as numbers: leading zeros may be"
    " lost, and nobody can see whether they were.", "accept",
)  # fmt: skip


def asked_of(call: Call) -> Asked:
    header = call.given.get("header")
    return Asked(
        header=None if header is None else header == "yes",
        column=call.given.get("column") or "",
        sheet=call.given.get("sheet") or "",
        numeric=call.given.get("numeric") is not None,
    )
