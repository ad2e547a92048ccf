"""All addresses of the pages, room by room."""

from __future__ import annotations

from collections.abc import Callable

from litestar import Router
from litestar.types import ControllerRouterHandler

from tearoff.web.coupon import (
    claim_and_scratch,
    opens,
    pages,
    places,
    preview_cards,
    public,
    redeeming,
    stop,
)
from tearoff.web.dashboard import routes as dashboard
from tearoff.web.paper import notes
from tearoff.web.people import (
    first,
    forgot,
    hello,
    invitations,
    links,
    passkeys,
    second_step,
    sign_in,
    single_sign_on,
)
from tearoff.web.reference import reference
from tearoff.web.reference.reference import Document
from tearoff.web.save import calendar, pdf, save, wallets
from tearoff.web.till import api, page, pairing

COUPON_PAGES = Router(
    path="/",
    route_handlers=[
        *pages.HANDLERS,
        opens.report_open,
        *places.HANDLERS,
        *preview_cards.HANDLERS,
        *public.HANDLERS,
        *redeeming.HANDLERS,
        *claim_and_scratch.HANDLERS,
        *stop.HANDLERS,
        *calendar.HANDLERS,
        *pdf.HANDLERS,
        *save.HANDLERS,
        *wallets.HANDLERS,
        *wallets.SERVICE,
    ],
    exception_handlers={Exception: notes.trouble},
    include_in_schema=False,
)
"""What consumers see and take along."""


def make_routes(make_document: Callable[[], Document]) -> list[ControllerRouterHandler]:
    """`make_document`: the OpenAPI document that the reference shows."""
    return [
        COUPON_PAGES,
        *api.ROUTES,
        *pairing.ROUTES,
        *page.ROUTES,
        *sign_in.ROUTES,
        *single_sign_on.ROUTES,
        *dashboard.ROUTES,
        *second_step.ROUTES,
        *passkeys.ROUTES,
        *forgot.ROUTES,
        *links.ROUTES,
        *invitations.ROUTES,
        *first.ROUTES,
        *hello.ROUTES,
        reference.make_route(make_document),
    ]
