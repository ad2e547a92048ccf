"""One message: what became of it, live until nothing more is to be expected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaigns, shapes
from tearoff.api.v4.messages import GET
from tearoff.api.v4.operation import find
from tearoff.web.dashboard import standings
from tearoff.web.dashboard.pages import nothing_new, page
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

WATCHED = timedelta(minutes=10)
"""How long a page that stands open asks for news."""

_CAMPAIGN = find(campaigns.OPERATIONS, "GET /v4/campaigns/{id}")


async def show(visit: Visit) -> Answer:
    message = await visit.read(GET, id=visit.path["id"])
    mark = f"{message.state}-{len(message.timeline)}"
    since = _since(visit)
    is_live = not standings.is_settled(message) and visit.now - since < WATCHED
    if visit.is_part and is_live and visit.query.get("mark") == mark:
        return nothing_new()
    to = standings.recipient(visit, message.recipient)
    return await page(
        visit,
        "message",
        title=visit.words("Message to {to}", to=to),
        at="/send",
        message=message,
        to=to,
        standing=standings.of_message(message),
        reason=_reason(visit, message),
        sees=standings.sees_people(visit),
        campaign=await _campaign(visit, message),
        is_live=is_live,
        is_settled=standings.is_settled(message),
        next=visit.address(
            f"/messages/{message.id}", mark=mark, since=int(since.timestamp())
        ),
    )  # fmt: skip


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
    return f"{visit.words(ours)} {theirs}".strip()


async def _campaign(visit: Visit, message: shapes.Message) -> object:
    if message.campaign is None:
        return None
    return await visit.read(_CAMPAIGN, id=message.campaign)


SCREENS = (Screen(path="/messages/{id:int}", right=Right.LOOK, act=show),)
