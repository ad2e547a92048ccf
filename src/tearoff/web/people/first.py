"""The first person: by the link that the terminal shows, an account gets its owner."""

from __future__ import annotations

from litestar import Router, post, route
from litestar.params import FromPath

from tearoff.accounts import beginning, passwords, sign_ins
from tearoff.accounts.beginning import Begun, Place
from tearoff.accounts.members import EmailTaken
from tearoff.accounts.sign_ins import LinkOver
from tearoff.errors import Invalid
from tearoff.kit import clock, doorbook
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.doorbook import Event
from tearoff.kit.services import services_of
from tearoff.kit.words import Words
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer, Header
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.people import links, page
from tearoff.web.people.passwords import told_problem


@route("/begin/{token:str}", http_method=READ)
async def show_begin(request: AnyRequest, token: FromPath[str]) -> Answer:
    place = await _place(request, token)
    return _form(request, token, place) if place else page.link_over(request)


@post("/begin/{token:str}")
async def begin(request: AnyRequest, token: FromPath[str]) -> Answer:
    services, words = services_of(request), page.words_for(request)
    form, place = await page.read_form(request), await _place(request, token)
    if place is None:
        return page.refuse_link(request, Event.SIGN_IN_REFUSED)
    wrong = page.wrong_form(request, form, token)
    if wrong:
        return _form(request, token, place, form, {"page": wrong}, 403)
    try:
        begun, secret = await patiently(_begin(request, token, form))
    except LinkOver:
        return page.refuse_link(request, Event.SIGN_IN_REFUSED)
    except (Invalid, EmailTaken) as error:
        return _form(request, token, place, form, _problem(words, error), 422)
    except TooBusy as error:
        told, headers = page.busy(words, error.after)
        return _form(request, token, place, form, {"page": told}, 429, headers)
    doorbook.note(Event.ACCOUNT_BEGUN, account=begun.account_id, person=begun.person_id)
    cookie = page.sign_in_cookie(services, secret)
    return page.redirect(f"/a/{begun.account_id}/first-steps", [cookie])


async def _begin(request: AnyRequest, token: str, form: dict[str, str]) -> tuple[Begun, str]:
    services, now = services_of(request), clock.now()
    begun = await beginning.begin(
        services.db,
        services.vault,
        token,
        email=form.get("email", "").strip(),
        password=form.get("password", ""),
        name=form.get("name", ""),
        now=now,
    )
    async with services.db.transaction() as db:
        await sign_ins.sign_out(db, page.secret_of(request))
        source = page.source_of(request)
        return begun, await sign_ins.sign_in_person(
            db, begun.person_id, now, source, second_step_due=False
        )


async def _place(request: AnyRequest, token: str) -> Place | None:
    services = services_of(request)
    ticket = await links.find_ticket(services, token, "begin")
    if ticket is None:
        return None
    try:
        return await patiently(beginning.find_place(services.db, ticket))
    except LinkOver:
        return None


def _problem(words: Words, error: Invalid | EmailTaken) -> dict[str, str]:
    if isinstance(error, passwords.WrongLength | passwords.WeakPassword):
        return {"password": told_problem(words, error)}
    if isinstance(error, EmailTaken):
        return {"email": words("Somebody has this address here already. Use another one.")}
    if error.field == "name":
        return {"name": words("Type a name.")}
    return {"email": words("Type one address, such as anna@example.com.")}


def _form(
    request: AnyRequest,
    token: str,
    place: Place,
    form: dict[str, str] | None = None,
    problems: dict[str, str] | None = None,
    status: int = 200,
    headers: list[Header] | None = None,
) -> Answer:
    visit, cookies = page.visit_of(request)
    typed = form or {}
    return page.print_form(
        request,
        "begin",
        page.words_for(request),
        status=status,
        headers=[*cookies, *(headers or [])],
        form_token=page.visit_token(services_of(request), visit, token),
        name=place.account_name,
        owner_email=place.email,
        email=typed.get("email", "")[:254],
        shop=typed.get("name", "")[:200],
        problems={"page": "", "email": "", "password": "", "name": "", **(problems or {})},
    )


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[show_begin, begin],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
