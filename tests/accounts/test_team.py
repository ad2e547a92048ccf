"""Who may do what to whom in a team, and that an owner stays whatever happens at once."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from tearoff.accounts import invitations, members, people, sign_ins, team
from tearoff.accounts.audit import Actor
from tearoff.accounts.invitations import AlreadyInvited, AlreadyMember, NotInvited
from tearoff.accounts.members import EmailTaken, HasPassword, MemberNotFound, NewMember
from tearoff.accounts.owners import By, LastOwner, OwnersOnly
from tearoff.accounts.passwords import hash_password
from tearoff.accounts.rights import RoleMissing
from tearoff.accounts.sign_ins import LinkOver
from tearoff.accounts.team import BelongsElsewhere, OwnSecondStep
from tearoff.kit import clock
from tests.cast import open_shop

PASSWORD = "seven purple umbrellas"
_N = itertools.count(1)


def address(name="x"):
    return f"{name}.team{next(_N)}@example.com"


@pytest.fixture
def join(services):
    """Somebody who is in an account, as `await join(account, role)`: (member, person)."""

    async def join(account, role="owner", email=""):
        new = NewMember(email=email or address(role), first_name=role.title(), role=role)
        async with services.db.transaction() as db:
            member = await members.create_member(db, account, new)
            person = await db.fetchval("SELECT person_id FROM members WHERE id = $1", member)
            await db.execute("UPDATE members SET accepted_at = now() WHERE id = $1", member)
        return member, person

    return join


@pytest.fixture
def act(services):
    """Do one thing to a team in a transaction of its own."""

    async def act(what, *values, **more):
        async with services.db.transaction() as db:
            return await what(db, *values, **more)

    return act


@pytest.fixture
def invite(act):
    async def invite(account, email="", role="staff", by=None, **more):
        new = NewMember(email=email or address(), role=role, **more)
        return await act(invitations.invite, account, new, by or By(), clock.now(), has_mail=False)

    return invite


async def account_of(services):
    return (await open_shop(services, kind=None)).account


async def roles_of(services, account):
    rows = await services.db.fetch(
        "SELECT role FROM members WHERE account_id = $1 ORDER BY id", account
    )
    return [row["role"] for row in rows]


async def test_managers_make_and_touch_no_owners(services, join, act, invite):
    account = await account_of(services)
    owner, _ = await join(account)
    manager, person = await join(account, "manager")
    staff, _ = await join(account, "staff")
    now = clock.now()
    for by in (By(person), By()):
        for refused in (
            act(team.change, account, owner, by, role="staff"),
            act(team.change, account, owner, by, first_name="Mallory"),
            act(team.change, account, manager, by, role="owner"),
            act(team.change, account, staff, by, role="owner"),
            act(team.remove, account, owner, by, now),
            invite(account, role="owner", by=by),
        ):
            with pytest.raises(OwnersOnly):
                await refused
    await act(team.change, account, staff, By(person), role="manager")
    assert await roles_of(services, account) == ["owner", "manager", "manager"]


async def test_who_does_not_run_the_team_changes_nothing(services, join, act, invite):
    account, other = await account_of(services), await account_of(services)
    await join(account)
    staff, person = await join(account, "staff")
    stranger, theirs = await join(other)
    for by in (By(person), By(theirs)):
        with pytest.raises(RoleMissing):
            await act(team.change, account, staff, by, role="manager")
        with pytest.raises(RoleMissing):
            await invite(account, by=by)
    with pytest.raises(MemberNotFound):
        await act(team.remove, account, stranger, By(), clock.now())


async def test_the_last_owner_stays(services, join, act, invite):
    """Complaint 33: leaving, becoming less, being removed; an owner who was invited and has not
    come is nobody yet who could take over."""
    account = await account_of(services)
    owner, person = await join(account)
    made = await invite(account, role="owner", by=By(person))
    now = clock.now()
    for refused in (
        act(team.change, account, owner, By(person), role="manager"),
        act(team.remove, account, owner, By(person), now),
        act(team.leave, account, person, actor_of(person), now),
    ):
        with pytest.raises(LastOwner):
            await refused
    await members.set_password(services.db, made.token, PASSWORD, now)
    await act(team.leave, account, person, actor_of(person), now)
    assert await roles_of(services, account) == ["owner"]
    verbs = await services.db.fetch(
        "SELECT verb FROM audit_entries WHERE account_id = $1 ORDER BY id", account
    )
    assert [row["verb"] for row in verbs] == ["person.password", "member.leave"]


def actor_of(person):
    return Actor("person", str(person))


@pytest.mark.parametrize("how", ["change", "remove", "leave"])
async def test_owners_who_take_each_other_away_at_once(services, join, act, how):
    """Complaint 33: in the same instant, on connections of their own; one of them stays."""
    for _ in range(10):
        account = await account_of(services)
        (one, first), (two, second) = await join(account), await join(account)
        now = clock.now()
        if how == "change":
            acts = (
                act(team.change, account, two, By(first), role="staff"),
                act(team.change, account, one, By(second), role="staff"),
            )
        elif how == "remove":
            acts = (
                act(team.remove, account, two, By(first), now),
                act(team.remove, account, one, By(second), now),
            )
        else:
            acts = tuple(
                act(team.leave, account, person, actor_of(person), now)
                for person in (first, second)
            )
        done = await asyncio.gather(*acts, return_exceptions=True)
        refused = [type(one) for one in done if isinstance(one, Exception)]
        assert len(refused) == 1 and refused[0] in (LastOwner, RoleMissing), done
        assert (await roles_of(services, account)).count("owner") == 1


async def test_three_owners_who_take_each_other_away(services, join, act):
    """Whoever has lost the role meanwhile does nothing with it any more."""
    account = await account_of(services)
    owners = [await join(account) for _ in range(3)]
    await asyncio.gather(
        *(
            act(team.change, account, owners[(n + 1) % 3][0], By(owners[n][1]), role="reader")
            for n in range(3)
        ),
        return_exceptions=True,
    )
    assert (await roles_of(services, account)).count("owner") >= 1


class TestInviting:
    async def test_each_case_has_its_own_end(self, services, join, invite, act):
        """Complaint 32."""
        account, other = await account_of(services), await account_of(services)
        await join(account)
        known, elsewhere = address("Known"), address("elsewhere")
        member, _ = await join(account, "editor", known.lower())
        await join(other, "owner", elsewhere)
        with pytest.raises(AlreadyMember) as told:
            await invite(account, known.upper())
        assert told.value.member_id == member
        made = await invite(account, elsewhere.title())
        with pytest.raises(AlreadyInvited) as waiting:
            await invite(account, elsewhere)
        assert waiting.value.member_id == made.member_id
        # They keep the password that they have: this account gives them none.
        with pytest.raises(HasPassword):
            await members.set_password(services.db, made.token, PASSWORD, clock.now())
        await members.accept_place(services.db, made.token, clock.now())
        assert (await team.find(services.db, account, made.member_id)).is_elsewhere
        await act(team.remove, account, made.member_id, By(), clock.now())
        again = await invite(account, elsewhere)
        assert again.member_id != made.member_id

    async def test_who_was_removed_last_week_begins_anew(self, services, join, invite, act):
        """Complaint 32: the old password and the old link are nobody's any more."""
        account, email = await account_of(services), address()
        await join(account)
        made = await invite(account, email)
        await members.set_password(services.db, made.token, PASSWORD, clock.now())
        person = (await people.person_of_mail(services.db, email)).id
        await act(team.remove, account, made.member_id, By(), clock.now())
        again = await invite(account, email)
        known = await people.person_of_mail(services.db, email)
        assert known.id != person and not known.has_password
        with pytest.raises(LinkOver):
            await members.set_password(services.db, made.token, PASSWORD, clock.now())
        await members.set_password(services.db, again.token, PASSWORD, clock.now())

    async def test_twice_at_once(self, services, join, invite):
        account, email = await account_of(services), address()
        await join(account)
        done = await asyncio.gather(
            *(invite(account, spelt) for spelt in (email, email.upper(), email.title())),
            return_exceptions=True,
        )
        refused = [type(one) for one in done if isinstance(one, Exception)]
        assert refused == [AlreadyInvited] * 2

    async def test_an_address_stands_once_in_a_tenant(self, services, join, invite):
        account, email = await account_of(services), address()
        child = await services.db.fetchval(
            "INSERT INTO accounts (name, email, parent_id) VALUES ('C', 'c@example.com', $1)"
            " RETURNING id",
            account,
        )
        await join(account, "owner", email)
        with pytest.raises(EmailTaken) as told:
            await invite(child, email)
        assert type(told.value) is EmailTaken

    async def test_another_link_ends_the_one_before(self, services, join, invite, act):
        account = await account_of(services)
        await join(account)
        made, now = await invite(account), clock.now()
        again = await act(invitations.renew, account, made.member_id, By(), now, has_mail=False)
        assert again.number == made.number + 1
        with pytest.raises(LinkOver):
            await members.set_password(services.db, made.token, PASSWORD, now)
        with pytest.raises(LinkOver):
            late = now + sign_ins.INVITATION_LIVES
            await members.set_password(services.db, again.token, PASSWORD, late)
        await members.set_password(services.db, again.token, PASSWORD, now)
        with pytest.raises(LinkOver):
            await members.set_password(services.db, again.token, PASSWORD, now)
        for over in (invitations.renew, invitations.withdraw):
            more = {"has_mail": False} if over is invitations.renew else {}
            with pytest.raises(NotInvited):
                await act(over, account, made.member_id, By(), now, **more)

    async def test_withdrawn_it_is_over_at_once(self, services, join, invite, act):
        account, email = await account_of(services), address()
        await join(account)
        made = await invite(account, email)
        await act(invitations.withdraw, account, made.member_id, By(), clock.now())
        with pytest.raises(LinkOver):
            await members.set_password(services.db, made.token, PASSWORD, clock.now())
        assert await people.person_of_mail(services.db, email) is None

    async def test_two_accounts_invite_somebody_new(self, services, join, invite):
        """Neither of them has the person before they have accepted; they choose one password."""
        account, other, email = await account_of(services), await account_of(services), address()
        first, second = await invite(account, email), await invite(other, email)
        await members.set_password(services.db, second.token, PASSWORD, clock.now())
        with pytest.raises(HasPassword):
            await members.set_password(services.db, first.token, PASSWORD, clock.now())
        await members.accept_place(services.db, first.token, clock.now())

    async def test_nobody_is_in_before_they_accepted(self, services, invite):
        account, email = await account_of(services), address()
        made = await invite(account, email)
        found = await team.find(services.db, account, made.member_id)
        assert found.joined_at is None and found.invitation.mail_state == "none"
        person, now = found.person_id, clock.now()
        secret = await sign_ins.sign_in_person(
            services.db, person, now, sign_ins.NOWHERE, second_step_due=False
        )
        assert await sign_ins.signed_in(services.db, secret, now) is None


class TestSecondStep:
    @pytest.fixture
    async def scene(self, services, join):
        account = await account_of(services)
        owner, staff = await join(account), await join(account, "staff")
        await services.db.execute(
            "UPDATE people SET totp_secret_sealed = 'x' WHERE id = $1", staff[1]
        )
        return account, owner, staff

    async def test_an_owner_takes_it_away(self, services, scene, act):
        account, (_, owner), (staff, person) = scene
        now = clock.now()
        secret = await sign_ins.sign_in_person(
            services.db, person, now, sign_ins.NOWHERE, second_step_due=False
        )
        found = await act(team.reset_second_step, account, staff, By(owner), now)
        assert found.person_id == person
        assert not (await people.person(services.db, person)).has_second_step
        assert await sign_ins.signed_in(services.db, secret, now) is None
        assert await act(team.reset_second_step, account, staff, By(owner), now) is None

    async def test_nobody_else_does(self, services, scene, join, act):
        account, (own, owner), (staff, person) = scene
        _, manager = await join(account, "manager")
        now = clock.now()
        for by, error in ((By(manager), OwnersOnly), (By(person), RoleMissing)):
            with pytest.raises(error):
                await act(team.reset_second_step, account, staff, by, now)
        with pytest.raises(OwnersOnly):  # a key does not touch owners
            await act(team.reset_second_step, account, own, By(), now)
        with pytest.raises(OwnSecondStep):
            await act(team.reset_second_step, account, own, By(owner), now)

    async def test_not_of_somebody_who_belongs_to_others_too(self, services, scene, act, invite):
        """Decision 0045: it guards the other account as well."""
        account, (_, owner), (staff, person) = scene
        other = await account_of(services)
        email = (await people.person(services.db, person)).email
        made = await invite(other, email)
        await members.accept_place(services.db, made.token, clock.now())
        with pytest.raises(BelongsElsewhere):
            await act(team.reset_second_step, account, staff, By(owner), clock.now())
        assert (await people.person(services.db, person)).has_second_step


async def test_a_new_password_stands_in_every_account_of_the_person(services, join, invite):
    account, other, email = await account_of(services), await account_of(services), address()
    _, person = await join(account, "owner", email)
    hashed = await hash_password(PASSWORD, [])
    await services.db.execute("UPDATE people SET password_hash = $2 WHERE id=$1", person, hashed)
    made = await invite(other, email)
    token = await sign_ins.issue_ticket(
        services.db, "reset", None, person_id=person, expires_at=clock.now() + sign_ins.RESET_LIVES
    )
    await people.set_password_by_link(services.db, token, "reset", "nine brown otters", clock.now())
    rows = await services.db.fetch(
        "SELECT account_id, actor_kind, actor_name, subject FROM audit_entries"
        " WHERE verb = 'person.password' AND account_id = ANY($1)", [account, other],
    )  # fmt: skip
    assert [tuple(row) for row in rows] == [(account, "person", str(person), str(person))]
    assert made.member_id
