"""The first or the last day of a coupon for a calendar, and when a public offer begins."""

from __future__ import annotations

from datetime import datetime

from litestar import route

from tearoff.accounts import queries as accounts
from tearoff.coupons import rules
from tearoff.coupons.links import Linked
from tearoff.coupons.models import Campaign
from tearoff.kit import clock
from tearoff.kit.services import services_of
from tearoff.web import ics, notes, personal
from tearoff.web.finding import PERSONAL, PUBLIC, find, find_campaign, patiently
from tearoff.web.offer import offer
from tearoff.web.paper import Answer, answer
from tearoff.web.save import ALONE, can_save
from tearoff.web.visits import READ, AnyRequest, Part, Visit, visit_of, visit_to


@route([f"{path}/coupon.ics" for path in PERSONAL], http_method=READ)
async def show_calendar(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """For the consumer's calendar: the first day of a coupon that is not valid yet, the last
    day of one that can be used."""
    now = clock.now()
    found = await find(services_of(request), campaign, session)
    event = None if found is None else _event(found, visit_to(request, found), now)
    return notes.unknown(request) if event is None else _calendar(event)


@route([f"{path}/coupon.ics" for path in PUBLIC], http_method=READ)
async def show_first_day(request: AnyRequest, campaign: Part) -> Answer:
    """When a public offer begins."""
    services, now = services_of(request), clock.now()
    found = await find_campaign(services, campaign)
    if found is None or found.status != "active" or found.starts_at is None or found.has_begun(now):
        return notes.unknown(request)
    visit = visit_of(request, found)
    account = await patiently(accounts.account(services.db, found.account_id))
    host = (account and account.link_host) or visit.link_host
    entry = _entry(found, visit, "offer", f"{host}/p/{found.code}")
    return _calendar(ics.first_day(entry, found.starts_at, now))


def _calendar(event: str) -> Answer:
    headers = [("content-type", "text/calendar; charset=utf-8"), *ALONE]
    return answer(200, headers, event.encode("utf-8", "replace"))


def _event(found: Linked, visit: Visit, now: datetime) -> str | None:
    campaign, session = found.campaign, found.session
    entry = _entry(campaign, visit, str(session.id), personal.link_of(found, visit))
    state = rules.state_of(session, campaign, now)
    if state is rules.State.NOT_YET and campaign.starts_at is not None:
        return ics.first_day(entry, campaign.starts_at, now)
    ends = session.expiry(campaign)
    if ends is None or not can_save(found, now):
        return None
    return ics.last_day(entry, ends, campaign.timezone, now)


def _entry(campaign: Campaign, visit: Visit, of: str, link: str) -> ics.Entry:
    told = offer(campaign, visit)
    title = " · ".join(part for part in (told.title, told.brand) if part)
    return ics.Entry(f"{campaign.code}-{of}", title, link)


HANDLERS = [show_calendar, show_first_day]
