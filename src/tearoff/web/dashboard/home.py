"""Where one begins: what is still to do, what runs, what needs attention."""

from __future__ import annotations

from tearoff.accounts.rights import Right
from tearoff.web.dashboard.pages import page
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer


async def show(visit: Visit) -> Answer:
    return await page(visit, "home", title=visit.words("Home"), at="/")


SCREENS = (Screen(path="/", right=Right.LOOK, act=show),)
