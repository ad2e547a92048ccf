"""What every adapter must do, over SMPP to an SMSC that fails in every way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import ClassVar

import pytest

from tearoff.providers.base import Accepted, NoAnswer, Reason, Surroundings
from tearoff.providers.smpp import adapter
from tearoff.providers.smpp.adapter import SmppProvider
from tests.providers.contract import Rig, WireContract, assert_agrees, outgoing
from tests.providers.faulty_smsc import PASSWORD, FaultySmsc, running_faulty_smsc
from tests.running import free_port

SURROUNDINGS = Surroundings("unused", allow_loopback=True)
STRANGER = "somebody else's"


@pytest.fixture
async def smsc() -> AsyncIterator[FaultySmsc]:
    async with running_faulty_smsc() as running:
        yield running


@pytest.fixture
async def rig(smsc: FaultySmsc, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr(adapter, "TIME_LIMIT", 2.0)  # else 429 is tried for ten seconds
    settings = smsc.settings(window="100", sender="Bakery")
    rig = Rig(
        SmppProvider(settings, SURROUNDINGS),
        smsc.texts,
        secrets=(PASSWORD, STRANGER),
        nobody=SmppProvider(settings | {"port": str(free_port())}, SURROUNDINGS),
        stranger=SmppProvider(settings | {"password": STRANGER}, SURROUNDINGS),
    )
    yield rig
    for provider in (rig.provider, rig.nobody, rig.stranger):
        assert provider is not None
        await provider.close()


class TestSmpp(WireContract):
    refusals: ClassVar[Mapping[str, Reason]] = {
        "211": Reason.INVALID_NUMBER,
        "212": Reason.BAD_SENDER,
        "610": Reason.OTHER,
        "700": Reason.OTHER,
        "429": Reason.THROTTLED,
    }
    losses: ClassVar[Sequence[str]] = ("500", "900", "702", "901", "902", "903")

    @pytest.mark.parametrize("ending", [*losses, "904"])
    async def test_each_loss_alone(self, rig: Rig, ending: str) -> None:
        message = outgoing(ending, parts=("one part",), encoding="GSM-7")
        outcome = await rig.provider.send(message)
        assert isinstance(outcome, NoAnswer)
        await assert_agrees(rig, message, outcome)

    @pytest.mark.parametrize("ending", ["451", "452"])
    async def test_half_a_text_is_no_refusal(self, rig: Rig, smsc: FaultySmsc, ending: str) -> None:
        message = outgoing(ending, parts=("one, ", "two, ", "three"), encoding="GSM-7")
        outcome = await rig.provider.send(message)
        assert isinstance(outcome, NoAnswer)
        assert outcome.text.startswith("Only 1 of 3 parts")
        assert smsc.ledger[0].id in outcome.raw

    async def test_a_throttled_part_is_written_again(self, rig: Rig, smsc: FaultySmsc) -> None:
        for ending in ("430", "431"):
            message = outgoing(ending)
            outcome = await rig.provider.send(message)
            assert isinstance(outcome, Accepted)
            assert len(outcome.provider_ids) == 2
            assert list(rig.texts_taken(message.to)) == [message.text]

    async def test_no_id_and_two_answers(self, rig: Rig) -> None:
        for ending, ids in (("701", 0), ("703", 1)):
            message = outgoing(ending, parts=("one part",), encoding="GSM-7")
            outcome = await rig.provider.send(message)
            assert isinstance(outcome, Accepted)
            assert len(outcome.provider_ids) == ids
            await assert_agrees(rig, message, outcome)
