"""A coupon in a calendar: when it begins, and when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from litestar import route

from tearoff.accounts import queries as accounts
from tearoff.coupons import rules
from tearoff.coupons.models import Campaign
from tearoff.kit import clock, times
from tearoff.kit.hours import in_words
from tearoff.kit.services import services_of
from tearoff.web.coupon import personal, savable
from tearoff.web.coupon.dates import lines_of
from tearoff.web.coupon.finding import PERSONAL, PUBLIC, find, find_campaign
from tearoff.web.coupon.last_try import to_coupon
from tearoff.web.coupon.offer import offer
from tearoff.web.coupon.visits import Part, Visit, visit_of, visit_to
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.save import ics
from tearoff.web.save.save import ALONE


@route([f"{path}/coupon.ics" for path in PERSONAL], http_method=READ)
async def show_calendar(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """For the consumer's calendar: when the coupon begins, if that is ahead, and when it ends.
    Once it is of no use any more, its page says why."""
    now = clock.now()
    found = await find(services_of(request), campaign, session)
    if found is None:
        return notes.unknown(request)
    visit, state = visit_to(request, found), rules.state_of(found.session, found.campaign, now)
    entries = []
    if state is rules.State.NOT_YET or savable.can_save(found, state):
        starts, ends = savable.starts_at(found, now), savable.ends_at(found, now)
        uid, link = f"{found.campaign.code}-{found.session.id}", personal.link_of(found, visit)
        entries = [*_entries(found.campaign, visit, uid, link, starts, ends, now)]
    return _calendar(entries, now) if entries else to_coupon(request, found)


@route([f"{path}/coupon.ics" for path in PUBLIC], http_method=READ)
async def show_first_day(request: AnyRequest, campaign: Part) -> Answer:
    """The same of a public offer that has not begun."""
    services, now = services_of(request), clock.now()
    found = await find_campaign(services, campaign)
    if found is None or found.status == "draft":
        return notes.unknown(request)
    visit = visit_of(request, found)
    starts, path = rules.first_use(found), f"/p/{found.code}"
    if found.status != "active" or starts is None or found.has_begun(now):
        headers = [("location", f"{path}{visit.query}"), ("cache-control", "private, no-store")]
        return answer(303, headers)
    account = await patiently(accounts.account(services.db, found.account_id))
    host = (account and account.link_host) or visit.link_host
    ends = rules.last_use(found, found.expires_at)
    entries = _entries(found, visit, f"{found.code}-offer", f"{host}{path}", starts, ends, now)
    return _calendar(entries, now)


def _calendar(entries: Iterable[ics.Entry], now: datetime) -> Answer:
    headers = [("content-type", "text/calendar; charset=utf-8"), *ALONE]
    return answer(200, headers, ics.print_calendar(entries, now).encode("utf-8", "replace"))


def _entries(
    campaign: Campaign,
    visit: Visit,
    uid: str,
    link: str,
    starts: datetime | None,
    ends: datetime | None,
    now: datetime,
) -> Iterator[ics.Entry]:
    """The first hour and the last one. Their titles say what happens at which time of the shop's
    clock, the text says it in full."""
    told, words, zone = offer(campaign, visit), visit.words, campaign.timezone
    name = " · ".join(part for part in (told.title, told.brand) if part)
    link += visit.query
    # A calendar shows its entries on its own clock, wherever that is.
    city = times.city_of(zone, visit.language)
    place = f" ({city})" if city else ""
    told_dates = lines_of(campaign, visit, starts, ends)
    lines = [f"{line.words} {line.date}{place}" for line in told_dates]
    text = "\n".join([*lines, *in_words(campaign.options.hours, visit.language), link])
    if starts is not None:
        title = words(
            "Valid from {time}: {title}", time=f"{times.clock_of(starts, zone):%H:%M}", title=name
        )
        rings = ics.rings_of_start(starts, zone, now)
        yield ics.Entry(f"{uid}-first", title, text, link, starts, starts + ics.HOUR, rings)
    if ends is not None and (starts is None or starts < ends):
        title = words(
            "Ends at {time}: {title}", time=f"{times.end_clock(ends, zone):%H:%M}", title=name
        )
        rings = ics.rings_of_end(ends, zone, now)
        yield ics.Entry(f"{uid}-last", title, text, link, ends - ics.HOUR, ends, rings)


HANDLERS = [show_calendar, show_first_day]
