"""The browser that was shown a public page: its coupon finds the way back to it when the answer
to the form is lost.

Until the answer arrives, the browser has no coupon's cookie, and a page that is opened again is
another form. So looking gives a name: all that the browser sends for this campaign counts as one
form, until it has a coupon or the name is as old as a form may be. The name is random, signed, and
of one campaign; who does not keep cookies has the token of the page alone.
"""

from __future__ import annotations

from datetime import datetime

from tearoff.coupons.models import Campaign
from tearoff.kit.services import services_of
from tearoff.web.paper import forms
from tearoff.web.paper.cookies import make_cookie, read_cookie
from tearoff.web.paper.reading import AnyRequest

_SHOWN = "any words"
"""In place of the words to agree to, which differ from one look to the next."""


def name_of(request: AnyRequest, campaign: Campaign, now: datetime) -> str | None:
    """As what this browser begins; None when it has not looked, or too long ago."""
    given, vault = read_cookie(request, _cookie_of(campaign)), services_of(request).vault
    return forms.begun_by(vault, given, campaign.code, _SHOWN, now) if given else None


def new_cookie(request: AnyRequest, campaign: Campaign, now: datetime) -> str:
    """What looking gives to a browser without a name; "" for one that has it."""
    if name_of(request, campaign, now) is not None:
        return ""
    services = services_of(request)
    name = forms.make_begin_token(services.vault, campaign.code, _SHOWN, now)
    return make_cookie(services.settings, _cookie_of(campaign), name, forms.FORM_HOURS * 3600)


def end_cookie(request: AnyRequest, campaign: Campaign) -> str:
    """Comes with the coupon: where a person may have several, the next is another one."""
    return make_cookie(services_of(request).settings, _cookie_of(campaign), "", 0)


def _cookie_of(campaign: Campaign) -> str:
    return f"tearoff_looked_{campaign.code}"
