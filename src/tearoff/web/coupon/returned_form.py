"""A form before a coupon that was not taken, on its way back to the page that asks it.

Its answer is a redirect (303), so that Back and reload never ask whether to send it again, and
another language keeps what was typed. The address carries that, sealed; since an address is passed
on, it is opened only in the browser in which it was typed. A browser that keeps no cookies gets
the page itself as the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

import msgspec

from tearoff.coupons.models import Campaign
from tearoff.kit.services import services_of
from tearoff.web.coupon import lost_answer
from tearoff.web.coupon.visits import Visit
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import AnyRequest
from tearoff.web.paper.sealed import LONGEST, Carried, seal, unseal

NAME = "filled"
"""Of the value in the address."""


class Filling(Carried, frozen=True, kw_only=True, omit_defaults=True):
    """What was `typed` by a browser (`by`), and what came of it: `said` is the name of words, or
    `text` their text; `until` (seconds since 1970) is when another try makes sense; `is_asked`:
    what is wrong with the fields is told."""

    by: str = ""
    said: str = ""
    text: str = ""
    is_asked: bool = True
    typed: dict[str, str] = msgspec.field(default_factory=dict)


def lead(
    request: AnyRequest,
    campaign: Campaign,
    visit: Visit,
    typed: Mapping[str, str],
    filling: Filling,
    now: datetime,
) -> Answer | None:
    """To the page that tells it; None for a browser that would not come back with it."""
    name = lost_answer.name_of(request, campaign, now)
    if name is None:
        return None
    filling = msgspec.structs.replace(
        filling, about=campaign.code, by=name, at=int(now.timestamp()),
        typed=_of_form(campaign, typed),
    )  # fmt: skip
    sealed = seal(services_of(request).vault, filling)
    if len(sealed) > LONGEST:
        return None
    language = {"lang": visit.language} if visit.query else {}
    query = urlencode({**language, **dict(visit.carried), NAME: sealed})
    location = f"/p/{campaign.code}?{query}"
    return answer(303, [("location", location), ("cache-control", "private, no-store")])


def read(request: AnyRequest, campaign: Campaign, now: datetime) -> tuple[Filling, str] | None:
    """What the address carries for this browser, and how it stands there."""
    vault = services_of(request).vault
    found = unseal(request, vault, NAME, Filling, campaign.code, now)
    if found is None:
        return None
    name = lost_answer.name_of(request, campaign, now)
    return found if name is not None and found[0].by == name else None


def _of_form(campaign: Campaign, typed: Mapping[str, str]) -> dict[str, str]:
    form = campaign.options.form
    if form is None:
        return {}
    names = {field.name for field in form.fields} | {f"agree_{one.key}" for one in form.consents}
    return {name: text[:300] for name, text in typed.items() if name in names}
