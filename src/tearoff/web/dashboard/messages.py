"""One message: what became of it, live until nothing more is to be expected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaigns, shapes
from tearoff.api.v4.messages import GET
from tearoff.api.v4.operation import find
from tearoff.messages import connections
from tearoff.web.dashboard import standings
from tearoff.web.dashboard.pages import nothing_new, page
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

WATCHED = timedelta(minutes=10)
"""How long a page that stands open asks for news."""

_CAMPAIGN = find(campaigns.OPERATIONS, "GET /v4/campaigns/{id}")


async def show(visit: Visit) -> Answer:
    message = await visit.read(GET, id=visit.path["id"])
    watched = await watch(visit, message)
    if visit.is_part and watched["is_live"] and visit.query.get("mark") == _mark(message):
        return nothing_new()
    to = standings.recipient(visit, message.recipient)
    return await page(
        visit,
        "message",
        title=visit.words("Message to {to}", to=to),
        at="/send",
        to=to,
        sees=standings.sees_people(visit),
        campaign=await _campaign(visit, message),
        **watched,
    )


async def watch(visit: Visit, message: shapes.MessageWithTimeline) -> dict[str, Any]:
    """What `way.html` shows of a message, on whatever page; it asks for news of itself here."""
    is_settled, since = standings.is_settled(message), _since(visit)
    return {
        "message": message,
        "standing": standings.of_message(message),
        "reason": _reason(visit, message),
        "pretence": await _pretence(visit, message),
        "is_settled": is_settled,
        "is_live": not is_settled and visit.now - since < WATCHED,
        "next": visit.address(
            f"/messages/{message.id}", mark=_mark(message), since=int(since.timestamp())
        ),
    }


def _mark(message: shapes.MessageWithTimeline) -> str:
    return f"{message.state}-{len(message.timeline)}"


def _since(visit: Visit) -> datetime:
    """When the page was opened, as it says itself."""
    text = visit.query.get("since", "")
    if not (visit.is_part and text.isascii() and text.isdigit() and len(text) < 12):
        return visit.now
    return datetime.fromtimestamp(int(text), UTC)


def _reason(visit: Visit, message: shapes.Message) -> str:
    """Why it failed: in the reader's language, and what the provider itself said behind it."""
    if message.state != "failed" or not message.reason:
        return ""
    ours = standings.REASONS.get(message.reason, standings.REASONS["other"])
    theirs = (message.reason_text or "").removeprefix(ours).strip()
    said = visit.words(ours)
    return f"{said} {theirs}".strip()


async def _pretence(visit: Visit, message: shapes.Message) -> str:
    """No delivery is claimed that nobody has reported: the trial makes its receipts itself."""
    db, account_id = visit.services.db, visit.account.id
    if not await patiently(connections.was_trial(db, account_id, message.id)):
        return ""
    return visit.words("The trial only pretends this: it went to a log, and no phone has it.")


async def _campaign(visit: Visit, message: shapes.Message) -> object:
    if message.campaign is None:
        return None
    return await visit.read(_CAMPAIGN, id=message.campaign)


SCREENS = (Screen(path="/messages/{id:int}", right=Right.LOOK, act=show),)
