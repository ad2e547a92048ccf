"""Against SMSCs that others wrote: npm `smpp`, and the server of `smpp34`; plain and over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import smpp34
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tearoff.messages.segments import measure
from tearoff.providers.base import (
    Accepted,
    Arrived,
    Outgoing,
    Reason,
    ReceiptState,
    Refused,
    Surroundings,
)
from tearoff.providers.smpp import pdu
from tearoff.providers.smpp.adapter import SmppProvider
from tests.providers.smsc import PASSWORD, Smsc, running_smsc
from tests.running import PATIENCE, free_port

SURROUNDINGS = Surroundings("unused", allow_loopback=True)
LONG = "Vóór zondag: 2 koffies voor €3 — " * 9


@contextlib.asynccontextmanager
async def opened(settings: dict[str, str]) -> AsyncIterator[tuple[SmppProvider, list[Arrived]]]:
    arrived: list[Arrived] = []

    async def take(items: Sequence[Arrived]) -> None:
        arrived.extend(items)

    provider = SmppProvider(settings, SURROUNDINGS)
    provider.listen(take)
    try:
        yield provider, arrived
    finally:
        await provider.close()


def message(n: int, text: str = "Your coffee") -> Outgoing:
    cut = measure(text)
    return Outgoing(n, f"+3247000{n:04d}", text, cut.encoding, cut.parts)


async def until(is_so: Callable[[], bool], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.01)


# npm smpp ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def smsc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Smsc]:
    with running_smsc(tmp_path_factory.mktemp("smsc"), "--receipts", ledger=True) as running:
        yield running


async def test_a_hundred_with_their_receipts(smsc: Smsc) -> None:
    async with opened(smsc.settings(window="50", sender="BeanLeaf")) as (provider, arrived):
        outcomes = await asyncio.gather(*(provider.send(message(n)) for n in range(100, 200)))
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        await until(lambda: len(arrived) == 100)
    ids = {o.provider_ids[0] for o in outcomes if isinstance(o, Accepted)}
    assert {a.receipt.provider_id for a in arrived if a.receipt} == ids
    assert {a.receipt.state for a in arrived if a.receipt} == {ReceiptState.DELIVERED}
    accepted = smsc.accepted()
    assert {accepted[message(n).to[1:]] for n in range(100, 200)} == {1}


@pytest.mark.parametrize(
    "text",
    ["@£$¥èéùìòÇ Øø Åå ΔΦΓΛΩΠΨΣΘΞ ÆæßÉ ¤¡ÄÖÑÜ§¿äöñüà ^{}\\[~]|€", "Łódź, 漢字 😀", "a\nb\rc"],
)
async def test_others_read_our_texts(smsc: Smsc, text: str) -> None:
    to = message(200 + len(text), text)
    async with opened(smsc.settings()) as (provider, _):
        assert isinstance(await provider.send(to), Accepted)
    (line,) = [line for line in smsc.lines() if line["to"] == to.to[1:]]
    assert line["text"] == text
    assert line["registered_delivery"] == 1


@pytest.mark.parametrize(("n", "long"), [(301, "udh"), (302, "sar"), (303, "payload")])
@pytest.mark.parametrize("text", ["Twee koffies voor €3 " * 25, LONG], ids=["gsm", "ucs2"])
async def test_long_texts(smsc: Smsc, n: int, long: str, text: str) -> None:
    to = message(n + len(text), text)
    async with opened(smsc.settings(long=long)) as (provider, arrived):
        outcome = await provider.send(to)
        assert isinstance(outcome, Accepted)
        lines = [line for line in smsc.lines() if line["to"] == to.to[1:]]
        assert tuple(line["id"] for line in sorted(lines, key=part_of)) == outcome.provider_ids
        await until(lambda: len(arrived) == len(lines))
    assert "".join(line["text"] for line in sorted(lines, key=part_of)) == text
    total = len(to.parts)
    numbers = [part_of(line) for line in lines]
    assert len(lines) == (1 if long == "payload" else total)
    assert sorted(numbers) == ([0] if long == "payload" else list(range(1, total + 1)))
    assert numbers[0] == min(numbers), "the first part goes first"
    if long == "udh":
        assert {line["udh"][:4] for line in lines} == {"0003"}
        assert len({line["udh"][4:8] for line in lines}) == 1, "one reference, one total"


def part_of(line: dict) -> int:
    if line["udh"]:
        return int(line["udh"][-2:], 16)
    return line["sar"][2] if line["sar"] else 0


async def test_kinds_of_numbers(smsc: Smsc) -> None:
    for n, (sender, kind) in enumerate(
        {"BeanLeaf": [5, 0], "+32470000000": [1, 1], "8181": [3, 0]}.items()
    ):
        to = message(400 + n)
        async with opened(smsc.settings(sender=sender)) as (provider, _):
            assert isinstance(await provider.send(to), Accepted)
        (line,) = [line for line in smsc.lines() if line["to"] == to.to[1:]]
        assert line["from"] == sender.removeprefix("+")
        assert line["ton"] == [*kind, 1, 1]


async def test_a_wrong_password(smsc: Smsc) -> None:
    async with opened(smsc.settings(password="wrong")) as (provider, _):
        outcome = await provider.send(message(410))
        assert isinstance(outcome, Refused)
        assert (outcome.reason, outcome.permanent) == (Reason.AUTH, True)
        assert await provider.check() == "The SMSC does not accept the login: wrong password."
    assert not smsc.accepted()[message(410).to[1:]]


async def test_an_smsc_that_throttles(tmp_path: Path) -> None:
    """It takes 20 in a second; what it refused is written again, once it is accepted."""
    with running_smsc(tmp_path, "--rate", "20", ledger=True) as smsc:
        async with opened(smsc.settings()) as (provider, _):
            outcomes = await asyncio.gather(*(provider.send(message(n)) for n in range(40)))
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert set(smsc.accepted().values()) == {1}
        assert len(smsc.accepted()) == 40


async def test_killed_with_a_full_window(tmp_path: Path) -> None:
    """The SMSC dies; what it had taken is open, what it had not seen is not sent twice."""
    with running_smsc(tmp_path, "--delay", "200", ledger=True) as smsc:
        async with opened(smsc.settings(window="50")) as (provider, _):
            sends = [asyncio.create_task(provider.send(message(n))) for n in range(100)]
            await until(lambda: len(smsc.lines()) >= 75)
            smsc.process.kill()
            outcomes = await asyncio.gather(*sends)
        accepted = smsc.accepted()
    assert set(accepted.values()) == {1}
    for n, outcome in enumerate(outcomes):
        taken = accepted[message(n).to[1:]]
        assert not (isinstance(outcome, Accepted) and not taken)
        assert not (isinstance(outcome, Refused) and taken)
    assert {type(outcome).__name__ for outcome in outcomes} >= {"Accepted", "NoAnswer"}


# smpp34 -----------------------------------------------------------------------------------


@dataclass
class Second:
    """The server of `smpp34` and what it accepted."""

    settings: dict[str, str]
    taken: list[smpp34.SubmitSmEvent]
    esmes: list[smpp34.Esme]


@pytest.fixture
async def second() -> AsyncIterator[Second]:
    port = free_port()
    server = smpp34.Server("127.0.0.1", port, system_id="second")
    await server.start()
    settings = {"host": "127.0.0.1", "port": str(port), "system_id": "tearoff"}
    running = Second(settings | {"password": "pass1234", "answer_seconds": "5"}, [], [])
    serving = asyncio.create_task(serve(server, running))
    yield running
    serving.cancel()
    await asyncio.wait({serving})
    await server.stop()


async def serve(server: smpp34.Server, running: Second) -> None:
    """Numbers that end in 9 are refused."""
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            running.esmes.append(event)
        elif isinstance(event, smpp34.SubmitSmEvent):
            if event.destination_addr.endswith("9"):
                event.reject(smpp34.ESME_RINVDSTADR)
            else:
                running.taken.append(event)
                event.accept(f"s{len(running.taken)}")


async def test_a_second_opinion(second: Second) -> None:
    async with opened(second.settings | {"sender": "BeanLeaf", "window": "20"}) as (provider, _):
        assert await provider.check() == ""
        messages = [message(n, "Hé €5 {x}") for n in range(100)]
        outcomes = await asyncio.gather(*map(provider.send, messages))
    refused = [o for o in outcomes if isinstance(o, Refused)]
    assert {o.reason for o in refused} == {Reason.INVALID_NUMBER}
    assert len(refused) == 10
    assert sum(isinstance(o, Accepted) for o in outcomes) == 90
    assert len(second.taken) == len({t.destination_addr for t in second.taken}) == 90
    assert {t.short_message for t in second.taken} == {b"H\x05 \x1b\x655 \x1b\x28x\x1b\x29"}
    assert {(t.source_addr, t.source_addr_ton, t.data_coding) for t in second.taken} == {
        ("BeanLeaf", 5, 0)
    }


async def test_a_second_opinion_on_receipts(second: Second) -> None:
    async with opened(second.settings) as (provider, arrived):
        outcome = await provider.send(message(1))
        assert isinstance(outcome, Accepted)
        tlvs = [
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, b"s1\0"),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, b"\x05"),
        ]
        answer = await second.esmes[-1].deliver_sm(
            "BeanLeaf", b"", source_addr="32470000001", esm_class=4, tlvs=tlvs
        )
        assert answer.is_success
        answer = await second.esmes[-1].deliver_sm(
            "32470009999", b"STOP", source_addr="32470000001", source_addr_ton=1
        )
        assert answer.is_success
    receipt, reply = arrived
    assert receipt.receipt is not None
    assert (receipt.receipt.provider_id,) == outcome.provider_ids
    assert (receipt.receipt.state, receipt.receipt.reason) == (
        ReceiptState.FAILED,
        Reason.UNREACHABLE,
    )
    assert reply.reply is not None
    assert (reply.reply.sender, reply.reply.text) == ("+32470000001", "STOP")


async def test_not_stored_is_told(second: Second) -> None:
    provider = SmppProvider(second.settings, SURROUNDINGS)
    await provider.send(message(1))
    answer = await second.esmes[-1].deliver_sm("8181", b"STOP", source_addr="32470000001")
    assert answer.command_status == pdu.TEMPORARY
    await provider.close()


# TLS --------------------------------------------------------------------------------------


@dataclass
class Authority:
    """Our own certificate authority, and what it signed, as files."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue(self, name: str) -> Path:
        """Key and certificate in one file, for a name or an address."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = builder(name, key, self.certificate.subject).add_extension(
            x509.SubjectAlternativeName([general_name(name)]), critical=False
        )
        return self.write(f"{name}.pem", signed.sign(self.key, hashes.SHA256()), key)

    def write(
        self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | None
    ) -> Path:
        octets = certificate.public_bytes(serialization.Encoding.PEM)
        if key is not None:
            octets += key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        path = self.folder / name
        path.write_bytes(octets)
        return path


def make_authority(folder: Path, name: str = "Test authority") -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    signed = builder(name, key, subject(name)).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    authority = Authority(folder, key, signed.sign(key, hashes.SHA256()))
    authority.write("ca.pem", authority.certificate, None)
    return authority


def builder(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
    )


def subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def general_name(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return make_authority(tmp_path)


def over_tls(smsc: Smsc, authority: Authority, **changes: str) -> dict[str, str]:
    ca = str(authority.folder / "ca.pem")
    return smsc.settings(tls="true", tls_ca_file=ca, host="localhost") | changes


def serving(authority: Authority, name: str, *options: str):
    pem = str(authority.issue(name))
    return running_smsc(
        authority.folder, "--cert", pem, "--key", pem, "--receipts", *options, ledger=True
    )


async def test_tls(authority: Authority) -> None:
    with serving(authority, "localhost") as smsc:
        async with opened(over_tls(smsc, authority)) as (provider, arrived):
            outcomes = await asyncio.gather(*(provider.send(message(n)) for n in range(30)))
            assert all(isinstance(o, Accepted) for o in outcomes)
            await until(lambda: len(arrived) == 30)
        assert set(smsc.accepted().values()) == {1}
    assert PASSWORD.encode() not in (authority.folder / "ledger.jsonl").read_bytes()


async def test_tls_by_address(authority: Authority) -> None:
    with serving(authority, "127.0.0.1") as smsc:
        async with opened(over_tls(smsc, authority, host="127.0.0.1")) as (provider, _):
            assert await provider.check() == ""


async def test_tls_with_the_certificate_of_another(authority: Authority) -> None:
    with serving(authority, "smsc.example.com") as smsc:
        async with opened(over_tls(smsc, authority)) as (provider, _):
            outcome = await provider.send(message(1))
            assert isinstance(outcome, Refused)
            assert outcome.reason is Reason.PROVIDER_DOWN
            assert "certificate" in (await provider.check()).lower()
        assert not smsc.lines()


async def test_tls_with_an_authority_of_nobody(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    stranger = make_authority(tmp_path / "other")
    with serving(authority, "localhost") as smsc:
        for ca in (str(stranger.folder / "ca.pem"), ""):
            async with opened(over_tls(smsc, authority, tls_ca_file=ca)) as (provider, _):
                outcome = await provider.send(message(1))
                assert isinstance(outcome, Refused)
                assert outcome.reason is Reason.PROVIDER_DOWN
        assert not smsc.lines()


async def test_tls_with_our_certificate(authority: Authority) -> None:
    ours = str(authority.issue("tearoff"))
    ca = str(authority.folder / "ca.pem")
    with serving(authority, "localhost", "--ca", ca) as smsc:
        async with opened(over_tls(smsc, authority, tls_cert_file=ours)) as (provider, _):
            assert isinstance(await provider.send(message(1)), Accepted)
        async with opened(over_tls(smsc, authority)) as (provider, _):
            outcome = await provider.send(message(2))
            assert isinstance(outcome, Refused)
            assert outcome.reason is Reason.PROVIDER_DOWN
        assert [line["to"] for line in smsc.lines()] == [message(1).to[1:]]


async def test_plain_to_a_tls_port_and_tls_to_a_plain_one(authority: Authority, smsc: Smsc) -> None:
    async with opened(over_tls(smsc, authority)) as (provider, _):
        assert isinstance(await provider.send(message(1)), Refused)
    with serving(authority, "localhost") as secure:
        async with opened(secure.settings(answer_seconds="2")) as (provider, _):
            assert isinstance(await provider.send(message(1)), Refused)
        assert not secure.lines()
