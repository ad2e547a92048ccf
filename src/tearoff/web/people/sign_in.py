"""Signing in by a link, setting a password by a link, and the page on which one lands.

A link is shown by GET and used by POST only, so that a program which looks at links in mails
cannot use them up.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from litestar import Router, post, route
from litestar.params import FromPath

from tearoff.accounts import members, passwords, queries, sign_ins
from tearoff.accounts.sign_ins import LinkOver, SignedIn, Ticket
from tearoff.kit import clock, codes, doorbook
from tearoff.kit.bodies import read_body
from tearoff.kit.colors import OURS
from tearoff.kit.doorbook import Event
from tearoff.kit.proxies import client_address, host_of
from tearoff.kit.services import Services, services_of
from tearoff.kit.words import Words, phrase, words_in
from tearoff.web.paper import notes, reading
from tearoff.web.paper.cookies import make_cookie, read_cookie
from tearoff.web.paper.html import Answer, answer, begin, print_page, render, style_of
from tearoff.web.paper.languages import choose_language
from tearoff.web.paper.reading import READ, AnyRequest, patiently

COOKIE = "tearoff_sign_in"
VISIT = "tearoff_visit"
"""Ties the page behind a link to the browser that opened it."""
_VISIT_LIVES = 600
_TOKEN = re.compile(r"[A-Za-z0-9]{49}\Z")
_SIGN_IN_SECONDS = int(sign_ins.SIGN_IN_LIVES.total_seconds())
_PAGES = {
    "campaigns": phrase("Campaigns"),
    "add_campaign": phrase("A new campaign"),
    "update_campaign": phrase("A campaign"),
    "statistics": phrase("Statistics"),
    "distribution": phrase("Sending coupons"),
}
"""What somebody wanted to see who came by a link to it."""

_LINK_FORM, _OUT_FORM = "sign-in", "sign-out"


@route("/sso/{token:str}", http_method=READ)
async def show_link(request: AnyRequest, token: FromPath[str]) -> Answer:
    """Names the account and waits for a person to go on."""
    services, words = services_of(request), _words(request)
    ticket = await _ticket(services, token, "sso")
    if ticket is None:
        return _over(request, words)
    return await _link_page(request, services, words, ticket)


@post("/sso/{token:str}")
async def use_link(request: AnyRequest, token: FromPath[str]) -> Answer:
    """Another site could send its own link's form from here, and so have somebody work in an
    account of its choice: only the page that this browser was shown is obeyed."""
    services, words, now = services_of(request), _words(request), clock.now()
    ticket = await _ticket(services, token, "sso")
    if ticket is None:
        return _refuse(request, words, Event.SIGN_IN_REFUSED)
    visit, given = read_cookie(request, VISIT), (await _form(request)).get("t", "")
    if not visit or not _is_ours(services, _LINK_FORM, f"{visit}:{token}", given):
        return await _link_page(
            request, services, words, ticket, words("This page was too old. Open it again."), 403
        )
    try:
        used, secret = await patiently(_sign_in(services, token, now))
    except LinkOver:
        return _refuse(request, words, Event.SIGN_IN_REFUSED)
    doorbook.note(Event.SIGN_IN, account=used.account_id, member=used.member_id)
    wanted = {"page": used.page, "campaign": used.campaign_id}
    query = urlencode({name: value for name, value in wanted.items() if value})
    headers = [
        ("location", f"/signed-in?{query}" if query else "/signed-in"),
        ("set-cookie", make_cookie(services.settings, COOKIE, secret, _SIGN_IN_SECONDS)),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    ]
    return answer(303, headers)


@route("/signed-in", http_method=READ)
async def show_signed_in(request: AnyRequest) -> Answer:
    """Where one lands until there is more to see."""
    services, words = services_of(request), _words(request)
    secret = _secret(request)
    found = await _signed_in(services, secret)
    if found is None:
        return _note(
            request,
            words,
            401,
            words("You are signed out"),
            [words("To sign in, use the link that you were given.")],
        )
    page = request.query_params.get("page", "")
    return _page(
        request,
        "signed_in",
        words,
        name=found.memberships[0].account_name,
        email=found.email,
        wanted=words(_PAGES[page]) if page in _PAGES else "",
        form_token=_form_token(services, _OUT_FORM, secret),
    )


@post("/sign-out")
async def sign_out(request: AnyRequest) -> Answer:
    services, words, secret = services_of(request), _words(request), _secret(request)
    given = (await _form(request)).get("t", "")
    if not secret or not _is_ours(services, _OUT_FORM, secret, given):
        return _note(
            request,
            words,
            403,
            words("You are signed out"),
            [words("This page was too old. Open it again.")],
        )
    known = await _signed_in(services, secret)
    await patiently(sign_ins.sign_out(services.db, secret))
    if known is not None:
        doorbook.note(Event.SIGN_OUT, person=known.person_id)
    headers = [
        ("location", "/signed-in"),
        ("set-cookie", make_cookie(services.settings, COOKIE, "", 0)),
    ]
    return answer(303, headers)


@route("/password/{token:str}", http_method=READ)
async def show_password(request: AnyRequest, token: FromPath[str]) -> Answer:
    services, words = services_of(request), _words(request)
    ticket = await _ticket(services, token, "password")
    if ticket is None:
        return _over(request, words)
    return await _password_page(request, services, words, ticket, problem="", status=200)


@post("/password/{token:str}")
async def set_password(request: AnyRequest, token: FromPath[str]) -> Answer:
    services, words, now = services_of(request), _words(request), clock.now()
    ticket = await _ticket(services, token, "password")
    if ticket is None:
        return _refuse(request, words, Event.PASSWORD_REFUSED)
    form = await _form(request)
    password = form.get("password", "")
    if password != form.get("again", ""):
        return await _password_page(
            request, services, words, ticket, words("The two are not the same."), 422
        )
    try:
        known = await patiently(members.set_password(services.db, token, password, now))
    except LinkOver:
        return _refuse(request, words, Event.PASSWORD_REFUSED)
    except passwords.WrongLength:
        return await _password_page(
            request, services, words, ticket, words("Use 8 to 200 characters."), 422
        )
    except passwords.WeakPassword:
        return await _password_page(
            request,
            services,
            words,
            ticket,
            words(
                "That is easy to guess. Use a few words that do not belong together, "
                "and neither your name nor your e-mail address."
            ),
            422,
        )
    doorbook.note(Event.PASSWORD_SET, account=known.account_id, member=known.id)
    return _note(
        request,
        words,
        200,
        words("Your password is saved"),
        [words("You can close this page.")],
        "used",
    )


async def _sign_in(services: Services, token: str, now: datetime) -> tuple[Ticket, str]:
    async with services.db.transaction() as db:
        ticket = await sign_ins.use_ticket(db, token, "sso", now)
        if ticket.member_id is None:
            await members.ensure_owner(db, ticket.account_id)
        return ticket, await sign_ins.sign_in(db, ticket, now)


async def _link_page(
    request: AnyRequest,
    services: Services,
    words: Words,
    ticket: Ticket,
    problem: str = "",
    status: int = 200,
) -> Answer:
    token = str(request.path_params["token"])
    visit = codes.letters(sign_ins.TOKEN_LENGTH)
    page = _page(
        request,
        "link",
        words,
        status=status,
        name=await _name(services, ticket.account_id),
        minutes=sign_ins.SSO_LIVES // timedelta(minutes=1),
        problem=problem,
        form_token=_form_token(services, _LINK_FORM, f"{visit}:{token}"),
    )
    return page.with_header(
        "set-cookie", make_cookie(services.settings, VISIT, visit, _VISIT_LIVES)
    )


async def _password_page(
    request: AnyRequest,
    services: Services,
    words: Words,
    ticket: Ticket,
    problem: str,
    status: int,
) -> Answer:
    name = await _name(services, ticket.account_id)
    email = ""
    if ticket.member_id is not None:
        member = await patiently(members.member(services.db, ticket.account_id, ticket.member_id))
        email = member.email
    return _page(request, "password", words, status=status, name=name, email=email, problem=problem)


async def _ticket(services: Services, token: str, purpose: str) -> Ticket | None:
    if not _TOKEN.match(token):
        return None
    found = await patiently(sign_ins.find_ticket(services.db, token, purpose))
    return found if found is not None and found.is_good(clock.now()) else None


async def _name(services: Services, account_id: int) -> str:
    account = await patiently(queries.account(services.db, account_id))
    return account.name if account else ""


async def _signed_in(services: Services, secret: str) -> SignedIn | None:
    if not _TOKEN.match(secret):
        return None
    now: datetime = clock.now()
    return await patiently(sign_ins.signed_in(services.db, secret, now))


def _secret(request: AnyRequest) -> str:
    return read_cookie(request, COOKIE)


def _form_token(services: Services, purpose: str, secret: str) -> str:
    """Ties a form to what only this browser has: another site knows neither."""
    mark = services.vault.mark(purpose, secret.encode())
    return base64.urlsafe_b64encode(mark).decode().rstrip("=")


def _is_ours(services: Services, purpose: str, secret: str, given: str) -> bool:
    try:
        mark = base64.urlsafe_b64decode(given.encode() + b"=")
    except ValueError:
        return False
    return services.vault.is_marked(purpose, secret.encode(), mark)


async def _form(request: AnyRequest) -> dict[str, str]:
    body = await read_body(request, 16_384)
    try:
        text = (body or b"").decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


def _words(request: AnyRequest) -> Words:
    language = choose_language(
        reading.asked_language(request), reading.accepted_languages(request), ""
    )
    return words_in("people", language)


def _over(request: AnyRequest, words: Words) -> Answer:
    return _note(
        request,
        words,
        410,
        words("This link is over"),
        [words("It was used already, or its time has run out. Ask for a new one.")],
    )


def _refuse(request: AnyRequest, words: Words, event: Event) -> Answer:
    trusted = services_of(request).settings.trusted_proxies
    doorbook.note(event, address=host_of(client_address(request.scope, trusted)))
    return _over(request, words)


def _note(
    request: AnyRequest,
    words: Words,
    status: int,
    title: str,
    lines: list[str],
    picture: str = "ticket",
) -> Answer:
    text = render(
        "paper/note.html", picture=picture, title=title, lines=lines, again=None, typed=None,
        reference="",
    )  # fmt: skip
    return _print(request, words, text, status)


def _page(
    request: AnyRequest, kind: str, words: Words, *, status: int = 200, **values: Any
) -> Answer:
    text = render("people/sign_in.html", words, kind=kind, **values)
    return _print(request, words, text, status)


def _print(request: AnyRequest, words: Words, text: str, status: int) -> Answer:
    beginning = begin(words.language, style_of(OURS), "paper/note_head.html", notes.STYLE)
    gzip = reading.reads_gzip(request)
    return print_page(beginning, text, status=status, gzip=gzip)


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[
            show_link,
            use_link,
            show_signed_in,
            sign_out,
            show_password,
            set_password,
        ],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
