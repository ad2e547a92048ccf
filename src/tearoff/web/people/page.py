"""What all pages for signing in stand on: words, forms, cookies, and who is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tearoff.accounts import sign_ins
from tearoff.accounts.sign_ins import From, SignedIn
from tearoff.accounts.tries import TooManyTries
from tearoff.kit import clock, codes, doorbook
from tearoff.kit.bodies import read_body
from tearoff.kit.colors import OURS
from tearoff.kit.doorbook import Event
from tearoff.kit.proxies import client_address, host_of, network_of
from tearoff.kit.services import Services, services_of
from tearoff.kit.words import Words, words_in
from tearoff.web.paper import notes, reading
from tearoff.web.paper.cookies import make_cookie, read_cookie
from tearoff.web.paper.html import (
    Answer,
    Header,
    answer,
    begin,
    print_page,
    read_template,
    render,
    style_of,
)
from tearoff.web.paper.languages import choose_language
from tearoff.web.paper.reading import AnyRequest, patiently
from tearoff.web.paper.signed_forms import is_foreign, is_form_token, make_form_token

COOKIE = "tearoff_sign_in"
VISIT = "tearoff_visit"
"""Ties a form to the browser that was shown it while nobody is signed in, and tells whether the
browser keeps cookies at all."""
TOKEN = re.compile(r"[A-Za-z0-9]{49}\Z")
PERSON_SECONDS = int(sign_ins.PERSON_LIVES.total_seconds())
ACCOUNT_SECONDS = int(sign_ins.SIGN_IN_LIVES.total_seconds())
_VISIT_SECONDS = 12 * 3600
_NEXT = re.compile(r"/a/[A-Za-z0-9_./-]*(\?[A-Za-z0-9_.~%&=+-]*)?|/password/[A-Za-z0-9]{49}")
_STYLE = (*notes.STYLE, "people/people")
_SHOW = read_template("people/show.js")
_PASSKEY = read_template("people/passkeys/passkey.js")


# the request ------------------------------------------------------------------------------


def words_for(request: AnyRequest) -> Words:
    language = choose_language(
        reading.asked_language(request), reading.accepted_languages(request), ""
    )
    return words_in("people", language)


async def read_form(request: AnyRequest) -> dict[str, str]:
    """What cannot be read is as if it were not there."""
    body = await read_body(request, 16_384)
    try:
        text = (body or b"").decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


def address_of(request: AnyRequest) -> str:
    return client_address(request.scope, services_of(request).settings.trusted_proxies)


def network_of_caller(request: AnyRequest) -> str:
    return network_of(address_of(request))


def source_of(request: AnyRequest) -> From:
    return From(address_of(request), reading.header(request, b"user-agent"))


def secret_of(request: AnyRequest) -> str:
    """The secret in the cookie of a sign-in; "" where there is none."""
    found = read_cookie(request, COOKIE)
    return found if TOKEN.match(found) else ""


async def who_is_there(request: AnyRequest) -> SignedIn | None:
    secret = secret_of(request)
    if not secret:
        return None
    return await patiently(sign_ins.signed_in(services_of(request).db, secret, clock.now()))


def local_next(given: str) -> str:
    """An address below `/a/`, or of an invitation, and nothing else: what could lead to another
    host, or out of there, is as if it were not given."""
    path = given.partition("?")[0]
    if len(given) > 500 or not _NEXT.fullmatch(given) or "//" in path:
        return ""
    return "" if {".", ".."} & set(path.split("/")) else given


# forms ------------------------------------------------------------------------------------


def visit_of(request: AnyRequest) -> tuple[str, list[Header]]:
    """The browser's visit, and the cookie that keeps it; the same for all of its tabs."""
    known = read_cookie(request, VISIT)
    visit = known if TOKEN.match(known) else codes.letters(sign_ins.TOKEN_LENGTH)
    settings = services_of(request).settings
    return visit, [("set-cookie", make_cookie(settings, VISIT, visit, _VISIT_SECONDS))]


def visit_token(services: Services, visit: str, about: str = "") -> str:
    return make_form_token(services, f"visit:{visit}:{about}")


def wrong_form(request: AnyRequest, form: dict[str, str], about: str = "") -> str:
    """What is wrong with a form that came while nobody is signed in: "" when it is of ours and of
    this browser."""
    words, visit = words_for(request), read_cookie(request, VISIT)
    if is_foreign(request):
        return _foreign(request)
    if not TOKEN.match(visit):
        return _no_cookie(request)
    if not is_form_token(services_of(request), f"visit:{visit}:{about}", form.get("t", "")):
        return words("This page was too old. Open it again.")
    return ""


def wrong_own_form(request: AnyRequest, form: dict[str, str]) -> str:
    """The same for a form that is tied to a sign-in."""
    if is_foreign(request):
        return _foreign(request)
    if not is_form_token(services_of(request), secret_of(request), form.get("t", "")):
        return words_for(request)("This page was too old. Open it again.")
    return ""


def _foreign(request: AnyRequest) -> str:
    doorbook.note(Event.FORM_FOREIGN, address=host_of(address_of(request)))
    return words_for(request)("This came from another site and was not obeyed. Try it here.")


def _no_cookie(request: AnyRequest) -> str:
    """The page was open for half a day, or the browser keeps none: a cookie for https only is
    refused on a page that was opened by http."""
    words, public = words_for(request), services_of(request).settings.public_url
    why = words("If that does not help, let your browser keep cookies of this page.")
    if urlsplit(public).scheme == "https":
        why = words(
            "If that does not help, your browser refused the cookie that signing in needs: this "
            "server's address is set to {address}. Open that one, or let whoever runs the server "
            "set TEAROFF_PUBLIC_URL to the address that you use.",
            address=public,
        )
    return " ".join([words("This page was too old. Open it again."), why])


# answers ----------------------------------------------------------------------------------


def print_form(
    request: AnyRequest,
    template: str,
    words: Words,
    *,
    status: int = 200,
    headers: Iterable[Header] = (),
    **values: Any,
) -> Answer:
    text = render(f"people/{template}.html", words, **values)
    script = f"<script>{_SHOW}</script>"
    if values.get("passkey"):
        script += f"<script>{_PASSKEY}</script>"
    return _print(request, words, f"{script}{text}", status, headers)


def print_note(
    request: AnyRequest,
    words: Words,
    status: int,
    title: str,
    lines: Sequence[str],
    picture: str = "ticket",
    headers: Iterable[Header] = (),
) -> Answer:
    text = render(
        "paper/note.html", words, picture=picture, title=title, lines=lines, again=None,
        typed=None, reference="",
    )  # fmt: skip
    return _print(request, words, text, status, headers)


def _print(
    request: AnyRequest, words: Words, text: str, status: int, headers: Iterable[Header]
) -> Answer:
    css = style_of(OURS)
    beginning = begin(words.language, css, "people/head.html", _STYLE, (_SHOW, _PASSKEY))
    gzip = reading.reads_gzip(request)
    return print_page(beginning, text, status=status, gzip=gzip, headers=headers)


def redirect(to: str, cookies: Iterable[Header] = ()) -> Answer:
    headers = [("location", to), ("cache-control", "no-store"), ("referrer-policy", "same-origin")]
    return answer(303, [*headers, *cookies])


def sign_in_cookie(services: Services, secret: str, seconds: int = PERSON_SECONDS) -> Header:
    return "set-cookie", make_cookie(services.settings, COOKIE, secret, seconds)


def link_over(request: AnyRequest) -> Answer:
    words = words_for(request)
    lines = [words("It was used already, or its time has run out. Ask for a new one.")]
    return print_note(request, words, 410, words("This link is over"), lines)


def refuse_link(request: AnyRequest, event: Event) -> Answer:
    doorbook.note(event, address=host_of(address_of(request)))
    return link_over(request)


def password_saved(request: AnyRequest) -> Answer:
    words = words_for(request)
    lines = [words("You can sign in with it now.")]
    title = words("Your password is saved")
    return print_form(request, "told", words, title=title, lines=lines, picture="used")


def too_many(words: Words, error: TooManyTries) -> tuple[str, list[Header]]:
    """What is told, and the header that programs read."""
    told = words.ngettext(
        "Too many tries from here. Try again in {n} minute.",
        "Too many tries from here. Try again in {n} minutes.",
        error.minutes,
    )
    return told, [("retry-after", str(max(1, round(error.after))))]


def busy(words: Words, after: float) -> tuple[str, list[Header]]:
    told = words("Too many people sign in just now. Try again in a few seconds.")
    return told, [("retry-after", str(max(1, round(after))))]
