"""The front door: where `/` leads, signing in by e-mail and password, proving it again, and
signing out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from litestar import Router, post, route

from tearoff.accounts import beginning, people, sign_ins, tries
from tearoff.accounts.people import Person
from tearoff.accounts.sign_ins import LinkOver, SignedIn
from tearoff.accounts.tries import TooManyTries, Tried
from tearoff.kit import clock, doorbook
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.doorbook import Event
from tearoff.kit.mail_addresses import AddressInvalid, canonical_address
from tearoff.kit.proxies import host_of
from tearoff.kit.services import Services, services_of
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer, Header
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.paper.signed_forms import make_form_token
from tearoff.web.people import codes, page, passkey_offers, providers


@route("/", http_method=READ)
async def show_door(request: AnyRequest) -> Answer:
    """To the account that somebody works in; else to where they sign in. On an installation in
    which nobody can, it says only where the link to begin is found."""
    who = await page.who_is_there(request)
    if who is not None:
        return page.redirect(home_of(who))
    db = services_of(request).db
    if await patiently(beginning.has_password(db)):
        return page.redirect("/sign-in")
    product = services_of(request).settings.product_name
    has_account = await patiently(beginning.has_account(db))
    words = page.words_for(request)
    return page.print_form(request, "fresh", words, product=product, has_account=has_account)


@route("/signed-in", http_method=READ)
async def show_signed_in(request: AnyRequest) -> Answer:
    """Where older links have led."""
    return page.redirect("/")


@route("/sign-in", http_method=READ)
async def show_sign_in(request: AnyRequest) -> Answer:
    return await sign_in_form(request, request.query_params.get("next", ""))


@post("/sign-in")
async def sign_in(request: AnyRequest) -> Answer:
    services, words, now = services_of(request), page.words_for(request), clock.now()
    form = await page.read_form(request)
    email, wanted = form.get("email", "").strip(), form.get("next", "")
    wrong = page.wrong_form(request, form)
    if wrong:
        return await sign_in_form(request, wanted, wrong, email, 403)
    tried = tries.of("password", _key_of(email), page.address_of(request))
    try:
        await patiently(tries.count(services.db, tried, now))
        known = await patiently(_find(request, email, form.get("password", "")))
    except TooManyTries as error:
        told, headers = page.too_many(words, error)
        return await sign_in_form(request, wanted, told, email, 429, headers)
    except TooBusy as error:
        await patiently(tries.give_back(services.db, tried, now))
        told, headers = page.busy(words, error.after)
        return await sign_in_form(request, wanted, told, email, 429, headers)
    if known is None:
        doorbook.note(Event.SIGN_IN_REFUSED, address=host_of(page.address_of(request)))
        told = words("E-mail address and password do not belong together.")
        return await sign_in_form(request, wanted, told, email, 422)
    return await _let_in(request, known, tried, wanted, now)


@route("/sign-in/again", http_method=READ)
async def show_again(request: AnyRequest) -> Answer:
    who, wanted = await page.who_is_there(request), request.query_params.get("next", "")
    return await again_form(request, who, wanted) if who else to_sign_in(wanted)


@post("/sign-in/again")
async def prove_again(request: AnyRequest) -> Answer:
    """By password; by a code for whoever has none."""
    services, words, now = services_of(request), page.words_for(request), clock.now()
    form = await page.read_form(request)
    who, wanted = await page.who_is_there(request), form.get("next", "")
    if who is None:
        return to_sign_in(wanted)
    wrong = page.wrong_own_form(request, form)
    if wrong:
        return await again_form(request, who, wanted, wrong, 403)
    tried = tries.of("again", str(who.person_id), page.address_of(request))
    try:
        await patiently(tries.count(services.db, tried, now))
        is_right = await patiently(_is_proven(request, who, form, now))
        secret = await patiently(sign_ins.confirm(services.db, who.id, now)) if is_right else ""
    except TooManyTries as error:
        told, headers = page.too_many(words, error)
        return await again_form(request, who, wanted, told, 429, headers)
    except TooBusy as error:
        await patiently(tries.give_back(services.db, tried, now))
        told, headers = page.busy(words, error.after)
        return await again_form(request, who, wanted, told, 429, headers)
    except LinkOver:
        return to_sign_in(wanted)
    if not secret:
        told = words("That is not right.")
        return await again_form(request, who, wanted, told, 422)
    await patiently(tries.forgive(services.db, tried, now))
    return confirmed(request, who, secret, wanted)


@post("/sign-out")
async def sign_out(request: AnyRequest) -> Answer:
    services, words = services_of(request), page.words_for(request)
    wrong = page.wrong_own_form(request, await page.read_form(request))
    if wrong:
        return page.print_note(request, words, 403, words("You were not signed out"), [wrong])
    who = await page.who_is_there(request)
    await patiently(sign_ins.sign_out(services.db, page.secret_of(request)))
    if who is not None:
        doorbook.note(Event.SIGN_OUT, person=who.person_id)
    return page.redirect("/", [page.sign_in_cookie(services, "", 0)])


def home_of(who: SignedIn) -> str:
    """The account used last; one that is over only when there is no other."""
    place = next((one for one in who.memberships if not one.is_over), who.memberships[0])
    return f"/a/{place.account_id}/"


# signing in -------------------------------------------------------------------------------


async def _find(request: AnyRequest, email: str, password: str) -> Person | None:
    """Who has this address and password. Nobody and everybody costs the same."""
    db = services_of(request).db
    known = await people.person_of_mail(db, _key_of(email))
    person_id, network = (known.id if known else None), page.network_of_caller(request)
    is_right = await people.check_password(db, person_id, password, network)
    return known if is_right else None


def _key_of(email: str) -> str:
    """What is compared and counted: what is no address stands for itself."""
    try:
        return canonical_address(email)
    except AddressInvalid:
        return email.lower()[:254].replace("\0", "")


async def _let_in(
    request: AnyRequest, known: Person, tried: Tried, wanted: str, now: datetime
) -> Answer:
    services = services_of(request)
    await patiently(tries.forgive(services.db, tried, now))
    secret = await patiently(_begin(request, known, now))
    if known.is_asked_twice:
        cookie = page.sign_in_cookie(services, secret)
        return page.redirect(f"/sign-in/second-step{_query(wanted)}", [cookie])
    return await entered(request, known.id, secret, wanted)


async def entered(
    request: AnyRequest, person_id: int, secret: str, wanted: str, nowhere: Sequence[str] = ()
) -> Answer:
    """Somebody came in, with a sign-in that has just begun. `nowhere`: what is said to who belongs
    nowhere."""
    services = services_of(request)
    if await patiently(sign_ins.signed_in(services.db, secret, clock.now())) is None:
        return await providers.led_on(request, secret, person_id, wanted, nowhere)
    doorbook.note(Event.SIGN_IN, person=person_id)
    cookie = page.sign_in_cookie(services, secret)
    return page.redirect(page.local_next(wanted) or "/", [cookie])


def confirmed(request: AnyRequest, who: SignedIn, secret: str, wanted: str) -> Answer:
    """Somebody has proved anew who they are; `secret` is the sign-in's new one."""
    doorbook.note(Event.CONFIRMED, person=who.person_id)
    seconds = page.PERSON_SECONDS if who.only_account_id is None else page.ACCOUNT_SECONDS
    cookie = page.sign_in_cookie(services_of(request), secret, seconds)
    return page.redirect(page.local_next(wanted) or "/", [cookie])


async def _begin(request: AnyRequest, known: Person, now: datetime) -> str:
    """Whatever secret the browser had before is over: nobody can have put it there."""
    async with services_of(request).db.transaction() as db:
        await sign_ins.sign_out(db, page.secret_of(request))
        return await sign_ins.sign_in_person(
            db, known.id, now, page.source_of(request), second_step_due=known.is_asked_twice
        )


async def _is_proven(
    request: AnyRequest, who: SignedIn, form: dict[str, str], now: datetime
) -> bool:
    services: Services = services_of(request)
    if who.has_password:
        network = page.network_of_caller(request)
        return await people.check_password(
            services.db, who.person_id, form.get("password", ""), network
        )
    return await codes.is_right(services, who.person_id, form.get("code", ""), now)


# pages ------------------------------------------------------------------------------------


async def sign_in_form(
    request: AnyRequest,
    wanted: str,
    problem: str = "",
    email: str = "",
    status: int = 200,
    headers: list[Header] | None = None,
) -> Answer:
    services, words, (visit, cookies) = (
        services_of(request), page.words_for(request), page.visit_of(request)
    )  # fmt: skip
    return page.print_form(
        request,
        "sign_in",
        words,
        provider=await providers.known_here(request),
        status=status,
        headers=[*cookies, *(headers or [])],
        passkey=passkey_offers.to_sign_in(services, words, visit, clock.now()),
        form_token=page.visit_token(services, visit),
        next=page.local_next(wanted),
        email=email[:254],
        problem=problem,
    )


async def again_form(
    request: AnyRequest,
    who: SignedIn,
    wanted: str,
    problem: str = "",
    status: int = 200,
    headers: list[Header] | None = None,
) -> Answer:
    services, words, secret = (
        services_of(request), page.words_for(request), page.secret_of(request)
    )  # fmt: skip
    passkey = await patiently(
        passkey_offers.to_prove(
            services,
            words,
            passkey_offers.AGAIN,
            who.person_id,
            secret,
            clock.now(),
            is_named=who.only_account_id is None,
        )
    )
    return page.print_form(
        request,
        "again",
        words,
        provider=await providers.of_sign_in(request, who),
        status=status,
        headers=headers or [],
        passkey=passkey,
        form_token=make_form_token(services, secret),
        next=page.local_next(wanted),
        email=who.email,
        has_password=who.has_password,
        has_second_step=who.has_second_step,
        problem=problem,
    )


def to_sign_in(wanted: str) -> Answer:
    return page.redirect(f"/sign-in{_query(wanted)}")


def _query(wanted: str) -> str:
    local = page.local_next(wanted)
    return f"?next={quote(local, safe='/')}" if local else ""


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[
            show_door,
            show_signed_in,
            show_sign_in,
            sign_in,
            show_again,
            prove_again,
            sign_out,
        ],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
