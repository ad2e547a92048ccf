"""Signing in by a link that an account or the terminal handed out.

A link is shown by GET and used by POST only, so that a program which looks at links in mails
cannot use them up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from litestar import Router, post, route
from litestar.params import FromPath

from tearoff.accounts import members, queries, sign_ins
from tearoff.accounts.sign_ins import LinkOver, Ticket
from tearoff.kit import clock, doorbook
from tearoff.kit.doorbook import Event
from tearoff.kit.services import Services, services_of
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.people import page

_PLACES = {
    "campaigns": "campaigns",
    "add_campaign": "campaigns/new",
    "update_campaign": "campaigns/{campaign}",
    "statistics": "campaigns/{campaign}/coupons",
    "distribution": "send?campaign={campaign}",
}
"""Where somebody lands who came by a link to it; without the campaign, at all of them."""
_WITHOUT = {"statistics": "campaigns", "update_campaign": "campaigns", "distribution": "send"}


@route("/sso/{token:str}", http_method=READ)
async def show_link(request: AnyRequest, token: FromPath[str]) -> Answer:
    """Names the account and waits for a person to go on."""
    return await _show(request, token, "sso")


@post("/sso/{token:str}")
async def use_link(request: AnyRequest, token: FromPath[str]) -> Answer:
    return await _use(request, token, "sso")


@route("/demo/{token:str}", http_method=READ)
async def show_demo(request: AnyRequest, token: FromPath[str]) -> Answer:
    return await _show(request, token, "demo")


@post("/demo/{token:str}")
async def use_demo(request: AnyRequest, token: FromPath[str]) -> Answer:
    return await _use(request, token, "demo")


async def find_ticket(services: Services, token: str, purpose: str) -> Ticket | None:
    if not page.TOKEN.match(token):
        return None
    found = await patiently(sign_ins.find_ticket(services.db, token, purpose))
    return found if found is not None and found.is_good(clock.now()) else None


async def _show(request: AnyRequest, token: str, purpose: str) -> Answer:
    ticket = await find_ticket(services_of(request), token, purpose)
    if ticket is None:
        return page.link_over(request)
    return await _link_page(request, ticket, token)


async def _use(request: AnyRequest, token: str, purpose: str) -> Answer:
    """Another site could send its own link's form from here, and so have somebody work in an
    account of its choice: only the page that this browser was shown is obeyed."""
    services, now = services_of(request), clock.now()
    ticket = await find_ticket(services, token, purpose)
    if ticket is None:
        return page.refuse_link(request, Event.SIGN_IN_REFUSED)
    wrong = page.wrong_form(request, await page.read_form(request), token)
    if wrong:
        return await _link_page(request, ticket, token, wrong, 403)
    try:
        used, secret = await patiently(_sign_in(request, token, purpose, now))
    except LinkOver:
        return page.refuse_link(request, Event.SIGN_IN_REFUSED)
    doorbook.note(Event.SIGN_IN, account=used.account_id, member=used.member_id)
    cookie = page.sign_in_cookie(services, secret, page.ACCOUNT_SECONDS)
    return page.redirect(_place(used), [cookie])


async def _sign_in(
    request: AnyRequest, token: str, purpose: str, now: datetime
) -> tuple[Ticket, str]:
    async with services_of(request).db.transaction() as db:
        ticket = await sign_ins.use_ticket(db, token, purpose, now)
        if ticket.member_id is None:
            await members.ensure_owner(db, ticket.account_id)
        source, is_trusted = page.source_of(request), purpose == "demo"
        await sign_ins.sign_out(db, page.secret_of(request))
        return ticket, await sign_ins.sign_in(db, ticket, now, source, is_trusted=is_trusted)


def _place(ticket: Ticket) -> str:
    wanted = _PLACES.get(ticket.page, "")
    if ticket.campaign_id is None:
        wanted = _WITHOUT.get(ticket.page, wanted)
    return f"/a/{ticket.account_id}/{wanted.format(campaign=ticket.campaign_id)}"


async def _link_page(
    request: AnyRequest, ticket: Ticket, token: str, problem: str = "", status: int = 200
) -> Answer:
    services, (visit, cookies) = services_of(request), page.visit_of(request)
    is_short = ticket.purpose == "sso"
    return page.print_form(
        request,
        "link",
        page.words_for(request),
        status=status,
        headers=cookies,
        name=await name_of(services, ticket.account_id),
        minutes=sign_ins.SSO_LIVES // timedelta(minutes=1),
        hours=0 if is_short else sign_ins.SIGN_IN_LIVES // timedelta(hours=1),
        problem=problem,
        form_token=page.visit_token(services, visit, token),
    )


async def name_of(services: Services, account_id: int) -> str:
    account = await patiently(queries.account(services.db, account_id))
    return account.name if account else ""


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[
            show_link,
            use_link,
            show_demo,
            use_demo,
        ],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
