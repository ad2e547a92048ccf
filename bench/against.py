"""`make bench AGAINST=<commit>`: this checkout and another commit in turns.

Each turn starts the one and then the other (the next turn the other way round), each with its own
server, database and benchmark. What is compared is the rate of a turn with the rate of its
neighbour, so that a machine whose speed drifts says little wrong. A difference counts only when
every turn shows it: when 1.00 lies inside the spread of the ratios, it is none. Where both measure
it, the processor time of a call stands beside: what a loaded machine disturbs least.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import table

HOT = ("send", "page", "validate", "till", "hooks")
ROOT = Path(__file__).resolve().parent.parent
LINE = "| {:<34} | {:>9} | {:>9} | {:>5} | {:>12} | {:<10} | {:>9} | {:>9} |"
HEAD = ("hot path", "now/s", "before/s", "ratio", "spread", "difference", "now ms", "before ms")

AS_BEFORE = "--as-before"
"""What a benchmark is told that is compared with an earlier one, which knew no other way."""

Rates = dict[str, table.Rate]
"""By hot path."""


def compare(commit: str, parts: tuple[str, ...], turns: int, seconds: int) -> None:
    with other_checkout(commit) as other:
        more: tuple[str, ...] = ()
        if AS_BEFORE not in (other / "bench" / "__main__.py").read_text():
            print("The other commit measures accounts without limits, so this one does too.")
            more = (AS_BEFORE,)
        ours: list[Rates] = []
        theirs: list[Rates] = []
        for turn in range(turns):
            pair = [(ROOT, ours, more), (other, theirs, ())]
            for folder, rates, words in pair if turn % 2 == 0 else reversed(pair):
                rates.append(measure(folder, parts, seconds, *words))
            print(f"turn {turn + 1} of {turns}", file=sys.stderr, flush=True)
    print(LINE.format(*HEAD))
    print(LINE.format(*["---"] * len(HEAD)))
    for name in ours[0]:
        print(row(name, [r[name] for r in ours], [r[name] for r in theirs if name in r]))


def row(name: str, ours: list[table.Rate], theirs: list[table.Rate]) -> str:
    now, now_ms = _medians(ours)
    if len(theirs) < len(ours):
        return LINE.format(name, now, "", "", "", "new", now_ms, "")
    ratios = [a.per_second / b.per_second for a, b in zip(ours, theirs, strict=True)]
    ratio, low, high = statistics.median(ratios), min(ratios), max(ratios)
    difference = "none" if low <= 1 <= high else f"{ratio - 1:+.0%}"
    spread = f"{low:.2f} - {high:.2f}"
    before, before_ms = _medians(theirs)
    return LINE.format(name, now, before, f"{ratio:.2f}", spread, difference, now_ms, before_ms)


def _medians(rates: list[table.Rate]) -> tuple[str, str]:
    """Calls a second, and milliseconds of all processors a call, where they were measured."""
    per_second, ms = (statistics.median(some) for some in zip(*rates, strict=True))
    return f"{per_second:,.0f}", f"{ms:.2f}" if ms else ""


@contextlib.contextmanager
def other_checkout(commit: str) -> Iterator[Path]:
    """The commit in a folder of its own, with what it needs installed."""
    with tempfile.TemporaryDirectory(prefix="tearoff-against-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # the database may run as another user
        path = Path(folder) / "checkout"
        _git("worktree", "add", "--quiet", "--detach", str(path), commit)
        try:
            subprocess.run(["make", "-s", ".venv/dev-installed"], cwd=path, check=True)
            # Compiled now, and not while its server has half a minute to be there.
            modules = [".venv/bin/python", "-c", "import bench.__main__, bench.app"]
            subprocess.run(modules, cwd=path, check=True)
            yield path
        finally:
            _git("worktree", "remove", "--force", str(path))


def _git(*words: str) -> None:
    subprocess.run(["git", *words], cwd=ROOT, check=True)


def measure(folder: Path, parts: tuple[str, ...], seconds: int, *more: str) -> Rates:
    """One round of a checkout's own benchmark, read from the table that it prints."""
    command = [
        ".venv/bin/python", "-m", "bench", "--rounds", "1", "--seconds", str(seconds), *more,
        "--only", *parts,
    ]  # fmt: skip
    # Files, not pipes: a server that a failing benchmark leaves behind would hold them open.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=told, start_new_session=True
        )
        failed = process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        out.seek(0)
        told.seek(0)
        if failed:
            raise SystemExit(f"The benchmark of {folder} failed:\n{told.read()[-2000:]}")
        try:
            return table.read(out.read())
        except ValueError as error:
            raise SystemExit(f"{folder}: {error}") from None
