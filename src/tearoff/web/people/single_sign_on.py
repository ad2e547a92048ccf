"""Coming in by an account's own provider (OpenID Connect): to it, and back from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from litestar import Router, post, route
from litestar.params import FromPath

from tearoff.accounts import sign_ins, tries
from tearoff.accounts.members import Member
from tearoff.accounts.single_sign_on import asking, begun, claims, coming_in, stored
from tearoff.accounts.single_sign_on.asking import Code, Described
from tearoff.accounts.single_sign_on.begun import Begun
from tearoff.accounts.single_sign_on.models import (
    CALLBACK,
    BeginAgain,
    Provider,
    ProviderTrouble,
    Refusal,
    Refused,
    Trouble,
)
from tearoff.accounts.tries import TooManyTries, Tried
from tearoff.kit import clock, doorbook
from tearoff.kit.doorbook import Event
from tearoff.kit.proxies import host_of
from tearoff.kit.services import services_of
from tearoff.kit.words import Words, phrase
from tearoff.web.paper import notes
from tearoff.web.paper.cookies import read_cookie
from tearoff.web.paper.html import Answer, Header
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.people import page, providers

_LONGEST = 4_096
"""Of what a provider sends along with a browser."""
_AGAIN = "again"

_TROUBLES = {
    Trouble.AWAY: phrase("{name} does not answer just now. Try again in a minute."),
    Trouble.CLIENT: phrase(
        "{name} does not know this program. Whoever set single sign-on up has to look at the client"
        " id and the secret."
    ),
}
_TROUBLE = phrase(
    "{name} answered in a way that cannot be trusted, so nobody was signed in. Whoever set single"
    " sign-on up can try it in the settings."
)
_REFUSALS = {
    Refusal.NO_MAIL: phrase("{name} does not tell your e-mail address, so nobody knows who you are"
                            " here."),
    Refusal.SPELLING: phrase("{name} writes your e-mail address with letters that only look like"
                             " usual ones, so it is not believed here. Have it written plainly"
                             " there."),
    Refusal.NOT_VERIFIED: phrase("{name} does not say that your e-mail address was verified, so it"
                                 " is not believed here."),
    Refusal.NOT_INVITED: phrase("You are known at {name}, but nobody has invited you here. Ask an"
                                " owner of the account."),
    Refusal.ANOTHER: phrase("Somebody else comes in here by {name} with your e-mail address. Ask an"
                            " owner of the account."),
    Refusal.REMOVED: phrase("You were removed from this account. An owner can invite you again."),
    Refusal.NO_ROLE: phrase("{name} gives you no role here any more. Ask whoever looks after the"
                            " groups there."),
    Refusal.ELSEWHERE: phrase("Your e-mail address has its place in another account of the same"
                              " owner. Ask them."),
    Refusal.FULL: phrase("This account has no room for more people. Ask an owner."),
}  # fmt: skip


@route("/sign-in/with/{code:str}", http_method=READ)
async def show_provider(request: AnyRequest, code: FromPath[str]) -> Answer:
    """Names account and provider, and waits for a person to go on."""
    provider = await _provider(request, code)
    if provider is None:
        return _unknown(request)
    return await _page(request, provider, request.query_params.get("next", ""))


@post("/sign-in/with/{code:str}")
async def go(request: AnyRequest, code: FromPath[str]) -> Answer:
    """To the provider. By a page of its own: a browser would hold a form's answer to the addresses
    to which forms may be sent."""
    services, now = services_of(request), clock.now()
    provider = await _provider(request, code)
    if provider is None:
        return _unknown(request)
    form = await page.read_form(request)
    wrong, wanted = page.wrong_form(request, form), page.local_next(form.get("next", ""))
    if wrong:
        return await _page(request, provider, wanted, wrong, 403)
    browser = _browser(request)
    try:
        await patiently(tries.count(services.db, _tried(request, browser), now))
        described = await asking.describe(services.settings, provider.issuer)
    except TooManyTries as error:
        told, headers = page.too_many(page.words_for(request), error)
        return await _page(request, provider, wanted, told, 429, headers)
    except ProviderTrouble as error:
        return await _troubled(request, provider, wanted, error)
    told_it = await patiently(
        begun.begin(services.db, services.vault, provider, browser, wanted, now)
    )
    who = await page.who_is_there(request)
    is_again = who is not None and who.only_account_id == provider.account_id
    asked = {**_question(request, provider), **told_it, **({"prompt": "login"} if is_again else {})}
    return _leading(request, described, asked)


@route(f"/sign-in/with/{{code:str}}/{CALLBACK}", http_method="GET")
async def come_back(request: AnyRequest, code: FromPath[str]) -> Answer:
    services, now = services_of(request), clock.now()
    provider = await _provider(request, code)
    if provider is None:
        return _unknown(request)
    said = {name: value[:_LONGEST] for name, value in request.query_params.items()}
    browser, wanted = _browser(request), ""
    if "error" in said and "state" not in said:  # nothing is done, whoever sent them
        return await _not_done(request, provider, wanted, said["error"])
    try:
        kept = await patiently(
            begun.take(services.db, services.vault, provider, said.get("state", ""), browser, now)
        )
        wanted = kept.next
        if "code" not in said:
            return await _not_done(request, provider, wanted, said.get("error", ""))
        known, secret = await _came(request, provider, kept, said, now)
    except BeginAgain:
        words = page.words_for(request)
        told = words("This sign-in was begun too long ago, or in another browser. Begin it again.")
        return await _refuse(request, provider, wanted, told, 409)
    except Refused as error:
        told = page.words_for(request)(_REFUSALS[error.refusal], name=provider.name)
        return await _refuse(request, provider, wanted, told, 403, str(error.refusal))
    except ProviderTrouble as error:
        return await _troubled(request, provider, wanted, error)
    await patiently(tries.forgive(services.db, _tried(request, browser), now))
    doorbook.note(Event.SIGN_IN, account=known.account_id, member=known.id, way="single sign-on")
    return _let_in(request, provider, secret, wanted)


# to it --------------------------------------------------------------------------------------------


def redirect_url(request: AnyRequest, provider: Provider) -> str:
    return f"{services_of(request).settings.link_host}{provider.path}/{CALLBACK}"


def _question(request: AnyRequest, provider: Provider) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_url(request, provider),
        "scope": provider.scopes,
    }


def _leading(request: AnyRequest, described: Described, asked: Mapping[str, str]) -> Answer:
    parts = urlsplit(described.authorization_endpoint)
    query = urlencode([*parse_qsl(parts.query), *asked.items()], quote_via=quote)
    address = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    return page.print_form(
        request,
        "leading",
        page.words_for(request),
        headers=[("refresh", f"0;url={address}")],
        address=address,
        host=parts.hostname,
    )


def _browser(request: AnyRequest) -> str:
    """The secret of this browser's visit; "" for one without, which has begun nothing."""
    visit = read_cookie(request, page.VISIT)
    return visit if page.TOKEN.match(visit) else ""


def _tried(request: AnyRequest, browser: str) -> Tried:
    return tries.of("single sign-on", browser, page.address_of(request))


# back from it -------------------------------------------------------------------------------------


async def _came(
    request: AnyRequest, provider: Provider, kept: Begun, said: Mapping[str, str], now: datetime
) -> tuple[Member, str]:
    """The network first, then one transaction: the browser's sign-in from before is over in it."""
    services = services_of(request)
    secret = services.vault.open(provider.client_secret_sealed).decode()
    code = Code(
        said["code"], kept.verifier, kept.nonce, redirect_url(request, provider),
        said.get("iss", ""),
    )  # fmt: skip
    found = await asking.who_came(services.settings, provider, secret, code, now)
    came = claims.came(found, provider.role_claim)
    async with services.db.transaction() as db:
        await sign_ins.sign_out(db, page.secret_of(request))
        return await coming_in.come_in(
            db, services.vault, provider, came, now, page.source_of(request)
        )


def _let_in(request: AnyRequest, provider: Provider, secret: str, wanted: str) -> Answer:
    """To a page of this account alone, for the sign-in sees no other."""
    home = f"/a/{provider.account_id}/"
    local = page.local_next(wanted)
    is_here = local == home.rstrip("/") or local.startswith((home, home.rstrip("/") + "?"))
    cookies = [
        page.sign_in_cookie(services_of(request), secret, page.ACCOUNT_SECONDS),
        providers.cookie_of(request, provider),
    ]
    return page.redirect(local if is_here else home, cookies)


async def _not_done(request: AnyRequest, provider: Provider, wanted: str, error: str) -> Answer:
    """The provider sent somebody back without a code; what it says is named, never shown."""
    words = page.words_for(request)
    if error == "access_denied":
        told = words("{name} did not let you through, or you turned back.", name=provider.name)
    elif error in ("temporarily_unavailable", "server_error"):
        told = words(_TROUBLES[Trouble.AWAY], name=provider.name)
    elif error in ("login_required", "interaction_required", "consent_required"):
        told = words("{name} wants you to sign in there first.", name=provider.name)
    else:
        told = words(_TROUBLE, name=provider.name)
    return await _refuse(request, provider, wanted, told, 403, "no code")


async def _troubled(
    request: AnyRequest, provider: Provider, wanted: str, error: ProviderTrouble
) -> Answer:
    text = _TROUBLES.get(error.trouble, _TROUBLE)
    told = page.words_for(request)(text, name=provider.name)
    reason = f"{error.trouble.name.lower()} {error.detail}".strip()
    return await _refuse(request, provider, wanted, told, 502, reason)


async def _refuse(
    request: AnyRequest, provider: Provider, wanted: str, told: str, status: int, reason: str = ""
) -> Answer:
    doorbook.note(
        Event.SIGN_IN_REFUSED,
        address=host_of(page.address_of(request)),
        account=provider.account_id,
        way="single sign-on",
        reason=reason,
    )
    return await _page(request, provider, wanted, told, status)


# pages --------------------------------------------------------------------------------------------


async def _provider(request: AnyRequest, code: str) -> Provider | None:
    if not (code.isascii() and code.isalnum() and len(code) < 40):
        return None
    return await patiently(stored.provider_at(services_of(request).db, code, clock.now()))


def _unknown(request: AnyRequest) -> Answer:
    words: Words = page.words_for(request)
    lines = [words("Nobody signs in at this address, or not any more. Ask an owner for the right"
                   " one.")]  # fmt: skip
    return page.print_note(request, words, 404, words("There is no such page"), lines)


async def _page(
    request: AnyRequest,
    provider: Provider,
    wanted: str,
    problem: str = "",
    status: int = 200,
    headers: list[Header] | None = None,
) -> Answer:
    visit, cookies = page.visit_of(request)
    local = page.local_next(wanted)
    return page.print_form(
        request,
        "provider",
        page.words_for(request),
        status=status,
        headers=[*cookies, *(headers or [])],
        form_token=page.visit_token(services_of(request), visit),
        provider=provider,
        host=urlsplit(provider.issuer).hostname,
        next=local,
        query=f"?next={quote(local, safe='/')}" if local else "",
        problem=problem,
    )


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[show_provider, go, come_back],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
