"""What is asked first, each to be skipped: name, where, what money, who texts come from, and the
address that phones open."""

from __future__ import annotations

from typing import Any

from tearoff.accounts.rights import Right
from tearoff.api.v4 import account
from tearoff.errors import TearoffError
from tearoff.kit.times import country_of_zone, zones_of_country
from tearoff.web.dashboard import choices, phone_address, settings_address
from tearoff.web.dashboard.forms import given_by
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.settings_address import LeadsNowhere
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

ASKED = tuple(
    field
    for field in account.FIELDS
    if field.name in ("name", "country", "timezone", "currency", "sender", "link_host")
)
_PATH = "/first-steps"


async def show(visit: Visit) -> Answer:
    return await _page(visit)


async def save(visit: Visit) -> Answer:
    """With `again` the page comes back, to try the address that was typed."""
    given, words = _given(visit), visit.words
    if given.get("timezone", "?") == "":
        return await _page(visit, _which_zone(visit, given["country"]), 422)
    try:
        await settings_address.stop_dead_links(visit, given)
        await visit.do(account.UPDATE, given)
    except LeadsNowhere as stopped:
        return await _page(visit, settings_address.not_saved(visit), 422, stopped)
    except TearoffError as error:
        return await _page(visit, problems_of(words, error), 422)
    if visit.typed.text("again"):
        return to(visit, f"{_PATH}#address", said=words("Saved."))
    return to(visit, "/", said=words("Saved. You find all of this under Settings."))


def _given(visit: Visit) -> dict[str, Any]:
    """What is left empty stays as it is. The country gives what was not chosen: its money, and its
    time zone if it has only one."""
    given = given_by(ASKED, visit.typed)
    country = given.get("country") or ""
    zones = zones_of_country(country)
    if not given.get("timezone"):
        given["timezone"] = zones[0] if len(zones) == 1 else ""
    if not given.get("currency"):
        given["currency"] = choices.currency_of(country) or visit.account.currency
    if not given["timezone"] and not zones:
        del given["timezone"]
    keeps = [name for name in ("name", "country") if name in given and not given[name]]
    return {name: value for name, value in given.items() if name not in keeps}


def _which_zone(visit: Visit, country: str) -> Problems:
    told = visit.words("This country has several time zones. Choose yours.")
    return Problems({"timezone": told})


async def _page(
    visit: Visit,
    problems: Problems | None = None,
    status: int = 200,
    stopped: LeadsNowhere | None = None,
) -> Answer:
    checked = stopped.checked if stopped else None
    known, language = visit.account, visit.language
    is_new = known.country is None and known.timezone == "UTC"
    zone = "" if is_new else known.timezone
    return await page(
        visit,
        "first_steps",
        title=visit.words("First steps"),
        at="/",
        status=status,
        problems=problems,
        is_new=is_new,
        phone=phone_address.of(visit),
        countries=choices.with_own(choices.countries(language), known.country),
        currencies=choices.with_own(choices.currencies(language), known.currency),
        zones=choices.with_own(choices.zones(), zone),
        country_of=country_of_zone,
        zone=zone,
        asks=stopped is not None,
        checked=checked,
        steps=settings_address.steps_of(visit, checked) if checked else [],
        ends_soon=settings_address.ends_soon(visit, checked),
    )


SCREENS = (
    Screen(path=_PATH, right=Right.SETTINGS, act=show),
    Screen(method="POST", path=_PATH, right=Right.SETTINGS, act=save),
)
