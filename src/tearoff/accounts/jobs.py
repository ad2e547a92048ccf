"""The background work of this room: mail with a link to set a password."""

from __future__ import annotations

import base64
from datetime import datetime

import asyncpg
import msgspec
import structlog

from tearoff.accounts import keys, members, sign_ins
from tearoff.jobs.queue import Chore, Job, enqueue
from tearoff.kit import mail
from tearoff.kit.mime import plain_words
from tearoff.kit.services import Services

log = structlog.get_logger()

PASSWORD_MAIL = "accounts.password_mail"  # noqa: S105 (the name of a job)

_TEXT = """Hello{name},

{account} has been given a place on {product}. Choose your password here:

{url}

The link works once, for three days. If you did not expect this mail, do nothing.
"""


class PasswordMail(msgspec.Struct, frozen=True):
    """The job; `url_sealed` is the link, which is as good as a password, sealed and in Base64."""

    to: str
    name: str
    account: str
    url_sealed: str


async def order_password_mail(
    db: asyncpg.Connection, services: Services, owner: members.Member, account: str, url: str
) -> bool:
    """Have it sent once this transaction is committed. False when the operator has set up no
    mail: somebody must hand the link over (`subaccount/reset/url`)."""
    if not mail.can_send(services.settings):
        log.warning("accounts.no_mail", hint="set TEAROFF_SMTP_URL and TEAROFF_MAIL_FROM")
        return False
    sealed = base64.b64encode(services.vault.seal(url.encode())).decode()
    await enqueue(db, PASSWORD_MAIL, PasswordMail(owner.email, owner.first_name, account, sealed))
    return True


async def send_password_mail(services: Services, payload: bytes) -> None:
    job = msgspec.json.decode(payload, type=PasswordMail)
    product = services.settings.product_name
    text = _TEXT.format(
        name=f" {name}" if (name := plain_words(job.name, 40)) else "",
        account=plain_words(job.account, 80) or "An account",
        product=product,
        url=services.vault.open(base64.b64decode(job.url_sealed)).decode(),
    )
    await mail.send(services.settings, job.to, f"Your password for {product}", text)


async def sweep(services: Services, now: datetime) -> None:
    await sign_ins.sweep(services.db, now)
    await keys.sweep(services.db, now)


JOBS = (Job(PASSWORD_MAIL, send_password_mail, at_once=2),)
CHORES = (Chore("accounts.sweep", "19 * * * *", sweep),)
