"""Team: who is in the account, what each may do, and who is invited. The link of an invitation
stands on the page that answers the form which made it, and on no other."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec
from markupsafe import Markup

from tearoff.accounts import queries
from tearoff.accounts.invitations import AlreadyInvited, AlreadyMember
from tearoff.accounts.members import EmailTaken
from tearoff.accounts.owners import LastOwner
from tearoff.accounts.rights import ROLES, Right, RoleMissing
from tearoff.api.v4 import members as v4
from tearoff.api.v4.operation import Operation
from tearoff.errors import NotFound, TearoffError
from tearoff.kit import mail
from tearoff.web.dashboard import choices, role_words, sure
from tearoff.web.dashboard.forms import given_by
from tearoff.web.dashboard.pages import nothing_new, page, to
from tearoff.web.dashboard.saying import ROLE_NAMES, Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.team_words import ONE_OWNER_STAYS, Standing, name_of, standing_of
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

AT = "/team"
_ONE = "/team/{id:int}"
_NO_PROBLEMS = Problems()
_NEW_ROLE = "staff"
"""The one that may least is chosen until somebody chooses another."""


class Shown(msgspec.Struct, frozen=True):
    """A member with what is said of them. `by`: who invited them, "" for nobody who is known."""

    member: v4.Member
    name: str
    role: str
    is_self: bool
    standing: Standing | None
    by: str


async def show_all(visit: Visit) -> Answer:
    asked = {name: visit.query[name] for name in ("cursor",) if name in visit.query}
    found = await visit.read(v4.LIST, **asked)
    return await page(
        visit,
        "team",
        title=visit.words("Team"),
        at=AT,
        team=[_shown(visit, member, {}) for member in found.data],
        next_cursor=found.next_cursor,
        is_first="cursor" not in visit.query,
        heads=role_words.heads(visit.words),
        grants=role_words.table(visit.words),
    )


def _shown(visit: Visit, member: v4.Member, names: dict[int, str]) -> Shown:
    waits = member.invitation
    by = names.get(waits.invited_by, "") if waits and waits.invited_by else ""
    return Shown(
        member,
        name_of(member),
        visit.words(ROLE_NAMES[member.role]),
        member.email.lower() == visit.who.email.lower(),
        standing_of(visit, member),
        by,
    )


# inviting -------------------------------------------------------------------------------------


async def show_new(visit: Visit) -> Answer:
    return await _new(visit, _NO_PROBLEMS)


async def _new(visit: Visit, problems: Problems, known: int | None = None) -> Answer:
    """`known`: the member who has the address that was typed."""
    return await page(
        visit,
        "team_new",
        title=visit.words("Invite somebody"),
        at=AT,
        status=422 if problems else 200,
        roles=_roles(visit),
        role=_NEW_ROLE,
        languages=choices.languages(),
        language=visit.account.language,
        problems=problems,
        known=known,
        once=secrets.token_urlsafe(9),
    )


def _roles(visit: Visit, own: str = "") -> list[tuple[str, Markup]]:
    """Those that this person can give, and the member's own."""
    words, said = visit.words, Markup("<b>{}</b><span class='under'>{}</span>")
    is_owner = visit.membership.role == "owner"
    return [
        (role, said.format(words(ROLE_NAMES[role]), role_words.means(words, role)))
        for role in ROLES
        if role != "owner" or is_owner or own == "owner"
    ]


async def invite(visit: Visit) -> Answer:
    words = visit.words
    given = given_by(v4.INVITE.body, visit.typed)
    try:
        made = await visit.do(v4.INVITE, given, once=visit.typed.text("once"))
    except AlreadyInvited as error:
        text = words("Somebody with this address is invited already, and has not accepted yet.")
        return await _new(visit, Problems({"email": text}), error.member_id)
    except AlreadyMember as error:
        text = words("Somebody with this address is in the team already.")
        return await _new(visit, Problems({"email": text}), error.member_id)
    except EmailTaken:
        text = words(
            "Somebody with this address is in your main account or one of its subaccounts."
        )
        return await _new(visit, Problems({"email": text}))
    except TearoffError as error:
        return await _new(visit, _problems(visit, error))
    return await _link(visit, made)


async def renew(visit: Visit) -> Answer:
    made = await _done(visit, v4.RENEW, once=visit.typed.text("once"))
    return made if isinstance(made, Answer) else await _link(visit, made)


async def _link(visit: Visit, made: v4.Invited | None) -> Answer:
    """The same form sent again shows no link: it stood on the page that answered the first."""
    if made is None:
        said = visit.words("The invitation was made. Its link was shown once: make a new one here.")
        return to(visit, f"{AT}/{visit.path['id']}" if "id" in visit.path else AT, said=said)
    return await page(
        visit,
        "team_invited",
        title=visit.words("{name} is invited", name=name_of(made)),
        at=AT,
        one=_shown(visit, made, {}),
        url=made.invitation_url,
    )


# one of them ----------------------------------------------------------------------------------


async def show(visit: Visit) -> Answer:
    member = await _member(visit)
    one = _shown(visit, member, {})
    if visit.is_part and one.standing and visit.query.get("mark") == one.standing.mark:
        return nothing_new()
    return await _one(visit, member, _NO_PROBLEMS)


async def _member(visit: Visit) -> v4.Member:
    found: v4.Member = await visit.read(v4.GET, id=visit.path["id"])
    return found


async def _one(visit: Visit, member: v4.Member, problems: Problems) -> Answer:
    waits, names = member.invitation, dict[int, str]()
    if waits and waits.invited_by:
        db, account_id = visit.services.db, visit.account.id
        names = await patiently(queries.names_of(db, account_id, [waits.invited_by]))
    return await page(
        visit,
        "team_member",
        title=name_of(member),
        at=AT,
        status=422 if problems else 200,
        one=_shown(visit, member, names),
        member=member,
        roles=_roles(visit, member.role),
        may_touch=visit.membership.role == "owner" or member.role != "owner",
        is_owner=visit.membership.role == "owner",
        sends_mail=mail.can_send(visit.services.settings),
        problems=problems,
        once=secrets.token_urlsafe(9),
    )


async def save(visit: Visit) -> Answer:
    given = given_by(v4.CHANGE.body, visit.typed)
    done = await _done(visit, v4.CHANGE, given)
    if isinstance(done, Answer):
        return done
    if done.email.lower() == visit.who.email.lower():  # their own role may show this page no more
        return to(visit, "/", said=visit.words("Saved."))
    said = visit.words("Saved. It holds from the next page that {name} opens.", name=name_of(done))
    return to(visit, f"{AT}/{done.id}", said=said)


async def withdraw(visit: Visit) -> Answer:
    member = await _member(visit)
    done = await _done(visit, v4.WITHDRAW)
    if isinstance(done, Answer):
        return done
    words = visit.words
    return to(visit, AT, said=words("The invitation of {name} is withdrawn.", name=name_of(member)))


async def remove(visit: Visit) -> Answer:
    member, words = await _member(visit), visit.words
    name = name_of(member)
    if not visit.typed.is_ticked(sure.YES):
        return await sure.ask(
            visit,
            title=words("Remove {name}?", name=name),
            text=words(
                "The next page that they open is refused, in every window. What they did stays, and"
                " they can be invited again."
            ),
            button=words("Remove {name}", name=name),
            action=f"{AT}/{member.id}/remove",
            back=visit.address(f"{AT}/{member.id}"),
            at=AT,
        )
    done = await _done(visit, v4.REMOVE)
    return done or to(visit, AT, said=words("{name} is removed.", name=name))


async def reset_second_step(visit: Visit) -> Answer:
    member, words = await _member(visit), visit.words
    name = name_of(member)
    if not visit.typed.is_ticked(sure.YES):
        return await sure.ask(
            visit,
            title=words("Take away the second step of {name}?", name=name),
            text=words(
                "For somebody who has lost the phone and the recovery codes. Ask them yourself that"
                " it is them. Their password alone lets them in then; they are signed out"
                " everywhere, and told by mail."
            ),
            button=words("Take it away"),
            action=f"{AT}/{member.id}/second-step",
            back=visit.address(f"{AT}/{member.id}"),
            at=AT,
        )
    done = await _done(visit, v4.RESET_SECOND_STEP)
    said = words("{name} signs in with the password alone now.", name=name)
    return done or to(visit, f"{AT}/{member.id}", said=said)


async def _done(
    visit: Visit, operation: Operation, given: dict[str, Any] | None = None, once: str = ""
) -> Any:
    """What it gives; an `Answer` where it was refused, which says why."""
    try:
        return await visit.do(operation, {"id": visit.path["id"], **(given or {})}, once=once)
    except (NotFound, RoleMissing):
        raise
    except TearoffError as error:
        return await _one(visit, await _member(visit), _problems(visit, error))


def _problems(visit: Visit, error: TearoffError) -> Problems:
    if isinstance(error, LastOwner):
        return Problems(page=visit.words(ONE_OWNER_STAYS))
    return problems_of(visit.words, error)


SCREENS = (
    Screen(path=AT, right=Right.MEMBERS, act=show_all),
    Screen(path="/team/new", right=Right.MEMBERS, act=show_new, confirmed=True),
    Screen(method="POST", path="/team/new", right=Right.MEMBERS, act=invite, confirmed=True),
    Screen(path=_ONE, right=Right.MEMBERS, act=show),
    Screen(method="POST", path=_ONE, right=Right.MEMBERS, act=save, confirmed=True),
    Screen(
        method="POST", path=f"{_ONE}/invitation", right=Right.MEMBERS, act=renew, confirmed=True
    ),
    Screen(
        method="POST", path=f"{_ONE}/withdraw", right=Right.MEMBERS, act=withdraw, confirmed=True
    ),
    Screen(method="POST", path=f"{_ONE}/remove", right=Right.MEMBERS, act=remove, confirmed=True),
    Screen(
        method="POST",
        path=f"{_ONE}/second-step",
        right=Right.MEMBERS,
        act=reset_second_step,
        confirmed=True,
    ),
)
