"""The counter's JSON, for the validator page: state, check, redeem, undo, what was kept while
there was no connection.

A device is known by its cookie. Every call carries the header `X-Till`, which another site's
page cannot send without asking first; nobody answers it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog
from litestar import Router, get, post

from tearoff.accounts import devices, locations
from tearoff.accounts.devices import Device, Stationed
from tearoff.accounts.models import Account
from tearoff.coupons.counter import counter, scan_lists
from tearoff.coupons.counter.scan_log import Look, Outcome, Till
from tearoff.coupons.counter.scanned_text import LONGEST
from tearoff.errors import Invalid, NotFound, TryLater
from tearoff.kit import amounts, clock
from tearoff.kit.bodies import TooSlow, read_body
from tearoff.kit.services import Services, services_of
from tearoff.kit.words import languages
from tearoff.web.paper import reading
from tearoff.web.paper.cookies import make_cookie, read_cookie
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.languages import preferred
from tearoff.web.paper.reading import AnyRequest, patiently
from tearoff.web.till.verdicts import Verdict, row_of, verdict_of

COOKIE = "tearoff_till"
LANGUAGE_COOKIE = "tearoff_till_language"
MOST_BYTES = 65_536
MOST_SCANS = 200

_MOST_ID = 2**63
_AGES = 10**13
"""Milliseconds: more than any clock is wrong by."""
_A_MOMENT = timedelta(minutes=1)
_KEY = re.compile(r"[0-9A-Za-z_-]{8,64}\Z")
_NO_MOMENT = "A moment such as 2027-01-31T12:00:00Z."
_SECRET = re.compile(r"[A-Za-z0-9]{49}\Z")

log = structlog.get_logger()


class Refused(Exception):
    """The call cannot be answered: a status and a body."""

    def __init__(self, status: int, **body: str) -> None:
        super().__init__(body)
        self.status = status
        self.body = body


class Visitor(msgspec.Struct, frozen=True):
    """Who asks: a device with a PIN that is fresh enough, at its place."""

    till: Till
    account: Account
    language: str

    def told(self, outcome: Outcome) -> Verdict:
        return verdict_of(outcome, self.language, self.account.timezone)


Act = Callable[[AnyRequest, Services, Visitor, dict[str, Any], datetime], Awaitable[Any]]


async def visitor(request: AnyRequest, now: datetime) -> Visitor:
    """Raises `Refused`: 401 with `need` is `pair` or `pin`."""
    found = await _stationed(request, now)
    if found is None:
        raise Refused(401, need="pair")
    if found.device.needs_pin(now):
        raise Refused(401, need="pin")
    account = found.account
    listener = account.listener(services_of(request).settings.link_host)
    till = Till(found.device, found.place, listener)
    return Visitor(till, account, language_of(request, account.language))


async def device_of(request: AnyRequest, now: datetime) -> Device | None:
    """The device behind the cookie, whether or not its PIN is due."""
    found = await _stationed(request, now)
    return None if found is None else found.device


async def _stationed(request: AnyRequest, now: datetime) -> Stationed | None:
    secret = secret_of(request)
    if not _SECRET.match(secret):
        return None
    return await patiently(devices.stationed(services_of(request).db, secret, now))


def language_of(request: AnyRequest, default: str = "en") -> str:
    """That to which the device was set, else the browser's first that the counter speaks, else the
    account's."""
    chosen = (reading.asked_language(request), request.cookies.get(LANGUAGE_COOKIE, ""))
    for tag in (*chosen, *preferred(reading.accepted_languages(request)), default):
        language = str(tag)[:10].partition("-")[0].lower()
        if language in languages("till"):
            return language
    return "en"


def secret_of(request: AnyRequest) -> str:
    """Devices that were paired by a version before have it under the plain name, for thirty days
    at most: the next PIN writes it anew."""
    return read_cookie(request, COOKIE) or str(request.cookies.get(COOKIE, ""))[:60]


def cookie(services: Services, secret: str, seconds: int) -> str:
    return make_cookie(services.settings, COOKIE, secret, seconds)


@get("/till/api/state")
async def state(request: AnyRequest) -> Answer:
    async def act(
        request: AnyRequest, services: Services, who: Visitor, body: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        zone, db = who.account.timezone, services.db
        recent = await scan_lists.recent(db, who.till, now, zone)
        kept = await scan_lists.conflicts(db, who.till, now)
        return {
            "place": who.till.place.name,
            "place_id": who.till.place.id,
            "staff": who.till.device.name,
            "language": who.language,
            "timezone": zone,
            "trusts_offline": who.till.place.trusts_offline,
            "redeems_at_once": who.till.place.redeems_at_once,
            "pin_until": who.till.device.pin_until,
            "now": now,
            "recent": [row_of(one, who.language, zone) for one in recent],
            "conflicts": [row_of(one, who.language, zone) for one in kept],
        }

    return await _call(request, act)


@post("/till/api/check")
async def check(request: AnyRequest) -> Answer:
    async def act(
        request: AnyRequest, services: Services, who: Visitor, body: dict[str, Any], now: datetime
    ) -> Verdict:
        look = Look(key=_key(body), text=_text(body, "code", LONGEST), any_case=_any_case(body))
        return who.told(await counter.look(services.db, services.vault, who.till, look, now))

    return await _call(request, act)


@post("/till/api/redeem")
async def redeem(request: AnyRequest) -> Answer:
    async def act(
        request: AnyRequest, services: Services, who: Visitor, body: dict[str, Any], now: datetime
    ) -> Verdict:
        look = _redeeming(body)
        return who.told(await counter.look(services.db, services.vault, who.till, look, now))

    return await _call(request, act)


@post("/till/api/undo")
async def undo(request: AnyRequest) -> Answer:
    async def act(
        request: AnyRequest, services: Services, who: Visitor, body: dict[str, Any], now: datetime
    ) -> Verdict:
        return who.told(await counter.undo(services.db, who.till, _key(body), now))

    return await _call(request, act)


@post("/till/api/scan")
async def scan(request: AnyRequest) -> Answer:
    """What came of an earlier scan of this device. Changes nothing."""

    async def act(
        request: AnyRequest, services: Services, who: Visitor, body: dict[str, Any], now: datetime
    ) -> Verdict:
        return who.told(await counter.tell(services.db, who.till, _key(body), now))

    return await _call(request, act)


@post("/till/api/sync")
async def sync(request: AnyRequest) -> Answer:
    """What was kept on the device, in its order; each is answered. `sent_at` is what the device
    takes for now: by as much as that differs from ours, its `scanned_at` are corrected. `ahead` of
    a scan: by how many milliseconds we were ahead when it was read, as far as it knew. `take`
    false: people did not ask to take it in, the server only hears of it; `left` true: they went on
    without an answer, or dropped what they had asked for, so what was taken in is taken back.
    `place_id` is where it was read, if the device has moved to another place of its account
    since."""

    async def act(
        request: AnyRequest, services: Services, who: Visitor, body: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        scans = body.get("scans")
        if not isinstance(scans, list) or len(scans) > MOST_SCANS:
            raise Refused(422, error=f"A list of at most {MOST_SCANS} scans.", field="scans")
        off = now - _moment(body, "sent_at") if body.get("sent_at") else timedelta(0)
        looks = [_kept(scan, off, now) for scan in scans]
        till = await _till_at(services, who, body.get("place_id"))
        results = [
            who.told(await counter.look(services.db, services.vault, till, look, now))
            for look in looks
        ]
        return {"results": results, "now": now}

    return await _call(request, act)


@post("/till/api/seen")
async def seen(request: AnyRequest) -> Answer:
    async def act(
        request: AnyRequest, services: Services, who: Visitor, body: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        keys = body.get("keys")
        if not isinstance(keys, list) or len(keys) > MOST_SCANS:
            raise Refused(422, error=f"A list of at most {MOST_SCANS} keys.", field="keys")
        known = [k for k in keys if isinstance(k, str) and _KEY.match(k)]
        await scan_lists.mark_seen(services.db, who.till, known, now)
        return {}

    return await _call(request, act)


@post("/till/api/sign-out")
async def sign_out(request: AnyRequest) -> Answer:
    """Forget this device; its link has to be made anew."""

    async def act(
        request: AnyRequest, services: Services, who: Visitor, body: dict[str, Any], now: datetime
    ) -> dict[str, Any]:
        await devices.remove(services.db, who.account.id, who.till.device.id, now)
        return {}

    return await _call(request, act)


async def _till_at(services: Services, who: Visitor, place_id: Any) -> Till:
    if place_id is None or place_id == who.till.place.id:
        return who.till
    place = None
    if isinstance(place_id, int) and 0 < place_id < _MOST_ID:
        place = await locations.found(services.db, who.account.id, place_id, or_removed=True)
    if place is None:
        raise Refused(422, error="Not a place of this account.", field="place_id")
    return msgspec.structs.replace(who.till, place=place)


async def _call(request: AnyRequest, act: Act) -> Answer:
    now = clock.now()
    try:
        body = {} if request.method in ("GET", "HEAD") else await _body(request)
        who = await visitor(request, now)
        done = await patiently(act(request, services_of(request), who, body, now))
        return _json(200, done)
    except Refused as refused:
        return _json(refused.status, refused.body)
    except TooSlow as error:
        return _json(408, {"error": str(error)})
    except Invalid as error:
        return _json(422, {"error": str(error), "field": error.field or ""})
    except NotFound as error:
        return _json(404, {"error": str(error)})
    except TryLater as error:
        log.warning("till.trouble", error=str(error))
        return _json(503, {"error": "Try again in a moment."}, [("retry-after", "2")])


async def _body(request: AnyRequest) -> dict[str, Any]:
    if "x-till" not in request.headers:
        raise Refused(403, error="The header X-Till is missing.", field="X-Till")
    raw = await read_body(request, MOST_BYTES)
    if raw is None:
        raise Refused(400, error=f"A body of at most {MOST_BYTES} bytes.", field="body")
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Refused(400, error="The body must be a JSON object.", field="body")
    return body


def _kept(body: Any, off: timedelta, now: datetime) -> Look:
    """A scan that the device kept, whose clock is `off` by so much."""
    if not isinstance(body, dict):
        raise Refused(422, error="Each scan is an object.", field="scans")
    take = body.get("take")
    if take is not None and not isinstance(take, bool):
        raise Refused(422, error="true or false.", field="take")
    return msgspec.structs.replace(
        _redeeming(body),
        scanned_at=_scanned_at(body, off, now),
        redeems=take is not False,
        is_left=take is False and body.get("left") is True,
    )


def _scanned_at(body: dict[str, Any], off: timedelta, now: datetime) -> datetime:
    """By our clock. Phones set theirs as soon as they have a network: where the difference of now
    makes no sense, that which the device knew when it read the code is taken."""
    moment, ahead = _moment(body, "scanned_at", off), body.get("ahead")
    if (
        _makes_sense(moment, now)
        or not isinstance(ahead, int | float)
        or not -_AGES < ahead < _AGES
    ):
        return moment
    then = _moment(body, "scanned_at", timedelta(milliseconds=ahead))
    return then if _makes_sense(then, now) else moment


def _makes_sense(moment: datetime, now: datetime) -> bool:
    return now - counter.OFFLINE_WITHIN <= moment <= now + _A_MOMENT


def _redeeming(body: dict[str, Any]) -> Look:
    typed = _text(body, "amount", amounts.LONGEST, needed=False)
    amount = amounts.read_amount(typed)
    if typed and amount is None:
        raise Refused(422, error="An amount such as 12.50.", field="amount")
    return Look(
        key=_key(body),
        text=_text(body, "code", LONGEST),
        amount=amount,
        receipt=_text(body, "receipt", 50, needed=False) or None,
        redeems=True,
        any_case=_any_case(body),
    )


def _any_case(body: dict[str, Any]) -> bool:
    return body.get("any_case") is True


def _key(body: dict[str, Any]) -> str:
    key = body.get("key")
    if not isinstance(key, str) or not _KEY.match(key):
        raise Refused(422, error="8 to 64 letters, digits, - and _.", field="key")
    return key


def _text(body: dict[str, Any], name: str, most: int, *, needed: bool = True) -> str:
    value = body.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise Refused(422, error=f"A text of at most {most} characters.", field=name)
    return "".join(c for c in value if c.isprintable()).strip()


def _moment(body: dict[str, Any], name: str, later: timedelta = timedelta(0)) -> datetime:
    try:
        moment = msgspec.convert(body.get(name), datetime)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC) + later
    except (msgspec.ValidationError, OverflowError):
        pass
    raise Refused(422, error=_NO_MOMENT, field=name)


def _json(status: int, body: Any, more: list[tuple[str, str]] | None = None) -> Answer:
    headers = [
        ("content-type", "application/json"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        *(more or []),
    ]
    return answer(status, headers, msgspec.json.encode(body))


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[state, check, redeem, undo, scan, sync, seen, sign_out],
        include_in_schema=False,
    )
]
