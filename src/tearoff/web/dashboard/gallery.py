"""Every component in every state, on one page, for those who build screens. It is there where
everything of this machine is open to tests and the demo (`TEAROFF_ALLOW_LOOPBACK`)."""

from __future__ import annotations

from datetime import timedelta

from tearoff.accounts.rights import Right
from tearoff.web.dashboard import phone_address
from tearoff.web.dashboard.pages import page
from tearoff.web.dashboard.saying import Problems
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import NotFoundHere, Visit
from tearoff.web.paper.html import Answer


async def show(visit: Visit) -> Answer:
    if not visit.services.settings.allow_loopback:
        raise NotFoundHere
    return await page(
        visit,
        "gallery",
        title="Components",
        problems=Problems({"title": "At most 60 characters.", "ends": "This is over."}, "Both."),
        earlier=visit.now - timedelta(minutes=3),
        phone=phone_address.of(visit),
        end=visit.now + timedelta(days=30),
    )


SCREENS = (Screen(path="/components", right=Right.LOOK, act=show),)
