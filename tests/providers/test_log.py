from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from tearoff.providers.base import (
    Accepted,
    BadSettings,
    NoAnswer,
    Reason,
    Refused,
    Surroundings,
)
from tearoff.providers.log import OUTBOX, LogProvider, read_outbox
from tests.providers.contract import ProviderContract, Rig, number, outgoing
from tests.running import PATIENCE


def open_log(folder: Path, **settings: str) -> LogProvider:
    return LogProvider(settings, Surroundings(str(folder)))


class TestLog(ProviderContract):
    losses: ClassVar[Sequence[str]] = ("500", "900")

    @pytest.fixture
    async def rig(self, tmp_path: Path) -> AsyncIterator[Rig]:
        provider = open_log(tmp_path, scripted="true")

        def taken(to: str) -> list[str]:
            return [line.text for line in read_outbox(tmp_path, 1000) if line.to == to]

        yield Rig(provider, taken)
        await provider.close()

    async def test_one_line_for_each_message(self, tmp_path: Path) -> None:
        provider = open_log(tmp_path, sender="Bakery")
        await provider.send(outgoing("000", text="one"))
        await provider.send(outgoing("001", text="two\nlines", parts=("two", "lines"), sender="Me"))
        first, second = read_outbox(tmp_path, 10)
        assert (first.to, first.sender, first.text) == (number("000"), "Bakery", "one")
        assert (second.sender, second.text, second.segments) == ("Me", "two\nlines", 2)
        assert first.at.endswith("+00:00")
        assert first.id != second.id
        assert [line.text for line in read_outbox(tmp_path, 1)] == ["two\nlines"]
        assert read_outbox(tmp_path, 0) == []

    async def test_only_the_owner_reads_the_outbox(self, tmp_path: Path) -> None:
        await open_log(tmp_path).send(outgoing())
        assert stat.S_IMODE((tmp_path / OUTBOX).stat().st_mode) == 0o600

    @pytest.mark.parametrize(
        ("fail", "outcome", "lines"),
        [("none", Accepted, 1), ("refuse", Refused, 0), ("opted_out", Refused, 0),
         ("no_answer", NoAnswer, 1)],
    )  # fmt: skip
    async def test_told_to_fail(self, tmp_path: Path, fail: str, outcome: type, lines: int) -> None:
        assert isinstance(await open_log(tmp_path, fail=fail).send(outgoing()), outcome)
        assert len(read_outbox(tmp_path, 10)) == lines

    async def test_a_line_that_was_cut_is_left_out(self, tmp_path: Path) -> None:
        await open_log(tmp_path).send(outgoing())
        with (tmp_path / OUTBOX).open("ab") as outbox:
            outbox.write(b'{"id": "half')
        assert len(read_outbox(tmp_path, 10)) == 1

    async def test_no_folder_is_a_refusal(self, tmp_path: Path) -> None:
        provider = open_log(tmp_path / "nowhere")
        outcome = await provider.send(outgoing())
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.PROVIDER_DOWN
        assert "cannot be written" in await provider.check()
        assert read_outbox(tmp_path / "nowhere") == []

    @pytest.mark.parametrize(
        ("name", "value"), [("fail", "sometimes"), ("delay_ms", "soon"), ("delay_ms", "-1")]
    )
    def test_settings_that_make_no_sense(self, tmp_path: Path, name: str, value: str) -> None:
        with pytest.raises(BadSettings, match="use") as raised:
            open_log(tmp_path, **{name: value})
        assert raised.value.field == name


def test_lines_of_several_processes_do_not_mix(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from tearoff.providers.base import *;"
        "from tearoff.providers.log import LogProvider;"
        "provider = LogProvider({}, Surroundings(sys.argv[1]));"
        "[asyncio.run(provider.send(Outgoing(i, '+32470000000', 'x' * 1500))) for i in range(200)]"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(2)]
    assert [writer.wait(PATIENCE) for writer in writers] == [0, 0]
    written = read_outbox(tmp_path, 1000)
    assert [line.text for line in written] == ["x" * 1500] * 400
