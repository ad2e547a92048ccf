"""Getting in at the counter: a device is paired by a link, and shown its PIN twice a day.

A link is shown by GET and used by POST only. Other sites can do nothing here: their forms come
without the cookie, every form of ours carries a token that is tied to the device, and nobody
may frame the pages.

A browser that was shown a link's form has a cookie of a random value. With the link, and by our
key, it makes the secret of the device that the form pairs. So the form may be sent twice, as an
impatient finger does, and a lost answer be asked for again, though no secret is kept anywhere:
the same browser gets the same device, and for any other one the link is over.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from litestar import Router, post, route
from litestar.params import FromPath

from tearoff.accounts import devices, locations, sign_ins
from tearoff.accounts.devices import Device, DeviceLocked, WrongDevicePin
from tearoff.accounts.sign_ins import LinkOver
from tearoff.errors import Invalid
from tearoff.kit import clock, doorbook
from tearoff.kit.bodies import read_body
from tearoff.kit.doorbook import Event
from tearoff.kit.proxies import client_address, host_of
from tearoff.kit.services import services_of
from tearoff.kit.words import Words, languages, words_in
from tearoff.web.paper import notes, reading
from tearoff.web.paper.cookies import make_cookie, read_cookie
from tearoff.web.paper.forms import western
from tearoff.web.paper.html import Answer, Header, answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.paper.signed_forms import is_foreign
from tearoff.web.till import api, shell

_TOKEN = re.compile(r"[A-Za-z0-9]{49}\Z")
_SHOWN = "tearoff_pairing"
_SHOWN_VALUE = re.compile(r"[A-Za-z0-9_-]{32}\Z")
_SHOWN_FOR = int((devices.PAIRING_LIVES + devices.SENT_AGAIN).total_seconds())
_REMEMBERED = int(devices.REMEMBERED.total_seconds())
_YEAR = 31_536_000
_PURPOSE = "till-form"


@route("/till/pair", http_method=READ)
async def show_not_paired(request: AnyRequest) -> Answer:
    words = words_for(request)
    return _note(
        request,
        words,
        200,
        words("This device is not set up yet"),
        words("Ask your manager for the pairing code and open it with this device."),
    )


@route("/till/pair/{token:str}", http_method=READ)
async def show_pairing(request: AnyRequest, token: FromPath[str]) -> Answer:
    """Names the place and waits for a person; who has just paired by it goes on."""
    services, secret = services_of(request), _secret_of(request, token)
    if await patiently(devices.paired(services.db, secret, clock.now())):
        return redirect("/till", api.cookie(services, secret, _REMEMBERED))
    return await _pairing(request, token, {})


@post("/till/pair/{token:str}")
async def pair(request: AnyRequest, token: FromPath[str]) -> Answer:
    services, words, form = services_of(request), words_for(request), await read_form(request)
    if not _TOKEN.match(token):
        return _refuse(request, words)
    if is_foreign(request):
        return _refuse_foreign(request, words)
    name, pin = form.get("name", ""), western(form.get("pin", ""))
    try:
        _, secret = await patiently(
            devices.pair(
                services.db, token, name=name, pin=pin, now=clock.now(),
                secret=_secret_of(request, token), before=api.secret_of(request),
            )
        )  # fmt: skip
    except LinkOver:
        return _refuse(request, words)
    except Invalid as error:
        problem = (
            words(
                "A PIN has {least} to {most} digits.",
                least=devices.PIN_LENGTHS[0],
                most=devices.PIN_LENGTHS[-1],
            )
            if error.field == "pin"
            else words("Type your name.")
        )
        return await _pairing(request, token, {error.field or "name": problem}, name[:60])
    return redirect("/till", api.cookie(services, secret, _REMEMBERED))


@route("/till/pin", http_method=READ)
async def show_pin(request: AnyRequest) -> Answer:
    device = await api.device_of(request, clock.now())
    if device is None:
        return redirect("/till/pair")
    if not device.needs_pin(clock.now()):
        return redirect("/till")
    return await _pin_page(request, device, {})


@post("/till/pin")
async def enter_pin(request: AnyRequest) -> Answer:
    services, words, form = services_of(request), words_for(request), await read_form(request)
    device = await api.device_of(request, clock.now())
    if device is None:
        return redirect("/till/pair")
    if is_foreign(request) or not is_ours(request, form.get("t", "")):
        return await _pin_page(
            request, device, {"page": words("This page was too old. Try again.")}, 422
        )
    try:
        pin = western(form.get("pin", ""))
        await patiently(devices.enter_pin(services.db, device, pin, clock.now()))
    except WrongDevicePin as wrong:
        left = words.ngettext("{n} try left.", "{n} tries left.", wrong.left)
        return await _pin_page(request, device, {"pin": words("Wrong PIN.") + f" {left}"}, 422)
    except DeviceLocked as locked:
        text = words.ngettext("Locked for {n} minute.", "Locked for {n} minutes.", locked.minutes)
        return await _pin_page(request, device, {"page": text}, 429)
    # Remembered for another thirty days from now.
    return redirect("/till", api.cookie(services, api.secret_of(request), _REMEMBERED))


def _secret_of(request: AnyRequest, token: str) -> str:
    """What this link makes the secret of a device in this browser; "" where it was not shown."""
    shown = read_cookie(request, _SHOWN)
    if not _SHOWN_VALUE.match(shown) or not _TOKEN.match(token):
        return ""
    mark = services_of(request).vault.mark("pairing", f"{token}:{shown}".encode())
    return mark.hex()[: sign_ins.TOKEN_LENGTH]


def _shown(request: AnyRequest) -> Header:
    """The browser's cookie, which stays the same as long as it is asked for."""
    shown = read_cookie(request, _SHOWN)
    value = shown if _SHOWN_VALUE.match(shown) else secrets.token_urlsafe(24)
    return "set-cookie", make_cookie(services_of(request).settings, _SHOWN, value, _SHOWN_FOR)


async def _pairing(
    request: AnyRequest, token: str, problems: dict[str, str], name: str = ""
) -> Answer:
    words, place = words_for(request), None
    if _TOKEN.match(token):
        place = await patiently(devices.find_pairing(services_of(request).db, token, clock.now()))
    if place is None:
        return _over(request, words)
    if not problems:
        name = await patiently(
            devices.known_name(services_of(request).db, token, api.secret_of(request))
        )
    return _door(
        request,
        words,
        step="pair",
        title=words("Set up this device"),
        status=422 if problems else 200,
        more=[_shown(request)],
        place=place.name,
        name=name,
        problems={"name": "", "pin": "", "page": "", **problems},
    )


async def _pin_page(
    request: AnyRequest, device: Device, problems: dict[str, str], status: int = 200
) -> Answer:
    db = services_of(request).db
    place = await patiently(locations.found(db, device.account_id, device.location_id))
    words = words_for(request)
    return _door(
        request,
        words,
        step="pin",
        title=words("Your PIN"),
        status=status,
        place=place.name if place else "",
        name=device.name,
        form_token=form_token(request),
        problems={"pin": "", "page": "", **problems},
    )


def _refuse(request: AnyRequest, words: Words) -> Answer:
    trusted = services_of(request).settings.trusted_proxies
    address = host_of(client_address(request.scope, trusted))
    doorbook.note(Event.PAIRING_REFUSED, address=address)
    return _over(request, words)


def _refuse_foreign(request: AnyRequest, words: Words) -> Answer:
    """Another site would have this device take in coupons for a shop of its choice. The link is
    as good as it was."""
    trusted = services_of(request).settings.trusted_proxies
    doorbook.note(Event.FORM_FOREIGN, address=host_of(client_address(request.scope, trusted)))
    return _note(
        request,
        words,
        403,
        words("This device was not set up"),
        words("Another site asked for it. Open the pairing code itself with this device."),
    )


def _over(request: AnyRequest, words: Words) -> Answer:
    return _note(
        request,
        words,
        410,
        words("This link is over"),
        words.ngettext(
            "It was used already, or its {n} minute has passed. Ask for a new one.",
            "It was used already, or its {n} minutes have passed. Ask for a new one.",
            devices.PAIRING_LIVES // timedelta(minutes=1),
        ),
    )


def _note(request: AnyRequest, words: Words, status: int, heading: str, text: str) -> Answer:
    return _door(
        request, words, step="note", title=heading, status=status, heading=heading, text=text
    )


def _door(request: AnyRequest, words: Words, more: Sequence[Header] = (), **values: Any) -> Answer:
    """`more` are headers."""
    return shell.print_page(
        "till/pairing.html",
        words,
        kind="door-page",
        hours=devices.PIN_LIVES // timedelta(hours=1),
        days=devices.REMEMBERED.days,
        lengths=devices.PIN_LENGTHS,
        reads_gzip=reading.reads_gzip(request),
        headers=[*keep_language(request), *more],
        **values,
    )


# what the counter's other pages need too ---------------------------------------------------


def words_for(request: AnyRequest, default: str = "en") -> Words:
    return words_in("till", api.language_of(request, default))


def keep_language(request: AnyRequest) -> list[Header]:
    """A language that was asked for in the address is kept for the next pages."""
    asked = reading.asked_language(request)
    if asked not in languages("till"):
        return []
    kept = f"{api.LANGUAGE_COOKIE}={asked}; Max-Age={_YEAR}; Path=/till; SameSite=Lax"
    return [("set-cookie", kept)]


def form_token(request: AnyRequest) -> str:
    """Ties a form to the device: another site knows neither."""
    mark = services_of(request).vault.mark(_PURPOSE, api.secret_of(request).encode())
    return base64.urlsafe_b64encode(mark).decode().rstrip("=")


def is_ours(request: AnyRequest, given: str) -> bool:
    try:
        mark = base64.urlsafe_b64decode(given.encode() + b"=")
    except ValueError:
        return False
    return services_of(request).vault.is_marked(_PURPOSE, api.secret_of(request).encode(), mark)


async def read_form(request: AnyRequest) -> dict[str, str]:
    body = await read_body(request, 16_384)
    try:
        text = (body or b"").decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}


def redirect(path: str, cookie: str = "") -> Answer:
    headers = [("location", path), ("cache-control", "no-store")]
    return answer(303, [*headers, ("set-cookie", cookie)] if cookie else headers)


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[show_not_paired, show_pairing, pair, show_pin, enter_pin],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
