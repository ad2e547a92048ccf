"""Signing in and setting a password by a link that an account or the terminal handed out.

A link is shown by GET and used by POST only, so that a program which looks at links in mails
cannot use them up.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from litestar import Router, post, route
from litestar.params import FromPath

from tearoff.accounts import members, passwords, queries, sign_ins
from tearoff.accounts.members import HasPassword
from tearoff.accounts.sign_ins import LinkOver, Ticket
from tearoff.kit import clock, doorbook
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.doorbook import Event
from tearoff.kit.services import Services, services_of
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.paper.signed_forms import is_foreign
from tearoff.web.people import page
from tearoff.web.people.passwords import told_problem

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


@route("/password/{token:str}", http_method=READ)
async def show_password(request: AnyRequest, token: FromPath[str]) -> Answer:
    ticket = await find_ticket(services_of(request), token, "password")
    if ticket is None:
        return page.link_over(request)
    return await _password_page(request, ticket)


@post("/password/{token:str}")
async def set_password(request: AnyRequest, token: FromPath[str]) -> Answer:
    services, words = services_of(request), page.words_for(request)
    ticket = await find_ticket(services, token, "password")
    if ticket is None or is_foreign(request):
        return page.refuse_link(request, Event.PASSWORD_REFUSED)
    form = await page.read_form(request)
    password = form.get("password", "")
    if password != form.get("again", ""):
        return await _password_page(request, ticket, words("The two are not the same."))
    try:
        known = await patiently(members.set_password(services.db, token, password, clock.now()))
    except LinkOver:
        return page.refuse_link(request, Event.PASSWORD_REFUSED)
    except HasPassword:
        return _has_password(request)
    except (passwords.WrongLength, passwords.WeakPassword) as error:
        return await _password_page(request, ticket, told_problem(words, error))
    except TooBusy as error:
        told, headers = page.busy(words, error.after)
        shown = await _password_page(request, ticket, told, 429)
        return shown.with_header(*headers[0])
    doorbook.note(Event.PASSWORD_SET, account=known.account_id, member=known.id)
    return password_saved(request)


def password_saved(request: AnyRequest) -> Answer:
    words = page.words_for(request)
    lines = [words("You can sign in with it now.")]
    title = words("Your password is saved")
    return page.print_form(request, "told", words, title=title, lines=lines, picture="used")


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


async def _password_page(
    request: AnyRequest, ticket: Ticket, problem: str = "", status: int = 422
) -> Answer:
    services, email = services_of(request), ""
    if ticket.member_id is not None:
        member = await patiently(members.member(services.db, ticket.account_id, ticket.member_id))
        email = member.email
        try:
            await patiently(members.check_settable(services.db, ticket.member_id))
        except HasPassword:
            return _has_password(request)
    return page.print_form(
        request,
        "password",
        page.words_for(request),
        status=status if problem else 200,
        name=await name_of(services, ticket.account_id),
        email=email,
        problem=problem,
        is_twice=True,
    )


def _has_password(request: AnyRequest) -> Answer:
    """Nobody gets a password over somebody who belongs to another tenant too."""
    words = page.words_for(request)
    lines = [words("You sign in here already, with a password of your own. It stays as it is.")]
    title = words("You have a password already")
    return page.print_form(
        request, "told", words, status=409, title=title, lines=lines, picture="ticket"
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
            show_password,
            set_password,
        ],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
