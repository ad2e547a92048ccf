"""`log`: writes messages into a file instead of sending them, for trying Tearoff out.

It can be told to fail in every way a real service fails.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import msgspec

from tearoff.kit.words import phrase
from tearoff.providers.base import (
    YES_NO,
    Accepted,
    BadSettings,
    Field,
    NoAnswer,
    Outcome,
    Outgoing,
    Reason,
    Receipt,
    ReceiptState,
    Surroundings,
    WithoutCallbacks,
    refused,
)

OUTBOX = "outbox.jsonl"
SLOW = 5.0
LONGEST_DELAY = 60_000
FAILURES = ("none", "refuse", "opted_out", "slow", "no_answer")

SCRIPT = {
    "211": "invalid_number",
    "429": "throttled",
    "500": "no_answer",
    "610": "opted_out",
    "900": "no_answer",
}
"""With `scripted=true`: what happens to a number that ends in these three digits."""


class Written(msgspec.Struct, frozen=True):
    """One line of the outbox. `at` is ISO 8601 in UTC."""

    id: str
    to: str
    sender: str
    text: str
    segments: int
    at: str


REPORTS_AFTER = 2.0
"""Seconds: long enough to see it arrive."""


class LogProvider(WithoutCallbacks):
    kind: ClassVar[str] = "log"
    title: ClassVar[str] = phrase("Trial (nothing is really sent)")
    fields: ClassVar[Sequence[Field]] = (
        Field("sender", phrase("name or number shown as the sender"), label=phrase("Sender")),
        Field("fail", phrase("how to fail: none, refuse, opted_out, slow or no_answer"),
              default="none", label=phrase("Fail"), choices=FAILURES, advanced=True),
        Field("delay_ms", phrase("milliseconds before every answer, at most 60000"), default="0",
              label=phrase("Delay"), advanced=True),
        Field("scripted", phrase("whether numbers ending in 211, 429, 500, 610, 900 fail"),
              default="false", label=phrase("Fail by number"), choices=YES_NO, advanced=True),
        Field("receipts", phrase("whether a receipt arrives two seconds later"), default="false",
              label=phrase("Receipts"), choices=YES_NO),
    )  # fmt: skip

    def __init__(self, settings: Mapping[str, str], surroundings: Surroundings) -> None:
        self._fail = settings.get("fail", "").strip() or "none"
        if self._fail not in FAILURES:
            raise BadSettings("fail", f"use one of {', '.join(FAILURES)}.")
        delay = settings.get("delay_ms", "").strip() or "0"
        if not (delay.isascii() and delay.isdigit() and int(delay[:10]) <= LONGEST_DELAY):
            raise BadSettings("delay_ms", "use a whole number of milliseconds, at most 60000.")
        self._delay = int(delay) / 1000
        self._scripted = settings.get("scripted", "false").lower() in ("1", "true", "yes")
        self._reports = settings.get("receipts", "false").lower() in ("1", "true", "yes")
        self._sender = settings.get("sender", "")
        self._outbox = Path(surroundings.data_dir) / OUTBOX

    async def send(self, message: Outgoing) -> Outcome:
        if self._delay or self._fail == "slow":
            await asyncio.sleep(self._delay or SLOW)
        fate = SCRIPT.get(message.to[-3:], "none") if self._scripted else self._fail
        match fate:
            case "refuse":
                return refused(Reason.OTHER, raw="told to refuse")
            case "opted_out" | "invalid_number" | "throttled":
                return refused(Reason(fate), raw=f"told to say {fate}")
        return self._accept(message, answers=fate != "no_answer")

    def _accept(self, message: Outgoing, *, answers: bool) -> Outcome:
        provider_id = f"log_{secrets.token_hex(8)}"
        try:
            is_whole = self._write(message, provider_id)
        except OSError as error:
            return refused(Reason.PROVIDER_DOWN, detail=f"The outbox: {error.strerror}.")
        if not (is_whole and answers):
            return NoAnswer("The log provider did not answer.")
        return Accepted((provider_id,), raw="written to the outbox")

    def _write(self, message: Outgoing, provider_id: str) -> bool:
        """Whether the whole line was written."""
        written = Written(
            id=provider_id,
            to=message.to,
            sender=message.sender or self._sender,
            text=message.text,
            segments=max(1, len(message.parts)),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        line = msgspec.json.encode(written) + b"\n"
        # One write of one line: lines of several processes do not mix.
        fd = os.open(self._outbox, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            if os.geteuid() == 0 and os.fstat(fd).st_size == 0:
                self._give(fd)
            return os.write(fd, line) == len(line)
        finally:
            os.close(fd)

    def _give(self, fd: int) -> None:
        """A command that root types must not make a file that the server cannot write."""
        folder = self._outbox.parent.stat()
        os.fchown(fd, folder.st_uid, folder.st_gid)

    def report(self, message: Outgoing) -> tuple[float, Receipt] | None:
        if not self._reports:
            return None
        return REPORTS_AFTER, Receipt(ReceiptState.DELIVERED, message_id=message.id)

    async def look_up(
        self, message: Outgoing, provider_id: str, sent_at: datetime
    ) -> Receipt | None:
        return None

    async def check(self) -> str:
        folder = self._outbox.parent
        return "" if os.access(folder, os.W_OK) else f"{folder} cannot be written to."

    async def close(self) -> None:
        return None


def read_outbox(data_dir: Path, limit: int = 20) -> list[Written]:
    """The last messages of the outbox, oldest first. A line that a full disk cut is left out."""
    path = data_dir / OUTBOX
    if not path.exists() or limit < 1:
        return []
    lines = path.read_bytes().splitlines()[-limit:]
    return [written for line in lines if (written := _read_line(line))]


def blank(data_dir: Path, addresses: Collection[str]) -> int:
    """Make what was written to these addresses blank, in its place: others may be adding lines.
    Gives how many lines."""
    wanted, blanked, at = {address.lower() for address in addresses}, 0, 0
    try:
        fd = os.open(data_dir / OUTBOX, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return 0
    with os.fdopen(fd, "r+b") as file:
        for line in file.read().splitlines(keepends=True):
            written = _read_line(line)
            if written is not None and written.to.lower() in wanted:
                os.pwrite(fd, b" " * len(line.rstrip(b"\n")), at)
                blanked += 1
            at += len(line)
        os.fsync(fd)
    return blanked


def _read_line(line: bytes) -> Written | None:
    try:
        return msgspec.json.decode(line, type=Written)
    except msgspec.DecodeError:
        return None
