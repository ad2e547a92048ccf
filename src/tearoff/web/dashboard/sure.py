"""Asks once more before something is done to several things, by their names and number."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from tearoff.web.dashboard.pages import page
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

YES = "sure"
_SHOWN = 12


async def ask(
    visit: Visit,
    *,
    title: str,
    text: str,
    button: str,
    action: str,
    back: str,
    at: str,
    names: Sequence[str] = (),
    values: Iterable[tuple[str, object]] = (),
    is_dangerous: bool = True,
    status: int = 200,
) -> Answer:
    """`values` go with the answer, which is a form sent to `action` with `YES` in it; `back` is
    the address of the page on which it was begun: Cancel leads there."""
    return await page(
        visit,
        "sure",
        title=title,
        at=at,
        status=status,
        text=text,
        button=button,
        action=visit.address(action),
        cancel=back,
        names=names[:_SHOWN],
        rest=max(0, len(names) - _SHOWN),
        values=[*values, ("back", back), (YES, "1"), ("once", secrets.token_urlsafe(9))],
        is_dangerous=is_dangerous,
    )
