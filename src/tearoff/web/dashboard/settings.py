"""What holds for the whole account."""

from __future__ import annotations

import base64
import re
from typing import Any

from tearoff.accounts.rights import Right
from tearoff.api.v4 import account, account_limits, account_logo
from tearoff.coupons.campaigns import logos
from tearoff.coupons.campaigns.pictures import MOST_BYTES
from tearoff.errors import TearoffError
from tearoff.kit.amounts import read_amount
from tearoff.web.dashboard import choices
from tearoff.web.dashboard.forms import FileField, given_by
from tearoff.web.dashboard.moments import MILLIONTHS
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

MONEY = ("spend_day", "spend_month")
LISTS = ("allowed_countries", "frame_hosts")


async def show(visit: Visit) -> Answer:
    return await _page(visit)


async def save(visit: Visit) -> Answer:
    try:
        await visit.do(account.UPDATE, given_of(visit))
    except TearoffError as error:
        return await _page(visit, problems_of(visit.words, error), 422)
    return to(visit, "/settings", said=visit.words("Saved."))


async def put_logo(visit: Visit) -> Answer:
    upload, words = visit.typed.file, visit.words
    if upload is None:
        problem = Problems({"logo": words("Choose a picture first.")})
        return await _page(visit, problem, 422)
    try:
        await visit.upload(account_logo.PUT, {}, upload)
    except TearoffError as error:
        return await _page(visit, Problems({"logo": problems_of(words, error).without()}), 422)
    return to(
        visit, "/settings#logo", said=words("The logo is saved. All of your coupons show it.")
    )


async def remove_logo(visit: Visit) -> Answer:
    await visit.do(account_logo.REMOVE, {})
    return to(visit, "/settings#logo", said=visit.words("The logo is removed."))


def given_of(visit: Visit) -> dict[str, Any]:
    """Lists stand on one line; money is typed in whole units."""
    typed = visit.typed
    given = given_by(account.FIELDS, typed, without=(*LISTS, *MONEY))
    for name in LISTS:
        if typed.has(name):
            words = [word for word in re.split(r"[\s,;]+", typed.text(name)) if word]
            given[name] = words or None
    for name in MONEY:
        if typed.has(name):
            given[name] = _millionths(typed.text(name))
    return given


def _millionths(text: str) -> int | str | None:
    """What is no amount stays as it is: the field says what would be right."""
    if not text:
        return None
    amount = read_amount(text)
    if amount is None:
        return text
    whole, _, cents = amount.partition(".")
    return (int(whole) * 100 + int(cents or 0)) * (MILLIONTHS // 100)


def units(millionths: int | None) -> str:
    if millionths is None:
        return ""
    return f"{millionths / MILLIONTHS:.2f}".removesuffix(".00")


async def _page(visit: Visit, problems: Problems | None = None, status: int = 200) -> Answer:
    known = await visit.read(account.GET)
    logo = await patiently(logos.logo_of(visit.services.db, visit.account.id))
    language = visit.language
    return await page(
        visit,
        "settings",
        title=visit.words("Settings"),
        at="/settings",
        status=status,
        problems=problems,
        account=known,
        used=await visit.read(account_limits.GET),
        countries=choices.with_own(choices.countries(language), known.country),
        currencies=choices.with_own(choices.currencies(language), known.currency),
        zones=choices.with_own(choices.zones(), known.timezone),
        languages=choices.languages(),
        logo=f"data:image/webp;base64,{base64.b64encode(logo.webp).decode()}" if logo else "",
        logo_size=(logo.width, logo.height) if logo else (0, 0),
        units=units,
    )


SCREENS = (
    Screen(path="/settings", right=Right.SETTINGS, act=show),
    Screen(method="POST", path="/settings", right=Right.SETTINGS, act=save),
    Screen(
        method="POST",
        path="/settings/logo",
        right=Right.SETTINGS,
        act=put_logo,
        takes=FileField("logo", MOST_BYTES),
    ),
    Screen(method="POST", path="/settings/logo/remove", right=Right.SETTINGS, act=remove_logo),
)
