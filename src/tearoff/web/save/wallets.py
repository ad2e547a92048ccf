"""Passes for wallets, and the service that Apple's phones ask for newer ones.

Source of the service's addresses and answers: Apple, "Wallet Passes: Adding a Web Service to
Update Passes".
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

import msgspec
import structlog
from litestar import delete, get, post, route

from tearoff.coupons import rules
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.sessions.behind_link import Linked, linked
from tearoff.coupons.wallets import passes as wallets
from tearoff.kit import clock
from tearoff.kit.bodies import read_body
from tearoff.kit.bulkhead import Bulkhead
from tearoff.kit.services import Services, services_of
from tearoff.providers.wallets.apple import MEDIA_TYPE, Apple, apple_of, make_pass
from tearoff.providers.wallets.google import google_of, save_link
from tearoff.web.coupon.finding import PERSONAL, find
from tearoff.web.coupon.last_try import tell, to_coupon
from tearoff.web.coupon.robots import is_robot
from tearoff.web.coupon.visits import Part, network_seen, visit_of, visit_to
from tearoff.web.paper import forms, notes
from tearoff.web.paper.html import Answer, Header, answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.save import passes
from tearoff.web.save.pdf import picture_of

AT_ONCE = 2
"""Passes that a process makes at once."""

MAX_BODY = 16 * 1024
_DEVICE = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
_PUSH_TOKEN = re.compile(r"[0-9A-Fa-f]{1,200}\Z")
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)

_ALONE = (("cache-control", "private, no-store"), ("referrer-policy", "no-referrer"),
          ("x-robots-tag", "noindex, nofollow"), ("x-content-type-options", "nosniff"))  # fmt: skip
_MAKING = Bulkhead("passes", at_once=AT_ONCE, waiting=16, after=3)

_LOG_MINUTE = 60.0
_LOGS_A_MINUTE = 10
"""So many lines of phones a process writes: anybody can send some."""

log = structlog.get_logger()


@route([f"{path}/wallet/apple" for path in PERSONAL], http_method=READ)
async def give_apple(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """The pass as a file. Nothing is kept: a phone that takes it says so by itself."""
    services, now = services_of(request), clock.now()
    apple = apple_of(services.settings)
    found = await find(services, campaign, session)
    if apple is None or found is None:
        return notes.unknown(request)
    if not _may_have(found, now):
        return to_coupon(request, found)
    return await _pass(request, services, apple, found, now)


@route([f"{path}/wallet/google" for path in PERSONAL], http_method=READ)
async def show_button(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """Back to the coupon with its button: whoever only looks, such as a program that previews
    links, changes nothing."""
    services = services_of(request)
    google, found = google_of(services.settings), await find(services, campaign, session)
    if google is None or found is None:
        return notes.unknown(request)
    return to_coupon(request, found)


@post([f"{path}/wallet/google" for path in PERSONAL])
async def give_google(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    """On to Google. That somebody went there is kept, so that Google is asked whether the pass
    was saved. A robot, or a form that is not of this page, changes nothing; the page says so."""
    services, form, now = services_of(request), await forms.read_form(request), clock.now()
    google = google_of(services.settings)
    found = await find(services, campaign, session)
    if google is None or found is None:
        return notes.unknown(request)
    if not _may_have(found, now):
        return to_coupon(request, found)
    visit = visit_to(request, found)
    if is_robot(request):
        return tell(request, found, now, 200, "no_person")
    if forms.is_from_elsewhere(request):
        return tell(request, found, now, 200, "too_old")
    if forms.shown_uses(services.vault, form.token, found.session.code, now) is None:
        return tell(request, found, now, 422, "too_old")
    given = passes.google_pass(found, visit, services.vault, now)
    await patiently(wallets.keep(services.db, found.both, "google", given.serial, now))
    return answer(303, [("location", save_link(google, given)), *_ALONE])


@post("/wallet/v1/devices/{device:str}/registrations/{kind:str}/{serial:str}")
async def register(request: AnyRequest, device: Part, kind: Part, serial: Part) -> Answer:
    services, now = services_of(request), clock.now()
    body = await read_body(request, MAX_BODY)
    try:
        given = msgspec.json.decode(body or b"", type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _plain(400)
    token = given.get("pushToken")
    if not _DEVICE.match(device) or not isinstance(token, str) or not _PUSH_TOKEN.match(token):
        return _plain(400)
    found = await _coupon(services, _let_at(request, services, kind, serial))
    if found is None:
        return _plain(401)
    try:
        is_new = await patiently(_register(services, found, serial, device, token, now))
    except wallets.TooManyPhones:
        return _plain(429)
    return _plain(201 if is_new else 200)


async def _register(
    services: Services, found: Linked, serial: str, device: str, token: str, now: datetime
) -> bool:
    async with services.db.transaction() as db:
        return await wallets.register(db, found.both, serial, device, token, now)


@delete("/wallet/v1/devices/{device:str}/registrations/{kind:str}/{serial:str}", status_code=200)
async def unregister(request: AnyRequest, device: Part, kind: Part, serial: Part) -> Answer:
    services = services_of(request)
    if _let_at(request, services, kind, serial) is None:
        return _plain(401)
    if _DEVICE.match(device):
        await patiently(wallets.unregister(services.db, serial, device))
    return _plain(200)


@get("/wallet/v1/devices/{device:str}/registrations/{kind:str}")
async def list_changed(request: AnyRequest, device: Part, kind: Part) -> Answer:
    """Serials of the phone's passes that changed since the tag that it was given last."""
    services = services_of(request)
    apple = apple_of(services.settings)
    if apple is None or kind != apple.pass_type or not _DEVICE.match(device):
        return _plain(404)
    since = _read_tag(request.query_params.get("passesUpdatedSince", ""))
    found = await patiently(wallets.changed_of_device(services.db, device, since))
    if not found:
        return _plain(204)
    told = {"serialNumbers": [serial for serial, _ in found], "lastUpdated": _tag(found[-1][1])}
    return answer(200, [("content-type", "application/json"), *_ALONE], msgspec.json.encode(told))


@get("/wallet/v1/passes/{kind:str}/{serial:str}")
async def give_newest(request: AnyRequest, kind: Part, serial: Part) -> Answer:
    services, now = services_of(request), clock.now()
    apple, session_id = apple_of(services.settings), _let_at(request, services, kind, serial)
    if apple is None or session_id is None:
        return _plain(401)
    kept = await patiently(wallets.of_session(services.db, session_id, "apple"))
    changed, message = (kept.changed_at, kept.message) if kept else (now, "")
    if not _is_newer(changed, request.headers.get("if-modified-since", "")):
        return _plain(304)
    found = await _coupon(services, session_id)
    if found is not None:
        return await _pass(request, services, apple, found, now, message, changed)
    return await _void_pass(request, apple, kept) if kept else _plain(401)


@post("/wallet/v1/log", status_code=200)
async def take_log(request: AnyRequest) -> Answer:
    """What a phone has to say of our service, for whoever looks into the log. Anybody can send
    that, so there is an end to it."""
    if apple_of(services_of(request).settings) is None:
        return _plain(404)
    if not _LOGS.take(time.monotonic()):
        headers = [("cache-control", "no-store"), ("retry-after", str(round(_LOG_MINUTE)))]
        return answer(429, headers)
    body = await read_body(request, MAX_BODY)
    log.info("wallet.log", said=(body or b"")[:1000].decode("utf-8", "replace"))
    return _plain(200)


class _Allowance:
    """So many in each window, counted in this process."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds, self._until, self._used = most, seconds, 0.0, 0

    def take(self, now: float) -> bool:
        if now >= self._until:
            self._until, self._used = now + self._seconds, 0
        self._used += 1
        return self._used <= self._most


_LOGS = _Allowance(_LOGS_A_MINUTE, _LOG_MINUTE)


def _let_at(request: AnyRequest, services: Services, kind: str, serial: str) -> int | None:
    """The id of the session whose pass this is, if the caller has the pass."""
    apple = apple_of(services.settings)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if apple is None or kind != apple.pass_type or scheme != "ApplePass":
        return None
    if not wallets.is_token(services.vault, serial, token):
        return None
    return wallets.session_of_serial(services.vault, serial)


async def _coupon(services: Services, session_id: int | None) -> Linked | None:
    """None when it was deleted."""
    if session_id is None:
        return None
    codes = await patiently(wallets.codes_of(services.db, session_id))
    return await patiently(linked(services.db, *codes)) if codes else None


async def _pass(
    request: AnyRequest,
    services: Services,
    apple: Apple,
    found: Linked,
    now: datetime,
    message: str = "",
    changed: datetime | None = None,
) -> Answer:
    headers = _headers(changed or now)
    if request.method == "HEAD":
        return answer(200, headers)
    visit, picture = visit_to(request, found), await picture_of(services, found.campaign)

    def make() -> bytes:
        given = passes.apple_pass(found, visit, services.vault, picture, message, now)
        return make_pass(apple, given)

    return answer(200, headers, await _MAKING.run_for(network_seen(request), make))


async def _void_pass(request: AnyRequest, apple: Apple, kept: wallets.Pass) -> Answer:
    """Of a coupon that was deleted: the phone has its pass still."""
    services = services_of(request)
    given = campaigns.campaign(services.db, kept.account_id, kept.campaign_id)
    campaign = await patiently(given)
    if campaign is None:
        return _plain(401)
    visit, picture = visit_of(request, campaign), await picture_of(services, campaign)

    def make() -> bytes:
        void = passes.void_pass(campaign, visit, services.vault, kept.serial, picture)
        return make_pass(apple, void)

    return answer(
        200, _headers(kept.changed_at), await _MAKING.run_for(network_seen(request), make)
    )


def _headers(changed: datetime) -> list[Header]:
    return [("content-type", MEDIA_TYPE), *_ALONE,
            ("last-modified", format_datetime(_second(changed), usegmt=True)),
            ("content-disposition", 'attachment; filename="coupon.pkpass"')]  # fmt: skip


def _may_have(found: Linked, now: datetime) -> bool:
    state = rules.state_of(found.session, found.campaign, now)
    return found.campaign.options.wallet and state in wallets.GIVEN_IN and not found.is_full


def _is_newer(changed: datetime, since: str) -> bool:
    try:
        known = parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return True
    known = known if known.tzinfo else known.replace(tzinfo=UTC)
    return _second(changed) > known


def _second(at: datetime) -> datetime:
    """A header has whole seconds: rounded up, so that a change within one is not missed."""
    return (at.astimezone(UTC) + timedelta(microseconds=999_999)).replace(microsecond=0)


def _tag(at: datetime) -> str:
    """Microseconds since 1970."""
    return str((at - _BEGIN) // timedelta(microseconds=1))


def _read_tag(text: str) -> datetime | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 17):
        return None
    return _BEGIN + timedelta(microseconds=int(text))


def _plain(status: int) -> Answer:
    return answer(status, [("cache-control", "no-store")])


HANDLERS = [give_apple, show_button, give_google]
SERVICE = [register, unregister, list_changed, give_newest, take_log]
