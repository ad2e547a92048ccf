"""All addresses of the consumer's pages."""

from litestar import Router

from tearoff.web import (
    calendar,
    cards,
    notes,
    opens,
    pages,
    places,
    printing,
    public,
    redeeming,
    save,
    steps,
    stop,
    wallets,
)

COUPON_PAGES = Router(
    path="/",
    route_handlers=[
        *calendar.HANDLERS,
        *cards.HANDLERS,
        *pages.HANDLERS,
        opens.report_open,
        *places.HANDLERS,
        *printing.HANDLERS,
        *public.HANDLERS,
        *redeeming.HANDLERS,
        *save.HANDLERS,
        *steps.HANDLERS,
        *stop.HANDLERS,
        *wallets.HANDLERS,
        *wallets.SERVICE,
    ],
    exception_handlers={Exception: notes.trouble},
    include_in_schema=False,
)
