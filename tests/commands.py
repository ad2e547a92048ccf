"""Commands as an operator types them, hundreds of them.

To start Python and load the program takes about a second of a processor, nearly all of a
command's time. So one process loads it once, and each command is a fork of that: a process with
arguments, environment and streams of its own, which ends as any other. How the program itself is
started is for the tests of the documentation's examples and of servers."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


class Commands:
    def __init__(self, loaded: subprocess.Popen[str]) -> None:
        self._loaded = loaded
        self._turn = threading.Lock()

    def run(
        self, words: Sequence[str], env: Mapping[str, str], stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """What `tearoff` with these words came to."""
        with tempfile.TemporaryDirectory() as folder:
            given, out, err = (Path(folder) / name for name in ("in", "out", "err"))
            given.write_text(stdin or "")
            order = {"words": list(words), "env": dict(env), "folder": str(Path.cwd())}
            order["streams"] = [str(given), str(out), str(err)]
            with self._turn:
                assert self._loaded.stdin is not None and self._loaded.stdout is not None
                print(json.dumps(order), file=self._loaded.stdin, flush=True)
                code = int(self._loaded.stdout.readline())
            return subprocess.CompletedProcess(words, code, out.read_text(), err.read_text())


@contextlib.contextmanager
def loaded_program() -> Iterator[Commands]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.commands"], cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as loaded:  # fmt: skip
        yield Commands(loaded)


def main() -> None:
    from tearoff.cli.main import main as tearoff
    from tearoff.cli.main import make_parser

    make_parser()  # loads the commands
    gc.freeze()
    for line in sys.stdin:
        process = os.fork()
        if not process:
            become(json.loads(line))
            tearoff()
            return
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def become(order: dict[str, Any]) -> None:
    """Make this process what the order says."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["tearoff", *order["words"]]
    for number, path in enumerate(order["streams"]):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT if number else os.O_RDONLY, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)


if __name__ == "__main__":
    main()
