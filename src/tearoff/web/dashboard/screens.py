"""A screen: its address, who may see it, and what it does. What all of them have in common when a
request comes in is done here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from litestar import route
from litestar.handlers import HTTPRouteHandler

from tearoff.accounts.rights import Right, RoleMissing
from tearoff.api.v4.fields import Unknown
from tearoff.errors import Conflict, Invalid, NotFound
from tearoff.kit.bodies import drop, read_parts
from tearoff.web.dashboard import form_tokens, kept_forms, pages
from tearoff.web.dashboard.forms import FileField, Typed, read_typed
from tearoff.web.dashboard.visit import (
    NotFoundHere,
    ProofNeeded,
    ProviderNeeded,
    SignInNeeded,
    Visit,
    open_visit,
)
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import AnyRequest, header
from tearoff.web.paper.signed_forms import is_foreign

Act = Callable[[Visit], Awaitable[Answer]]
_LARGEST = 2**53 - 1
"""What an id can be."""

TOKEN = "t"  # noqa: S105 - the name of the field that carries it


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is below `/a/{account}`. `right` None: every member of the account. `confirmed`: only
    for whoever has proved within the last minutes who they are. `takes`: the file that its form may
    send."""

    method: Literal["GET", "POST"] = "GET"
    path: str
    right: Right | None
    act: Act
    confirmed: bool = False
    takes: FileField | None = None


def handler(screen: Screen) -> HTTPRouteHandler:
    path = "/a/{account:int}" + screen.path.rstrip("/")
    methods: list[Literal["GET", "HEAD", "POST"]]
    methods = ["GET", "HEAD"] if screen.method == "GET" else ["POST"]

    @route(path, http_method=methods)
    async def handle(request: AnyRequest) -> Answer:
        if any(isinstance(n, int) and n > _LARGEST for n in request.path_params.values()):
            return pages.not_found(request)
        if screen.method == "POST":
            return await _posted(request, screen)
        return await _let_in(request, screen, Typed(), _shown(request))

    return handle


async def _posted(request: AnyRequest, screen: Screen) -> Answer:
    """A form is read before anything is asked, so that what was typed is not lost when the sign-in
    is over."""
    if is_foreign(request):
        return pages.from_elsewhere(request)
    if screen.takes is not None and await _is_refused(request, screen):
        # A stranger fills no disk, and takes none of the account's places for uploads.
        await drop(read_parts(request))
        return await _let_in(request, screen, Typed(), _stood_on(request))
    async with read_typed(request, screen.takes) as typed:
        return await _let_in(request, screen, typed, _back(request, typed))


def _stood_on(request: AnyRequest) -> str:
    """The page from which a file was sent, which says that it has to be chosen once more."""
    given = _path_of(header(request, b"referer"))
    page = given if is_here(request, given) else f"/a/{request.path_params.get('account')}"
    return pages.saying_once(request, page)


async def _is_refused(request: AnyRequest, screen: Screen) -> bool:
    try:
        await open_visit(request, screen.right, confirmed=screen.confirmed)
    except (SignInNeeded, ProofNeeded, ProviderNeeded, NotFoundHere, RoleMissing):
        return True
    return False


async def _let_in(request: AnyRequest, screen: Screen, typed: Typed, back: str) -> Answer:
    """`back`: where they go on once what is missing is there."""
    try:
        visit = await open_visit(request, screen.right, confirmed=screen.confirmed)
    except SignInNeeded:
        return pages.sign_in_first(request, await kept_forms.keep(request, back, typed))
    except ProofNeeded:
        return pages.prove_first(request, await kept_forms.keep(request, back, typed))
    except ProviderNeeded as error:
        kept = await kept_forms.keep(request, back, typed)
        return pages.provider_first(request, error.provider.path, kept)
    except NotFoundHere:
        return pages.not_found(request)
    except RoleMissing as error:
        return await pages.not_allowed(request, error)
    return await _acted(visit, screen, typed, back)


async def _acted(visit: Visit, screen: Screen, typed: Typed, back: str) -> Answer:
    request = visit.request
    if typed.is_too_long:
        return await pages.too_long(visit, back)
    if screen.method == "GET":
        typed = await kept_forms.brought(visit)
    elif not _is_own(visit, typed):
        return await pages.too_old(visit, back)
    visit = msgspec.structs.replace(visit, typed=typed)
    try:
        return await screen.act(visit)
    except (NotFound, NotFoundHere, Unknown):
        return await pages.not_found_in(visit)
    except (Invalid, Conflict) as error:
        return await pages.refused_in(visit, error)
    except RoleMissing as error:
        return await pages.not_allowed(request, error)


def _is_own(visit: Visit, typed: Typed) -> bool:
    """Whether a page of this person's sent it. A script sends the token as a header."""
    given = typed.text(TOKEN) or header(visit.request, b"x-form-token")
    return form_tokens.is_of(visit.services, visit.who.person_id, given, visit.now)


def _shown(request: AnyRequest) -> str:
    """The address of the page that is asked for; for a part of one, that of the page it stands
    on."""
    if header(request, b"hx-request"):
        given = _path_of(header(request, b"hx-current-url"))
        if is_here(request, given):
            return given
    return _address(request)


def _path_of(url: str) -> str:
    try:
        page = urlsplit(url)
    except ValueError:
        return ""
    return page.path + (f"?{page.query}" if page.query else "")


def is_here(request: AnyRequest, address: str) -> bool:
    """Whether it is the address of a page of this account."""
    home = f"/a/{request.path_params.get('account')}"
    is_local = address == home or address.startswith((f"{home}/", f"{home}?"))
    return is_local and "\\" not in address and ".." not in address and address.isprintable()


def _address(request: AnyRequest) -> str:
    query = request.scope["query_string"].decode("latin-1")
    return request.scope["path"] + (f"?{query}" if query else "")


def _back(request: AnyRequest, typed: Typed) -> str:
    """The page that the form stood on, of this account."""
    given = typed.text("back")
    return given if is_here(request, given) else f"/a/{request.path_params.get('account')}"
