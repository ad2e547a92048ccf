"""Mails of alerts: to whom, in whose language, once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from tearoff.accounts import members
from tearoff.accounts.members import NewMember
from tearoff.alerts import mails, models, queries
from tearoff.alerts.mails import AlertMail
from tearoff.kit import clock
from tests.cast import open_shop
from tests.providers.postoffice import open_post_office
from tests.running import free_port


@pytest.fixture
async def shop(services):
    return await open_shop(services)


@pytest.fixture
async def office():
    async with open_post_office() as office:
        yield office


def with_mail(services, port):
    settings = msgspec.structs.replace(
        services.settings, smtp_url=f"smtp://127.0.0.1:{port}", mail_from="no-reply@example.com"
    )
    return msgspec.structs.replace(services, settings=settings)


async def begin(services, account, kind, subject, *, ago=timedelta(minutes=1), **facts):
    text = msgspec.json.encode(models.Facts(**facts)).decode()
    await services.db.execute(
        "INSERT INTO alerts (account_id, kind, subject, facts, began_at) VALUES ($1, $2, $3,"
        " $4::jsonb, $5)",
        account, kind, subject, text, clock.now() - ago,
    )  # fmt: skip


async def join(services, account, name, role, language="en"):
    """A colleague; gives their person's number."""
    async with services.db.transaction() as db:
        new = NewMember(
            email=f"{name}@alerts.example", first_name=name.title(), role=role, language=language
        )
        place = await members.create_member(db, account, new)
        return await db.fetchval("SELECT person_id FROM members WHERE id = $1", place)


async def send(services, account, tries=0):
    await mails.send(services, msgspec.json.encode(AlertMail(account, tries)))


async def test_each_hears_what_their_role_can_do_something_about(services, shop, office):
    opened = with_mail(services, office.port)
    for name, role in (("ann", "manager"), ("eve", "editor"), ("sam", "staff"), ("sue", "sender")):
        await join(services, shop.account, name, role)
    await begin(services, shop.account, models.POOL_LOW, "100001", name="Summer", n=1, of=9)
    await begin(services, shop.account, models.PROVIDER_FAILING, "7", name="twilio", reason="401")
    await send(opened, shop.account)
    (to_ann,) = office.of("ann@alerts.example")
    (to_eve,) = office.of("eve@alerts.example")
    assert "2 things need attention" in to_ann.mail["Subject"]
    assert "twilio takes no messages" in to_ann.part("plain")
    assert "Summer has 1 code left" in to_eve.mail["Subject"]
    assert "twilio" not in to_eve.part("plain")
    assert f"/a/{shop.account}/campaigns/100001/validation" in to_eve.part("plain")
    assert not office.of("sam@alerts.example")
    assert not office.of("sue@alerts.example")


async def test_why_a_webhook_was_switched_off_is_said_in_their_language(services, shop, office):
    await join(services, shop.account, "ann8", "owner", "fr")
    why = "It only failed for three days. HTTP 503."
    await begin(services, shop.account, models.WEBHOOK_OFF, "1", name="shop.example", reason=why)
    await send(with_mail(services, office.port), shop.account)
    (to_ann,) = office.of("ann8@alerts.example")
    told = " ".join(to_ann.part("plain").split())
    assert "échouer pendant trois jours. Il a répondu par le statut 503." in told
    assert "failed" not in told and "HTTP" not in told


async def test_nobody_is_told_twice_however_often_the_job_runs(services, shop, office):
    opened = with_mail(services, office.port)
    await join(services, shop.account, "ann2", "owner")
    await begin(services, shop.account, models.PIN_GUESSED, "", n=50)
    await asyncio.gather(*(send(opened, shop.account) for _ in range(5)))
    await send(opened, shop.account)
    assert len(office.of("ann2@alerts.example")) == 1


async def test_what_somebody_chose_is_what_they_get(services, shop, office):
    opened = with_mail(services, office.port)
    ann = await join(services, shop.account, "ann3", "owner")
    bob = await join(services, shop.account, "bob3", "owner")
    await queries.choose(services.db, shop.account, ann, [models.CAMPAIGN_ENDS])
    await queries.choose(services.db, shop.account, bob, [])
    at = clock.now() + timedelta(days=1)
    await begin(services, shop.account, models.CAMPAIGN_ENDS, "100001", name="Summer", at=at)
    await begin(services, shop.account, models.PIN_GUESSED, "", n=50)
    await send(opened, shop.account)
    (to_ann,) = office.of("ann3@alerts.example")
    assert "Summer ends soon" in to_ann.mail["Subject"]
    assert "PIN" not in to_ann.part("plain")
    assert not office.of("bob3@alerts.example")


async def test_a_server_that_takes_nothing_is_asked_again_and_then_told_once(
    services, shop, office
):
    await join(services, shop.account, "ann4", "owner")
    await begin(services, shop.account, models.PIN_GUESSED, "", n=50)
    await send(with_mail(services, free_port()), shop.account)
    payloads = await services.db.fetch(
        "SELECT payload FROM pgqueuer WHERE entrypoint = $1", mails.MAIL
    )
    jobs = [msgspec.json.decode(row["payload"], type=AlertMail) for row in payloads]
    assert AlertMail(shop.account, 1) in jobs
    await send(with_mail(services, office.port), shop.account, 1)
    assert len(office.of("ann4@alerts.example")) == 1


async def test_it_is_not_asked_for_ever(services, shop):
    await join(services, shop.account, "ann5", "owner")
    await begin(services, shop.account, models.PIN_GUESSED, "", n=50)
    await send(with_mail(services, free_port()), shop.account, len(mails.AGAIN))
    payloads = await services.db.fetch(
        "SELECT payload FROM pgqueuer WHERE entrypoint = $1", mails.MAIL
    )
    jobs = [msgspec.json.decode(row["payload"], type=AlertMail) for row in payloads]
    assert not [job for job in jobs if job.account_id == shop.account]


async def test_what_is_over_put_away_or_old_is_not_mailed(services, shop, office):
    opened = with_mail(services, office.port)
    await join(services, shop.account, "ann6", "owner")
    await begin(services, shop.account, models.POOL_LOW, "1", name="Over")
    await begin(services, shop.account, models.POOL_LOW, "2", name="Away")
    await begin(services, shop.account, models.POOL_LOW, "3", name="Old", ago=timedelta(hours=25))
    for subject, column in (("1", "ended_at"), ("2", "put_away_at")):
        await services.db.execute(
            f"UPDATE alerts SET {column} = now() WHERE account_id = $1 AND subject = $2",
            shop.account,
            subject,
        )
    await send(opened, shop.account)
    assert not office.of("ann6@alerts.example")


async def test_another_account_hears_nothing_and_a_name_is_only_text(services, shop, office):
    opened, other = with_mail(services, office.port), await open_shop(services)
    await join(services, shop.account, "ann7", "owner")
    await join(services, other.account, "eve7", "owner")
    evil = "<b>\r\nBcc: x@y.example https://evil.example/</b>"
    await begin(services, shop.account, models.POOL_LOW, "1", name=evil, n=2)
    await send(opened, shop.account)
    await send(opened, other.account)
    (to_ann,) = office.of("ann7@alerts.example")
    assert to_ann.mail["Bcc"] is None
    assert "<b>" not in to_ann.part("html")
    assert not office.of("eve7@alerts.example")


async def test_our_own_sentences_keep_their_signs(services, shop, office):
    """Amounts, times and colons; what others have named stays words alone."""
    opened = with_mail(services, office.port)
    await join(services, shop.account, "amy9", "owner")
    now = clock.now()
    until = now.replace(hour=17, minute=30)
    for kind, subject, facts in (
        (models.BUDGET_NEAR, "spend-day", {"n": 2_700_000, "of": 2_750_000, "at": until}),
        (models.WEBHOOK_OFF, "1", {"name": "till.example", "reason": "The endpoint answered 410."}),
        (models.PROVIDER_FAILING, "2", {"name": "a", "reason": "See https://evil.example/x"}),
    ):  # fmt: skip
        await begin(services, shop.account, kind, subject, **facts)
    await send(opened, shop.account)
    (mail,) = office.of("amy9@alerts.example")
    text = " ".join(mail.part("plain").split())
    assert "€2.70 of the day's €2.75 are spent." in text
    assert ":30" in text and "kept for a while: mend it" in text
    assert "evil.example" not in text
