"""`make steady TESTS=…`: tests, run again and again while every core is kept busy. What depends on
who is faster fails in one of the rounds."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence

BUSY = """
import os
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""
"""Ends with whoever started it, however that ended."""
INTERRUPTED = 2
"""The exit code of pytest after Ctrl-C."""


@contextlib.contextmanager
def busy_cores() -> Iterator[None]:
    command = [sys.executable, "-c", BUSY]
    loops = [
        subprocess.Popen(command, start_new_session=True) for _ in range(os.cpu_count() or 1)
    ]  # fmt: skip
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def run_rounds(rounds: int, tests: Sequence[str]) -> int:
    """How many rounds failed. Each is a run of its own, in an order of its own."""
    failed = 0
    for n in range(1, rounds + 1):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "0", *tests],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        said = done.stdout.strip()
        print(f"round {n} of {rounds}: {said.rpartition(chr(10))[2]}", flush=True)
        if done.returncode:
            failed += 1
            print(said, flush=True)
        if done.returncode == INTERRUPTED:
            break
    return failed


def main() -> None:
    rounds, *tests = sys.argv[1:]
    if not tests:
        sys.exit("Which tests? For instance: make steady TESTS=tests/api/test_limits.py")
    # Ctrl-C is for pytest, which stops the servers that it started; then the rounds end.
    signal.signal(signal.SIGINT, lambda *_: None)
    with busy_cores():
        failed = run_rounds(int(rounds), tests)
    sys.exit(f"{failed} of {rounds} rounds failed." if failed else 0)


if __name__ == "__main__":
    main()
