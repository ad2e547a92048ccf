"""A campaign's coupons: who has one, and how each stands."""

from __future__ import annotations

from typing import Any

from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaigns, sessions, shapes
from tearoff.api.v4.fields import BadFields
from tearoff.api.v4.operation import find
from tearoff.web.dashboard import standings
from tearoff.web.dashboard.pages import page
from tearoff.web.dashboard.saying import problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

ROWS = 50

_CAMPAIGN = find(campaigns.OPERATIONS, "GET /v4/campaigns/{id}")


async def show_list(visit: Visit) -> Answer:
    campaign = await visit.read(_CAMPAIGN, id=visit.path["id"])
    wanted, problems = visit.query.get("q", "").strip(), None
    asked = {"id": campaign.id, "order": "newest", "limit": ROWS}
    rows, cursor = [], None
    try:
        found = await visit.read(
            sessions.LIST, **asked, search=wanted or None, cursor=visit.query.get("cursor") or None
        )
        rows, cursor = found.data, found.next_cursor
    except BadFields as bad:
        problems = problems_of(visit.words, bad)
    path = f"/campaigns/{campaign.id}/coupons"
    return await page(
        visit,
        "coupons",
        title=visit.words("Coupons handed out"),
        at="/campaigns",
        status=422 if problems else 200,
        campaign=campaign,
        rows=[_row(visit, row) for row in rows],
        wanted=wanted,
        problems=problems,
        first=visit.address(path, q=wanted) if visit.query.get("cursor") else "",
        next=visit.address(path, q=wanted, cursor=cursor) if cursor else "",
    )


def _row(visit: Visit, row: shapes.Session) -> dict[str, Any]:
    return {
        "row": row,
        "standing": standings.of_coupon(row.state),
        "to": standings.recipient(visit, row.customer.phone or row.customer.email),
        "name": standings.name_of(visit, row),
        "address": visit.address(f"/coupons/{row.short_code}"),
    }


SCREENS = (Screen(path="/campaigns/{id:int}/coupons", right=Right.LOOK, act=show_list),)
