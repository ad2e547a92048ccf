"""The visible page reports itself: who was it, and what is noted of it.

A person's open is the one that counts: it sets `opened_at`, is announced, and is listed. A
robot's, or one that nobody can be sure of, is a line in the coupon's time line only; the page
reports itself again next time, and claiming, revealing or using the coupon opens it anyway.
"""

from __future__ import annotations

from datetime import datetime

from litestar import post
from litestar.params import FromPath

from tearoff.coupons import rules
from tearoff.coupons.models import Doer
from tearoff.coupons.sessions import actions, opens, updates
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.kit import clock, metrics
from tearoff.kit.proxies import client_address, network_of
from tearoff.kit.services import Services, services_of
from tearoff.web.coupon import finding
from tearoff.web.coupon.robots import Judged, judge_request
from tearoff.web.coupon.user_agents import device_of
from tearoff.web.paper import forms
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import AnyRequest, patiently

Part = FromPath[str]

_SEEN = "the page was visible"


@post([f"{path}/open" for path in finding.PERSONAL])
async def report_open(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """The visible page reports itself. The answer is the same whatever becomes of it."""
    services, form, now = services_of(request), await forms.read_form(request), clock.now()
    found = await finding.find(services, campaign, session)
    if found is not None and _is_news(services, found, form.token, now):
        await patiently(_record(request, services, found, now))
    return answer(204, [("cache-control", "no-store")])


def _is_news(services: Services, found: Linked, token: str, now: datetime) -> bool:
    """Whether this page was shown by us, for a coupon that nobody has opened and that still
    can be."""
    if found.session.opened_at is not None:
        return False
    if rules.why_over(found.session, found.campaign, now) is not None:
        return False
    return forms.shown_uses(services.vault, token, found.session.code, now) is not None


async def _record(request: AnyRequest, services: Services, found: Linked, now: datetime) -> None:
    judged = judge_request(request)
    if judged.verdict == "human":
        network = network_of(client_address(request.scope, services.settings.trusted_proxies))
        if await opens.is_burst(services.db, found.session, network, now):
            judged = Judged("unsure", f"many coupons opened at once from {network}")
    metrics.opens.labels(judged.verdict).inc()
    if judged.verdict == "human":
        await _open(services, found, device_of(request.headers), now)
    else:
        await opens.note(services.db, found.session, judged.verdict, judged.reason, now)


async def _open(
    services: Services, found: Linked, device: tuple[str, str, str], now: datetime
) -> None:
    try:
        async with services.db.transaction() as db:
            doer = Doer(actor="consumer", channel="page", reason=_SEEN)
            listener = found.listener(services.settings.link_host)
            await actions.change(db, found.both, "opened", doer=doer, now=now, listener=listener)
            await updates.set_device(db, found.session.id, device)
    except rules.CannotUse:
        return
