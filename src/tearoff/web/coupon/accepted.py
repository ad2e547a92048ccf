"""The browser on which a coupon was just taken in: it alone shows "Accepted", for five minutes.

The address says which use it was, and may be reloaded, left and come back to; the cookie beside it
says that this is the browser. A forwarded address says in neutral words when and where.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from tearoff.coupons.models import Session
from tearoff.kit.services import Services, services_of
from tearoff.web.paper import forms
from tearoff.web.paper.cookies import make_cookie, read_cookie
from tearoff.web.paper.reading import AnyRequest


class Served(msgspec.Struct, frozen=True):
    """When the use was that the address tells of, as its `receipt`, and whether this is the
    browser that did it."""

    at: datetime
    is_here: bool
    receipt: str


def served(request: AnyRequest, session: Session, now: datetime) -> Served | None:
    """None when the address tells of no use, of another one, or of one that is long over."""
    receipt = request.query_params.get("ok", "") if request.scope["query_string"] else ""
    if not receipt:
        return None
    services = services_of(request)
    second = forms.accepted_second(services.vault, receipt, session, now)
    if second is None:
        return None
    proof = read_cookie(request, _name(session.id))
    is_here = forms.is_proof(services.vault, receipt, proof)
    return Served(datetime.fromtimestamp(second, UTC), is_here, receipt)


def cookie(services: Services, session_id: int, receipt: str) -> str:
    """One for each coupon, so that two that are used one after the other do not spoil each other's
    page."""
    proof = forms.make_proof(services.vault, receipt)
    return make_cookie(services.settings, _name(session_id), proof, forms.ACCEPTED_SECONDS)


def _name(session_id: int) -> str:
    return f"tearoff_served_{session_id}"
