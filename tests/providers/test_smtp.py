"""The smtp adapter against a mail server that others wrote."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearoff.providers import smtp
from tearoff.providers.base import (
    MAIL_WORDS,
    PERMANENT,
    Accepted,
    BadSettings,
    Callback,
    Letter,
    NoAnswer,
    Outgoing,
    Reason,
    Refused,
    Surroundings,
)
from tearoff.providers.mime import BadAddress, Sender, check_address, compose
from tearoff.providers.registry import open_provider
from tearoff.providers.smtp import SmtpProvider
from tests.providers.postoffice import LOGIN, PASSWORD, PostOffice, Taken, open_post_office

LETTER = Letter(
    subject="Zoë’s coffee ☕ " + "long " * 30,
    html="<!doctype html><p>Één € — " + "x" * 2000 + "</p>",
    to_name="Zoë Ångström",
    from_name="Bean & Leaf",
)
TEXT = (
    "Hi Zoë,\n.\n..two dots\nFrom here: https://coupons.example.com/p/abc/abcdefghijklmnopqrstu\n"
)


def letter_to(name: str = "ann", *, number: int = 7, **changes: Any) -> Outgoing:
    values: dict[str, Any] = {"id": number, "to": f"{name}@example.com", "text": TEXT}
    return Outgoing(**(values | {"encoding": "UTF-8", "letter": LETTER} | changes))


def provider_of(
    office: PostOffice, *, loopback: bool = True, allowed: str = "", **changes: str
) -> SmtpProvider:
    given = {"host": "127.0.0.1", "port": str(office.port), "security": "none"}
    given |= {"from": "hello@beanleaf.example"} | changes
    opened = open_provider(
        "smtp", given, Surroundings("/nowhere", (allowed,), allow_loopback=loopback)
    )
    assert isinstance(opened, SmtpProvider)
    return opened


async def test_accepted() -> None:
    async with open_post_office() as office:
        outcome = await provider_of(office, reply_to="shop@beanleaf.example").send(letter_to())
        assert isinstance(outcome, Accepted)
        (taken,) = office.taken
        mail = taken.mail
        assert outcome.provider_ids == (mail["Message-ID"],)
        assert mail["Message-ID"].startswith("<7.")
        assert mail["Message-ID"].endswith("@beanleaf.example>")
        assert mail["Subject"] == LETTER.subject.strip()
        assert mail["To"].addresses[0].display_name == "Zoë Ångström"
        assert mail["To"].addresses[0].addr_spec == "ann@example.com"
        assert mail["From"].addresses[0].display_name == "Bean & Leaf"
        assert mail["From"].addresses[0].addr_spec == "hello@beanleaf.example"
        assert mail["Reply-To"] == "shop@beanleaf.example"
        assert abs((mail["Date"].datetime - datetime.now(UTC)).total_seconds()) < 60
        assert mail["List-Unsubscribe"] is None
        assert mail.get_content_type() == "multipart/alternative"
        assert taken.part("plain") == TEXT
        assert taken.part("html").rstrip("\n") == LETTER.html
        assert taken.raw.isascii()
        assert max(len(line) for line in taken.raw.split(b"\r\n")) < 998


@pytest.mark.parametrize(
    ("name", "shown"),
    [("postfix", "4XyZ12AbCd"), ("exim", "1rAbCd-000123-Xy"),
     ("ses", "0102018f2b3c4d5e-1a2b3c4d-0000")],
)  # fmt: skip
async def test_the_servers_own_name_for_it(name: str, shown: str) -> None:
    async with open_post_office() as office:
        outcome = await provider_of(office).send(letter_to(name))
        assert isinstance(outcome, Accepted)
        assert outcome.provider_ids == (shown,)


REFUSED = {
    "nobody": Reason.INVALID_ADDRESS,
    "nobody-plain": Reason.INVALID_ADDRESS,
    "full": Reason.MAILBOX_FULL,
    "full-for-good": Reason.MAILBOX_FULL,
    "grey": Reason.THROTTLED,
    "closing": Reason.PROVIDER_DOWN,
    "spam": Reason.FILTERED,
    "large": Reason.TOO_LONG,
    "later": Reason.THROTTLED,
    "drop-early": Reason.PROVIDER_DOWN,
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refused(name: str) -> None:
    async with open_post_office() as office:
        outcome = await provider_of(office).send(letter_to(name))
        assert isinstance(outcome, Refused)
        assert outcome.reason is REFUSED[name]
        assert outcome.permanent == (outcome.reason in PERMANENT)
        assert outcome.text.startswith(MAIL_WORDS[outcome.reason])
        assert office.taken == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [("553 5.7.1 Not your address", Reason.FILTERED), ("550 Not your address", Reason.BAD_SENDER),
     ("530 5.7.0 Authentication required", Reason.AUTH),
     ("451 4.3.0 Later", Reason.THROTTLED)],
)  # fmt: skip
async def test_a_sender_that_is_refused(answer: str, reason: Reason) -> None:
    async with open_post_office() as office:
        office.sender_answer = answer
        outcome = await provider_of(office).send(letter_to())
        assert isinstance(outcome, Refused)
        assert outcome.reason is reason
        assert office.met == []


@pytest.mark.parametrize("name", ["drop", "odd"])
async def test_nobody_can_know(name: str) -> None:
    async with open_post_office() as office:
        outcome = await provider_of(office).send(letter_to(name))
        assert isinstance(outcome, NoAnswer)
        assert outcome.text.endswith(".")
        assert office.met == [f"{name}@example.com"]


async def test_a_server_that_falls_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "HAND_OVER_WITHIN", 0.5)
    monkeypatch.setattr(smtp, "TAKEN_WITHIN", 0.5)
    async with open_post_office() as office:
        provider = provider_of(office)
        before = await provider.send(letter_to("mute-early"))
        assert isinstance(before, Refused)
        assert before.reason is Reason.PROVIDER_DOWN
        after = await provider.send(letter_to("mute"))
        assert isinstance(after, NoAnswer)
        assert "in time" in after.text
        assert len(office.taken) == 1


async def test_a_slow_server_and_many_at_once() -> None:
    async with open_post_office() as office:
        office.pause = 0.2
        provider = provider_of(office, connections="4")
        sends = [provider.send(letter_to(f"n{n}", number=n)) for n in range(12)]
        outcomes = await asyncio.gather(*sends)
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert sorted(one.to for one in office.taken) == sorted(
            f"n{n}@example.com" for n in range(12)
        )


async def test_no_room_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_post_office() as office:
        office.pause = 2.0
        provider = provider_of(office, connections="1")
        first = asyncio.create_task(provider.send(letter_to("first")))
        await office.until_taken()
        monkeypatch.setattr(smtp, "HAND_OVER_WITHIN", 0.2)
        second = await provider.send(letter_to("second"))
        assert isinstance(second, Refused)
        assert second.reason is Reason.THROTTLED
        assert isinstance(await first, Accepted)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_encrypted(tmp_path: Path, security: str) -> None:
    async with open_post_office(tmp_path, tls=security) as office:
        good = provider_of(office, security=security, tls_ca_file=office.ca_file)
        assert isinstance(await good.send(letter_to()), Accepted)
        assert await good.check() == ""
        stranger = provider_of(office, security=security)
        refused = await stranger.send(letter_to("bob"))
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.PROVIDER_DOWN
        assert "CERTIFICATE" in refused.raw
        assert refused.text.endswith("Its certificate cannot be trusted.")
        assert "certificate" in (await stranger.check()).lower()
        assert [one.to for one in office.taken] == ["ann@example.com"]


async def test_a_certificate_for_another_name(tmp_path: Path) -> None:
    """The name that was asked for is checked, not the address that was connected to."""
    async with open_post_office(tmp_path, tls="starttls") as office:
        provider = provider_of(
            office, host="localhost", security="starttls", tls_ca_file=office.ca_file
        )
        refused = await provider.send(letter_to())
        assert isinstance(refused, Refused)
        assert "localhost" in refused.raw
        assert office.taken == []


async def test_starttls_is_not_given_up() -> None:
    async with open_post_office() as office:
        refused = await provider_of(office, security="starttls").send(letter_to())
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.PROVIDER_DOWN
        assert "STARTTLS" in refused.text
        assert office.met == []


async def test_login(tmp_path: Path) -> None:
    async with open_post_office(tmp_path, tls="starttls", login=True) as office:
        values = {"security": "starttls", "tls_ca_file": office.ca_file}
        good = provider_of(office, username=LOGIN, password=PASSWORD, **values)
        assert isinstance(await good.send(letter_to()), Accepted)
        assert await good.check() == ""
        wrong = provider_of(office, username=LOGIN, password="wrong", **values)
        refused = await wrong.send(letter_to("bob"))
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.AUTH
        assert refused.permanent
        assert "535" in await wrong.check()
        nobody = await provider_of(office, **values).send(letter_to("bob"))
        assert isinstance(nobody, Refused)
        assert nobody.reason is Reason.AUTH
        assert [one.to for one in office.taken] == ["ann@example.com"]


async def test_secrets_stay_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0, "tearoff")
    async with open_post_office(tmp_path, tls="starttls", login=True) as office:
        values = {"security": "starttls", "tls_ca_file": office.ca_file, "username": LOGIN}
        provider = provider_of(office, password=PASSWORD, **values)
        said = [await provider.send(letter_to(name)) for name in ("ann", "echo", "nobody")]
        shown = msgspec.json.encode(said).decode() + repr(provider) + repr(provider._settings)
        assert "***" in shown
        assert PASSWORD not in shown + caplog.text


async def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    provider = provider_of(PostOffice(port=port))
    refused = await provider.send(letter_to())
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.permanent) == (Reason.PROVIDER_DOWN, False)
    assert "cannot be used" in await provider.check()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1", "::1"])
async def test_private_addresses_are_not_connected_to(host: str) -> None:
    async with open_post_office() as office:
        provider = provider_of(office, loopback=False, host=host)
        refused = await provider.send(letter_to())
        assert isinstance(refused, Refused)
        assert "private or special address" in refused.text or "gaierror" in refused.raw
        assert office.met == []


async def test_a_mail_server_here_that_the_operator_allows() -> None:
    async with open_post_office() as office:
        for allowed in ("127.0.0.1", f"127.0.0.1:{office.port}"):
            provider = provider_of(office, loopback=False, allowed=allowed)
            assert isinstance(await provider.send(letter_to()), Accepted)
        provider = provider_of(office, loopback=False, allowed=f"127.0.0.1:{office.port + 1}")
        assert isinstance(await provider.send(letter_to()), Refused)
        assert len(office.taken) == 2


async def test_not_a_mail_server() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n\xff\xfe\r\n")
        await writer.drain()
        await reader.read(100)
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    provider = provider_of(PostOffice(port=server.sockets[0].getsockname()[1]))
    refused = await provider.send(letter_to())
    assert isinstance(refused, Refused)
    msgspec.json.encode(refused).decode()
    assert await provider.check() != ""
    server.close()


async def test_what_a_server_says_is_shown_without_tricks() -> None:
    async with open_post_office() as office:
        outcome = await provider_of(office).send(letter_to("binary"))
        assert isinstance(outcome, Refused)
        assert (outcome.text + outcome.raw).isprintable()


async def test_closing_lets_a_send_finish() -> None:
    async with open_post_office() as office:
        office.pause = 0.3
        provider = provider_of(office)
        send = asyncio.create_task(provider.send(letter_to()))
        await office.until_taken()
        await provider.close()
        assert send.done()
        assert isinstance(await send, Accepted)
        after = await provider.send(letter_to("bob"))
        assert isinstance(after, Refused)
        await provider.close()
        assert len(office.taken) == 1


async def test_nothing_reports_back() -> None:
    provider = provider_of(PostOffice(port=25))
    callback = Callback("POST", "https://coupons.example.com/callbacks/smtp/x", {}, b"{}")
    assert not provider.is_genuine(callback)
    assert provider.read_receipts(callback) == provider.read_replies(callback) == []
    assert await provider.look_up(letter_to(), "x", datetime.now(UTC)) is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": "nobody"}, "from"),
        ({"from": "a@b.example\r\nBcc: eve@example.com"}, "from"),
        ({"reply_to": "x"}, "reply_to"),
        ({"security": "ssl"}, "security"),
        ({"username": "a", "password": "b"}, "security"),
        ({"security": "tls", "username": "a"}, "password"),
        ({"port": "0"}, "port"),
        ({"port": "x"}, "port"),
        ({"connections": "99999"}, "connections"),
        ({"host": "mail.example.com/x"}, "host"),
        ({"security": "tls", "tls_ca_file": "/no/such/file"}, "tls_ca_file"),
    ],
)
def test_bad_settings(changes: dict[str, str], field: str) -> None:
    with pytest.raises(BadSettings) as caught:
        provider_of(PostOffice(port=2525), **changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        ("ann+tag@example.com", "ann+tag@example.com"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("O'Neil@Example.COM", "O'Neil@Example.COM"),
    ],
)
def test_addresses(given: str, wire: str) -> None:
    assert check_address(given) == wire


@pytest.mark.parametrize(
    "given",
    ["", "@", "a@", "@b", "a b@example.com", "a\n@example.com", "a@exa mple.com", "a@b\r\nX: y",
     "a..b@example.com", ".a@example.com", '"a b"@example.com', "a@-b.example", "ann@b..example",
     "a>@example.com", "é@example.com", "a@" + "x" * 64 + ".example", "a" * 65 + "@example.com",
     "a@example.com>\r\nRCPT TO:<eve@example.com"],
)  # fmt: skip
async def test_addresses_that_get_no_mail(given: str) -> None:
    with pytest.raises(BadAddress):
        check_address(given)
    async with open_post_office() as office:
        outcome = await provider_of(office).send(letter_to(to=given))
        assert isinstance(outcome, Refused)
        assert outcome.reason is Reason.INVALID_ADDRESS
        assert office.met == []


@settings(max_examples=300)
@given(st.text(), st.text(), st.text(), st.text())
def test_no_header_gets_a_second_line(subject: str, name: str, shop: str, text: str) -> None:
    tail = "\r\nBcc: eve@example.com\r\n\r\n<b>"
    letter = Letter(
        subject=subject + tail, html="<p>x</p>", to_name=name + tail, from_name=shop + tail
    )
    plain = text.encode("utf-8", "replace").decode()
    message = Outgoing(id=1, to="ann@example.com", text=plain, letter=letter)
    sender = Sender("hello@beanleaf.example")
    _, raw = compose(message, "ann@example.com", sender, datetime.now(UTC))
    mail = Taken("", "", raw).mail
    assert sorted(mail.keys()) == sorted(
        ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]
    )
    assert len(mail["To"].addresses) == len(mail["From"].addresses) == 1
    assert mail["To"].addresses[0].addr_spec == "ann@example.com"
    assert mail["From"].addresses[0].addr_spec == "hello@beanleaf.example"
