"""The mail with a link to set a password, through a real SMTP server."""

import asyncio
import re
from email import message_from_bytes, policy

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from tearoff.accounts import jobs, members
from tearoff.kit.mail import MailNotSent
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
    (mail,) = inbox.mails
    assert mail["To"] == "ann@example.com"
    assert mail["From"] == "no-reply@example.com"
    text = mail.get_content()
    assert URL in text
    assert "Hello Ann," in text
    assert "Corner Coffee" in text
    assert re.search(r"@127\.0\.0\.1>$", mail["Message-ID"])


async def test_a_server_that_is_away_is_tried_again_by_the_job(services):
    opened = with_mail(services, free_port())
    payload = await payload_of(opened)
    with pytest.raises(MailNotSent):
        await asyncio.wait_for(jobs.send_password_mail(opened, payload), 30)


async def test_without_mail_nothing_is_ordered(services):
    async with services.db.transaction() as db:
        assert not await jobs.order_password_mail(db, services, OWNER, "x", URL)
