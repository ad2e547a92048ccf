"""A forgotten password: the mail that is asked for, and the links by which another one is chosen.

Whoever asks always gets the same answer, and never the link: that goes by mail alone, or is shown
at the terminal of whoever runs the server.
"""

from __future__ import annotations

from datetime import timedelta

from litestar import Router, post, route
from litestar.params import FromPath

from tearoff.accounts import jobs, passwords, people, tallies, tries
from tearoff.accounts.sign_ins import LinkOver, Ticket
from tearoff.accounts.tallies import Tally, TallyFull
from tearoff.accounts.tries import TooManyTries
from tearoff.kit import clock, doorbook, mail
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.doorbook import Event
from tearoff.kit.mail_addresses import AddressInvalid, canonical_address
from tearoff.kit.services import services_of
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer, Header
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.paper.signed_forms import is_foreign
from tearoff.web.people import links, page
from tearoff.web.people.passwords import told_problem

MAILS = 3
WITHIN = timedelta(hours=1)
"""So many mails one address gets: whoever asks for more is told the same, and nothing is sent."""


@route("/forgot", http_method=READ)
async def show_forgot(request: AnyRequest) -> Answer:
    return _form(request)


@post("/forgot")
async def ask_for_mail(request: AnyRequest) -> Answer:
    services, words, now = services_of(request), page.words_for(request), clock.now()
    form = await page.read_form(request)
    if not mail.can_send(services.settings):
        return _form(request)
    wrong = page.wrong_form(request, form)
    if wrong:
        return _form(request, wrong, 403)
    try:
        email = canonical_address(form.get("email", "").strip())
    except AddressInvalid:
        return _form(request, words("Type one address, such as anna@example.com."), 422)
    tried = tries.of("forgot", email, page.address_of(request))
    try:
        await patiently(tries.count(services.db, tried, now))
        await patiently(_order(request, email))
    except TooManyTries as error:
        told, headers = page.too_many(words, error)
        return _form(request, told, 429, headers)
    lines = [
        words("If somebody signs in here with this address, a mail with a link is on its way."),
        words("If none comes, look among what is taken for advertising, or ask an owner."),
        words("In an hour one address gets {n} such mails at most.", n=MAILS),
    ]
    return page.print_note(request, words, 200, words("Look into your mail"), lines, "used")


@route("/reset/{token:str}", http_method=READ)
async def show_reset(request: AnyRequest, token: FromPath[str]) -> Answer:
    return await _show(request, token, "reset")


@post("/reset/{token:str}")
async def reset(request: AnyRequest, token: FromPath[str]) -> Answer:
    return await _set(request, token, "reset")


@route("/owner/{token:str}", http_method=READ)
async def show_owner(request: AnyRequest, token: FromPath[str]) -> Answer:
    return await _show(request, token, "owner")


@post("/owner/{token:str}")
async def reset_owner(request: AnyRequest, token: FromPath[str]) -> Answer:
    return await _set(request, token, "owner")


async def _order(request: AnyRequest, email: str) -> None:
    """A job for every address: whether anybody has it is looked up where nobody waits."""
    tally = Tally(f"forgot:{email}", MAILS, WITHIN)
    try:
        async with services_of(request).db.transaction() as db:
            await tallies.count(db, tries.NOBODY, [tally], clock.now())
            await jobs.order_forgot_mail(db, email)
    except TallyFull:
        pass


async def _show(request: AnyRequest, token: str, purpose: str) -> Answer:
    ticket = await links.find_ticket(services_of(request), token, purpose)
    if ticket is None or ticket.person_id is None:
        return page.link_over(request)
    return await _password_page(request, ticket)


async def _set(request: AnyRequest, token: str, purpose: str) -> Answer:
    services, words = services_of(request), page.words_for(request)
    ticket = await links.find_ticket(services, token, purpose)
    if ticket is None or is_foreign(request):
        return page.refuse_link(request, Event.PASSWORD_REFUSED)
    password = (await page.read_form(request)).get("password", "")
    try:
        known = await patiently(
            people.set_password_by_link(services.db, token, purpose, password, clock.now())
        )
    except (LinkOver, people.PersonNotFound):
        return page.refuse_link(request, Event.PASSWORD_REFUSED)
    except (passwords.WrongLength, passwords.WeakPassword) as error:
        return await _password_page(request, ticket, told_problem(words, error))
    except TooBusy as error:
        told, headers = page.busy(words, error.after)
        return await _password_page(request, ticket, told, 429, headers)
    doorbook.note(Event.PASSWORD_SET, person=known.id)
    return page.password_saved(request)


async def _password_page(
    request: AnyRequest,
    ticket: Ticket,
    problem: str = "",
    status: int = 422,
    headers: list[Header] | None = None,
) -> Answer:
    services = services_of(request)
    known = await patiently(people.person(services.db, ticket.person_id or 0))
    return page.print_form(
        request,
        "password",
        page.words_for(request),
        status=status if problem else 200,
        headers=headers or [],
        name=known.email,
        email=known.email,
        problem=problem,
        is_twice=False,
        invited=(),
    )


def _form(
    request: AnyRequest, problem: str = "", status: int = 200, headers: list[Header] | None = None
) -> Answer:
    services, (visit, cookies) = services_of(request), page.visit_of(request)
    return page.print_form(
        request,
        "forgot",
        page.words_for(request),
        status=status,
        headers=[*cookies, *(headers or [])],
        form_token=page.visit_token(services, visit),
        can_send=mail.can_send(services.settings),
        problem=problem,
    )


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[
            show_forgot,
            ask_for_mail,
            show_reset,
            reset,
            show_owner,
            reset_owner,
        ],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
