"""The npm SMSC (`smsc.js`) as a process, and the ledger of what it accepted."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.npm import npm_package
from tests.running import PATIENCE, free_port

SCRIPT = Path(__file__).with_name("smsc.js")
PASSWORD = "pass1234"


@dataclass
class Smsc:
    port: int
    ledger: Path
    process: subprocess.Popen[str]

    def settings(self, **changes: str) -> dict[str, str]:
        """Settings of a connection to it; nothing waits longer than a test may."""
        settings = {"host": "127.0.0.1", "port": str(self.port), "system_id": "tearoff"}
        return settings | {"password": PASSWORD, "answer_seconds": "5"} | changes

    def lines(self) -> list[dict[str, Any]]:
        """What it accepted, in order. A line is there before the answer has left."""
        return [json.loads(line) for line in self.ledger.read_text().splitlines()]

    def accepted(self) -> Counter[str]:
        """How many submit_sm each number got."""
        return Counter(line["to"] for line in self.lines())


@contextlib.contextmanager
def running_smsc(folder: Path, *options: str, ledger: bool = False) -> Iterator[Smsc]:
    module = npm_package("smpp", "0.5.1")
    port, file = free_port(), folder / "ledger.jsonl"
    file.touch()
    command = ["node", str(SCRIPT), str(port), "--password", PASSWORD, *options]
    if ledger:
        command += ["--ledger", str(file)]
    environment = {**os.environ, "SMPP_MODULE": str(module)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield Smsc(port, file, process)
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)
