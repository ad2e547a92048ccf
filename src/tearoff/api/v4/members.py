"""`/v4/members`: the people of an account, and who is invited to it."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import msgspec

from tearoff.accounts import invitations, jobs, team, telling
from tearoff.accounts.invitations import Made
from tearoff.accounts.members import NewMember
from tearoff.accounts.owners import By
from tearoff.accounts.rights import ROLES, Right
from tearoff.accounts.sign_ins import INVITATION_LIVES
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.shapes import AT
from tearoff.kit import doorbook, mail
from tearoff.kit.db import Handle
from tearoff.kit.doorbook import Event
from tearoff.kit.words import LANGUAGES

TAG = "Members"


class Invitation(msgspec.Struct, frozen=True):
    """One that waits to be accepted. `mail`: `none` where the server sends no mail, `waiting`,
    `sending`, `sent` or `failed`, since `mail_at`; `mail_reason` is what the mail server said.
    `invited_by`: the id of a person, null for a program."""

    invited_by: int | None
    made_at: datetime
    expires_at: datetime
    mail: str
    mail_reason: str
    mail_at: datetime


class Member(msgspec.Struct, frozen=True):
    """Somebody who has a place in the account. `joined_at` is null and `invitation` set as long as
    they have not accepted it. `last_seen_at`: to the minute. `second_step` and
    `belongs_elsewhere` (to another account on this server too) are false until they have joined."""

    id: int
    role: str
    email: str
    first_name: str
    last_name: str
    created_at: datetime
    joined_at: datetime | None
    last_seen_at: datetime | None
    second_step: bool
    belongs_elsewhere: bool
    invitation: Invitation | None


class Invited(Member, frozen=True):
    """A member at the only moment at which the link of their invitation is shown."""

    invitation_url: str


async def list_members(call: Call, db: Handle) -> Page[Member]:
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (after,) = call.given.get("cursor", (0,))
    found = await team.listed(db, call.account.id, after=after, limit=limit + 1)
    return page_of("members", found, limit, show, lambda one: (one.id,))


async def get_member(call: Call, db: Handle) -> Member:
    return show(await team.find(db, call.account.id, call.given["id"]))


async def invite(call: Call, db: asyncpg.Connection) -> Invited:
    given = call.given
    new = NewMember(
        email=given["email"],
        first_name=given.get("first_name", ""),
        last_name=given.get("last_name", ""),
        language=given.get("language") or call.account.language,
        role=given["role"],
    )
    made = await invitations.invite(
        db, call.account.id, new, by_of(call), call.now, has_mail=_has_mail(call)
    )
    return await _invited(call, db, made)


async def renew(call: Call, db: asyncpg.Connection) -> Invited:
    made = await invitations.renew(
        db, call.account.id, call.given["id"], by_of(call), call.now, has_mail=_has_mail(call)
    )
    return await _invited(call, db, made)


async def withdraw(call: Call, db: asyncpg.Connection) -> None:
    member_id = call.given["id"]
    await invitations.withdraw(db, call.account.id, member_id, by_of(call), call.now)
    doorbook.note(Event.MEMBER_REMOVED, account=call.account.id, member=member_id)


async def change_member(call: Call, db: asyncpg.Connection) -> Member:
    given = call.given
    await team.change(
        db,
        call.account.id,
        given["id"],
        by_of(call),
        role=given.get("role"),
        first_name=given.get("first_name"),
        last_name=given.get("last_name"),
    )
    return await get_member(call, db)


async def remove_member(call: Call, db: asyncpg.Connection) -> None:
    member_id = call.given["id"]
    await team.remove(db, call.account.id, member_id, by_of(call), call.now)
    doorbook.note(Event.MEMBER_REMOVED, account=call.account.id, member=member_id)


async def reset_second_step(call: Call, db: asyncpg.Connection) -> None:
    """The person is told by mail, in their own language."""
    member_id, account = call.given["id"], call.account
    known = await team.reset_second_step(db, account.id, member_id, by_of(call), call.now)
    if known is None:
        return
    await telling.tell(db, "second_step", known.person_id, account.name)
    doorbook.note(Event.SECOND_STEP, account=account.id, member=member_id)
    doorbook.note(Event.MEMBER_SIGNED_OUT, account=account.id, member=member_id)


def by_of(call: Call) -> By:
    """Who came by a program's link does what a program may."""
    member = call.caller.member
    return By(member.person_id if member and member.scopes is None else None)


def _has_mail(call: Call) -> bool:
    return mail.can_send(call.doors.services.settings)


async def _invited(call: Call, db: asyncpg.Connection, made: Made) -> Invited:
    services, account_id = call.doors.services, call.account.id
    url = f"{services.settings.link_host}/password/{made.token}"
    await jobs.order_invitation_mail(db, services, made, url)
    doorbook.note(Event.PASSWORD_LINK, account=account_id, member=made.member_id)
    shown = show(await team.find(db, account_id, made.member_id))
    return Invited(**msgspec.structs.asdict(shown), invitation_url=url)


def show(one: team.Teammate) -> Member:
    return Member(
        one.id, one.role, one.email, one.first_name, one.last_name, one.created_at, one.joined_at,
        one.last_seen_at, one.has_second_step, one.is_elsewhere, _waits(one.invitation),
    )  # fmt: skip


def _waits(one: team.Invitation | None) -> Invitation | None:
    if one is None:
        return None
    return Invitation(
        one.invited_by, one.made_at, one.expires_at, one.mail_state, one.mail_reason, one.mail_at
    )


_NAME = p.text(team.LONGEST_NAME)
_DAYS = INVITATION_LIVES // timedelta(days=1)
_ROLE = f.words_field("role", ROLES, "What they may do. A key makes no owners.", "editor")
_NAMES = (
    f.text_field("first_name", _NAME, "First name.", "Bo"),
    f.text_field("last_name", _NAME, "Last name.", "Peeters"),
)
FIELDS = (
    f.text_field("email", p.email, "Whom the invitation is for.", "bo@example.com", required=True),
    msgspec.structs.replace(_ROLE, required=True),
    *_NAMES,
    f.words_field("language", LANGUAGES, "Of the invitation to somebody who is new on this server;"
                  " the account's if left out.", "nl"),
)  # fmt: skip
_ID = f.path_id("id", "tea", "Id of the member.", 100001)
_MEMBER = Member(
    100001, "editor", "bo@example.com", "Bo", "Peeters", AT, AT, AT, True, False, None
)  # fmt: skip
_INVITED = Invited(
    100001, "editor", "bo@example.com", "Bo", "Peeters", AT, None, None, False, False,
    Invitation(None, AT, AT + INVITATION_LIVES, "waiting", "", AT),
    "https://coupons.example.com/password/…",
)  # fmt: skip
LIST = Operation(
    method="GET",
    path="/v4/members",
    tag=TAG,
    right=Right.MEMBERS,
    summary="Who is in the account, and who is invited.",
    query=(LIMIT, cursor_field("members", int)),
    act=list_members,
    errors=(201, 300, 301),
    answers={200: ("A page of members.", Page[Member])},
    example=Page([_MEMBER]),
)
INVITE = Operation(
    method="POST",
    path="/v4/members",
    tag=TAG,
    right=Right.MEMBERS,
    verb="member.invite",
    personal=True,
    noted=("role", "invitation_url"),
    summary=f"Invite somebody: by mail where the server sends mail, and by the link in the answer,"
    f" which is shown here and never again. It works once, for {_DAYS} days.",
    body=FIELDS,
    act=invite,
    errors=(200, 201, 300, 301, 302, 304, 305, 403, 409, 422, 516),
    answers={201: ("The member, who has to accept.", Invited)},
    example=_INVITED,
)
GET = Operation(
    method="GET",
    path="/v4/members/{id}",
    tag=TAG,
    right=Right.MEMBERS,
    summary="One member.",
    path_fields=(_ID,),
    act=get_member,
    errors=(404, 501),
    answers={200: ("The member.", Member)},
    example=_MEMBER,
)
CHANGE = Operation(
    method="PATCH",
    path="/v4/members/{id}",
    tag=TAG,
    right=Right.MEMBERS,
    verb="member.change",
    personal=True,
    noted=("role",),
    look=get_member,
    summary="Change somebody's role, which counts from their next request on, or what the account"
    " calls them. Only owners change owners, and one of them stays.",
    path_fields=(_ID,),
    body=(_ROLE, *_NAMES),
    act=change_member,
    errors=(201, 300, 301, 302, 403, 404, 409, 422, 501, 528),
    answers={200: ("The member as it is then.", Member)},
    example=_MEMBER,
)
REMOVE = Operation(
    method="DELETE",
    path="/v4/members/{id}",
    tag=TAG,
    right=Right.MEMBERS,
    verb="member.remove",
    personal=True,
    summary="Remove somebody: their next request is refused. Only owners remove owners, and one of"
    " them stays.",
    path_fields=(_ID,),
    act=remove_member,
    errors=(403, 404, 409, 422, 501, 528),
    answers={204: ("They have no place here any more.", None)},
)
RENEW = Operation(
    method="POST",
    path="/v4/members/{id}/invitation",
    tag=TAG,
    right=Right.MEMBERS,
    verb="member.invite_again",
    personal=True,
    noted=("invitation_url",),
    summary="Make another link for somebody who has not accepted yet, and send it; the one before"
    " is over.",
    path_fields=(_ID,),
    act=renew,
    errors=(403, 404, 409, 422, 501, 529),
    answers={200: ("The member, with the new link.", Invited)},
    example=_INVITED,
)
WITHDRAW = Operation(
    method="DELETE",
    path="/v4/members/{id}/invitation",
    tag=TAG,
    right=Right.MEMBERS,
    verb="member.withdraw",
    personal=True,
    summary="Withdraw an invitation that was not accepted yet: its link is over at once.",
    path_fields=(_ID,),
    act=withdraw,
    errors=(403, 404, 409, 422, 501, 529),
    answers={204: ("There is no invitation any more.", None)},
)
RESET_SECOND_STEP = Operation(
    method="DELETE",
    path="/v4/members/{id}/second-step",
    tag=TAG,
    right=Right.MEMBERS,
    verb="member.second_step",
    personal=True,
    summary="Take away the second step of somebody who has lost it. They are signed out everywhere"
    " and told by mail. Not of somebody who belongs to another account too.",
    path_fields=(_ID,),
    act=reset_second_step,
    errors=(403, 404, 409, 422, 501, 530),
    answers={204: ("Their password alone lets them in.", None)},
)
OPERATIONS = (LIST, INVITE, GET, CHANGE, REMOVE, RENEW, WITHDRAW, RESET_SECOND_STEP)
