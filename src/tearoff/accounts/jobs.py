"""The background work of this room: mails with a link to set a password."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

import asyncpg
import msgspec
import structlog

from tearoff.accounts import kept_forms, keys, members, people, sign_ins
from tearoff.accounts.single_sign_on import begun
from tearoff.jobs.queue import Chore, Job, enqueue
from tearoff.kit import clock, letters, mail
from tearoff.kit.letters import Letter
from tearoff.kit.mime import plain_words
from tearoff.kit.services import Services
from tearoff.kit.words import words_in

log = structlog.get_logger()

PASSWORD_MAIL = "accounts.password_mail"  # noqa: S105 (the name of a job)
FORGOT_MAIL = "accounts.forgot_mail"

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


class ForgotMail(msgspec.Struct, frozen=True):
    """The job: somebody says that this is their address (its canonical form)."""

    to: str


async def order_forgot_mail(db: asyncpg.Connection, email: str) -> None:
    """For an address that nobody has, too: whoever asks does not learn by the clock which it is."""
    await enqueue(db, FORGOT_MAIL, ForgotMail(email))


async def send_forgot_mail(services: Services, payload: bytes) -> None:
    job = msgspec.json.decode(payload, type=ForgotMail)
    known = await people.person_of_mail(services.db, job.to)
    if known is None:
        return
    token = await sign_ins.issue_ticket(
        services.db,
        "reset",
        None,
        person_id=known.id,
        expires_at=clock.now() + sign_ins.RESET_LIVES,
    )
    letter = _forgot_letter(services, known, f"{services.settings.link_host}/reset/{token}")
    await mail.send(
        services.settings,
        known.email,
        letter.subject,
        letters.as_text(letter),
        letters.as_html(letter),
    )


def _forgot_letter(services: Services, known: people.Person, url: str) -> Letter:
    words, product = words_in("people", known.language), services.settings.product_name
    name = plain_words(known.first_name, 40)
    minutes = sign_ins.RESET_LIVES // timedelta(minutes=1)
    return Letter(
        language=words.language,
        subject=words("A new password for {product}", product=product),
        greeting=words("Hello {name},", name=name) if name else words("Hello,"),
        lines=[
            words("Somebody, most likely you, asked for a new password for {product}.",
                  product=product)
        ],
        button=words("Choose a new password"),
        url=url,
        ending=[
            words.ngettext(
                "The link works once, for {n} minute.", "The link works once, for {n} minutes.",
                minutes,
            ),
            words("If it was not you, do nothing: your password stays as it is."),
        ],
    )  # fmt: skip


async def sweep(services: Services, now: datetime) -> None:
    await sign_ins.sweep(services.db, now)
    await keys.sweep(services.db, now)
    await kept_forms.sweep(services.db, now)
    await begun.sweep(services.db, now)


JOBS = (
    Job(PASSWORD_MAIL, send_password_mail, at_once=2),
    Job(FORGOT_MAIL, send_forgot_mail, at_once=2),
)
CHORES = (Chore("accounts.sweep", "19 * * * *", sweep),)
