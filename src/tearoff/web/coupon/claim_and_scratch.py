"""What the consumer does with a coupon: activate it, ask for more time, scratch it. Each is a
POST of the page's own form and answers with a redirect to the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from litestar import post

from tearoff.coupons import rules
from tearoff.coupons.models import Doer
from tearoff.coupons.sessions import actions, scratch
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.hooks.models import Listener
from tearoff.kit import clock
from tearoff.kit.db import Handle
from tearoff.kit.services import services_of
from tearoff.web.coupon.finding import PERSONAL, find
from tearoff.web.coupon.last_try import tell
from tearoff.web.coupon.robots import is_robot
from tearoff.web.coupon.standing import path_of
from tearoff.web.coupon.visits import Part, visit_to
from tearoff.web.paper import forms, notes
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import AnyRequest, patiently

Step = Callable[[Handle, Linked, Listener | None, datetime], Awaitable[object]]

_DOER = Doer(actor="consumer", channel="page")


@post([f"{path}/claim" for path in PERSONAL])
async def claim(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """Open the window in which the coupon can be used; once it is over, another one."""

    async def step(db: Handle, found: Linked, listener: Listener | None, now: datetime) -> None:
        kind = "claimed" if found.session.claimed_at is None else "reactivated"
        await actions.change(db, found.both, kind, doer=_DOER, now=now, listener=listener)

    return await _take(request, campaign, session, step)


@post([f"{path}/lengthen" for path in PERSONAL])
async def lengthen(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    async def step(db: Handle, found: Linked, listener: Listener | None, now: datetime) -> None:
        await actions.change(db, found.both, "lengthened", doer=_DOER, now=now, listener=listener)

    return await _take(request, campaign, session, step)


@post([f"{path}/scratch" for path in PERSONAL])
async def reveal(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    async def step(db: Handle, found: Linked, listener: Listener | None, now: datetime) -> None:
        await scratch.reveal(db, found.both, doer=_DOER, now=now, listener=listener)

    return await _take(request, campaign, session, step)


async def _take(request: AnyRequest, campaign: str, session: str, step: Step) -> Answer:
    """A robot, or a form that is not of this page, changes nothing; the page says so."""
    services, form, now = services_of(request), await forms.read_form(request), clock.now()
    found = await find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    if is_robot(request):
        return tell(request, found, now, 200, "no_person")
    if forms.is_from_elsewhere(request):
        return tell(request, found, now, 200, "too_old")
    if forms.shown_uses(services.vault, form.token, found.session.code, now) is None:
        return tell(request, found, now, 422, "too_old")
    try:
        await patiently(_do(request, found, step, now))
    except rules.CannotUse:
        return tell(request, found, now, 409)
    to = path_of(found) + visit_to(request, found).query
    return answer(303, [("location", to), ("cache-control", "no-store")])


async def _do(request: AnyRequest, found: Linked, step: Step, now: datetime) -> None:
    services = services_of(request)
    async with services.db.transaction() as db:
        await step(db, found, found.listener(services.settings.link_host), now)


HANDLERS = [claim, lengthen, reveal]
