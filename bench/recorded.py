"""What our own code says to the database in one call, taken down and said again, bare.

The second floor keeps the same promises as the path itself: the same statements, with the same
kinds of values, in the same transactions. It cannot drift from the path, for it is recorded from
it: the app runs in this process on a pool that listens, and makes the same call several times. Two
recordings that differ only in what they were asked for show what each argument is:

- the same in both: a constant;
- what came out of an earlier statement: it is taken from there again;
- one of the call's own keys (a phone number, a code), or a text with such a key in it;
- a moment: as far from now as it was then;
- bytes, or a text, of one length that nothing explains: drawn anew.

Anything else ends the benchmark: it would measure something that the path does not do.
"""

from __future__ import annotations

import contextlib
import pickle
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import httpx
import msgspec

from tearoff.app import create_app
from tearoff.config import Settings
from tearoff.kit import clock
from tearoff.kit.db import Database, Handle

TRIES = 6
"""Recordings of a call: those with the fewest statements count, without what happens once a second
only, such as taking a lot of a key's calls."""
_CLOSE = timedelta(seconds=10)
_SHORTEST_NAME = 5
"""Letters of a value that is looked for in texts; a shorter one may be there by accident."""

Keys = Mapping[str, str]
Call = Callable[[httpx.AsyncClient, int], Awaitable[Keys]]
"""Makes the call with keys that no other has, and gives them; the number says which call it is."""


class CannotReplay(Exception):
    """A statement does something with its values that nobody knows how to do again."""


class Said(NamedTuple):
    """One statement: by which method of a handle, and what came back. `turn` counts the times that
    a connection was taken from the pool."""

    way: str
    query: str
    args: tuple[Any, ...]
    answer: Any
    turn: int


@dataclass(frozen=True)
class Recording:
    keys: Keys
    at: datetime
    said: list[Said]


# recording ---------------------------------------------------------------------------------


_said: ContextVar[list[Said]] = ContextVar("what this call has said")
"""Of tasks that a call has left behind, that call's too."""


@dataclass
class Tape:
    """An app in this process whose statements are taken down."""

    http: httpx.AsyncClient

    async def record(self, call: Call) -> list[Recording]:
        """The last two of the shortest recordings of a call."""
        made = []
        for n in range(TRIES):
            said: list[Said] = []
            _said.set(said)
            at = clock.now()
            keys = await call(self.http, n)
            made.append(Recording(keys, at, said.copy()))  # without what is done after the answer
        least = min(len(one.said) for one in made)
        return [one for one in made if len(one.said) == least][-2:]


@contextlib.asynccontextmanager
async def open_tape(settings: Settings) -> AsyncIterator[Tape]:
    app = create_app(msgspec.structs.replace(settings, pool_size=1))
    async with app.lifespan():
        app.state.services.db._pool = _Pool(app.state.services.db._pool)
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as http:
            yield Tape(http)


class _Pool:
    """A pool that takes down what is said on its connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._turns = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    async def acquire(self) -> _Connection:
        self._turns += 1
        return _Connection(await self._pool.acquire(), self._turns)

    async def release(self, connection: _Connection) -> None:
        await self._pool.release(connection.real)


class _Connection:
    def __init__(self, real: Any, turn: int) -> None:
        self.real, self._turn = real, turn
        self.depth = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    async def fetch(self, query: str, *args: Any) -> Any:
        return await self._say("fetch", query, args)

    async def fetchrow(self, query: str, *args: Any) -> Any:
        return await self._say("fetchrow", query, args)

    async def fetchval(self, query: str, *args: Any) -> Any:
        return await self._say("fetchval", query, args)

    async def execute(self, query: str, *args: Any) -> Any:
        return await self._say("execute", query, args)

    def transaction(self) -> _Transaction:
        return _Transaction(self, self.real.transaction())

    async def _say(self, way: str, query: str, args: tuple[Any, ...]) -> Any:
        answer = await getattr(self.real, way)(query, *args)
        self.note(query, way, args, _plain(answer))
        return answer

    def note(
        self, query: str, way: str = "execute", args: tuple[Any, ...] = (), answer: Any = None
    ) -> None:
        _said.get().append(Said(way, query, args, answer, self._turn))


class _Transaction:
    """asyncpg's, and inside another one its savepoint."""

    def __init__(self, connection: _Connection, real: Any) -> None:
        self._connection, self._real = connection, real

    async def start(self) -> None:
        await self._real.start()
        self._connection.depth += 1
        self._note("BEGIN", "SAVEPOINT s{}")

    async def commit(self) -> None:
        await self._real.commit()
        self._end("COMMIT", "RELEASE SAVEPOINT s{}")

    async def rollback(self) -> None:
        await self._real.rollback()
        self._end("ROLLBACK", "ROLLBACK TO SAVEPOINT s{}")

    async def __aenter__(self) -> None:
        await self.start()

    async def __aexit__(self, kind: Any, error: Any, traceback: Any) -> None:
        await (self.commit() if kind is None else self.rollback())

    def _end(self, outer: str, inner: str) -> None:
        self._note(outer, inner)
        self._connection.depth -= 1

    def _note(self, outer: str, inner: str) -> None:
        depth = self._connection.depth
        self._connection.note(outer if depth == 1 else inner.format(depth))


def _plain(answer: Any) -> Any:
    if isinstance(answer, asyncpg.Record):
        return tuple(answer)
    return [tuple(row) for row in answer] if isinstance(answer, list) else answer


def keep(folder: Path, name: str, recordings: list[Recording]) -> None:
    (folder / name).write_bytes(pickle.dumps(recordings))


# saying it again ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Fresh:
    """What a replay is made for, and what came of its statements so far."""

    keys: Keys
    now: datetime
    answers: list[Any] = field(default_factory=list)


Value = Callable[[Fresh], Any]


class Step(NamedTuple):
    way: str
    query: str
    values: list[Value]
    is_answered: bool


class Replay:
    """A call's statements, to be said with other keys."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        one, other = recordings
        if [said.query for said in one.said] != [said.query for said in other.said]:
            raise CannotReplay("The same call does not say the same twice.")
        steps, names = [], list(_names(one.keys, other.keys, lambda f: f.keys))
        for i, (a, b) in enumerate(zip(one.said, other.said, strict=True)):
            match = _Match(one.at, other.at, names, a.query)
            values = [match.value(x, y) for x, y in zip(a.args, b.args, strict=True)]
            steps.append((a.turn, Step(a.way, a.query, values, _holds(a.answer))))
            names = [*names, *_names(a.answer, b.answer, _getter(i, lambda f: f.answers))]
        self._turns = [[step for _, step in some] for _, some in groupby(steps, lambda s: s[0])]

    @property
    def queries(self) -> list[str]:
        return [step.query for turn in self._turns for step in turn]

    async def say(self, db: Database, keys: Keys) -> list[Any]:
        """The statements' answers. Raises `CannotReplay` when one came to nothing that had come to
        something: then it has not done what it is to be measured for."""
        fresh = Fresh(keys, clock.now())
        for steps in self._turns:
            if len(steps) == 1:
                await _say(db, steps[0], fresh)
                continue
            async with db.connection() as connection:
                for step in steps:
                    await _say(connection, step, fresh)
        return fresh.answers


async def _say(db: Handle, step: Step, fresh: Fresh) -> None:
    answer = await getattr(db, step.way)(step.query, *[value(fresh) for value in step.values])
    if step.is_answered and not _holds(answer):
        raise CannotReplay(f"It came to nothing: {step.query[:200]}")
    fresh.answers.append(answer)


def _holds(answer: Any) -> bool:
    """Whether something came back, or (`INSERT 0 1`) was done."""
    if isinstance(answer, str):
        return not answer.endswith(" 0")
    return answer is not None and answer != []


def load(folder: Path, name: str) -> Replay:
    return Replay(pickle.loads((folder / name).read_bytes()))


# what an argument is -----------------------------------------------------------------------


class _Name(NamedTuple):
    """A value that was one thing in the one recording and another in the other."""

    one: Any
    other: Any
    value: Value


def _names(one: Any, other: Any, value: Value) -> Iterator[_Name]:
    """All that differs, at any depth. The longest first: a number before its beginning."""
    if isinstance(one, Mapping):
        for key in sorted(one, key=lambda key: -len(one[key])):
            yield from _names(one[key], other[key], _getter(key, value))
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
        for n, (a, b) in enumerate(zip(one, other, strict=False)):
            yield from _names(a, b, _getter(n, value))
    elif one != other and one is not None:
        yield _Name(one, other, value)


def _getter(key: Any, of: Value) -> Value:
    return lambda fresh: of(fresh)[key]


@dataclass(frozen=True)
class _Match:
    """Finds out what the arguments of one statement are."""

    one_at: datetime
    other_at: datetime
    names: Sequence[_Name]
    query: str

    def value(self, one: Any, other: Any) -> Value:
        if isinstance(one, list | tuple) and one != other and len(one) == len(other):
            parts = [self.value(a, b) for a, b in zip(one, other, strict=True)]
            return lambda fresh: [part(fresh) for part in parts]
        if one == other:
            return lambda _: one
        for name in self.names:
            if (name.one, name.other) == (one, other):
                return name.value
        return self._made(one, other)

    def _made(self, one: Any, other: Any) -> Value:
        if isinstance(one, datetime):
            away = one - self.one_at
            if abs(away - (other - self.other_at)) < _CLOSE:
                return lambda fresh: fresh.now + away
        elif isinstance(one, bytes) and len(one) == len(other):
            return lambda _: secrets.token_bytes(len(one))
        elif isinstance(one, str) and isinstance(other, str):
            return self._text(one, other)
        raise CannotReplay(f"{one!r} and {other!r} in {self.query[:200]}")

    def _text(self, one: str, other: str) -> Value:
        """A text with names in it; or one that was drawn, behind what it begins with."""
        if one == other:
            return lambda _: one
        for name in self.names:
            a, b = str(name.one), str(name.other)
            if len(a) >= _SHORTEST_NAME and a in one and b in other:
                left, right = (
                    self._text(x, y)
                    for x, y in zip(one.partition(a)[::2], other.partition(b)[::2], strict=True)
                )
                return lambda fresh: f"{left(fresh)}{name.value(fresh)}{right(fresh)}"
        if len(one) != len(other):
            raise CannotReplay(f"{one!r} and {other!r} in {self.query[:200]}")
        same = next(i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
        return lambda _: one[:same] + secrets.token_hex(len(one))[same : len(one)]
