"""The coupon of a campaign that this phone has already: the cookie that knows it, and the way to
it."""

from __future__ import annotations

import re
from datetime import datetime

from tearoff.coupons import rules
from tearoff.coupons.models import Campaign
from tearoff.coupons.sessions.behind_link import linked
from tearoff.kit.services import Services, services_of
from tearoff.web.coupon import lost_answer
from tearoff.web.coupon.finding import read_code
from tearoff.web.coupon.visits import Visit
from tearoff.web.paper.cookies import make_plain_cookie
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import AnyRequest, patiently

COOKIE_LIVES = 400 * 86_400
"""Seconds; browsers keep none longer."""

_SESSION = re.compile(r"[0-9a-z]{21}\Z")


async def code_of(
    request: AnyRequest, services: Services, campaign: Campaign, now: datetime
) -> str:
    """The coupon of this campaign that this phone has already. Where a person may have several,
    one that is over makes room for the next."""
    code = str(request.cookies.get(cookie_of(campaign), ""))
    if not _SESSION.match(code):
        return ""
    found = await patiently(linked(services.db, campaign.code, read_code(code)))
    if found is None:
        return ""
    is_over = rules.why_over(found.session, campaign, now) is not None
    return "" if is_over and (campaign.limit_person or 1) > 1 else code


def lead(campaign: Campaign, code: str, visit: Visit, status: int) -> Answer:
    to = f"/p/{campaign.code}/{code}{visit.query}"
    return answer(status, [("location", to), ("cache-control", "private, no-store")])


def lead_to_new(
    request: AnyRequest, campaign: Campaign, code: str, visit: Visit, status: int
) -> Answer:
    """To the coupon that this phone knows from now on."""
    settings = services_of(request).settings
    cookie = make_plain_cookie(settings, cookie_of(campaign), code, COOKIE_LIVES)
    to = f"/p/{campaign.code}/{code}{visit.query}"
    headers = [("location", to), ("set-cookie", cookie), ("cache-control", "private, no-store"),
               ("set-cookie", lost_answer.end_cookie(request, campaign))]  # fmt: skip
    return answer(status, headers)


def cookie_of(campaign: Campaign) -> str:
    """The name of the cookie that knows this phone's coupon. The campaign is in the name, not in
    the path: its link may be written in capitals, with `/z/`, or with values glued to it."""
    return f"tearoff_coupon_{campaign.code}"
