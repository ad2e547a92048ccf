"""Mails to whoever is invited, and to whom somebody has changed a way in: in their language, once,
and tried again."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from tearoff.accounts import invitations, jobs, members, people, sign_ins, team, telling
from tearoff.accounts.members import NewMember
from tearoff.accounts.owners import By
from tearoff.kit import clock
from tearoff.kit.words import words_in
from tearoff.web.dashboard.audit_words import VERBS
from tests.accounts.test_password_mail import inbox, with_mail  # noqa: F401 (a fixture)
from tests.accounts.told import told_mails
from tests.cast import open_shop
from tests.running import free_port
from tests.test_cli import tearoff  # noqa: F401 (a fixture)

URL = "https://coupons.example.com/password/" + "b" * 49


@pytest.fixture
async def scene(services):
    """An account that speaks Spanish, whose owner is Dutch."""
    account = (await open_shop(services, kind=None, account={"language": "es"})).account
    email = f"own.{account}@example.com"
    async with services.db.transaction() as db:
        new = NewMember(email=email, first_name="Ans", language="nl")
        owner = await members.create_member(db, account, new)
        person = await db.fetchval("SELECT person_id FROM members WHERE id = $1", owner)
    return account, person


async def invited(services, account, person, email, **more):
    async with services.db.transaction() as db:
        new = NewMember(email=email, role="staff", language="es", **more)
        made = await invitations.invite(db, account, new, By(person), clock.now(), has_mail=True)
    sealed = jobs._sealed(services, URL)
    return made, msgspec.json.encode(jobs.InvitationMail(made.member_id, made.number, sealed))


async def state_of(services, account, made):
    return (await team.find(services.db, account, made.member_id)).invitation


async def again_of(services, made):
    """The job that waits for another try."""
    rows = await services.db.fetch(
        "SELECT payload, execute_after > now() + interval '30 seconds' AS later FROM pgqueuer"
        " WHERE entrypoint = $1", jobs.INVITATION_MAIL,
    )  # fmt: skip
    found = [
        (job, row["later"])
        for row in rows
        if (job := msgspec.json.decode(row["payload"], type=jobs.InvitationMail)).member_id
        == made.member_id
    ]
    await services.db.execute("DELETE FROM pgqueuer WHERE entrypoint = $1", jobs.INVITATION_MAIL)
    return found


async def test_in_the_language_of_whoever_gets_it(services, scene, inbox):  # noqa: F811
    """Complaint 40: an owner in nl, an account in es, somebody who is new, and somebody who signs
    in elsewhere in fr."""
    account, person = scene
    opened, other = with_mail(services, inbox.port), (await open_shop(services)).account
    french = f"fr.{account}@example.com"
    async with services.db.transaction() as db:
        await members.create_member(db, other, NewMember(email=french, language="fr"))
        await db.execute(
            "UPDATE people SET last_sign_in_at = now(), password_hash = 'x' WHERE email = $1",
            french,
        )
    for email, language in ((french, "fr"), (f"new.{account}@example.com", "es")):
        _, payload = await invited(services, account, person, email, first_name="Léa")
        assert b"b" * 49 not in payload
        await jobs.send_invitation_mail(opened, payload)
        found = inbox.mails.pop()
        assert found["To"] == email
        html = found.get_body(["html"]).get_content()
        text = found.get_body(["plain"]).get_content()
        assert f'lang="{language}"' in html and URL in html and URL in text
        assert "Bean & Leaf" in text and "Ans" in text


async def test_it_leaves_once(services, scene, inbox):  # noqa: F811
    account, person = scene
    opened = with_mail(services, inbox.port)
    made, payload = await invited(services, account, person, f"once.{account}@example.com")
    await asyncio.gather(*(jobs.send_invitation_mail(opened, payload) for _ in range(5)))
    assert len(inbox.mails) == 1
    assert (await state_of(services, account, made)).mail_state == "sent"


@pytest.mark.parametrize("over", ["accepted", "renewed", "withdrawn", "run out"])
async def test_what_is_over_is_not_sent(services, scene, inbox, over):  # noqa: F811
    account, person = scene
    opened, now = with_mail(services, inbox.port), clock.now()
    email = f"{over[:3]}.{account}@example.com"
    made, payload = await invited(services, account, person, email)
    async with services.db.transaction() as db:
        if over == "accepted":
            await members.accept_place(services.db, made.token, now)
        elif over == "renewed":
            await invitations.renew(db, account, made.member_id, By(person), now, has_mail=True)
        elif over == "withdrawn":
            await invitations.withdraw(db, account, made.member_id, By(person), now)
        else:
            await db.execute(
                "UPDATE invitations SET expires_at = now() WHERE member_id = $1", made.member_id
            )
    await jobs.send_invitation_mail(opened, payload)
    assert inbox.mails == []


async def test_a_server_that_is_away_is_asked_again(services, scene, inbox):  # noqa: F811
    """Complaint 31: the row says that it did not leave, until it was sent."""
    account, person = scene
    made, payload = await invited(services, account, person, f"away.{account}@example.com")
    await jobs.send_invitation_mail(with_mail(services, free_port()), payload)
    standing = await state_of(services, account, made)
    assert standing.mail_state == "failed" and standing.mail_reason
    ((again, later),) = await again_of(services, made)
    assert later and again.tries == 1
    await jobs.send_invitation_mail(with_mail(services, inbox.port), msgspec.json.encode(again))
    assert (await state_of(services, account, made)).mail_state == "sent"
    assert len(inbox.mails) == 1 and await again_of(services, made) == []


async def test_it_is_not_tried_for_ever(services, scene):
    account, person = scene
    made, payload = await invited(services, account, person, f"ever.{account}@example.com")
    job = msgspec.json.decode(payload, type=jobs.InvitationMail)
    last = msgspec.structs.replace(job, tries=len(invitations.RETRY_AFTER))
    await jobs.send_invitation_mail(with_mail(services, free_port()), msgspec.json.encode(last))
    assert await again_of(services, made) == []
    assert (await state_of(services, account, made)).mail_state == "failed"


async def ordered(db, what, person):
    """The job of a mail, before any worker sees it."""
    await telling.tell(db, what, person, "Bean & Leaf")
    query = "DELETE FROM pgqueuer WHERE entrypoint = $1 RETURNING payload"
    return await db.fetchval(query, telling.TOLD_MAIL)


@pytest.mark.parametrize("what", ["second_step", "owner_reset"])
async def test_somebody_is_told_of_what_others_changed(services, scene, inbox, what):  # noqa: F811
    """Complaint 4, in the person's own language."""
    account, person = scene
    async with services.db.transaction() as db:
        payload = await ordered(db, what, person)
    await jobs.send_told_mail(services, payload)  # which sends no mail
    await jobs.send_told_mail(with_mail(services, inbox.port), payload)
    (found,) = inbox.mails
    assert found["To"] == f"own.{account}@example.com"
    assert 'lang="nl"' in found.get_body(["html"]).get_content()
    assert "Bean & Leaf" in found.get_body(["plain"]).get_content()


def test_every_change_of_ones_own_has_words():
    """Those that the audit log knows, but for what is no change of a way in."""
    verbs = {verb for verb in VERBS if verb.startswith("person.")} - {"person.erase"}
    assert verbs == set(jobs.OF_THEIR_OWN)


@pytest.mark.parametrize("what", jobs.OF_THEIR_OWN)
async def test_somebody_is_told_of_what_was_done_in_their_name(
    services, scene, inbox, what  # noqa: F811
):  # fmt: skip
    account, person = scene
    async with services.db.transaction() as db:
        payload = await ordered(db, what, person)
    await jobs.send_told_mail(with_mail(services, inbox.port), payload)
    (found,) = inbox.mails
    assert found["To"] == f"own.{account}@example.com"
    text = found.get_body(["plain"]).get_content()
    assert words_in("people", "nl")(jobs.OF_THEIR_OWN[what]) in " ".join(text.split())


async def test_a_password_by_a_link_is_told(services, scene):
    account, person = scene
    async with services.db.transaction() as db:
        token = await sign_ins.issue_ticket(
            db, "reset", account, person_id=person, expires_at=clock.now() + timedelta(hours=1)
        )
    async with told_mails(services) as mails:
        await people.set_password_by_link(
            services.db, token, "reset", "seven brown horses", clock.now()
        )
        assert await mails.verbs() == ["person.password"]


async def test_a_password_in_place_of_another_is_told_whoever_made_the_link(services, scene):
    """A first one is not: whoever chooses it has just been invited."""
    account, person = scene
    db, now = services.db, clock.now()
    member = await db.fetchval("SELECT id FROM members WHERE person_id = $1", person)
    async with told_mails(services) as mails:
        for password in ("seven brown horses", "nine orange telescopes"):
            async with db.transaction() as work:
                token = await sign_ins.issue_ticket(
                    work, "password", account, member_id=member, expires_at=now + timedelta(hours=1)
                )
            await members.set_password(db, token, password, now)
        assert await mails.verbs() == ["person.password"]


async def test_the_server_s_commands_tell_the_person(services, scene, tearoff):  # noqa: F811
    """Complaint 4: `owner reset`, and a second step that an owner may not take away, because the
    person belongs to another account too."""
    account, person = scene
    db, other = services.db, (await open_shop(services)).account
    email = f"own.{account}@example.com"
    made, _ = await invited(services, other, None, email)
    await members.accept_place(db, made.token, clock.now())
    await db.execute("UPDATE people SET totp_secret_sealed = 'x' WHERE id = $1", person)
    mails = {"TEAROFF_SMTP_URL": "smtp://127.0.0.1:9", "TEAROFF_MAIL_FROM": "a@example.com"}
    async with told_mails(services) as told:
        asked = ["--account", str(account), "--json"]
        assert tearoff("owner", "reset", *asked, **mails)["url"]
        done = tearoff(
            "teammate", "second-step", "--account", str(other), "--teammate",
            str(made.member_id), "--json", **mails,
        )  # fmt: skip
        assert done["second_step_removed"]
        found = await told.read()
    assert [(one.what, one.to, one.language) for one in found] == [
        ("owner_reset", email, "nl"), ("second_step", email, "nl"),
    ]  # fmt: skip
    assert not await db.fetchval("SELECT totp_secret_sealed FROM people WHERE id = $1", person)
