"""What a form of the dashboard sends, as the JSON values that an operation of v4 takes.

A form has a field for each declared one, by the same name. A box that is not ticked sends nothing,
so each box is followed by `has.{name}`; a list is one line for each of its items, or a name that
comes several times.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec
import multipart

from tearoff.api.v3.reading import Parameter
from tearoff.kit.bodies import read_body
from tearoff.kit.spool import Upload, spool
from tearoff.web.paper.forms import western
from tearoff.web.paper.reading import AnyRequest

MOST_BYTES = 400_000
_MOST_FIELDS = 2_000
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)

ENDS = frozenset({"expires_at"})
"""Fields that say until when: the last minute of a day is all of it."""

HAS = "has."
"""In front of the name of a box that may be without a tick."""


class Typed(msgspec.Struct, frozen=True):
    """All values by name, as they came: nothing is trimmed. `file`: what came with them, which may
    be empty. `is_too_long`: there was more than any form of ours holds, and nothing was read."""

    values: Mapping[str, list[str]] = {}
    file: Upload | None = None
    is_too_long: bool = False

    def text(self, name: str, default: str = "") -> str:
        """The last one, trimmed."""
        found = self.values.get(name)
        return found[-1].strip() if found else default

    def texts(self, name: str) -> list[str]:
        return [value.strip() for value in self.values.get(name, ()) if value.strip()]

    def lines(self, name: str) -> list[str]:
        return [line.strip() for line in self.text(name).splitlines() if line.strip()]

    def is_ticked(self, name: str) -> bool:
        return bool(self.text(name))

    def has(self, name: str) -> bool:
        return name in self.values or HAS + name in self.values

    def without(self, *names: str) -> dict[str, list[str]]:
        return {name: value for name, value in self.values.items() if name not in names}


class FileField(msgspec.Struct, frozen=True):
    """The file that a form may send beside its values: the field's name, and its most bytes."""

    name: str
    most: int


@contextlib.asynccontextmanager
async def read_typed(request: AnyRequest, takes: FileField | None) -> AsyncIterator[Typed]:
    """A form as it was sent, with its file as long as the block lasts. What cannot be read is as
    if it were not there: the missing token then gives a clear answer. Raises what `spool` does."""
    kind = request.headers.get("content-type", "")
    if takes is None or not kind.startswith("multipart/form-data"):
        body = await read_body(request, MOST_BYTES)
        if body is None:
            yield Typed(is_too_long=True)
        else:
            yield typed_of(body.decode("utf-8", "replace"))
        return
    account_id = int(request.path_params.get("account", 0))
    most = takes.most + MOST_BYTES
    async with spool(request, most=most, owner=account_id, field=takes.name) as whole:
        with tempfile.NamedTemporaryFile(prefix="tearoff-upload-") as file:
            yield await asyncio.to_thread(_parts_of, kind, whole, file, takes)


def _parts_of(kind: str, whole: Upload, file: IO[bytes], takes: FileField) -> Typed:
    """The values, and the file written to `file`."""
    _, options = multipart.parse_options_header(kind)
    values: dict[str, list[str]] = {}
    size = -1
    with whole.open() as stream:
        parser = multipart.MultipartParser(
            stream, options.get("boundary", ""), part_limit=_MOST_FIELDS,
            mem_limit=MOST_BYTES * 4, disk_limit=takes.most + MOST_BYTES, charset="utf-8",
        )  # fmt: skip
        try:
            for part in parser:
                if part.name == takes.name and part.filename:
                    shutil.copyfileobj(part.file, file)
                    size = file.tell()
                elif part.name != takes.name:
                    values.setdefault(part.name, []).append(_clean(part.value))
        except (multipart.MultipartError, UnicodeDecodeError):
            return Typed()
    file.flush()
    return Typed(values, Upload(Path(file.name), size) if size >= 0 else None)


def typed_of(text: str) -> Typed:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return Typed()
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(_clean(value))
    return Typed(found)


def _clean(value: str) -> str:
    """Browsers send the ends of lines as two characters each."""
    return value.replace("\r\n", "\n").replace("\0", "")


def given_by(
    fields: Iterable[Parameter], typed: Typed, *, zone: str = "UTC", without: Sequence[str] = ()
) -> dict[str, Any]:
    """The JSON values of the fields that the form has. What cannot be read stays as it is, so that
    the field itself says what would be right. Moments are on the clock of `zone`."""
    return {
        field.name: _json(field, typed, zone)
        for field in fields
        if typed.has(field.name) and field.name not in without
    }


def _json(field: Parameter, typed: Typed, zone: str) -> Any:
    kinds, text = _kinds(field.schema), typed.text(field.name)
    if "boolean" in kinds:
        return typed.is_ticked(field.name)
    if "array" in kinds:
        several = typed.values.get(field.name, [])
        return typed.texts(field.name) if len(several) > 1 else typed.lines(field.name)
    if not text:
        return None if "null" in kinds else ""
    if field.schema.get("format") == "date-time":
        return moment_of(text, zone, is_end=field.name in ENDS)
    if "integer" in kinds:
        return integer_of(text)
    return typed.values[field.name][-1].strip("\n") if "\n" in text else text


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    found = schema.get("type", ())
    kinds = {found} if isinstance(found, str) else set(found)
    for part in schema.get("anyOf", ()):
        kinds |= _kinds(part)
    return kinds


def moment_of(text: str, zone: str, *, is_end: bool = False) -> str:
    """What a field for date and time gives (`2026-11-30T23:59`), as RFC 3339. The last minute of a
    day (23:59) is, of an end, its last moment: the next midnight. A time that the clock leaves out,
    when it is put forward, stays as it is, and so is refused."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=ZoneInfo(zone))
            if at.astimezone(UTC).astimezone(at.tzinfo).replace(tzinfo=None) != at.replace(
                tzinfo=None
            ):
                return text
        if is_end and (at.hour, at.minute, at.second) == (23, 59, 0):
            at += timedelta(minutes=1)
    except (ValueError, OverflowError):
        return text
    return at.isoformat()


def integer_of(text: str) -> int | str:
    """A whole number as somebody typed it; what is none stays as it is, for its field to refuse."""
    digits = western(text).replace(" ", "")
    return int(digits) if _INTEGER.fullmatch(digits) else text


def whole_number(text: str) -> int | None:
    """One without a sign, of at most eighteen digits; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def clock_text(at: datetime | None, zone: str, *, is_end: bool = False) -> str:
    """A moment as such a field shows it; an end at midnight as the minute before."""
    if at is None:
        return ""
    clock = at.astimezone(ZoneInfo(zone))
    if is_end and (clock.hour, clock.minute) == (0, 0):
        clock -= timedelta(minutes=1)
    return f"{clock:%Y-%m-%dT%H:%M}"
