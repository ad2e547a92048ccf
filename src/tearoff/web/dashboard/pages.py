"""How a page of the dashboard is printed: frame, menu, headers; and the pages that say that
something else comes first."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Iterable
from importlib import resources
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from litestar.exceptions import HTTPException

from tearoff.accounts.rights import GRANTS, LinkMissing, Right, RoleMissing
from tearoff.alerts import queries as alerts
from tearoff.errors import Conflict, Invalid, TryLater
from tearoff.kit import clock
from tearoff.kit.bodies import TooSlow
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.services import services_of
from tearoff.kit.words import Words, languages, phrase, words_in
from tearoff.messages import connections
from tearoff.people.optout_lists import BrokenOff
from tearoff.web.dashboard import form_tokens
from tearoff.web.dashboard.icons import icon
from tearoff.web.dashboard.moments import Moments
from tearoff.web.dashboard.saying import ROLE_NAMES
from tearoff.web.dashboard.visit import DOMAIN, Visit
from tearoff.web.paper import sealed
from tearoff.web.paper.html import Answer, Header, answer, render
from tearoff.web.paper.languages import choose_language
from tearoff.web.paper.reading import (
    AnyRequest,
    accepted_languages,
    asked_language,
    header,
    patiently,
    reads_gzip,
)
from tearoff.web.paper.signed_forms import make_form_token
from tearoff.web.paper.static_files import Shelf

log = structlog.get_logger()

_WEB = resources.files("tearoff.web")
OURS = Shelf("/a/static", "ours", _WEB / "dashboard" / "static", is_ours=True)
HTMX = Shelf("/a/static", "htmx", _WEB / "vendor" / "htmx", is_ours=False)
PASSKEY = Shelf("/a/static", "passkey", _WEB / "people" / "templates" / "passkeys", is_ours=True)
SWAGGER = Shelf("/a/static", "swagger", _WEB / "vendor" / "swagger", is_ours=False)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline';"
    " img-src 'self' data: blob:; connect-src 'self'; frame-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: list[Header] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "private, no-store"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-robots-tag", "noindex, nofollow"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ("cross-origin-opener-policy", "same-origin"),
    # What htmx gets is a part: a browser must never take it for the page (htmx issue 497).
    ("vary", "Accept-Encoding, Cookie, HX-Request"),
]


class Item(msgspec.Struct, frozen=True):
    """An entry of the menu."""

    path: str
    icon: str
    name: str
    right: Right


MENU = (
    Item("/", "home", phrase("Home"), Right.LOOK),
    Item("/campaigns", "ticket", phrase("Campaigns"), Right.LOOK),
    Item("/send", "send", phrase("Send"), Right.SEND),
    Item("/coupons", "qrcode", phrase("Coupons"), Right.LOOK),
    Item("/replies", "message", phrase("Replies"), Right.PEOPLE),
    Item("/opt-outs", "ban", phrase("Opt-outs"), Right.PEOPLE),
    Item("/integrations", "plug", phrase("Integrations"), Right.PROVIDERS),
    Item("/webhooks", "webhook", phrase("Webhooks"), Right.HOOKS),
    Item("/locations", "map-pin", phrase("Locations"), Right.PLACES),
    Item("/api", "key", phrase("API"), Right.KEYS),
    Item("/team", "users", phrase("Team"), Right.MEMBERS),
    Item("/settings", "settings", phrase("Settings"), Right.SETTINGS),
    Item("/audit", "history", phrase("Audit log"), Right.AUDIT),
)


class Said(sealed.Carried, frozen=True, kw_only=True, omit_defaults=True):
    """What a page says once, after what was done on the one before."""

    text: str = ""


async def page(
    visit: Visit,
    template: str,
    *,
    title: str,
    at: str = "",
    status: int = 200,
    headers: Iterable[Header] = (),
    **values: Any,
) -> Answer:
    """`template`: its name in this room; `title`: of the window and the page; `at`: the menu's
    entry that is marked. For a script that wants a part, `values` and template are the same: the
    template prints its part alone (`part`)."""
    db, account_id = visit.services.db, visit.account.id
    is_trial = await patiently(connections.is_trial(db, account_id))
    at_bell = await patiently(
        alerts.at_bell(db, account_id, visit.membership.role, visit.who.scopes)
    )
    text = render(
        f"dashboard/{template}.html",
        visit.words,
        title=title,
        at=at,
        visit=visit,
        menu=[item for item in MENU if visit.may(item.right)],
        said=_said(visit),
        is_trial=is_trial,
        at_bell=at_bell,
        stood_on=_stood_on(visit) if status >= 400 or template == "sure" else "",
        **shared(visit),
        **values,
    )
    return printed(visit.request, text, status=status, headers=headers)


def shared(visit: Visit) -> dict[str, Any]:
    """What every template of this room may use."""
    words = visit.words
    return {
        "icon": icon,
        "address": visit.address,
        "form_token": form_tokens.make(visit.services, visit.who.person_id, visit.now),
        "out_token": make_form_token(visit.services, visit.token),
        "here": _here(visit.request),
        "moments": Moments(words, visit.account.timezone, visit.now),
        "typed": visit.typed,
        "files": _files(),
        "direction": words.direction,
        "role_name": words(ROLE_NAMES[visit.membership.role]),
        "product": visit.services.settings.product_name,
        "part": visit.is_part,
    }


def part(visit: Visit, template: str, *, status: int = 200, **values: Any) -> Answer:
    """A piece of a page alone, for a script."""
    text = render(f"dashboard/{template}.html", visit.words, visit=visit, **shared(visit), **values)
    return printed(visit.request, text, status=status)


def nothing_new() -> Answer:
    """For a part that asks for news of itself: nothing of the page is touched."""
    return answer(204, [("cache-control", "private, no-store"), ("vary", "HX-Request")])


def printed(
    request: AnyRequest,
    text: str,
    *,
    status: int = 200,
    headers: Iterable[Header] = (),
    policy: str = _POLICY,
) -> Answer:
    body, more = text.encode("utf-8", "replace"), [*_HEADERS, *headers]
    more.append(("content-security-policy", policy))
    if reads_gzip(request) and len(body) > 500:
        body = gzip.compress(body, 5, mtime=0)
        more.append(("content-encoding", "gzip"))
    return answer(status, more, body)


def to(visit: Visit, path: str, said: str = "", **query: object) -> Answer:
    """On to another page of this account, which says `said` once."""
    return redirect(visit.request, saying(visit, path, said, **query))


def saying(visit: Visit, path: str, said: str = "", **query: object) -> str:
    """The address of a page of this account, which says `said` once."""
    if said:
        carried = Said(about="said", at=visit.now.timestamp(), text=said)
        query["said"] = sealed.seal(visit.services.vault, carried)
    where, hash, anchor = path.partition("#")
    return visit.address(where, **query) + hash + anchor


def saying_once(request: AnyRequest, path: str) -> str:
    """The address of a page that will say that a file has to be chosen once more."""
    services, words = services_of(request), _words(request)
    text = words("Your sign-in was over: choose the file once more.")
    carried = Said(about="said", at=clock.now().timestamp(), text=text)
    sign = "&" if "?" in path else "?"
    return f"{path}{sign}said={sealed.seal(services.vault, carried)}"


def redirect(request: AnyRequest, address: str) -> Answer:
    """A script is told by a header: it would put the other page into a part of this one."""
    if header(request, b"hx-request"):
        return answer(200, [("hx-redirect", address), ("cache-control", "no-store")])
    return answer(303, [("location", address), ("cache-control", "no-store")])


def _said(visit: Visit) -> str:
    vault, now = visit.services.vault, visit.now
    found = sealed.unseal(visit.request, vault, "said", Said, "said", now)
    return found[0].text if found else ""


def _here(request: AnyRequest) -> str:
    """This page's address, for forms that come back to it; without what is said once."""
    query = request.scope["query_string"].decode("latin-1")
    kept = [p for p in query.split("&") if p and not p.startswith(("said=", "kept="))]
    path: str = request.scope["path"]
    return path + (f"?{'&'.join(kept)}" if kept else "")


def _stood_on(visit: Visit) -> str:
    """Of a page that refuses a form or asks once more: the page that the form stood on; else "".
    A script shows its address, and a browser lets no script show that of another site."""
    given = visit.typed.text("back") if visit.request.method == "POST" else ""
    return given if given.startswith(visit.address("/")) else ""


def _files() -> dict[str, str]:
    return {
        "css": OURS.address("dashboard.css"),
        "js": OURS.address("dashboard.js"),
        "htmx": HTMX.address("htmx.min.js"),
    }


# what comes first ---------------------------------------------------------------------------


def sign_in_first(request: AnyRequest, back: str) -> Answer:
    return redirect(request, f"/sign-in?next={quote(back, safe='')}")


def provider_first(request: AnyRequest, path: str, back: str) -> Answer:
    return redirect(request, f"{path}?next={quote(back, safe='')}")


def prove_first(request: AnyRequest, back: str) -> Answer:
    return redirect(request, f"/sign-in/again?next={quote(back, safe='')}")


async def too_old(visit: Visit, back: str) -> Answer:
    """A form of a page that was shown days ago, or to somebody else. Nothing is done."""
    words = visit.words
    return await page(
        visit,
        "note",
        title=words("This page was too old"),
        status=403,
        lines=[words("Nothing was done. Open it again, and send it once more.")],
        links=[(back, words("Open it again"))],
    )


async def too_long(visit: Visit, back: str) -> Answer:
    """A form that holds more than any of ours."""
    words = visit.words
    return await page(
        visit,
        "note",
        title=words("That is too much for one form"),
        status=413,
        lines=[words("Nothing was done. Shorten it, and send it once more.")],
        links=[(back, words("Open it again"))],
    )


def from_elsewhere(request: AnyRequest) -> Answer:
    words = _words(request)
    return _note(
        request,
        403,
        words("This was not sent from this site"),
        words("Your browser says that another site's page sent this form. Nothing was done."),
    )


def not_found(request: AnyRequest) -> Answer:
    """The same for what there is not and for what belongs to others."""
    return unknown(request, 404)


def unknown(request: AnyRequest, status: int) -> Answer:
    """An address of this server that leads nowhere."""
    words = _words(request)
    return _note(
        request,
        status,
        words("There is no such page"),
        words("It may have been removed, or it belongs to an account that you are not in."),
        "/",
    )


def trouble(request: AnyRequest, error: Exception) -> Answer:
    """What went wrong that the person did not do. 503 when it will pass by itself, 429 when too
    many want the same, otherwise 500 with a reference that is also in the log."""
    if isinstance(error, HTTPException) and error.status_code < 500:
        return not_found(request)
    words = _words(request)
    if isinstance(error, TryLater):
        status = 429 if isinstance(error, TooBusy) else 503
        line = words("Nothing was changed. Go back and try again in a moment.")
        if isinstance(error, BrokenOff):
            number = Moments(words, "UTC", clock.now()).number
            line = words(
                "It broke off in the middle: {done} of {all} addresses are on the list, others may"
                " be missing. Go back and try again in a moment: who is on it already stays there.",
                done=number(error.done),
                all=number(error.total),
            )
        told = _note(request, status, words("That did not work just now"), line)
        return told.with_header("retry-after", str(max(1, round(error.after))))
    if isinstance(error, TooSlow):
        line = words("Your connection was too slow. Go back and send it again.")
        return _note(request, 408, words("That took too long"), line)
    if isinstance(error, Invalid):  # of a file that was refused before the rest was read
        line = words(str(error))
        return _note(request, 422, words("That cannot be taken. Go back and try again."), line)
    reference = secrets.token_hex(6)
    log.error("page.broke", reference=reference, exc_info=error)
    return _note(
        request,
        500,
        words("Something broke on our side"),
        words("Tell whoever runs this server the reference {ref}.", ref=reference),
        "/",
    )


async def refused_in(visit: Visit, error: Invalid | Conflict) -> Answer:
    """What no form of ours sends, or what somebody else has made impossible meanwhile, where the
    screen has no place to say so."""
    words = visit.words
    return await page(
        visit,
        "note",
        title=words("That did not work"),
        status=409 if isinstance(error, Conflict) else 422,
        lines=[words("Nothing was changed. Go back and try again.")],
        links=[(visit.address("/"), words("Home"))],
    )


async def not_found_in(visit: Visit) -> Answer:
    words = visit.words
    return await page(
        visit,
        "note",
        title=words("There is no such page"),
        status=404,
        lines=[words("It may have been removed.")],
        links=[(visit.address("/campaigns"), words("All campaigns"))],
    )


async def not_allowed(request: AnyRequest, error: RoleMissing) -> Answer:
    words = _words(request)
    if isinstance(error, LinkMissing):
        return _note(
            request,
            403,
            words("A program's link may not do this"),
            words(
                "You came by a program's link, which opens no more than the program may do. Sign in"
                " by yourself, with your password or by single sign-on."
            ),
            "/",
        )
    names = [words(ROLE_NAMES[role]) for role in GRANTS[error.right].roles]
    return _note(
        request,
        403,
        words("Your role does not allow this"),
        words(
            "You are here as: {role}. Ask somebody who is one of: {roles}.",
            role=words(ROLE_NAMES.get(error.role, "Reader")),
            roles=", ".join(names),
        ),
        "/",
    )


def _note(request: AnyRequest, status: int, title: str, line: str, link: str = "") -> Answer:
    words = _words(request)
    text = render(
        "dashboard/alone.html",
        words,
        title=title,
        line=line,
        link=link,
        icon=icon,
        files=_files(),
        direction=words.direction,
        product=services_of(request).settings.product_name,
    )
    return printed(request, text, status=status)


def _words(request: AnyRequest) -> Words:
    language = choose_language(asked_language(request), accepted_languages(request), "")
    return words_in(DOMAIN, language if language in languages(DOMAIN) else "en")
