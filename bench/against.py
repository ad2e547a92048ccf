"""`make bench AGAINST=<commit>`: this checkout and another commit in turns.

Each turn starts the one and then the other (the next turn the other way round), each with its own
server, database and benchmark. What is compared is the rate of a turn with the rate of its
neighbour, so that a machine whose speed drifts says little wrong. A difference counts only when
every turn shows it: when 1.00 lies inside the spread of the ratios, it is none.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HOT = ("send", "page", "validate", "till", "hooks")
ROOT = Path(__file__).resolve().parent.parent
LINE = "| {:<34} | {:>9} | {:>9} | {:>5} | {:>12} | {:<10} |"

Rates = dict[str, float]
"""Calls a second by hot path."""


def compare(commit: str, parts: tuple[str, ...], turns: int, seconds: int) -> None:
    with other_checkout(commit) as other:
        ours: list[Rates] = []
        theirs: list[Rates] = []
        for turn in range(turns):
            pair = [(ROOT, ours), (other, theirs)]
            for folder, rates in pair if turn % 2 == 0 else reversed(pair):
                rates.append(measure(folder, parts, seconds))
            print(f"turn {turn + 1} of {turns}", file=sys.stderr, flush=True)
    print(LINE.format("hot path", "now/s", "before/s", "ratio", "spread", "difference"))
    print(LINE.format(*["---"] * 6))
    for name in ours[0]:
        print(row(name, [r[name] for r in ours], [r.get(name, 0) for r in theirs]))


def row(name: str, ours: list[float], theirs: list[float]) -> str:
    now = f"{statistics.median(ours):,.0f}"
    if not all(theirs):
        return LINE.format(name, now, "", "", "", "new")
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    ratio, low, high = statistics.median(ratios), min(ratios), max(ratios)
    difference = "none" if low <= 1 <= high else f"{ratio - 1:+.0%}"
    before, spread = f"{statistics.median(theirs):,.0f}", f"{low:.2f} - {high:.2f}"
    return LINE.format(name, now, before, f"{ratio:.2f}", spread, difference)


@contextlib.contextmanager
def other_checkout(commit: str) -> Iterator[Path]:
    """The commit in a folder of its own, with what it needs installed."""
    with tempfile.TemporaryDirectory(prefix="tearoff-against-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)  # the database may run as another user
        path = Path(folder) / "checkout"
        _git("worktree", "add", "--quiet", "--detach", str(path), commit)
        try:
            subprocess.run(["make", "-s", ".venv/dev-installed"], cwd=path, check=True)
            yield path
        finally:
            _git("worktree", "remove", "--force", str(path))


def _git(*words: str) -> None:
    subprocess.run(["git", *words], cwd=ROOT, check=True)


def measure(folder: Path, parts: tuple[str, ...], seconds: int) -> Rates:
    """One round of a checkout's own benchmark, read from the table that it prints."""
    command = [
        ".venv/bin/python", "-m", "bench", "--rounds", "1", "--seconds", str(seconds),
        "--only", *parts,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"The benchmark of {folder} failed:\n{done.stderr[-2000:]}")
    rates: Rates = {}
    for line in done.stdout.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if len(cells) == 7 and cells[1].replace(",", "").isdigit():
            if cells[6] != "0":
                raise SystemExit(f"{cells[0]} in {folder}: {cells[6]} answers were no success.")
            rates[cells[0]] = float(cells[1].replace(",", ""))
    return rates
