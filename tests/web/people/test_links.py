"""Links: to begin, for a forgotten password, of an account; and what each must not do."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from email import message_from_bytes, policy

import msgspec
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from tearoff.accounts import beginning, invitations, jobs, members, people, sign_ins, team
from tearoff.accounts.beginning import HasBegun, NoOwner
from tearoff.accounts.members import HasPassword, NewMember
from tearoff.accounts.owners import By
from tearoff.accounts.sign_ins import LinkOver
from tearoff.cli import owner as owner_commands
from tearoff.kit import clock
from tearoff.kit.db import Database
from tearoff.kit.migrate import migrate
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tearoff.web.people import page as page_of
from tests.cast import open_shop
from tests.running import free_port
from tests.web.people.conftest import PASSWORD, problem_of

OTHER = "nine purple giraffes"


# to begin ---------------------------------------------------------------------------------


async def test_an_account_without_anybody_gets_its_owner(visitor, services):
    shop, browser, second = await open_shop(services, kind=None), visitor(), visitor()
    token = await beginning.issue_link(services.db, shop.account, clock.now())
    path, email = f"/begin/{token}", f"first.{shop.account}@example.com"
    shown = await browser.get(path)
    assert "Bean &amp; Leaf" in shown.text and 'name="name"' not in shown.text
    assert (await browser.post(path, {"email": email, "password": PASSWORD})).status == 403
    refused = await browser.post(
        path, {"t": shown.token, "email": email, "password": PASSWORD}, sec_fetch_site="cross-site"
    )
    assert refused.status == 403
    for values, told in (
        ({"email": "nobody"}, "Type one address"),
        ({"password": "password123"}, "easy to guess"),
        ({"password": "x"}, "Use 8 to 200"),
    ):
        page = await browser.send(path, **{"email": email, "password": PASSWORD, **values})
        assert page.status == 422 and told in problem_of(page)
    done = await asyncio.gather(
        *(one.send(path, email=email, password=PASSWORD) for one in (browser, second))
    )
    assert Counter(page.status for page in done) == {303: 1, 410: 1}
    winner = (browser, second)[done[1].status == 303]
    assert {page.headers.get("location") for page in done} == {
        f"/a/{shop.account}/first-steps", None,
    }  # fmt: skip
    assert await winner.home() == f"/a/{shop.account}/"
    assert (await visitor().get(path)).status == 410
    with pytest.raises(HasBegun):
        await beginning.issue_link(services.db, shop.account, clock.now())
    assert (await visitor().sign_in(email)).status == 303


async def test_the_link_of_an_account_takes_nobody_over(visitor, services, make_owner):
    """Whoever holds it types an address: somebody who is known elsewhere keeps what is theirs."""
    victim, shop = await make_owner(password=False), await open_shop(services, kind=None)
    token = await beginning.issue_link(services.db, shop.account, clock.now())
    page = await visitor().send(f"/begin/{token}", email=victim.email, password=OTHER)
    assert page.status == 422 and "has this address here already" in problem_of(page)
    assert not (await people.person(services.db, victim.person)).has_password


async def test_the_first_account(cluster, settings, worker_id):
    """On an installation without one: two links, one account."""
    name = f"tearoff_first_{worker_id}"
    url = await cluster.create(name)
    await migrate(url)
    db = await Database.open(url, size=4)
    opened = Services(msgspec.structs.replace(settings, database_url=url), db, None, url)
    try:
        await look_at_the_first_account(opened, Vault(settings.secret_key))
    finally:
        await db.close()
        await cluster.drop(name)


async def look_at_the_first_account(opened, vault):
    db, now = opened.db, clock.now()
    assert not await beginning.has_password(db)
    link = await owner_commands.first_link(opened.settings)
    assert link.startswith("https://coupons.example.com/begin/")
    tokens = [link.rpartition("/")[2], await beginning.issue_link(db, None, now)]

    async def begin(n):
        return await beginning.begin(
            db, vault, tokens[n], email=f"ann{n}@example.com", password=PASSWORD, name=" A  shop ",
            now=now,
        )  # fmt: skip

    done = await asyncio.gather(begin(0), begin(1), return_exceptions=True)
    (made,) = [one for one in done if not isinstance(one, Exception)]
    assert [type(one) for one in done if isinstance(one, Exception)] == [LinkOver]
    assert await owner_commands.first_link(opened.settings) is None
    rows = await db.fetch("SELECT name, email FROM accounts")
    assert [row["name"] for row in rows] == ["A shop"]
    assert await db.fetchval("SELECT count(*) FROM api_keys") == 1
    assert (await members.owner(db, made.account_id)).email == rows[0]["email"]
    with pytest.raises(HasBegun):
        await beginning.issue_link(db, None, now)


async def test_a_door_at_which_nobody_can_sign_in(visitor, services):
    for statement in (
        "UPDATE people SET password_hash = NULL", "DELETE FROM passkeys",
        "DELETE FROM single_sign_on",
    ):  # fmt: skip
        await services.db.execute(statement)
    page = await visitor().get("/")
    assert page.status == 200
    assert "tearoff owner link --account ID" in page.text
    assert "<form" not in page.text


async def test_the_demo_signs_in_at_once(visitor, services):
    shop, browser = await open_shop(services, kind=None), visitor()
    async with services.db.transaction() as db:
        token = await beginning.issue_demo_link(db, shop.account, clock.now())
    assert "for 12 hours" in (await browser.get(f"/demo/{token}")).text
    done = await browser.send(f"/demo/{token}")
    assert (done.status, done.headers["location"]) == (303, f"/a/{shop.account}/")
    who = await sign_ins.signed_in(services.db, browser.secret, clock.now())
    assert who.email == shop.email and who.is_confirmed(clock.now())
    assert (await visitor().get(f"/demo/{token}")).status == 410
    assert (await visitor().get(f"/sso/{token}")).status == 410


# an owner who cannot ----------------------------------------------------------------------


async def test_the_terminal_lets_an_owner_in_again(visitor, services, make_owner, with_second_step):
    owner, browser, other = await make_owner(), visitor(), visitor()
    await other.sign_in(owner.email)
    await with_second_step(owner.person)
    with pytest.raises(NoOwner):
        await beginning.issue_reset(services.db, owner.account, "x@example.com", clock.now())
    token = await beginning.issue_reset(
        services.db, owner.account, owner.email.upper(), clock.now()
    )
    path = f"/owner/{token}"
    assert owner.email in (await browser.get(path)).text
    assert (await browser.post(path, {"password": "x"})).status == 422
    foreign = await browser.post(path, {"password": OTHER}, sec_fetch_site="cross-site")
    assert foreign.status == 410
    assert (await browser.post(path, {"password": OTHER})).status == 200
    assert (await browser.post(path, {"password": OTHER})).status == 410
    assert await other.home() == "/sign-in"
    assert (await browser.sign_in(owner.email, OTHER)).headers["location"] == "/"


# forgotten --------------------------------------------------------------------------------


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
def with_mail(services):
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings = msgspec.structs.replace(
        services.settings, smtp_url=f"smtp://127.0.0.1:{controller.port}",
        mail_from="no-reply@example.com",
    )  # fmt: skip
    yield msgspec.structs.replace(services, settings=settings), inbox
    controller.stop()


async def test_a_forgotten_password(visitor, services, make_owner, with_mail, with_second_step):
    opened, inbox = with_mail
    owner, browser, other = await make_owner(language="nl"), visitor(), visitor()
    await other.sign_in(owner.email)
    await with_second_step(owner.person)
    for to in ("nobody@example.com", owner.email):
        payload = msgspec.json.encode(jobs.ForgotMail(to))
        await jobs.send_forgot_mail(opened, payload)
    (mail,) = inbox.mails
    assert mail["To"] == owner.email and mail["Subject"] == "Een nieuw wachtwoord voor Tearoff"
    plain = mail.get_body(["plain"]).get_content()
    html = mail.get_body(["html"]).get_content()
    url = re.search(r"https://coupons\.example\.com(/reset/\w{49})", plain)
    assert url[0] in html and 'lang="nl"' in html
    path = url[1]
    assert owner.email in (await browser.get(path)).text
    assert (await browser.post(path, {"password": "password123"})).status == 422
    assert (await browser.post(path, {"password": OTHER})).status == 200
    assert (await browser.post(path, {"password": OTHER})).status == 410
    known = await people.person(services.db, owner.person)
    assert known.mail_proven_at is not None and known.has_second_step
    assert await other.home() == "/sign-in"
    to = (await browser.sign_in(owner.email, OTHER)).headers["location"]
    assert to == "/sign-in/second-step"


async def test_where_no_mail_is_set_up(visitor, make_owner):
    owner, browser = await make_owner(), visitor()
    shown = await browser.get("/forgot")
    assert "tearoff owner reset" in shown.text and "Ask an owner" in shown.text
    asked = await browser.post("/forgot", {"email": owner.email})
    assert asked.status == 200 and "/reset/" not in asked.text


# tenants ----------------------------------------------------------------------------------


async def ticket_of(services, shop, member, purpose="password"):
    expires_at = clock.now() + sign_ins.RESET_LIVES
    return await sign_ins.issue_ticket(
        services.db, purpose, shop, member_id=member, expires_at=expires_at
    )


async def test_a_tenant_takes_over_nobody_of_another(visitor, services, make_owner):
    """Neither by a link for a password, nor by a hash, nor by signing them in."""
    db, victim = services.db, await make_owner(first_name="Ann")
    evil = (await open_shop(services, kind=None)).account
    async with db.transaction() as work:
        new = NewMember(email=victim.email.upper(), first_name="Eve", password_hash="$argon2id$x")
        member = await members.create_member(work, evil, new)
    browser = visitor()
    page = await browser.get(f"/password/{await ticket_of(services, evil, member)}")
    assert page.status == 200 and "You have a password already" in page.text
    token = await ticket_of(services, evil, member)
    form = {"password": OTHER, "again": OTHER}
    assert (await browser.post(f"/password/{token}", form)).status == 409
    with pytest.raises(HasPassword):
        await members.set_password(db, token, OTHER, clock.now())
    sso = await ticket_of(services, evil, member, "sso")
    assert (await browser.send(f"/sso/{sso}")).status == 303
    who = await sign_ins.signed_in(db, browser.secret, clock.now())
    assert [m.account_id for m in who.memberships] == [evil]
    assert (who.only_account_id, who.first_name) == (evil, "Eve")
    assert not who.is_confirmed(clock.now())
    await people.set_language(db, who, "fr")
    await people.change_name(db, who, "E", "V")
    theirs = await people.person(db, victim.person)
    assert (theirs.first_name, theirs.language) == ("Ann", "en")
    # The victim's own password still opens what is theirs, and not what they did not accept.
    mine = visitor()
    await mine.sign_in(victim.email)
    who = await sign_ins.signed_in(db, mine.secret, clock.now())
    assert [m.account_id for m in who.memberships] == [victim.account]
    # And what the other tenant has named stops no link of their own.
    own = await ticket_of(services, victim.account, victim.member)
    assert (await mine.post(f"/password/{own}", form)).status == 200
    assert (await mine.sign_in(victim.email, OTHER)).status == 303


async def test_a_place_is_accepted_with_ones_own_password(visitor, services, make_owner):
    db, person, browser = services.db, await make_owner(), visitor()
    other = (await open_shop(services, kind=None)).account
    async with db.transaction() as work:
        member = await members.create_member(work, other, NewMember(email=person.email))
    path = f"/password/{await ticket_of(services, other, member)}"
    form = {"t": (await browser.get(path)).token, "own": PASSWORD}
    assert (await browser.post(path, form | {"t": "x"})).status == 403
    assert (await browser.post(path, form, sec_fetch_site="cross-site")).status == 410
    assert (await browser.post(path, form | {"own": OTHER})).status == 422
    assert (await browser.post(path, form)).status == 303
    assert (await browser.post(path, form)).status == 410
    await browser.sign_in(person.email)
    who = await sign_ins.signed_in(db, browser.secret, clock.now())
    assert {m.account_id for m in who.memberships} == {person.account, other}
    # Now both tenants only have its place of the person.
    for account, place in ((person.account, person.member), (other, member)):
        with pytest.raises(HasPassword):
            token = await ticket_of(services, account, place)
            await members.set_password(db, token, OTHER, clock.now())


async def test_another_address_is_another_person(services, make_owner, visitor):
    """A tenant that gives its member the address of somebody else gets that person's place, not
    their password, and leaves its own person's password behind."""
    db, victim, own = services.db, await make_owner(), await make_owner()
    async with db.transaction() as work:
        await members.change_owner(work, own.account, {"email": victim.email})
    row = await db.fetchrow("SELECT person_id, accepted_at FROM members WHERE id = $1", own.member)
    assert tuple(row) == (victim.person, None)
    assert await people.person_of_mail(db, own.email) is None
    browser = visitor()
    await browser.sign_in(victim.email)
    who = await sign_ins.signed_in(db, browser.secret, clock.now())
    assert [m.account_id for m in who.memberships] == [victim.account]


async def test_an_address_that_moves_keeps_its_person(services, make_owner, visitor):
    db, own = services.db, await make_owner()
    new = f"new.{own.account}@example.com"
    async with db.transaction() as work:
        await members.change_owner(work, own.account, {"email": new, "first_name": "Bo"})
    known = await people.person_of_mail(db, new)
    assert (known.id, known.first_name) == (own.person, "Bo")
    assert (await visitor().sign_in(new)).status == 303


async def test_who_is_removed_leaves_no_password_behind(services, make_owner, visitor):
    """The next tenant that names the address gets somebody new."""
    db, first = services.db, await make_owner()
    await make_owner(first.account)
    async with db.transaction() as work:
        await members.remove_member(work, first.account, first.member, clock.now())
    assert await people.person_of_mail(db, first.email) is None
    second = await make_owner(password=False, email=first.email)
    assert second.person != first.person
    assert (await visitor().sign_in(first.email)).status == 422


async def test_an_account_of_nobody_signs_in_as_its_owner(services, visitor):
    shop, browser = await open_shop(services, kind=None), visitor()
    await services.db.execute(
        "UPDATE accounts SET email = $2 WHERE id = $1", shop.account, f"o{shop.account}@x.example"
    )
    token = await ticket_of(services, shop.account, None, "sso")
    assert (await browser.send(f"/sso/{token}")).status == 303
    who = await sign_ins.signed_in(services.db, browser.secret, clock.now())
    (place,) = who.memberships
    assert (place.role, who.email) == ("owner", f"o{shop.account}@x.example")


async def test_an_account_that_is_over_is_told_so(services, make_owner, visitor):
    owner, browser = await make_owner(), visitor()
    second = await make_owner()
    await services.db.execute(
        "UPDATE members SET person_id = $2, email = $3 WHERE id = $1", second.member, owner.person,
        owner.email,
    )  # fmt: skip
    await browser.sign_in(owner.email)
    await services.db.execute("UPDATE accounts SET blocked_at = now() WHERE id = $1", owner.account)
    who = await sign_ins.signed_in(services.db, browser.secret, clock.now())
    assert [m.is_over for m in who.memberships] == [True, False]
    assert await browser.home() == f"/a/{second.account}/"
    await services.db.execute("UPDATE accounts SET blocked_at = NULL WHERE id = $1", owner.account)
    await sign_ins.note_account(services.db, who, second.account)
    assert await browser.home() == f"/a/{second.account}/"
    await sign_ins.note_account(services.db, who, owner.account)
    assert await browser.home() == f"/a/{owner.account}/"


@pytest.mark.parametrize(
    ("page", "campaign", "place"),
    [("", None, ""), ("campaigns", None, "campaigns"), ("add_campaign", None, "campaigns/new"),
     ("update_campaign", 7, "campaigns/7"), ("statistics", 7, "campaigns/7/coupons"),
     ("statistics", None, "campaigns"), ("distribution", 7, "send?campaign=7"),
     ("distribution", None, "send")],
)  # fmt: skip
async def test_a_link_leads_to_the_page_that_was_asked_for(
    visitor, services, make_owner, page, campaign, place
):
    owner, browser = await make_owner(), visitor()
    token = await sign_ins.issue_ticket(
        services.db, "sso", owner.account, member_id=owner.member, page=page, campaign_id=campaign,
        expires_at=clock.now() + sign_ins.SSO_LIVES,
    )  # fmt: skip
    form = {"t": (await browser.get(f"/sso/{token}")).token}
    foreign = await browser.post(f"/sso/{token}", form, sec_fetch_site="cross-site")
    assert foreign.status == 403 and not browser.secret
    done = await browser.post(f"/sso/{token}", form)
    assert done.headers["location"] == f"/a/{owner.account}/{place}"
    assert (await browser.get("/signed-in")).headers["location"] == "/"
    who = await sign_ins.signed_in(services.db, browser.secret, clock.now())
    with pytest.raises(people.NotConfirmed):
        await people.change_password(services.db, who, OTHER, clock.now())


# invitations ------------------------------------------------------------------------------


@pytest.fixture
def invited(services):
    """The path of an invitation to an account."""

    async def invited(account, email, by=None):
        async with services.db.transaction() as db:
            made = await invitations.invite(
                db, account, NewMember(email=email, role="editor"), By(by), clock.now(),
                has_mail=False,
            )  # fmt: skip
        return f"/password/{made.token}"

    return invited


async def test_somebody_who_signs_in_here_accepts_with_their_password(
    visitor, services, make_owner, invited
):
    """Complaint 32: this account gives them no password; they see who invites, where, as what."""
    known, host = await make_owner(), await make_owner(first_name="Ann")
    path, browser = await invited(host.account, known.email, host.person), visitor()
    page = await browser.get(path)
    assert "Ann invites you to Bean &amp; Leaf." in page.text
    assert "Your role there: Editor." in page.text and 'name="own"' in page.text
    assert (await browser.send(path, own="wrong words here")).status == 422
    assert (await browser.post(path, {"password": OTHER, "again": OTHER})).status == 409
    done = await browser.send(path, own=PASSWORD)
    assert (done.status, done.headers["location"]) == (303, f"/a/{host.account}/")
    assert (await browser.get(path)).status == 410
    await browser.sign_in(known.email)
    assert (await browser.get(f"/a/{host.account}/")).status == 200


async def test_somebody_who_is_signed_in_presses_a_button(visitor, make_owner, invited):
    known, host, other = await make_owner(), await make_owner(), await make_owner()
    path, browser, stranger = await invited(host.account, known.email), visitor(), visitor()
    there = await browser.sign_in(known.email, query=f"?next={path}")
    assert there.headers["location"] == path
    page = await browser.get(path)
    assert f"You are signed in as {known.email}" in page.text and 'name="own"' not in page.text
    # Somebody else's sign-in, and another site's page, accept nothing.
    await stranger.sign_in(other.email)
    shown = await stranger.get(path)
    assert 'name="own"' in shown.text
    assert (await stranger.send(path, here="1")).status == 409
    foreign = await browser.post(path, {"t": page.token, "here": "1"}, sec_fetch_site="cross-site")
    assert foreign.status in (403, 410)
    done = await browser.send(path, here="1")
    assert (done.status, done.headers["location"]) == (303, f"/a/{host.account}/")
    assert (await browser.get(f"/a/{host.account}/")).status == 200


async def test_next_leads_to_an_invitation_and_nowhere_else_outside():
    token = "a" * 49
    assert page_of.local_next(f"/password/{token}") == f"/password/{token}"
    for given in (f"/password/{token}x", "/password/", f"//password/{token}", "/reset/" + token):
        assert page_of.local_next(given) == ""


async def test_an_owner_locked_out_is_let_in_by_another(
    visitor, services, make_owner, with_second_step
):
    """By the command of whoever runs the server, then by another owner's hand."""
    owner, browser = await make_owner(), visitor()
    await with_second_step(owner.person)
    assert "second-step" in (await browser.sign_in(owner.email)).headers["location"]
    other = await make_owner(owner.account)
    async with services.db.transaction() as db:
        assert await team.reset_second_step(
            db, owner.account, owner.member, By(other.person), clock.now()
        )
    assert (await browser.sign_in(owner.email)).headers["location"] == "/"
    token = await beginning.issue_reset(services.db, owner.account, owner.email, clock.now())
    assert (await browser.post(f"/owner/{token}", {"password": OTHER})).status == 200
    assert (await browser.sign_in(owner.email, OTHER)).headers["location"] == "/"
