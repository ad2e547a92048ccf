"""Choosing a password by a link that an account handed out. Somebody who has one of their own, and
belongs elsewhere too, accepts the place with it, or signed in, instead: nobody gets a password over
them. Where an account's people come in by single sign-on alone, they are led there, and are in by
coming in: a password would open nothing."""

from __future__ import annotations

from datetime import datetime

from litestar import Router, post, route
from litestar.params import FromPath

from tearoff.accounts import invitations, members, passwords, people, tries
from tearoff.accounts.members import HasPassword, Member
from tearoff.accounts.rights import ROLE_NAMES
from tearoff.accounts.sign_ins import LinkOver, Ticket
from tearoff.accounts.single_sign_on import stored
from tearoff.accounts.single_sign_on.models import Provider
from tearoff.accounts.tries import TooManyTries
from tearoff.kit import clock, doorbook
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.doorbook import Event
from tearoff.kit.services import services_of
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer, Header
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.paper.signed_forms import is_foreign
from tearoff.web.people import links, page
from tearoff.web.people.passwords import told_problem


@route("/password/{token:str}", http_method=READ)
async def show_password(request: AnyRequest, token: FromPath[str]) -> Answer:
    ticket = await links.find_ticket(services_of(request), token, "password")
    if ticket is None:
        return page.link_over(request)
    provider = await _only_way(request, ticket)
    if provider is not None:
        return await _provider_page(request, ticket, provider)
    if await _is_settable(request, ticket):
        return await _password_page(request, ticket)
    return await _accept_page(request, ticket)


@post("/password/{token:str}")
async def set_password(request: AnyRequest, token: FromPath[str]) -> Answer:
    services, words = services_of(request), page.words_for(request)
    ticket = await links.find_ticket(services, token, "password")
    if ticket is None or is_foreign(request):
        return page.refuse_link(request, Event.PASSWORD_REFUSED)
    provider = await _only_way(request, ticket)
    if provider is not None:
        return await _provider_page(request, ticket, provider, 409)
    form = await page.read_form(request)
    if not await _is_settable(request, ticket):
        return await _accept(request, ticket, token, form)
    password = form.get("password", "")
    if password != form.get("again", ""):
        return await _password_page(request, ticket, words("The two are not the same."))
    try:
        known = await patiently(members.set_password(services.db, token, password, clock.now()))
    except LinkOver:
        return page.refuse_link(request, Event.PASSWORD_REFUSED)
    except HasPassword:
        return await _accept_page(request, ticket, status=409)
    except (passwords.WrongLength, passwords.WeakPassword) as error:
        return await _password_page(request, ticket, told_problem(words, error))
    except TooBusy as error:
        told, headers = page.busy(words, error.after)
        return await _password_page(request, ticket, told, 429, headers)
    doorbook.note(Event.PASSWORD_SET, account=known.account_id, member=known.id)
    return page.password_saved(request)


async def _accept(request: AnyRequest, ticket: Ticket, token: str, form: dict[str, str]) -> Answer:
    services, words, now = services_of(request), page.words_for(request), clock.now()
    is_there = "here" in form and await _is_there(request, ticket)
    if "own" not in form and not is_there:
        return await _accept_page(request, ticket, status=409)
    wrong = page.wrong_form(request, form, token)
    if wrong:
        return await _accept_page(request, ticket, wrong, 403)
    try:
        is_right = is_there or await patiently(_is_theirs(request, ticket, form["own"], now))
        known = await patiently(members.accept_place(services.db, token, now)) if is_right else None
    except LinkOver:
        return page.refuse_link(request, Event.PASSWORD_REFUSED)
    except TooManyTries as error:
        told, headers = page.too_many(words, error)
        return await _accept_page(request, ticket, told, 429, headers)
    except TooBusy as error:
        told, headers = page.busy(words, error.after)
        return await _accept_page(request, ticket, told, 429, headers)
    if known is None:
        return await _accept_page(request, ticket, words("That is not right."), 422)
    doorbook.note(Event.MEMBER_ACCEPTED, account=known.account_id, member=known.id)
    return page.redirect(f"/a/{known.account_id}/")


async def _is_there(request: AnyRequest, ticket: Ticket) -> bool:
    """Whether the person of the place is signed in here, by a sign-in of their own."""
    who, member = await page.who_is_there(request), await _member(request, ticket)
    if who is None or member is None or who.only_account_id is not None:
        return False
    known = await patiently(people.person_of_mail(services_of(request).db, member.email))
    return known is not None and known.id == who.person_id


async def _is_theirs(request: AnyRequest, ticket: Ticket, password: str, now: datetime) -> bool:
    """Counted as at the front door, for it is the same password."""
    db, member = services_of(request).db, await _member(request, ticket)
    known = await people.person_of_mail(db, member.email) if member else None
    email = known.email if known else ""
    tried = tries.of("password", email, page.address_of(request))
    await tries.count(db, tried, now)
    network = page.network_of_caller(request)
    try:
        is_right = await people.check_password(db, known.id if known else None, password, network)
    except TooBusy:
        await tries.give_back(db, tried, now)
        raise
    if is_right:
        await tries.forgive(db, tried, now)
    return is_right


async def _only_way(request: AnyRequest, ticket: Ticket) -> Provider | None:
    """Their provider, where the account's people come in by that alone."""
    found = await patiently(stored.provider(services_of(request).db, ticket.account_id))
    return found if found is not None and found.is_only else None


async def _is_settable(request: AnyRequest, ticket: Ticket) -> bool:
    if ticket.member_id is None:
        return True
    try:
        await patiently(members.check_settable(services_of(request).db, ticket.member_id))
    except HasPassword:
        return False
    return True


async def _member(request: AnyRequest, ticket: Ticket) -> Member | None:
    if ticket.member_id is None:
        return None
    db = services_of(request).db
    return await patiently(members.member(db, ticket.account_id, ticket.member_id))


async def _password_page(
    request: AnyRequest,
    ticket: Ticket,
    problem: str = "",
    status: int = 422,
    headers: list[Header] | None = None,
) -> Answer:
    member = await _member(request, ticket)
    return page.print_form(
        request,
        "password",
        page.words_for(request),
        status=status if problem else 200,
        headers=headers or [],
        name=await links.name_of(services_of(request), ticket.account_id),
        email=member.email if member else "",
        problem=problem,
        is_twice=True,
        invited=await _invited(request, ticket),
    )


async def _provider_page(
    request: AnyRequest, ticket: Ticket, provider: Provider, status: int = 200
) -> Answer:
    member = await _member(request, ticket)
    return page.print_form(
        request,
        "come_in",
        page.words_for(request),
        status=status,
        provider=provider,
        email=member.email if member else "",
        invited=await _invited(request, ticket),
    )


async def _accept_page(
    request: AnyRequest,
    ticket: Ticket,
    problem: str = "",
    status: int = 200,
    headers: list[Header] | None = None,
) -> Answer:
    services, (visit, cookies) = services_of(request), page.visit_of(request)
    member, token = await _member(request, ticket), str(request.path_params["token"])
    return page.print_form(
        request,
        "accept",
        page.words_for(request),
        status=status,
        headers=[*cookies, *(headers or [])],
        name=await links.name_of(services, ticket.account_id),
        email=member.email if member else "",
        form_token=page.visit_token(services, visit, token),
        problem=problem,
        invited=await _invited(request, ticket),
        is_there=await _is_there(request, ticket),
        here=f"/password/{token}",
    )


async def _invited(request: AnyRequest, ticket: Ticket) -> list[str]:
    """Who invites, to which account, and as what; nothing for another kind of link."""
    words, db = page.words_for(request), services_of(request).db
    told = await patiently(invitations.told(db, ticket.member_id))
    if told is None:
        return []
    line = words("You are invited to {account}.", account=told.account)
    if told.by:
        line = words("{by} invites you to {account}.", by=told.by, account=told.account)
    return [line, words("Your role there: {role}.", role=words(ROLE_NAMES[told.role]))]


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[show_password, set_password],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
