"""Signing in by a passkey: alone, as the second step, and as a proof who somebody is. The page's
script sends the answer of the browser as a form, so what went wrong is said where it was begun."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from datetime import datetime

from litestar import Router, post

from tearoff.accounts import passkeys, sign_ins, tries
from tearoff.accounts.passkey_answers import Given, read_answer
from tearoff.accounts.passkey_challenges import ChallengeOver
from tearoff.accounts.passkey_sites import Site
from tearoff.accounts.passkeys import PasskeyCopied, PasskeyUnknown, Used
from tearoff.accounts.sign_ins import Due, LinkOver
from tearoff.accounts.tries import TooManyTries, Tried
from tearoff.errors import TearoffError
from tearoff.kit import clock, doorbook
from tearoff.kit.doorbook import Event
from tearoff.kit.proxies import host_of
from tearoff.kit.services import services_of
from tearoff.web.paper import notes
from tearoff.web.paper.cookies import read_cookie
from tearoff.web.paper.html import Answer, Header
from tearoff.web.paper.reading import AnyRequest, patiently
from tearoff.web.people import page, passkey_offers, passkey_words, second_step, sign_in


class _Refused(Exception):
    """What is said, the status, and headers."""

    def __init__(self, told: str, status: int = 422, headers: list[Header] | None = None) -> None:
        super().__init__(told)
        self.told, self.status, self.headers = told, status, headers or []


@post("/sign-in/passkey")
async def sign_in_by_passkey(request: AnyRequest) -> Answer:
    """No address and no password: the passkey names the person, and has asked for a PIN or a
    finger. It is both steps."""
    words, now = page.words_for(request), clock.now()
    form = await page.read_form(request)
    wanted = form.get("next", "")
    wrong = page.wrong_form(request, form)
    if wrong:
        return await sign_in.sign_in_form(request, wanted, wrong, status=403)
    visit = read_cookie(request, page.VISIT)
    try:
        used, tried = await _verified(request, form, passkey_offers.SIGN_IN, visit, now)
        secret = await _noted(request, _begin(request, used, now))
    except _Refused as no:
        return await sign_in.sign_in_form(request, wanted, no.told, "", no.status, no.headers)
    await patiently(tries.forgive(services_of(request).db, tried, now))
    lines = [words("Your passkey is right, but no account has a place for you.")]
    return await sign_in.entered(request, used.person_id, secret, wanted, lines)


@post("/sign-in/second-step/passkey")
async def take_passkey(request: AnyRequest) -> Answer:
    """In the place of the app's code."""
    services, now = services_of(request), clock.now()
    form, known = await page.read_form(request), await second_step.due_here(request)
    wanted = form.get("next", "")
    if known is None:
        return page.redirect("/sign-in")
    wrong = page.wrong_own_form(request, form)
    if wrong:
        return await second_step.second_step_form(request, known, wanted, wrong, 403)
    purpose, secret = passkey_offers.SECOND_STEP, page.secret_of(request)
    try:
        used, tried = await _verified(request, form, purpose, secret, now, known.person_id)
        fresh = await _noted(request, _finish(request, known, used, now))
    except _Refused as no:
        return await second_step.second_step_form(
            request, known, wanted, no.told, no.status, no.headers
        )
    except LinkOver:
        return page.redirect("/sign-in")
    await patiently(tries.forgive(services.db, tried, now))
    return await second_step.finished(request, known, fresh, wanted)


@post("/sign-in/again/passkey")
async def prove_by_passkey(request: AnyRequest) -> Answer:
    """In the place of the password."""
    services, now = services_of(request), clock.now()
    form = await page.read_form(request)
    who, wanted = await page.who_is_there(request), form.get("next", "")
    if who is None:
        return sign_in.to_sign_in(wanted)
    wrong = page.wrong_own_form(request, form)
    if wrong:
        return await sign_in.again_form(request, who, wanted, wrong, 403)
    purpose, secret = passkey_offers.AGAIN, page.secret_of(request)
    try:
        used, tried = await _verified(request, form, purpose, secret, now, who.person_id)
        fresh = await _noted(request, _confirm(request, who.id, used, now))
    except _Refused as no:
        return await sign_in.again_form(request, who, wanted, no.told, no.status, no.headers)
    except LinkOver:
        return sign_in.to_sign_in(wanted)
    await patiently(tries.forgive(services.db, tried, now))
    return sign_in.confirmed(request, who, fresh, wanted)


# what they have in common -----------------------------------------------------------------


async def _verified(
    request: AnyRequest,
    form: dict[str, str],
    purpose: str,
    secret: str,
    now: datetime,
    person_id: int | None = None,
) -> tuple[Used, Tried]:
    """Whose passkey it is, and the try that it counts as. Raises `_Refused`."""
    services, words = services_of(request), page.words_for(request)
    site = passkey_offers.site_of(services)
    if not isinstance(site, Site):
        address = services.settings.link_host
        raise _Refused(passkey_words.why_not(words, site, address))
    try:
        given, about = read_answer(form.get("answer", "")), passkey_offers.about(purpose, secret)
        fitting = passkeys.check(services.vault, given, site, about, now)
        tried = _tried(request, given)
        await patiently(tries.count(services.db, tried, now))
        used = await patiently(passkeys.verify(services.db, fitting, person_id))
    except TooManyTries as error:
        told, headers = page.too_many(words, error)
        raise _Refused(told, 429, headers) from None
    except TearoffError as error:
        raise _refused(request, error, site) from None
    return used, tried


def _tried(request: AnyRequest, given: Given) -> Tried:
    mark = hashlib.sha256(given.credential_id).hexdigest()
    return tries.of("passkey", mark, page.address_of(request))


async def _noted(request: AnyRequest, work: Awaitable[str]) -> str:
    """The secret that the passkey has brought. Raises `_Refused` and `LinkOver`."""
    try:
        return await patiently(work)
    except (ChallengeOver, PasskeyCopied, PasskeyUnknown) as error:
        site = passkey_offers.site_of(services_of(request))
        assert isinstance(site, Site)
        raise _refused(request, error, site) from None


async def _begin(request: AnyRequest, used: Used, now: datetime) -> str:
    """Whatever secret the browser had before is over."""
    async with services_of(request).db.transaction() as db:
        await passkeys.note_use(db, used, now)
        await sign_ins.sign_out(db, page.secret_of(request))
        return await sign_ins.sign_in_person(
            db, used.person_id, now, page.source_of(request), second_step_due=False
        )


async def _finish(request: AnyRequest, known: Due, used: Used, now: datetime) -> str:
    async with services_of(request).db.transaction() as db:
        await passkeys.note_use(db, used, now)
        return await sign_ins.finish_sign_in(db, known, now)


async def _confirm(request: AnyRequest, sign_in_id: int, used: Used, now: datetime) -> str:
    async with services_of(request).db.transaction() as db:
        await passkeys.note_use(db, used, now)
        return await sign_ins.confirm(db, sign_in_id, now)


def _refused(request: AnyRequest, error: TearoffError, site: Site) -> _Refused:
    """The door's book says why, without the passkey."""
    address = host_of(page.address_of(request))
    doorbook.note(Event.PASSKEY_REFUSED, address=address, why=type(error).__name__)
    return _Refused(passkey_words.of_error(page.words_for(request), error, site))


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[sign_in_by_passkey, take_passkey, prove_by_passkey],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
