"""Workbooks of spreadsheets: read by a process of its own (`workbook_child`), so that whatever
is in one, it costs no more than that process may have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from tearoff.kit.bulkhead import Bulkhead
from tearoff.kit.tables.models import Head, Row, Unreadable

SECONDS = 150.0
READERS = Bulkhead("workbooks", at_once=2, waiting=8, after=15)

_KEPT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "TMPDIR")
"""Of the environment: no secret is any of that process's business."""


def convert(path: Path, sheet: str, into: BinaryIO, field: str) -> Head:
    """Write the rows of one sheet into a file, which is left at the first row. Takes as long as
    the workbook is large: run it in `READERS`. Raises `Unreadable`."""
    words = [sys.executable, "-P", "-m", "tearoff.kit.tables.workbook_child", str(path), sheet]
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 (ourselves)
            words, stdin=subprocess.DEVNULL, stdout=into, stderr=subprocess.DEVNULL, env=env,
            timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise _refused("it takes too long to read", field) from None
    into.seek(0)
    first = into.readline()
    if done.returncode and not first:
        raise _refused(_why(done.returncode), field)
    head = msgspec.json.decode(first, type=Head)
    if head.field:
        raise Unreadable(head.refused, field=head.field)
    if head.refused or done.returncode:
        raise _refused(head.refused or _why(done.returncode), field)
    return head


def rows_of(file: BinaryIO) -> Iterator[Row]:
    decode = msgspec.json.Decoder(Row).decode
    return (decode(line) for line in file)


def _why(code: int) -> str:
    if code == -signal.SIGXCPU:
        return "it takes too long to read"
    if code < 0:
        return "it is too large to be read as a workbook"
    return "it is damaged, or needs too much memory"


def _refused(why: str, field: str) -> Unreadable:
    return Unreadable(
        f"This file cannot be read as a workbook: {why}. Save the list as CSV or XLSX.",
        field=field,
    )
