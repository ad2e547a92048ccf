"""The mail with a link to set a password, through a real SMTP server."""

import asyncio
import re
from email import message_from_bytes, policy
from urllib.parse import quote

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from tearoff.accounts import jobs, members
from tearoff.cli.findings_mail import python_finding
from tearoff.errors import Invalid
from tearoff.kit import mail
from tearoff.kit.mail import MailNotSent
from tests.providers.postoffice import LOGIN, PASSWORD, open_post_office
from tests.running import free_port


class Inbox(Message):
    def __init__(self):
        super().__init__()
        self.mails = []

    def prepare_message(self, session, envelope):
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return super().prepare_message(session, envelope)

    def handle_message(self, message):
        return None


@pytest.fixture
def inbox():
    handler = Inbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


def with_mail(services, port):
    settings = msgspec.structs.replace(
        services.settings, smtp_url=f"smtp://127.0.0.1:{port}", mail_from="no-reply@example.com"
    )
    return msgspec.structs.replace(services, settings=settings)


OWNER = members.Member(1, 1, "owner", "ann@example.com", "Ann", "Peeters", "en")
URL = "https://coupons.example.com/password/" + "a" * 49


async def payload_of(services):
    async with services.db.transaction() as db:
        before = await db.fetchval("SELECT coalesce(max(id), 0) FROM pgqueuer")
        assert await jobs.order_password_mail(db, services, OWNER, "Corner Coffee", URL)
        row = await db.fetchrow(
            "SELECT payload FROM pgqueuer WHERE id > $1 AND entrypoint = $2",
            before,
            jobs.PASSWORD_MAIL,
        )
        await db.execute("DELETE FROM pgqueuer WHERE id > $1", before)
    return row["payload"]


async def test_the_mail_brings_the_link(services, inbox):
    opened = with_mail(services, inbox.port)
    payload = await payload_of(opened)
    assert b"a" * 49 not in payload
    await jobs.send_password_mail(opened, payload)
    (found,) = inbox.mails
    assert found["To"] == "ann@example.com"
    assert found["From"] == "no-reply@example.com"
    text = found.get_body(["plain"]).get_content()
    assert URL in text
    assert "Hello Ann," in text
    assert "Corner Coffee" in text
    assert re.search(r"@127\.0\.0\.1>$", found["Message-ID"])


async def test_a_server_that_is_away_is_tried_again_by_the_job(services):
    opened = with_mail(services, free_port())
    payload = await payload_of(opened)
    with pytest.raises(MailNotSent):
        await asyncio.wait_for(jobs.send_password_mail(opened, payload), 30)


async def test_without_mail_nothing_is_ordered(services):
    async with services.db.transaction() as db:
        assert not await jobs.order_password_mail(db, services, OWNER, "x", URL)


def with_tls(services, office, url="smtp://{}127.0.0.1:{}", login="", tls="opportunistic"):
    return msgspec.structs.replace(
        services.settings, smtp_url=url.format(login, office.port), smtp_tls=tls,
        mail_from="Tearoff <no-reply@example.com>",
    )  # fmt: skip


LOGGING_IN = f"{LOGIN}:{quote(PASSWORD)}@"


async def test_a_password_never_leaves_without_tls(services, tmp_path, monkeypatch):
    """A server that would take it in the clear is not given it; without one all is as before."""
    async with open_post_office(login=True) as office:
        settings = with_tls(services, office, login=LOGGING_IN)
        with pytest.raises(mail.MailNotSent, match="offers no STARTTLS, and a password never"):
            await mail.send(settings, "ann@example.com", "Hello", "Hello")
        assert "offers no STARTTLS" in await mail.check(settings)
        assert office.taken == []
    async with open_post_office() as office:
        await mail.send(with_tls(services, office), "ann@example.com", "Hello", "Hello")
        await mail.send(with_tls(services, office, tls="off"), "bob@example.com", "Hi", "Hi")
        assert [one.to for one in office.taken] == ["ann@example.com", "bob@example.com"]
        required = with_tls(services, office, tls="required")
        with pytest.raises(mail.MailNotSent, match="offers no STARTTLS, and TLS is required"):
            await mail.send(required, "ann@example.com", "Hello", "Hello")
    async with open_post_office(tmp_path, tls="starttls", login=True) as office:
        monkeypatch.setenv("SSL_CERT_FILE", office.ca_file)
        settings = with_tls(services, office, login=LOGGING_IN)
        await mail.send(settings, "ann@example.com", "Hello", "Hello")
        assert await mail.check(settings) == ""
        (taken,) = office.taken
        assert taken.mail["From"].addresses[0].display_name == "Tearoff"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"smtp_url": "smtp://a:b@mail.example.com", "smtp_tls": "off"}, "TEAROFF_SMTP_TLS"),
        ({"smtp_tls": "maybe"}, "TEAROFF_SMTP_TLS"),
        ({"smtp_url": "mail.example.com"}, "TEAROFF_SMTP_URL"),
        ({"mail_from": "nobody"}, "TEAROFF_MAIL_FROM"),
        ({"mail_from": "=?utf-8?q?x=0d=0aX-Evil:_1?=@example.com"}, "TEAROFF_MAIL_FROM"),
    ],
)
async def test_settings_that_cannot_be_used_are_named(services, changes, field):
    good = {"smtp_url": "smtp://127.0.0.1:9", "mail_from": "a@example.com"}
    settings = msgspec.structs.replace(services.settings, **(good | changes))
    with pytest.raises(Invalid) as told:
        await mail.send(settings, "ann@example.com", "Hello", "Hello")
    assert told.value.field == field
    assert (await mail.check(settings)).startswith(field)


async def test_what_a_tenant_calls_itself_brings_no_link(services, inbox):
    opened = with_mail(services, inbox.port)
    owner = msgspec.structs.replace(OWNER, first_name="=?utf-8?q?x=0d=0aBcc:_e@example.com?=")
    async with services.db.transaction() as db:
        before = await db.fetchval("SELECT coalesce(max(id), 0) FROM pgqueuer")
        name = "Locked! Go to https://evil.example/login"
        assert await jobs.order_password_mail(db, opened, owner, name, URL)
        payload = await db.fetchval(
            "SELECT payload FROM pgqueuer WHERE id > $1 AND entrypoint = $2", before,
            jobs.PASSWORD_MAIL,
        )  # fmt: skip
        await db.execute("DELETE FROM pgqueuer WHERE id > $1", before)
    await jobs.send_password_mail(opened, payload)
    (found,) = inbox.mails
    text = found.get_body(["plain"]).get_content()
    assert re.findall(r"\S*(?:://|\w\.\w\w)\S*", text) == [URL]
    assert found["Bcc"] is None


@pytest.mark.parametrize(
    ("version", "is_fine"),
    [((3, 11, 7), False), ((3, 11, 10), True), ((3, 12, 4), False), ((3, 12, 5), True),
     ((3, 13, 0), True)],
)  # fmt: skip
def test_the_doctor_looks_at_python(version, is_fine):
    found = python_finding(version, ".".join(map(str, version)))
    assert found.is_fine == is_fine
    assert ("CVE-2024-6923" in found.text) != is_fine
