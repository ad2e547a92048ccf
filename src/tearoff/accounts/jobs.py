"""The background work of this room: mails with a link to come in by, and of what was changed about
somebody's way in."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

import asyncpg
import msgspec
import structlog

from tearoff.accounts import (
    invitations,
    kept_forms,
    kept_lists,
    keys,
    members,
    passkey_challenges,
    people,
    sign_ins,
)
from tearoff.accounts.invitations import Made, Told
from tearoff.accounts.rights import ROLE_NAMES
from tearoff.accounts.single_sign_on import begun
from tearoff.accounts.telling import TOLD_MAIL, ToldMail
from tearoff.errors import Invalid
from tearoff.jobs.queue import Chore, Job, enqueue
from tearoff.kit import clock, letters, mail
from tearoff.kit.letters import Letter
from tearoff.kit.mime import plain_words
from tearoff.kit.services import Services
from tearoff.kit.words import Words, phrase, words_in

log = structlog.get_logger()

PASSWORD_MAIL = "accounts.password_mail"  # noqa: S105 (the name of a job)
FORGOT_MAIL = "accounts.forgot_mail"
INVITATION_MAIL = "accounts.invitation_mail"


class PasswordMail(msgspec.Struct, frozen=True):
    """The job; `url_sealed` is the link, which is as good as a password, sealed and in Base64."""

    to: str
    name: str
    account: str
    url_sealed: str
    language: str = "en"


async def order_password_mail(
    db: asyncpg.Connection, services: Services, owner: members.Member, account: str, url: str
) -> bool:
    """Have it sent once this transaction is committed. False when the operator has set up no
    mail: somebody must hand the link over (`subaccount/reset/url`)."""
    if not mail.can_send(services.settings):
        log.warning("accounts.no_mail", hint="set TEAROFF_SMTP_URL and TEAROFF_MAIL_FROM")
        return False
    job = PasswordMail(
        owner.email, owner.first_name, account, _sealed(services, url), owner.language
    )
    await enqueue(db, PASSWORD_MAIL, job)
    return True


async def send_password_mail(services: Services, payload: bytes) -> None:
    job = msgspec.json.decode(payload, type=PasswordMail)
    await _post(services, job.to, _password_letter(services, job))


def _password_letter(services: Services, job: PasswordMail) -> Letter:
    words, product = words_in("people", job.language), services.settings.product_name
    account = plain_words(job.account, 80) or words("An account")
    return Letter(
        language=words.language,
        subject=words("Your password for {product}", product=product),
        greeting=_greeting(words, job.name),
        lines=[
            words("{account} has been given a place on {product}.", account=account,
                  product=product)
        ],
        button=words("Choose your password"),
        url=_opened(services, job.url_sealed),
        ending=[_days(words), words("If you did not expect this mail, do nothing.")],
    )  # fmt: skip


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
    url = f"{services.settings.link_host}/reset/{token}"
    await _post(services, known.email, _forgot_letter(services, known, url))


def _forgot_letter(services: Services, known: people.Person, url: str) -> Letter:
    words, product = words_in("people", known.language), services.settings.product_name
    minutes = sign_ins.RESET_LIVES // timedelta(minutes=1)
    return Letter(
        language=words.language,
        subject=words("A new password for {product}", product=product),
        greeting=_greeting(words, known.first_name),
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


# invitations ------------------------------------------------------------------------------


class InvitationMail(msgspec.Struct, frozen=True):
    """The job. `number`: which link of this member's it brings; `tries`: how many there were."""

    member_id: int
    number: int
    url_sealed: str
    tries: int = 0


async def order_invitation_mail(
    db: asyncpg.Connection, services: Services, made: Made, url: str
) -> None:
    """Have it sent once this transaction is committed, where mail is set up."""
    if mail.can_send(services.settings):
        job = InvitationMail(made.member_id, made.number, _sealed(services, url))
        await enqueue(db, INVITATION_MAIL, job)


async def send_invitation_mail(services: Services, payload: bytes) -> None:
    """Once, whatever happens to this process meanwhile: what was handed to a mail server that gave
    no answer may have left. What did not leave is tried again, and the team's page says so."""
    job = msgspec.json.decode(payload, type=InvitationMail)
    told = await invitations.begin_mail(services.db, job.member_id, job.number, clock.now())
    if told is None:
        return
    url, reason = _opened(services, job.url_sealed), ""
    try:
        await _post(services, told.email, _invitation_letter(services, told, url))
    except (mail.MailNotSent, Invalid) as error:
        reason = str(error) or type(error).__name__
        log.warning("accounts.invitation_not_sent", member=job.member_id, tries=job.tries + 1)
    async with services.db.transaction() as db:
        at = clock.now()
        is_open = await invitations.end_mail(db, job.member_id, job.number, at, reason)
        if reason and is_open and job.tries < len(invitations.RETRY_AFTER):
            again = msgspec.structs.replace(job, tries=job.tries + 1)
            await enqueue(db, INVITATION_MAIL, again, after=invitations.RETRY_AFTER[job.tries])


def _invitation_letter(services: Services, told: Told, url: str) -> Letter:
    words, product = words_in("people", told.language), services.settings.product_name
    account = plain_words(told.account, 80) or words("An account")
    by = "" if "@" in told.by else plain_words(told.by, 80)  # an address would lose its signs
    line = words("You are invited to {account} on {product}.", account=account, product=product)
    if by:
        line = words("{by} invites you to {account} on {product}.", by=by, account=account,
                     product=product)  # fmt: skip
    return Letter(
        language=words.language,
        subject=words("Your invitation to {account}", account=account),
        greeting=_greeting(words, told.first_name),
        lines=[line, words("Your role there: {role}.", role=words(ROLE_NAMES[told.role]))],
        button=words("Look at the invitation"),
        url=url,
        ending=[_days(words), words("If you did not expect this mail, do nothing.")],
    )


# what was changed about a way in -----------------------------------------------------------------


async def send_told_mail(services: Services, payload: bytes) -> None:
    if not mail.can_send(services.settings):
        return
    job = msgspec.json.decode(payload, type=ToldMail)
    await _post(services, job.to, _told_letter(services, job))


OF_THEIR_OWN = {
    "person.password": phrase("Your password was changed, and other browsers are signed out."),
    "person.passkey_add": phrase("A passkey was added."),
    "person.passkey_remove": phrase("A passkey was removed."),
    "person.passkey_step_on": phrase("After your password, a passkey is asked for from now on."),
    "person.passkey_step_off": phrase("After your password, no passkey is asked for any more."),
    "person.second_step_on": phrase("A code of an app is asked for at each sign-in from now on."),
    "person.second_step_off": phrase("No code of an app is asked for at your sign-in any more."),
    "person.recovery_codes": phrase("New recovery codes were made. The old ones are over."),
}  # fmt: skip


def _told_letter(services: Services, job: ToldMail) -> Letter:
    words, product = words_in("people", job.language), services.settings.product_name
    account = plain_words(job.account, 80) or words("An account")
    ending = words("If you know nothing of this, ask them at once.")
    if job.what in OF_THEIR_OWN:
        said = words(OF_THEIR_OWN[job.what])
        subject, lines = f"{product}: {said}", [said]
        ending = words("If that was not you: sign in, by “Forgot your password?” if need be, and"
                       " open your profile. Choose another password, remove the passkeys that are"
                       " not yours, and tell an owner of your shop.")  # fmt: skip
    elif job.what == "second_step":
        subject = words("Your second step for {product} was taken away", product=product)
        lines = [
            words("An owner of {account} has taken away the code that you were asked for at each"
                  " sign-in, and you are signed out everywhere.", account=account),
            words("Sign in with your password, and set up another one on your profile."),
        ]  # fmt: skip
    else:
        subject = words("A link to your account on {product} was made", product=product)
        lines = [
            words("Whoever runs the server has made a link by which you choose a new password for"
                  " {account}. Once it is used, the code at each sign-in is off and you are"
                  " signed out everywhere.", account=account),
        ]  # fmt: skip
    return Letter(
        language=words.language,
        subject=subject,
        greeting=_greeting(words, job.first_name),
        lines=lines,
        ending=[ending],
    )


# what all of them share -------------------------------------------------------------------


async def _post(services: Services, to: str, letter: Letter) -> None:
    text, html = letters.as_text(letter), letters.as_html(letter)
    await mail.send(services.settings, to, letter.subject, text, html)


def _greeting(words: Words, first_name: str) -> str:
    name = plain_words(first_name, 40)
    return words("Hello {name},", name=name) if name else words("Hello,")


def _days(words: Words) -> str:
    days = sign_ins.INVITATION_LIVES.days
    return words.ngettext(
        "The link works once, for {n} day.", "The link works once, for {n} days.", days
    )


def _sealed(services: Services, url: str) -> str:
    return base64.b64encode(services.vault.seal(url.encode())).decode()


def _opened(services: Services, sealed: str) -> str:
    return services.vault.open(base64.b64decode(sealed)).decode()


async def sweep(services: Services, now: datetime) -> None:
    await sign_ins.sweep(services.db, now)
    await keys.sweep(services.db, now)
    await kept_forms.sweep(services.db, now)
    await kept_lists.sweep(services.db, now)
    await passkey_challenges.sweep(services.db, now)
    await begun.sweep(services.db, now)


_AGAIN = (timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=10))
"""A mail server that is away for a while costs nobody a mail. One that took it and gave no answer
may send it twice, which does no harm."""
JOBS = (
    Job(PASSWORD_MAIL, send_password_mail, at_once=2, again=_AGAIN),
    Job(FORGOT_MAIL, send_forgot_mail, at_once=2, again=_AGAIN),
    Job(INVITATION_MAIL, send_invitation_mail, at_once=4),
    Job(TOLD_MAIL, send_told_mail, at_once=2, again=_AGAIN),
)
CHORES = (Chore("accounts.sweep", "19 * * * *", sweep),)
