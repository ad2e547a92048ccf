"""One bind and its life: answers, silence, loss, window, rate, coming back, leaving.

Every test ends with the ledger: taken at most once, and what we said agrees or is `NoAnswer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
import uvloop

from tearoff.providers.base import (
    Accepted,
    NoAnswer,
    Outcome,
    Outgoing,
    Reason,
    Refused,
    Surroundings,
)
from tearoff.providers.smpp import adapter, link, pdu
from tearoff.providers.smpp.adapter import SmppProvider
from tearoff.providers.smpp.pace import Busy, Pace
from tests.providers.faulty_smsc import FaultySmsc, running_faulty_smsc
from tests.running import PATIENCE, free_port

SURROUNDINGS = Surroundings("unused", allow_loopback=True)


@pytest.fixture
async def smsc() -> AsyncIterator[FaultySmsc]:
    async with running_faulty_smsc() as running:
        yield running


@contextlib.asynccontextmanager
async def opened(smsc: FaultySmsc, **changes: str) -> AsyncIterator[SmppProvider]:
    provider = SmppProvider(smsc.settings(**changes), SURROUNDINGS)
    try:
        yield provider
    finally:
        await provider.close()


def message(ending: str = "000", n: int = 0) -> Outgoing:
    return Outgoing(n, f"+3247000{n:01d}{ending}", "Your coffee", "GSM-7", ("Your coffee",))


def many(amount: int, ending: str = "") -> list[Outgoing]:
    """To as many numbers; without an ending none of them has a meaning of its own."""
    if ending:
        return [message(ending, n) for n in range(amount)]
    return [
        Outgoing(n, f"+3247{n:04d}000", "Your coffee", "GSM-7", ("Your coffee",))
        for n in range(amount)
    ]


def agree(smsc: FaultySmsc, messages: list[Outgoing], outcomes: list[Outcome]) -> None:
    taken = Counter(f"+{one.to}" for one in smsc.ledger)
    assert set(taken.values()) <= {1}, "somebody was texted twice"
    for one, outcome in zip(messages, outcomes, strict=True):
        if isinstance(outcome, Accepted):
            assert taken[one.to] == 1
        if isinstance(outcome, Refused):
            assert taken[one.to] == 0


async def send_all(provider: SmppProvider, messages: list[Outgoing]) -> list[Outcome]:
    return list(await asyncio.gather(*map(provider.send, messages)))


async def until(is_so: Callable[[], bool], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.01)


def kinds(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


# answers ----------------------------------------------------------------------------------


async def test_a_late_answer_comes_too_late(smsc: FaultySmsc, capsys) -> None:
    smsc.mood.late = 1.6
    async with opened(smsc) as provider:
        outcome = await provider.send(message("800"))
        assert isinstance(outcome, NoAnswer)
        await until(lambda: "smpp.late_answer" in capsys.readouterr().out)
        assert isinstance(await provider.send(message("001")), Accepted)
        agree(smsc, [message("800")], [outcome])


async def test_a_slow_answer_is_in_time(smsc: FaultySmsc) -> None:
    smsc.mood.late = 0.4
    async with opened(smsc, answer_seconds="60") as provider:
        outcome = await provider.send(message("800"))
        assert isinstance(outcome, Accepted)
        agree(smsc, [message("800")], [outcome])


async def test_an_unanswered_message_holds_up_no_other(smsc: FaultySmsc) -> None:
    async with opened(smsc, window="2", answer_seconds="60") as provider:
        silent = asyncio.create_task(provider.send(message("500")))
        outcomes = await asyncio.wait_for(send_all(provider, many(50)), 59)
        assert kinds(outcomes) == {"Accepted": 50}
        agree(smsc, many(50), outcomes)
        silent.cancel()


async def test_a_caller_who_gives_up_breaks_nothing(smsc: FaultySmsc) -> None:
    smsc.mood.delay = 0.2
    async with opened(smsc, window="5") as provider:
        sends = [asyncio.create_task(provider.send(one)) for one in many(5)]
        await until(lambda: len(smsc.ledger) == 5)
        for task in sends:
            task.cancel()
        await asyncio.wait(sends)
        more = many(10)[5:]
        outcomes = await send_all(provider, more)
        assert kinds(outcomes) == {"Accepted": 5}
        agree(smsc, more, outcomes)


# window and rate --------------------------------------------------------------------------


async def test_the_window_is_kept(smsc: FaultySmsc) -> None:
    smsc.mood.delay = 0.02
    async with opened(smsc, window="7") as provider:
        outcomes = await send_all(provider, many(100))
        assert kinds(outcomes) == {"Accepted": 100}
        agree(smsc, many(100), outcomes)
    assert smsc.most_open == 7


async def test_a_full_window_has_an_end(smsc: FaultySmsc, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gets no place in time was never written: a refusal, not a question."""
    monkeypatch.setattr(adapter, "TIME_LIMIT", 0.5)
    async with opened(smsc, window="2", answer_seconds="3") as provider:
        outcomes = await send_all(provider, many(8, "500"))
        assert kinds(outcomes) == {"NoAnswer": 2, "Refused": 6}
        refusals = [one for one in outcomes if isinstance(one, Refused)]
        assert {one.reason for one in refusals} == {Reason.THROTTLED}
        assert not any(one.permanent for one in refusals)
        assert all(one.retry_after for one in refusals)
        agree(smsc, many(8, "500"), outcomes)


async def test_the_rate_is_kept(smsc: FaultySmsc) -> None:
    async with opened(smsc, rate="50") as provider:
        assert isinstance(await provider.send(message("001")), Accepted)
        loop = asyncio.get_running_loop()
        began = loop.time()
        outcomes = await send_all(provider, many(50))
        assert loop.time() - began > 0.9  # a promise of ours, not a speed of the machine
        assert kinds(outcomes) == {"Accepted": 50}
        agree(smsc, many(50), outcomes)


async def test_throttled_is_tried_again_and_the_link_goes_on(smsc: FaultySmsc) -> None:
    messages = many(5, "430") + many(3, "431") + many(10)
    async with opened(smsc) as provider:
        outcomes = await send_all(provider, messages)
        assert kinds(outcomes) == {"Accepted": 18}
        agree(smsc, messages, outcomes)
    assert smsc.seen["links"] == 1


async def test_throttled_for_ever_is_a_refusal(
    smsc: FaultySmsc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "TIME_LIMIT", 1.5)
    async with opened(smsc) as provider:
        outcome = await provider.send(message("429"))
        assert isinstance(outcome, Refused)
        assert (outcome.reason, outcome.permanent) == (Reason.THROTTLED, False)
        assert smsc.numbers[message("429").to[1:]] > 1
        agree(smsc, [message("429")], [outcome])


async def test_a_slowed_link_recovers() -> None:
    loop = asyncio.get_running_loop()
    pace = Pace(100)
    for _ in range(3):
        await pace.wait(loop.time() + 1)
    pace.slow_down()
    assert pace.per_second == 5
    pace.slow_down()  # the same burst
    assert pace.per_second == 5
    pace._changed_at -= 4.1
    await pace.wait(loop.time() + 1)
    assert pace.per_second == pytest.approx(7.2)
    pace._changed_at -= 600
    await pace.wait(loop.time() + 1)
    assert pace.per_second == 100


async def test_a_link_without_a_rate_is_free_again() -> None:
    loop = asyncio.get_running_loop()
    pace = Pace(None)
    for _ in range(200):
        await pace.wait(loop.time() + 1)
    pace.slow_down()
    assert pace.per_second == pytest.approx(100, rel=0.05)
    pace._changed_at -= 0.6
    pace.slow_down()
    assert pace.per_second == pytest.approx(50, rel=0.05)
    pace._changed_at -= 600
    await pace.wait(loop.time() + 1)
    assert pace.per_second is None


async def test_no_turn_in_time_is_said_at_once() -> None:
    loop = asyncio.get_running_loop()
    pace = Pace(1)
    await pace.wait(loop.time() + 1)
    with pytest.raises(Busy):
        await pace.wait(loop.time() + 0.5)


# loss and coming back ---------------------------------------------------------------------


async def test_a_lost_link_comes_back(smsc: FaultySmsc) -> None:
    async with opened(smsc) as provider:
        assert isinstance(await provider.send(message("001")), Accepted)
        smsc.peers[-1].transport.abort()
        await asyncio.sleep(0.05)
        outcomes = await send_all(provider, many(20))
        assert kinds(outcomes) == {"Accepted": 20}
        agree(smsc, many(20), outcomes)
    assert smsc.seen["binds"] == 2


async def test_a_link_that_falls_under_load(smsc: FaultySmsc) -> None:
    """What was written is open; what waits for its place in the window goes out later."""
    smsc.mood.delay = 0.05
    async with opened(smsc, window="10") as provider:
        sends = asyncio.ensure_future(send_all(provider, many(60)))
        await until(lambda: len(smsc.ledger) >= 20)
        smsc.peers[-1].transport.abort()
        outcomes = await sends
        found = kinds(outcomes)
        assert found["Refused"] == 0
        assert 1 <= found["NoAnswer"] <= 10
        agree(smsc, many(60), outcomes)


async def test_nobody_is_there_and_then_somebody_is() -> None:
    port = free_port()
    settings = FaultySmsc(port).settings()
    provider = SmppProvider(settings, SURROUNDINGS)
    await provider.start()
    refused = await provider.send(message("001"))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.PROVIDER_DOWN
    async with running_faulty_smsc(port=port) as smsc:
        await until(lambda: bool(smsc.peers))
        outcome = await provider.send(message("002"))
        assert isinstance(outcome, Accepted)
        await provider.close()


async def test_a_closed_link_while_the_pdu_waits_to_be_written(smsc: FaultySmsc) -> None:
    """The link falls in the same turn of the loop: the message was not written, so it takes
    the next link."""
    async with opened(smsc) as provider:
        assert isinstance(await provider.send(message("001")), Accepted)
        assert provider._link is not None
        assert provider._link._session is not None
        send = asyncio.create_task(provider.send(message("002")))
        asyncio.get_running_loop().call_soon(provider._link._session.abort)
        outcome = await send
        agree(smsc, [message("002")], [outcome])
        assert not isinstance(outcome, Refused)


async def test_a_silent_smsc_is_noticed(smsc: FaultySmsc) -> None:
    async with opened(smsc, enquire_seconds="1") as provider:
        await provider.start()
        await until(lambda: smsc.seen["enquiries"] >= 2)
        assert smsc.seen["links"] == 1
        smsc.mood.is_mute = True
        peer = smsc.peers[-1]
        await until(lambda: peer not in smsc.peers)
        smsc.mood.is_mute = False
        await until(lambda: smsc.seen["binds"] == 2)
        outcome = await provider.send(message("001"))
        assert isinstance(outcome, Accepted)


async def test_a_busy_link_is_not_enquired(smsc: FaultySmsc) -> None:
    async with opened(smsc, enquire_seconds="2") as provider:
        for n in range(25):
            assert isinstance(await provider.send(message("001", n % 10)), Accepted)
            await asyncio.sleep(0.1)
    assert smsc.seen["enquiries"] == 0


@pytest.mark.parametrize("ending", ["920", "921"])
async def test_an_smsc_that_unbinds(smsc: FaultySmsc, ending: str) -> None:
    """Answers on their way are still read; then there is another link."""
    async with opened(smsc) as provider:
        outcome = await provider.send(message(ending))
        assert isinstance(outcome, Accepted)
        again = await provider.send(message("001"))
        assert isinstance(again, Accepted)
        agree(smsc, [message(ending), message("001")], [outcome, again])
    assert smsc.seen["binds"] == 2


async def test_an_smsc_that_hangs_up_on_every_bind(smsc: FaultySmsc) -> None:
    smsc.mood.is_mute = True
    async with opened(smsc) as provider:
        outcome = await provider.send(message("001"))
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.PROVIDER_DOWN
        assert (await provider.check()).startswith("The SMSC cannot be reached")
    assert not smsc.ledger


@pytest.mark.parametrize("status", sorted(link.MISCONFIGURED))
async def test_a_refused_bind(smsc: FaultySmsc, status: int) -> None:
    smsc.mood.bind_status = status
    async with opened(smsc) as provider:
        outcomes = await send_all(provider, many(3))
        assert {o.reason for o in outcomes if isinstance(o, Refused)} == {Reason.AUTH}
        assert len(outcomes) == 3
        await asyncio.sleep(1.2)  # a wrong password is not tried every second
        assert smsc.seen["binds"] == 1
        assert (await provider.check()).startswith("The SMSC does not accept the login: ")
    assert not smsc.ledger


async def test_a_bind_refused_for_now(smsc: FaultySmsc) -> None:
    smsc.mood.bind_status = 0x08
    async with opened(smsc) as provider:
        outcome = await provider.send(message("001"))
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.PROVIDER_DOWN
        smsc.mood.bind_status = 0
        await until(lambda: bool(smsc.peers))
        assert isinstance(await provider.send(message("001")), Accepted)


async def test_waits_grow(smsc: FaultySmsc, monkeypatch: pytest.MonkeyPatch) -> None:
    """An SMSC that takes every bind and drops it at once is not hammered."""
    monkeypatch.setattr(link, "FIRST_WAIT", 0.05)
    async with opened(smsc) as provider:
        await provider.start()
        for _ in range(4):
            await until(lambda: bool(smsc.peers))
            smsc.peers[-1].transport.abort()
            await until(lambda: not smsc.peers)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await until(lambda: bool(smsc.peers))
        assert loop.time() - began > 0.2


async def test_only_public_addresses_are_connected_to(smsc: FaultySmsc) -> None:
    for host in ("127.0.0.1", "localhost"):
        settings = smsc.settings(host=host)
        provider = SmppProvider(settings, Surroundings("unused"))
        outcome = await provider.send(message("001"))
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.PROVIDER_DOWN
        assert "private" in outcome.raw
        await provider.close()
    assert smsc.seen["links"] == 0
    for host in ("127.0.0.1", f"127.0.0.1:{smsc.port}"):
        provider = SmppProvider(smsc.settings(), Surroundings("unused", allowed_hosts=(host,)))
        assert isinstance(await provider.send(message("001")), Accepted)
        await provider.close()


# leaving ----------------------------------------------------------------------------------


async def test_closing_unbinds_after_the_last_answer(smsc: FaultySmsc) -> None:
    smsc.mood.delay = 0.3
    async with opened(smsc, window="5") as provider:
        sends = asyncio.ensure_future(send_all(provider, many(20)))
        await until(lambda: len(smsc.ledger) >= 5)
        await provider.close()
        outcomes = await sends
        assert kinds(outcomes) == {"Accepted": 20}
        agree(smsc, many(20), outcomes)
    assert smsc.seen["unbinds"] == 1
    await until(lambda: not smsc.peers)


async def test_closing_has_an_end(smsc: FaultySmsc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "DRAIN_LIMIT", 0.3)
    smsc.mood.delay = 30
    provider = SmppProvider(smsc.settings(answer_seconds="30"), SURROUNDINGS)
    sends = asyncio.ensure_future(send_all(provider, many(12)))
    await until(lambda: len(smsc.ledger) == 10)
    await asyncio.wait_for(provider.close(), 29)
    outcomes = await asyncio.wait_for(sends, PATIENCE)
    assert kinds(outcomes) == {"NoAnswer": 10, "Refused": 2}
    agree(smsc, many(12), outcomes)


async def test_closing_while_connecting() -> None:
    """A black hole: somebody listens and never answers."""
    hole = socket.create_server(("127.0.0.1", 0))
    provider = SmppProvider(FaultySmsc(hole.getsockname()[1]).settings(), SURROUNDINGS)
    await provider.start()
    await asyncio.sleep(0.1)
    await provider.close()
    await provider.start()
    assert provider._link is None
    hole.close()


async def test_check_uses_the_link_that_is_up(smsc: FaultySmsc) -> None:
    async with opened(smsc) as provider:
        assert await provider.check() == ""
        assert (smsc.seen["binds"], smsc.seen["unbinds"]) == (1, 1)
        assert isinstance(await provider.send(message("001")), Accepted)
        smsc.mood.bind_status = pdu.ALREADY_BOUND  # it allows one
        assert await provider.check() == ""
        assert smsc.seen["binds"] == 2


async def test_the_servers_own_loop() -> None:
    """The server runs on uvloop, whose transports behave a little differently."""

    async def scenario() -> list[Outcome]:
        async with running_faulty_smsc() as smsc, opened(smsc) as provider:
            outcomes = await send_all(provider, many(50))
            outcomes.append(await provider.send(message("901")))
            outcomes.append(await provider.send(message("921")))
            outcomes.append(await provider.send(message("902")))
            await provider.close()
            messages = [*many(50), *(message(e) for e in ("901", "921", "902"))]
            agree(smsc, messages, outcomes)
            return outcomes

    outcomes = await asyncio.to_thread(uvloop.run, scenario())
    assert kinds(outcomes[:50]) == {"Accepted": 50}
    assert [type(one).__name__ for one in outcomes[50:]] == ["NoAnswer", "Accepted", "NoAnswer"]
