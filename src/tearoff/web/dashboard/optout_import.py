"""A list of people who get nothing comes in from a file: chosen, looked at, then put on the list.

Between the steps the file is kept, sealed, for an hour. What a look says changes nothing; what was
done stands on the same address afterwards, so that a reload shows it and does nothing again.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from tearoff.accounts import kept_lists
from tearoff.accounts.kept_lists import KeptList
from tearoff.accounts.rights import Right
from tearoff.api.v4 import suppression_lists as v4
from tearoff.api.v4.operation import Operation
from tearoff.errors import Conflict, Invalid, TearoffError
from tearoff.kit.db import DatabaseAway
from tearoff.kit.spool import Upload
from tearoff.kit.tables.glimpse import Glimpse, glimpse
from tearoff.kit.tables.models import Asked
from tearoff.kit.words import phrase
from tearoff.people.optout_lists import (
    COLUMN,
    MOST,
    BrokenOff,
    CheckedOptouts,
    ImportedOptouts,
    OptoutLine,
)
from tearoff.web.dashboard import downloads
from tearoff.web.dashboard.forms import FileField
from tearoff.web.dashboard.optouts import AT as LIST
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import NotFoundHere, Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

AT = f"{LIST}/import"
SHOWN = 100
"""Lines of each kind that a page shows; the file to download has all."""
_NO_PROBLEMS = Problems()
_LATER = phrase(
    "Somebody has begun to import this list a moment ago. Look again: what became of it stands here"
    " then."
)

WHY = (
    phrase("on the list already"),
    phrase("twice in this list"),
    phrase("there is nothing in the column."),
    phrase("a line break stands inside the value."),
    phrase(
        "a spreadsheet has shortened this number, its digits are lost. Format the column as text,"
        " put the numbers in again and save."
    ),
    phrase(
        "neither an e-mail address nor a phone number that can be read. Write numbers with their"
        " country code (+32 …), or give the account its country."
    ),
    phrase("what stands behind the @ is not a domain"),
    phrase("write one address, such as anna@example.com, without blanks"),
    phrase(
        "what stands before the @ is no name of a mailbox: no quotes, no mailto:, no dot at its"
        " ends"
    ),
    phrase("a quote begins here and is never closed. Write a quote inside a value twice."),
    phrase(
        "there are letters behind a closing quote. Inside quotes, write a quote twice; around a"
        " value, use none or both."
    ),
    phrase("it has a NUL byte in it. Save the file as CSV UTF-8 with the program that made it."),
)
"""What rooms below say of a line."""


class _NoFile(Invalid):
    """There is no file, or nothing in it."""


class _Unclear(Invalid):
    """Which column it is, has to be said."""


# choosing -----------------------------------------------------------------------------------


async def show_choose(visit: Visit) -> Answer:
    return await _choose(visit, _NO_PROBLEMS)


async def _choose(visit: Visit, problems: Problems) -> Answer:
    return await page(
        visit,
        "optout_import",
        title=visit.words("Import opt-outs"),
        at=LIST,
        status=422 if problems else 200,
        problems=problems,
        most=MOST,
        megabytes=kept_lists.MOST_BYTES // 1_000_000,
    )


async def choose(visit: Visit) -> Answer:
    """A file that is no list is refused here, before it is kept."""
    file = visit.typed.file
    try:
        if file is None:
            raise _NoFile(visit.words("Choose a file first."), field="file")
        if file.size == 0:
            raise _NoFile(visit.words("There is nothing in this file."), field="file")
        await glimpse(file.path, COLUMN)
        data = await asyncio.to_thread(file.path.read_bytes)
        sealed = await asyncio.to_thread(kept_lists.seal, visit.services.vault, data)
        db, account_id = visit.services.db, visit.account.id
        word = await patiently(kept_lists.keep(db, account_id, sealed, visit.now))
    except (Invalid, Conflict) as error:
        told = problems_of(visit.words, error)
        return await _choose(visit, Problems({"file": told.without() or told.of("file")}))
    return to(visit, f"{AT}/{word}", reason=visit.typed.text("reason")[:200])


# looking ------------------------------------------------------------------------------------


async def show(visit: Visit) -> Answer:
    """What importing it would do; or what it did."""
    kept = await _kept(visit)
    if kept.done is not None:
        return await _report(visit, msgspec.json.decode(kept.done, type=ImportedOptouts))
    return await _look(visit, kept, _how(visit.query), _NO_PROBLEMS)


async def _kept(visit: Visit) -> KeptList:
    services, word = visit.services, str(visit.path["word"])
    found = await patiently(
        kept_lists.find(services.db, services.vault, visit.account.id, word, visit.now)
    )
    if found is None:
        raise NotFoundHere
    return found


def _how(told: Mapping[str, str]) -> dict[str, str]:
    """What somebody says of the file: which column, whether its first line is a heading, why."""
    names = ("column", "header", "reason")
    return {name: told[name][:200] for name in names if told.get(name)}


async def _look(visit: Visit, kept: KeptList, how: dict[str, str], problems: Problems) -> Answer:
    """The first rows with the column that is taken, and what would become of all."""
    checked, seen = None, None
    with _on_disk(kept) as upload:
        try:
            seen = await glimpse(upload.path, COLUMN, _asked(how))
            if seen.place is None and "column" in visit.query:
                raise _Unclear(visit.words("Say which column has the numbers or addresses."))
            if seen.place is not None:
                checked = msgspec.json.decode(
                    await _done(visit, v4.CHECK, how, upload, SHOWN), type=CheckedOptouts
                )
        except Invalid as error:
            problems = problems or problems_of(visit.words, error)
            seen = seen or await _seen(upload)
    return await page(
        visit,
        "optout_look",
        title=visit.words("Look before it is done"),
        at=LIST,
        status=422 if problems else 200,
        word=visit.path["word"],
        seen=seen,
        how=how,
        columns=_columns(visit, seen) if seen else [],
        checked=checked,
        is_taken=kept.is_taken,
        later=_LATER,
        told=problems.without(),
        lines=_lines(checked)[:SHOWN] if checked else [],
        lines_file=visit.address(f"{AT}/{visit.path['word']}/lines.csv", **how),
    )


async def _seen(upload: Upload) -> Glimpse | None:
    """The rows as they are, whatever was said of them."""
    try:
        return await glimpse(upload.path, COLUMN)
    except Invalid:
        return None


def _asked(how: Mapping[str, str]) -> Asked:
    header = {"yes": True, "no": False}.get(how.get("header", ""))
    return Asked(header=header, column=how.get("column", ""), numeric=True)


def _columns(visit: Visit, seen: Glimpse) -> list[tuple[str, str]]:
    """By their number, as the API takes it too."""
    words = visit.words
    named = [
        (str(n), name or words("Column {n}", n=n)) for n, name in enumerate(seen.names, start=1)
    ]
    return named if seen.place is not None else [("", "–"), *named]


async def _done(
    visit: Visit, put: Operation, how: Mapping[str, str], upload: Upload, named: int
) -> bytes:
    names = {field.name for field in put.query}
    given = {**{n: v for n, v in how.items() if n in names}, "named": str(named)}
    assert put.act_on_upload is not None
    # As long as it takes: each of its statements has an end of its own.
    _, body = await put.act_on_upload(visit.call(put, given), upload)
    return body


class _on_disk:  # noqa: N801 - used as a word
    """The kept file where programs can read it, as long as the block lasts."""

    def __init__(self, kept: KeptList) -> None:
        self._kept = kept

    def __enter__(self) -> Upload:
        self._file = tempfile.NamedTemporaryFile(prefix="tearoff-upload-")
        self._file.write(self._kept.file)
        self._file.flush()
        return Upload(Path(self._file.name), len(self._kept.file))

    def __exit__(self, *error: object) -> None:
        self._file.close()


# doing --------------------------------------------------------------------------------------


async def put(visit: Visit) -> Answer:
    """Once, however often it is pressed. What breaks off can be done again."""
    db, account_id, word = visit.services.db, visit.account.id, str(visit.path["word"])
    kept, how = await _kept(visit), _how({n: v[-1] for n, v in visit.typed.values.items() if v})
    back = f"{AT}/{word}"
    if kept.done is not None:
        return to(visit, back)
    if not await patiently(kept_lists.take(db, account_id, word, visit.now)):
        return to(visit, back, said=visit.words(_LATER), **how)
    try:
        with _on_disk(kept) as upload:
            body = await _done(visit, v4.IMPORT, how, upload, MOST)
        await _finish(visit, word, body)
    except BrokenOff:
        with contextlib.suppress(DatabaseAway):  # else it can be put again in some minutes
            await patiently(kept_lists.give_back(db, account_id, word))
        raise
    except (TearoffError, OSError) as error:
        await patiently(kept_lists.give_back(db, account_id, word))
        if not isinstance(error, Invalid):
            raise
        return await _look(visit, kept, how, problems_of(visit.words, error))
    return to(visit, back)


async def _finish(visit: Visit, word: str, body: bytes) -> None:
    sealed = await asyncio.to_thread(kept_lists.seal, visit.services.vault, body)
    try:
        await patiently(kept_lists.finish(visit.services.db, visit.account.id, word, sealed))
    except DatabaseAway as error:
        done = msgspec.json.decode(body, type=ImportedOptouts)
        there = done.added + done.already
        raise BrokenOff(there, there, after=error.after) from error


async def _report(visit: Visit, done: ImportedOptouts) -> Answer:
    return await page(
        visit,
        "optout_report",
        title=visit.words("The list is imported"),
        at=LIST,
        done=done,
        lines=_lines(done)[:SHOWN],
        lines_file=visit.address(f"{AT}/{visit.path['word']}/lines.csv"),
    )


# the lines that stayed out ------------------------------------------------------------------


def _lines(found: CheckedOptouts | ImportedOptouts) -> list[OptoutLine]:
    """Those that cannot be read come first: somebody has to do something about them."""
    return [*found.bad_lines, *found.known_lines]


async def lines(visit: Visit) -> Answer:
    """All lines that did not come in, or would not, to mend and send again."""
    kept = await _kept(visit)
    if kept.done is not None:
        found = _lines(msgspec.json.decode(kept.done, type=ImportedOptouts))
    else:
        with _on_disk(kept) as upload:
            body = await _done(visit, v4.CHECK, _how(visit.query), upload, MOST)
        found = _lines(msgspec.json.decode(body, type=CheckedOptouts))
    heading = (visit.words("line"), visit.words("value"), visit.words("why"))
    return downloads.whole("opt-outs-lines", heading, _rows(visit, found))


def _rows(visit: Visit, found: list[OptoutLine]) -> Iterator[downloads.Row]:
    for one in sorted(found, key=lambda line: line.line):
        yield (str(one.line), one.text, visit.words(one.why))


_WORD = f"{AT}/{{word:str}}"
SCREENS = (
    Screen(path=AT, right=Right.PEOPLE, act=show_choose),
    Screen(
        method="POST", path=AT, right=Right.PEOPLE, act=choose,
        takes=FileField("file", kept_lists.MOST_BYTES),
    ),
    Screen(path=_WORD, right=Right.PEOPLE, act=show),
    Screen(method="POST", path=_WORD, right=Right.PEOPLE, act=put),
    Screen(path=f"{_WORD}/lines.csv", right=Right.PEOPLE, act=lines),
)  # fmt: skip
