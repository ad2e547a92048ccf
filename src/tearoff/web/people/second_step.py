"""The second step of signing in: a code of the app, or one for recovery."""

from __future__ import annotations

from datetime import datetime

from litestar import Router, post, route

from tearoff.accounts import people, sign_ins, tries
from tearoff.accounts.sign_ins import Due, LinkOver
from tearoff.accounts.tries import TooManyTries
from tearoff.kit import clock, doorbook
from tearoff.kit.doorbook import Event
from tearoff.kit.services import services_of
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer, Header
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.paper.signed_forms import make_form_token
from tearoff.web.people import codes, page, passkey_offers, providers


@route("/sign-in/second-step", http_method=READ)
async def show_second_step(request: AnyRequest) -> Answer:
    known = await due_here(request)
    if known is None:
        return page.redirect("/sign-in")
    return await second_step_form(request, known, request.query_params.get("next", ""))


@post("/sign-in/second-step")
async def take_second_step(request: AnyRequest) -> Answer:
    words, now = page.words_for(request), clock.now()
    form, known = await page.read_form(request), await due_here(request)
    wanted = form.get("next", "")
    if known is None:
        return page.redirect("/sign-in")
    wrong = page.wrong_own_form(request, form)
    if wrong:
        return await second_step_form(request, known, wanted, wrong, 403)
    try:
        secret = await patiently(_finish(request, known, form.get("code", ""), now))
    except TooManyTries as error:
        told, headers = page.too_many(words, error)
        return await second_step_form(request, known, wanted, told, 429, headers)
    except LinkOver:
        return page.redirect("/sign-in")
    if not secret:
        doorbook.note(Event.CODE_REFUSED, person=known.person_id)
        told = words("That is not the code of now. Each code is good once.")
        return await second_step_form(request, known, wanted, told, 422)
    return await finished(request, known, secret, wanted)


async def finished(request: AnyRequest, known: Due, secret: str, wanted: str) -> Answer:
    services = services_of(request)
    if await patiently(sign_ins.signed_in(services.db, secret, clock.now())) is None:
        return await providers.led_on(request, secret, known.person_id, wanted)
    doorbook.note(Event.SIGN_IN, person=known.person_id)
    cookie = page.sign_in_cookie(services, secret)
    return page.redirect(page.local_next(wanted) or "/", [cookie])


async def _finish(request: AnyRequest, known: Due, code: str, now: datetime) -> str:
    """The secret of the sign-in; "" for a wrong code."""
    services = services_of(request)
    tried = tries.of("code", str(known.person_id), page.address_of(request))
    await tries.count(services.db, tried, now)
    if not await codes.is_right(services, known.person_id, code, now):
        return ""
    secret = await sign_ins.finish_sign_in(services.db, known, now)
    await tries.forgive(services.db, tried, now)
    return secret


async def due_here(request: AnyRequest) -> Due | None:
    secret = page.secret_of(request)
    if not secret:
        return None
    return await patiently(sign_ins.due(services_of(request).db, secret, clock.now()))


async def second_step_form(
    request: AnyRequest,
    known: Due,
    wanted: str,
    problem: str = "",
    status: int = 200,
    headers: list[Header] | None = None,
) -> Answer:
    services, words, secret = (
        services_of(request), page.words_for(request), page.secret_of(request)
    )  # fmt: skip
    person = await patiently(people.person(services.db, known.person_id))
    passkey = await patiently(
        passkey_offers.to_prove(
            services, words, passkey_offers.SECOND_STEP, known.person_id, secret, clock.now()
        )
    )
    return page.print_form(
        request,
        "second_step",
        words,
        status=status,
        headers=headers or [],
        passkey=passkey,
        has_app=person.has_second_step,
        form_token=make_form_token(services, secret),
        next=page.local_next(wanted),
        problem=problem,
    )


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[show_second_step, take_second_step],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
