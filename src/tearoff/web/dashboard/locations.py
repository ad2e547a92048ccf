"""Locations: where coupons are taken in, when they are open, and the PIN by which the staff's place
is known."""

from __future__ import annotations

import contextlib
import secrets
from datetime import UTC, datetime
from typing import Any

from tearoff.accounts import actions as accounts
from tearoff.accounts.rights import Right
from tearoff.api.v4 import locations as v4
from tearoff.errors import TearoffError
from tearoff.kit.hours import in_words, is_open
from tearoff.kit.phone import PhoneInvalid, parse_written
from tearoff.kit.times import locale_of
from tearoff.web.dashboard.forms import given_by
from tearoff.web.dashboard.opening_hours import HalfTyped, days_of, hours_of
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

AT = "/locations"
_NO_PROBLEMS = Problems()
_NEW = v4.Location(
    0, "", "", "", "", "", "", "", "", (), False, False, False, 0, datetime.now(UTC)
)  # fmt: skip


async def show_all(visit: Visit) -> Answer:
    asked = {name: visit.query[name] for name in ("cursor",) if name in visit.query}
    found = await visit.read(v4.LIST, **asked)
    return await page(
        visit,
        "locations",
        title=visit.words("Locations"),
        at=AT,
        places=[(place, _standing(visit, place)) for place in found.data],
        next_cursor=found.next_cursor,
        is_first="cursor" not in visit.query,
    )


def _standing(visit: Visit, place: v4.Location) -> dict[str, Any]:
    """Its hours in words, and whether it is open now: None where it has told no hours."""
    now_open = is_open(place.hours, visit.account.timezone, visit.now) if place.hours else None
    parts = (place.street, " ".join(filter(None, (place.zip, place.city))))
    return {
        "hours": in_words(place.hours, visit.language),
        "is_open": now_open,
        "address": ", ".join(filter(None, parts)),
    }


async def show_new(visit: Visit) -> Answer:
    return await _form(visit, None, _NO_PROBLEMS)


async def show_details(visit: Visit) -> Answer:
    return await _form(visit, await place_of(visit), _NO_PROBLEMS)


async def place_of(visit: Visit) -> v4.Location:
    """The location that the address names. Raises `LocationNotFound`."""
    found: v4.Location = await visit.read(v4.GET, id=visit.path["id"])
    return found


async def _form(visit: Visit, place: v4.Location | None, problems: Problems) -> Answer:
    return await page(
        visit,
        "location_form",
        title=place.name if place else visit.words("New location"),
        at=AT,
        status=422 if problems else 200,
        place=place,
        value=place or _NEW,
        tab="details",
        days=days_of(place.hours if place else (), visit.typed, visit.language),
        countries=_countries(visit.language),
        country=place.country if place else visit.account.country,
        problems=problems,
        once=secrets.token_urlsafe(9),
    )


def _countries(language: str) -> list[tuple[str, str]]:
    names = locale_of(language).territories
    known = [(code, name) for code, name in names.items() if accounts.is_country(code)]
    return [("", "–"), *sorted(known, key=lambda one: one[1])]


async def add(visit: Visit) -> Answer:
    given = {}
    try:
        given = _given(visit)
        made = await visit.do(v4.CREATE, given, once=visit.typed.text("once"))
    except (TearoffError, HalfTyped) as error:
        return await _form(visit, None, _problems(visit, error))
    if made is None:
        return to(visit, AT)
    return to(visit, f"{AT}/{made.id}", said=visit.words("{name} is added.", name=made.name))


async def save(visit: Visit) -> Answer:
    place = await place_of(visit)
    try:
        await visit.do(v4.UPDATE, {"id": place.id, **_given(visit)})
    except (TearoffError, HalfTyped) as error:
        return await _form(visit, place, _problems(visit, error))
    return to(visit, f"{AT}/{place.id}/details", said=visit.words("Saved."))


def _given(visit: Visit) -> dict[str, Any]:
    """A phone number may be written as people of its country write it."""
    given = given_by(v4.FIELDS, visit.typed, without=("hours", "pin"))
    with contextlib.suppress(PhoneInvalid):  # the field says what is wrong with it
        country = given.get("country") or visit.account.country
        given["phone"] = parse_written(given.get("phone") or None, country).e164
    return {**given, "hours": hours_of(visit.typed)}


def _problems(visit: Visit, error: Exception) -> Problems:
    words = visit.words
    if isinstance(error, HalfTyped):
        day = locale_of(visit.language).days["stand-alone"]["wide"][error.day - 1]
        text = words("{day}: give both when it opens and when it closes.", day=day)
        return Problems({"hours": text})
    assert isinstance(error, TearoffError)
    found = problems_of(words, error)
    if "hours" not in found.fields:
        return found
    text = words("A place cannot close at the minute at which it opens.")
    return Problems({**found.fields, "hours": text}, found.page)


async def draw_pin(visit: Visit) -> Answer:
    """The PIN is shown on the page that answers, and nowhere else: the same form draws it once."""
    place = await place_of(visit)
    drawn = await visit.do(v4.DRAW_PIN, {"id": place.id}, once=visit.typed.text("once"))
    if drawn is None:
        return to(visit, f"{AT}/{place.id}")
    return await page(
        visit, "location_pin", title=visit.words("The new PIN"), at=AT, place=place, pin=drawn.pin
    )


async def set_pin(visit: Visit) -> Answer:
    """The one that was typed, or none."""
    place, words = await place_of(visit), visit.words
    pin = None if visit.typed.is_ticked("none") else visit.typed.text("pin")
    try:
        await visit.do(v4.UPDATE, {"id": place.id, "pin": pin})
    except TearoffError as error:
        problems = problems_of(words, error)
        return await page(
            visit, "location_own_pin", title=words("Choose a PIN"), at=AT, status=422,
            place=place, problems=problems,
        )  # fmt: skip
    said = words("The PIN is set.") if pin else words("The PIN is taken away.")
    return to(visit, f"{AT}/{place.id}", said=said)


async def show_own_pin(visit: Visit) -> Answer:
    return await page(
        visit, "location_own_pin", title=visit.words("Choose a PIN"), at=AT,
        place=await place_of(visit), problems=_NO_PROBLEMS,
    )  # fmt: skip


async def remove(visit: Visit) -> Answer:
    place = await place_of(visit)
    if visit.typed.text("confirm") != place.name:
        text = visit.words("Type the name as it stands there.")
        return await _form(visit, place, Problems({"confirm": text}))
    await visit.do(v4.DELETE, {"id": place.id})
    return to(visit, AT, said=visit.words("{name} is removed.", name=place.name))


SCREENS = (
    Screen(path="/locations", right=Right.PLACES, act=show_all),
    Screen(path="/locations/new", right=Right.PLACES, act=show_new),
    Screen(method="POST", path="/locations/new", right=Right.PLACES, act=add),
    Screen(path="/locations/{id:int}/details", right=Right.PLACES, act=show_details),
    Screen(method="POST", path="/locations/{id:int}/details", right=Right.PLACES, act=save),
    Screen(method="POST", path="/locations/{id:int}/pin", right=Right.PLACES, act=draw_pin),
    Screen(path="/locations/{id:int}/own-pin", right=Right.PLACES, act=show_own_pin),
    Screen(method="POST", path="/locations/{id:int}/own-pin", right=Right.PLACES, act=set_pin),
    Screen(method="POST", path="/locations/{id:int}/remove", right=Right.PLACES, act=remove),
)
