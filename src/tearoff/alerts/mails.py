"""Mail of alerts: to each person of an account what they have chosen, all that is new in one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import msgspec
import structlog

from tearoff.accounts import queries as accounts
from tearoff.accounts.models import Account
from tearoff.alerts import models, queries
from tearoff.alerts.models import Alert
from tearoff.alerts.queries import Receiver
from tearoff.alerts.sentences import PAGES, Sayer
from tearoff.jobs.queue import enqueue
from tearoff.kit import clock, letters, mail
from tearoff.kit.letters import Letter
from tearoff.kit.mail import MailNotSent
from tearoff.kit.mime import plain_words
from tearoff.kit.services import Services
from tearoff.kit.words import words_in

log = structlog.get_logger()

MAIL = "alerts.mail"
TOGETHER = timedelta(seconds=30)
"""What begins within it comes in one mail."""
NEW = timedelta(hours=24)
"""Nobody is told tomorrow of what began before."""
AGAIN = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
"""After which a mail server that did not take it is asked again."""
DOMAIN = "dashboard"


class AlertMail(msgspec.Struct, frozen=True):
    """The job: somebody of this account has something new to read. `tries`: so many times the mail
    server did not take it."""

    account_id: int
    tries: int = 0


async def order(db: asyncpg.Connection, services: Services, account_ids: Sequence[int]) -> None:
    """In the transaction in which something began. Without a mail server the bell is all."""
    if not mail.can_send(services.settings):
        return
    for account_id in account_ids:
        await enqueue(db, MAIL, AlertMail(account_id), after=TOGETHER)


async def send(services: Services, payload: bytes) -> None:
    job, now = msgspec.json.decode(payload, type=AlertMail), clock.now()
    account = await accounts.account(services.db, job.account_id)
    if account is None or account.is_expired(now):
        return
    failed = False
    for receiver in await queries.receivers(services.db, account.id):
        if receiver.kinds:
            failed |= not await _tell(services, account, receiver, now)
    if failed and job.tries < len(AGAIN):
        again = AlertMail(job.account_id, job.tries + 1)
        async with services.db.transaction() as db:
            await enqueue(db, MAIL, again, after=AGAIN[job.tries])


async def _tell(services: Services, account: Account, receiver: Receiver, now: datetime) -> bool:
    """Whether nothing is left to tell. What was claimed by a process that died is told by the bell
    alone: a mail is never sent twice."""
    new = await queries.claim_untold(services.db, account.id, receiver, now - NEW, now)
    if not new:
        return True
    letter = letter_of(services, account, receiver, new)
    try:
        await mail.send(
            services.settings,
            receiver.email,
            letter.subject,
            letters.as_text(letter),
            letters.as_html(letter),
        )
    except MailNotSent as error:
        log.warning("alerts.not_mailed", account=account.id, error=str(error))
        await queries.untell(services.db, receiver.person_id, [alert.id for alert in new])
        return False
    return True


def letter_of(
    services: Services, account: Account, receiver: Receiver, alerts: Sequence[Alert]
) -> Letter:
    words = words_in(DOMAIN, receiver.language)
    sayer = Sayer(words, account.timezone, account.currency)
    name = plain_words(receiver.first_name, 40)
    shop, only = plain_words(account.name, 80), alerts[0] if len(alerts) == 1 else None
    at = f"{services.settings.link_host}/a/{account.id}"
    page = PAGES[only.kind].format(only.subject) if only else "/alerts"
    return Letter(
        language=words.language,
        subject=f"{shop}: {sayer.title(only)}"
        if only
        else words.ngettext(
            "{shop}: {n} thing needs attention", "{shop}: {n} things need attention", len(alerts),
            shop=shop,
        ),
        greeting=words("Hello {name},", name=name) if name else words("Hello,"),
        lines=[line for alert in alerts for line in _lines(sayer, _plain(alert))],
        button=words("Look at it"),
        url=at + page,
        ending=[
            words("You get this mail as you have a place in {shop}.", shop=shop),
            words("Choose which mails you get: {address}", address=f"{at}/alerts"),
        ],
    )  # fmt: skip


def _plain(alert: Alert) -> Alert:
    """What others have named or said is words alone; our own sentences stay as they are."""
    facts = alert.facts
    is_theirs = alert.kind == models.PROVIDER_FAILING
    reason = plain_words(facts.reason, 300) if is_theirs else facts.reason
    named = msgspec.structs.replace(facts, name=plain_words(facts.name, 120), reason=reason)
    return msgspec.structs.replace(alert, facts=named)


def _lines(sayer: Sayer, alert: Alert) -> list[str]:
    said, more = sayer.title(alert), sayer.line(alert)
    return [f"{said}.", more] if more else [f"{said}."]
