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
from tearoff.kit.tables.models import MEMORY, NO_MEMORY, Head, Row, Unreadable

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
        raise _too_large(f"it takes longer to read than {SECONDS:.0f} s", field) from None
    into.seek(0)
    first = into.readline()
    if done.returncode and not first:
        raise _broken_off(done.returncode, field)
    head = msgspec.json.decode(first, type=Head)
    if head.field:
        raise Unreadable(head.refused, field=head.field)
    if head.is_large:
        raise _too_large(head.refused, field)
    if head.refused:
        raise _refused(head.refused, field)
    if done.returncode:
        raise _broken_off(done.returncode, field)
    return head


def rows_of(file: BinaryIO) -> Iterator[Row]:
    decode = msgspec.json.Decoder(Row).decode
    return (decode(line) for line in file)


def _broken_off(code: int, field: str) -> Unreadable:
    if code == -signal.SIGXCPU:
        return _too_large("it takes too long to read", field)
    if code < 0 or code == NO_MEMORY:
        return _too_large(f"it needs more than {MEMORY >> 20:,} MB of memory", field)
    return _refused("it is damaged", field)


def _too_large(why: str, field: str) -> Unreadable:
    """Of a text, whatever its size, only some lines are in memory."""
    return _refused(why, field, "Save the list as CSV: that is read line by line.")


def _refused(why: str, field: str, remedy: str = "Save the list as CSV or XLSX.") -> Unreadable:
    return Unreadable(f"This file cannot be read as a workbook: {why}. {remedy}", field=field)
