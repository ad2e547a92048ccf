from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tearoff.providers.base import Accepted, NoAnswer
from tests.providers.contract import TEXT, number, outgoing
from tests.providers.test_twilio import open_twilio


async def test_alone_with_a_ledger(tmp_path: Path) -> None:
    """As benchmarks and journeys use it: a process of its own, and what it took in a file."""
    ledger = tmp_path / "ledger.jsonl"
    command = [sys.executable, "-m", "tests.providers.standin", "--ledger", str(ledger)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        provider = open_twilio(process.stdout.readline().strip())
        outcomes = [await provider.send(outgoing(ending)) for ending in ("000", "610", "901")]
        await provider.close()
        process.kill()
    assert isinstance(outcomes[0], Accepted)
    assert isinstance(outcomes[2], NoAnswer)
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert [(line["to"], line["text"]) for line in lines] == [
        (number("000"), TEXT),
        (number("901"), TEXT),
    ]
    assert lines[0]["id"] == outcomes[0].provider_ids[0]
