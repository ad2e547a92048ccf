"""Leaving an account, by oneself."""

from __future__ import annotations

from tearoff.accounts import team
from tearoff.accounts.owners import LastOwner
from tearoff.accounts.rights import LinkMissing, Right
from tearoff.kit import doorbook
from tearoff.kit.doorbook import Event
from tearoff.web.dashboard import sure
from tearoff.web.dashboard.pages import page, redirect
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.team_words import ONE_OWNER_STAYS
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently


async def leave(visit: Visit) -> Answer:
    """Their own affair: not by the link of a program, which could not remove them."""
    words, account = visit.words, visit.account
    if visit.who.scopes is not None:
        raise LinkMissing(Right.MEMBERS, visit.membership.role)
    if not visit.typed.is_ticked(sure.YES):
        return await sure.ask(
            visit,
            title=words("Leave {account}?", account=account.name),
            text=words(
                "You see nothing of it any more. To come back, somebody of its team has to invite"
                " you. Your other accounts stay as they are."
            ),
            button=words("Leave {account}", account=account.name),
            action="/profile/leave",
            back=visit.address("/profile"),
            at="/profile",
        )
    try:
        await patiently(_left(visit))
    except LastOwner:
        return await page(
            visit,
            "note",
            title=words("You are the last owner"),
            status=409,
            lines=[words(ONE_OWNER_STAYS)],
            links=[(visit.address("/team"), words("Team"))],
        )
    doorbook.note(Event.MEMBER_REMOVED, account=account.id, person=visit.who.person_id)
    return redirect(visit.request, "/")


async def _left(visit: Visit) -> None:
    async with visit.services.db.transaction() as db:
        await team.leave(db, visit.account.id, visit.who.person_id, visit.caller.actor, visit.now)


SCREENS = (Screen(method="POST", path="/profile/leave", right=None, act=leave),)
