"""Who asks: a person's browser, or a program that previews or checks links.

Only a filter on what is counted as opened, and on what a form that was sent may begin. Nobody
is refused or shown something else: a robot that is taken for a person spoils a statistic, a
person who is taken for a robot loses an "opened" and nothing more.

Three lists, in this order: the operator's own (`TEAROFF_ROBOTS_FILE`), ours
(`robots.json`), and the public one of the package crawler-user-agents.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from litestar import Request

from tearoff.kit.services import services_of
from tearoff.kit.words import phrase

NO_PERSON = phrase(
    "Nothing was done: your browser does not say that a person uses it. Open the link in another"
    " one."
)
"""What a page says whose form changed nothing because of a robot's name: programs of people may
have one."""

Verdict = Literal["human", "robot", "unsure"]

_LONGEST = 512
_CHUNK = 25
"""Patterns tried at once: half the time of all in one, a twentieth of each alone."""
_COUNTS_GROUPS = re.compile(r"\\[1-9]|\(\?\(")

_EARLY = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")

_MODERN = re.compile(r"Mozilla/5\.0 .*\b(Chrome|Firefox)/(\d+)")
_MODERN_SINCE = 90
"""Since then both send Accept-Language always, and Sec-Fetch-… to every https address."""

_ODD = re.compile(r"OPR/|Opera|UCBrowser|KAIOS|Puffin|Silk/|MiuiBrowser|; wv\)")
"""Browsers whose requests come through their maker's servers, and those inside of apps: what
they leave out says nothing."""

log = structlog.get_logger()


class Judged(msgspec.Struct, frozen=True):
    """`unsure` is shown in a time line as such and does not count as opened."""

    verdict: Verdict
    reason: str = ""


HUMAN = Judged("human")


class Entry(msgspec.Struct, frozen=True):
    """A line of a list, as crawler-user-agents writes it. `verdict` "human": an agent that
    looks like this is a person, whatever other lists say."""

    pattern: str
    name: str = ""
    description: str = ""
    verdict: Verdict = "robot"


def judge(headers: Mapping[str, str], robots_file: str = "") -> Judged:
    """What these request headers look like."""
    for name in _PURPOSES:
        if _EARLY.search(headers.get(name, "")):
            return Judged("robot", f"fetched ahead of time: {name}")
    agent = headers.get("user-agent", "")[:_LONGEST].strip()
    if not agent:
        return Judged("robot", "no agent")
    return lists_of(robots_file).look_up(agent) or _judge_headers(agent, headers)


def judge_request(request: Request[Any, Any, Any]) -> Judged:
    return judge(request.headers, services_of(request).settings.robots_file)


def is_robot(request: Request[Any, Any, Any]) -> bool:
    """Whether a form comes from a known robot, so that it must change nothing. Not for those
    who are only `unsure`: a person has pressed that button."""
    return judge_request(request).verdict == "robot"


def _judge_headers(agent: str, headers: Mapping[str, str]) -> Judged:
    """A program under a browser's name forgets what the browser always sends."""
    told = _MODERN.search(agent)
    if told is None or int(told[2][:4]) < _MODERN_SINCE or _ODD.search(agent):
        return HUMAN
    if "accept-language" in headers or any(name.startswith("sec-fetch-") for name in headers):
        return HUMAN
    return Judged("unsure", f"{told[1]} {told[2]} without Accept-Language and Sec-Fetch")


class Lists:
    """The lists put together; every agent is looked up once."""

    def __init__(self, operators: Iterable[Entry] = ()) -> None:
        entries = list(operators)
        ours = _ours()
        self._people = [_read(e, re.ASCII) for e in entries if e.verdict == "human"]
        self._chunks = [
            *_chunks([e for e in entries if e.verdict != "human"], re.ASCII),
            *_chunks(ours.patterns, re.IGNORECASE),
            *_public_chunks(),
            *_chunks(ours.at_last, re.IGNORECASE),
        ]
        self.look_up = lru_cache(4096)(self._look_up)

    def _look_up(self, agent: str) -> Judged | None:
        for pattern, entry in self._people:
            if pattern.search(agent):
                return Judged("human", _reason(entry))
        for chunk, patterns in self._chunks:
            if chunk.search(agent):
                entry = next(entry for pattern, entry in patterns if pattern.search(agent))
                return Judged(entry.verdict, _reason(entry))
        return None


Pattern = tuple[re.Pattern[str], Entry]
Chunk = tuple[re.Pattern[str], list[Pattern]]


def _reason(entry: Entry) -> str:
    name = entry.name or entry.description
    plain = entry.pattern.replace("\\", "")
    return f"agent: {name} ({plain})"[:200] if name else f"agent: {plain}"[:200]


def _chunks(entries: list[Entry], flags: re.RegexFlag) -> list[Chunk]:
    pieces = (entries[i : i + _CHUNK] for i in range(0, len(entries), _CHUNK))
    return [chunk for piece in pieces for chunk in _join([_read(e, flags) for e in piece], flags)]


def _join(patterns: list[Pattern], flags: re.RegexFlag) -> list[Chunk]:
    """One pattern of all of them; each alone where one means something else, or nothing, inside
    of another: `(?i)` stands at a beginning only, and `\\1` counts groups."""
    texts = [entry.pattern for _, entry in patterns]
    if not any(map(_COUNTS_GROUPS.search, texts)):
        with contextlib.suppress(re.error):
            whole = "|".join(f"(?:{text})" for text in texts)
            return [(re.compile(whole, flags), patterns)]
    return [(pattern, [(pattern, entry)]) for pattern, entry in patterns]


def _read(entry: Entry, flags: re.RegexFlag) -> Pattern:
    return re.compile(entry.pattern, flags), entry


class _LeftOut(msgspec.Struct, frozen=True):
    pattern: str
    why: str


class _Ours(msgspec.Struct, frozen=True):
    """`at_last` are tried after all others, which know more of whom they name; `left_out` are
    patterns of the public list that would catch people too."""

    patterns: list[Entry]
    at_last: list[Entry]
    left_out: list[_LeftOut]


@lru_cache(1)
def _ours() -> _Ours:
    raw = resources.files("tearoff.web.coupon").joinpath("robots.json").read_bytes()
    return msgspec.json.decode(raw, type=_Ours)


@lru_cache(1)
def _public_chunks() -> list[Chunk]:
    entries = msgspec.convert(CRAWLER_USER_AGENTS_DATA, list[Entry])
    return _chunks(_without_people(entries), re.ASCII)


def _without_people(entries: Iterable[Entry]) -> list[Entry]:
    left_out = {entry.pattern for entry in _ours().left_out}
    return [entry for entry in entries if entry.pattern not in left_out]


class _Kept:
    """The lists with an operator's file, read again when the file has changed. A broken one is
    told once, and the last good lists stay."""

    def __init__(self) -> None:
        self._seen: tuple[str, tuple[int, int] | None] = ("", None)
        self._lists = _packaged()

    def get(self, path: str) -> Lists:
        seen = (path, _stamp(path))
        if seen != self._seen:
            self._seen = seen
            try:
                self._lists = Lists(read_file(path))
            except (OSError, ValueError, re.error) as error:
                log.error("robots.file_is_broken", path=path, error=str(error))
        return self._lists


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        stat = Path(path).stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


def read_file(path: str) -> list[Entry]:
    """A JSON array as the public list is, which may be a newer copy of it. Raises OSError,
    ValueError, or re.error for a pattern that is none."""
    entries = msgspec.json.decode(Path(path).read_bytes(), type=list[Entry])
    for entry in entries:
        re.compile(entry.pattern)
    return _without_people(entries)


@lru_cache(1)
def _packaged() -> Lists:
    return Lists()


@lru_cache(1)
def _kept() -> _Kept:
    return _Kept()


def lists_of(path: str) -> Lists:
    """With the operator's file at this path, if it is not empty."""
    return _kept().get(path) if path else _packaged()
