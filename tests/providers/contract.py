"""What every adapter must do. An adapter's test class inherits from these and makes a `rig`.

    ProviderContract   every adapter
    WireContract       adapters that reach out over a network
    CallbackContract   adapters that are called back over HTTP
    SignedContract     ... by a service that signs

Whatever happens, a test of sending ends in the same way: the service took each message at most
once, and what we say of it agrees with the service or is `NoAnswer`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearoff.providers.base import (
    PERMANENT,
    PLAIN_WORDS,
    Accepted,
    Callback,
    NoAnswer,
    Outcome,
    Outgoing,
    Provider,
    Reason,
    Receipt,
    ReceiptState,
    Refused,
)

TEXT = "Uw bon: €5 korting — https://coupons.example.com/p/abc/abcdefghijklmnopqrstu"


@dataclass
class Rig:
    """An adapter and what its service can be asked behind its back.

    `texts_taken` gives the texts that the service took for a number. `nobody` is the same
    adapter pointed at a port where nobody listens, `stranger` one with wrong credentials,
    `impatient` one that soon expects no answer any more.
    """

    provider: Provider
    texts_taken: Callable[[str], Sequence[str]]
    secrets: tuple[str, ...] = ()
    nobody: Provider | None = None
    stranger: Provider | None = None
    impatient: Provider | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def number(ending: str, index: int = 0) -> str:
    """One of ten test numbers with this three-digit ending."""
    return f"+3247000{index % 10}{ending}"


def outgoing(ending: str = "000", index: int = 0, **changes: Any) -> Outgoing:
    values: dict[str, Any] = {"id": 4000 + index, "to": number(ending, index), "text": TEXT}
    values |= {"encoding": "UCS-2", "parts": (TEXT[:60], TEXT[60:])}
    return Outgoing(**(values | changes))


async def assert_agrees(rig: Rig, message: Outgoing, outcome: Outcome) -> None:
    """The one assertion that matters."""
    taken = rig.texts_taken(message.to)
    assert len(taken) <= 1, f"{message.to} was texted {len(taken)} times"
    if isinstance(outcome, Accepted):
        assert len(taken) == 1, "said to be accepted, but the service never took it"
    if isinstance(outcome, Refused):
        assert not taken, "said to be refused, but the service took it"


class ProviderContract:
    refusals: ClassVar[Mapping[str, Reason]] = {
        "211": Reason.INVALID_NUMBER,
        "429": Reason.THROTTLED,
        "610": Reason.OPTED_OUT,
    }
    losses: ClassVar[Sequence[str]] = ("500", "900")
    """Endings after which nobody can know, although the service took the message."""

    async def test_accepted(self, rig: Rig) -> None:
        message = outgoing()
        outcome = await rig.provider.send(message)
        assert isinstance(outcome, Accepted)
        assert all(isinstance(name, str) and name for name in outcome.provider_ids)
        assert list(rig.texts_taken(message.to)) == [TEXT]
        await assert_agrees(rig, message, outcome)

    async def test_refused(self, rig: Rig) -> None:
        for ending, reason in self.refusals.items():
            message = outgoing(ending)
            outcome = await rig.provider.send(message)
            assert isinstance(outcome, Refused), ending
            assert outcome.reason is reason
            assert outcome.permanent == (reason in PERMANENT)
            assert outcome.text.startswith(PLAIN_WORDS[reason])
            await assert_agrees(rig, message, outcome)

    async def test_no_answer(self, rig: Rig) -> None:
        messages = [outgoing(ending) for ending in self.losses]
        provider = rig.impatient or rig.provider
        outcomes = await asyncio.gather(*map(provider.send, messages))
        for message, outcome in zip(messages, outcomes, strict=True):
            assert isinstance(outcome, NoAnswer), message.to
            assert outcome.text.endswith(".")
            await assert_agrees(rig, message, outcome)

    async def test_many_at_once(self, rig: Rig) -> None:
        endings = ("000", "211", "610", "001", "500")
        messages = [outgoing(e, i) for e in endings for i in range(10)]
        outcomes = await asyncio.gather(*map(rig.provider.send, messages))
        for message, outcome in zip(messages, outcomes, strict=True):
            await assert_agrees(rig, message, outcome)
        assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 20

    async def test_texts_arrive_as_they_are(self, rig: Rig) -> None:
        texts = ['"quotes" & {to} %s \\ <b>', "a\nb", "ñ€漢字😀", "x" * 700, "+1 = 100%?&a=b"]
        for index, text in enumerate(texts):
            message = outgoing("002", index, text=text, parts=(text,))
            assert isinstance(await rig.provider.send(message), Accepted)
            assert list(rig.texts_taken(message.to)) == [text]

    async def test_secrets_stay_secret(self, rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(0)
        endings = ("000", *self.refusals, "500")
        said = [await rig.provider.send(outgoing(ending)) for ending in endings]
        for other in (rig.stranger, rig.nobody):
            if other is not None:
                said.append(await other.send(outgoing()))
        checked = await rig.provider.check()
        shown = msgspec.json.encode(said).decode() + checked + caplog.text + repr(rig.provider)
        assert len(shown) > 100
        for secret in rig.secrets:
            assert secret not in shown

    async def test_look_up_never_raises(self, rig: Rig) -> None:
        for name in ("", "no-such-message", "../../x", "%00"):
            found = await rig.provider.look_up(outgoing("404"), name, datetime.now(UTC))
            assert found is None or isinstance(found, Receipt)

    async def test_check_of_a_good_connection(self, rig: Rig) -> None:
        assert await rig.provider.check() == ""

    async def test_closed_twice(self, rig: Rig) -> None:
        await rig.provider.send(outgoing())
        await rig.provider.close()
        await rig.provider.close()

    async def test_closed_before_use(self, rig: Rig) -> None:
        await rig.provider.close()

    async def test_garbage_callbacks_never_raise(self, rig: Rig) -> None:
        provider = rig.provider

        @settings(max_examples=150)
        @given(callbacks())
        def read(callback: Callback) -> None:
            assert provider.is_genuine(callback) in (True, False)
            assert all(isinstance(r.state, ReceiptState) for r in provider.read_receipts(callback))
            assert all(isinstance(reply.text, str) for reply in provider.read_replies(callback))

        read()


class WireContract(ProviderContract):
    losses: ClassVar[Sequence[str]] = ("500", "900", "901", "902", "903")

    async def test_nobody_there(self, rig: Rig) -> None:
        assert rig.nobody is not None
        outcome = await rig.nobody.send(outgoing())
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.PROVIDER_DOWN
        assert not outcome.permanent
        assert await rig.nobody.look_up(outgoing(), "", datetime.now(UTC)) is None

    async def test_wrong_credentials(self, rig: Rig) -> None:
        assert rig.stranger is not None
        outcome = await rig.stranger.send(outgoing())
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.AUTH
        assert outcome.permanent
        await assert_agrees(rig, outgoing(), outcome)

    async def test_closing_lets_a_send_finish(self, rig: Rig) -> None:
        messages = [outgoing("003", index) for index in range(10)]
        sends = [asyncio.create_task(rig.provider.send(message)) for message in messages]
        await asyncio.sleep(0)  # they are under way
        await rig.provider.close()
        for message, outcome in zip(messages, await asyncio.gather(*sends), strict=True):
            assert isinstance(outcome, Accepted)
            await assert_agrees(rig, message, outcome)

    async def test_closed_means_closed(self, rig: Rig) -> None:
        await rig.provider.close()
        message = outgoing("004")
        outcome = await rig.provider.send(message)
        assert isinstance(outcome, Refused)
        await assert_agrees(rig, message, outcome)


Send = Callable[[Outgoing], Awaitable[list[Callback]]]
"""Send a message and give what its service reported back until it had no more to say."""


class CallbackContract(ProviderContract):
    """The test class also gives a fixture `reported`, a `Send`."""

    climbs: ClassVar[Mapping[str, Sequence[ReceiptState]]] = {
        "000": (ReceiptState.SENT, ReceiptState.DELIVERED),
        "910": (*[ReceiptState.SENT] * 2, *[ReceiptState.DELIVERED] * 2),
        "911": (ReceiptState.DELIVERED, ReceiptState.SENT),
        "912": (ReceiptState.SENT, ReceiptState.DELIVERED),
        "913": (),
        "914": (ReceiptState.SENT, ReceiptState.FAILED, ReceiptState.DELIVERED),
    }

    async def test_receipts(self, rig: Rig, reported: Send) -> None:
        for ending, states in self.climbs.items():
            told = await reported(outgoing(ending))
            assert all(rig.provider.is_genuine(callback) for callback in told)
            read = [r for callback in told for r in rig.provider.read_receipts(callback)]
            assert [receipt.state for receipt in read] == list(states), ending
            assert all(receipt.message_id == 4000 for receipt in read)
            for receipt in read:
                is_bad = receipt.state is ReceiptState.FAILED
                assert (receipt.reason is not None) == is_bad
                assert receipt.text or not is_bad

    async def test_a_lost_answer_is_settled_by_its_receipt(self, rig: Rig, reported: Send) -> None:
        told = await reported(outgoing("901"))
        read = [r for callback in told for r in rig.provider.read_receipts(callback)]
        assert [(r.message_id, r.state) for r in read][-1] == (4000, ReceiptState.DELIVERED)
        assert read[-1].provider_id

    async def test_the_same_twice_reads_the_same(self, rig: Rig, reported: Send) -> None:
        told = await reported(outgoing("000"))
        assert told
        for callback in told:
            once, again = (rig.provider.read_receipts(callback) for _ in range(2))
            assert once == again != []
            assert rig.provider.read_replies(callback) == []


class SignedContract(CallbackContract):
    async def test_only_the_service_is_genuine(self, rig: Rig, reported: Send) -> None:
        (*_, callback) = await reported(outgoing("000"))
        genuine = rig.provider.is_genuine
        change = msgspec.structs.replace
        assert genuine(callback)
        unsigned = {"content-type": callback.headers["content-type"]}
        assert not genuine(change(callback, headers=unsigned))
        assert not genuine(change(callback, body=callback.body + b" "))
        assert not genuine(change(callback, body=callback.body.replace(b"delivered", b"failed")))
        assert not genuine(change(callback, body=b""))
        assert not genuine(change(callback, headers={**callback.headers, **_mangled(callback)}))

    async def test_another_secret_is_not_genuine(self, rig: Rig, reported: Send) -> None:
        (*_, callback) = await reported(outgoing("000"))
        assert rig.stranger is not None
        assert not rig.stranger.is_genuine(callback)


def _mangled(callback: Callback) -> dict[str, str]:
    """The signature headers, each with its first character changed."""
    return {
        name: ("A" if value[:1] != "A" else "B") + value[1:]
        for name, value in callback.headers.items()
        if "signature" in name
    }


JUNK = st.sampled_from(
    [
        "",
        "0",
        "-1",
        "9" * 30,
        "null",
        "m",
        "\x00",
        "é",
        "../..",
        "%zz",
        "[]",
        "{}",
        "💥",
        "delivered",
    ]
)


NAMES = (
    *("MessageSid", "MessageStatus", "SmsStatus", "ErrorCode", "From", "To", "Body", "bodySHA256"),
    *("m", "id", "status", "results", "reports", "error", "text", "from", "to", "ref", "inbox"),
)


@st.composite
def callbacks(draw: st.DrawFn) -> Callback:
    """Requests from nobody: words of the services, in wrong places."""
    names = st.sampled_from(NAMES)
    table = draw(st.dictionaries(names, st.one_of(JUNK, st.text(max_size=8)), max_size=6))
    json_value = st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), JUNK),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    )
    body = draw(
        st.one_of(
            st.binary(max_size=60),
            json_value.map(msgspec.json.encode),
            st.just("&".join(f"{k}={v}" for k, v in table.items()).encode("utf-8", "replace")),
            st.just(b"[" * 3000),
        )
    )
    kinds = ["", "application/json", "application/x-www-form-urlencoded", "text/xml", "x;;"]
    headers = {"content-type": draw(st.sampled_from(kinds))}
    headers |= draw(st.dictionaries(st.sampled_from(["x-twilio-signature", "x-signature"]), JUNK))
    urls = ["", "http://[::1", "https://x.example/c?m=" + draw(JUNK), "https://x.example:99999/?m"]
    urls.append("https://x.example/c?" + "&".join(f"{k}={v}" for k, v in table.items()))
    return Callback(
        draw(st.sampled_from(["POST", "GET"])), draw(st.sampled_from(urls)), headers, body
    )
