"""Whatever a form sends, nothing breaks: every screen that takes one, with odd values in every
field that any of them has."""

from __future__ import annotations

import re

import pytest

from tearoff.api.v4.routes import OPERATIONS
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.models import NewSession
from tearoff.coupons.sessions import actions
from tearoff.kit import clock
from tearoff.web.dashboard.routes import SCREENS

NAMES = sorted(
    {field.name for operation in OPERATIONS for field in (*operation.body, *operation.query)}
    | {
        "version", "places", "to", "once", "mark", "order", "count", "pause_unit", "confirm",
        "hours.0.days", "hours.0.start", "hours.².end", "form.fields.².name", "scratch.prizes.²",
        "scratch.prizes.0.amount", "scratch.blank_weight", "texts.nl.title", "price.default",
        "price.country", "price.amount", "settings.sender", "crop", "crop.x", "add", "drop",
    }
)  # fmt: skip
ODD = [
    "²",
    "--5",
    "9999-12-31T23:59",
    "9" * 40,
    "-1",
    "nan",
    "\ufffe[",
    "2027-03-28T02:30",
    "0001-01-01",
    "0001-01-01T00:00",
]
POSTED = [screen for screen in SCREENS if screen.method == "POST"]


@pytest.mark.parametrize("screen", POSTED, ids=[screen.path for screen in POSTED])
async def test_odd_values_break_nothing(screen, shop, sign_in, services):
    person = await sign_in(shop)
    made = await campaigns.campaign(services.db, shop.account, shop.campaign)
    async with services.db.transaction() as db:
        issued = await actions.issue_session(db, made, NewSession(), now=clock.now())
    token = (await person.get("/profile")).token
    path = re.sub(r"\{id:int\}", str(shop.campaign), screen.path)
    path = path.replace("{code:str}", issued.code)
    path = re.sub(r"\{\w+:int\}", "1", re.sub(r"\{\w+:str\}", "abcdef", path)).rstrip("/")
    for odd in ODD:
        answer = await person.post(path, [(name, odd) for name in NAMES], token=token)
        assert answer.status < 500, (odd, answer.text[-400:])


@pytest.mark.parametrize("n", [2**53, 2**63 - 1, 2**63, 10**30])
async def test_no_number_in_an_address_is_too_large(shop, sign_in, n):
    person = await sign_in(shop)
    token = (await person.get("/profile")).token
    for screen in SCREENS:
        path = re.sub(r"\{\w+:int\}", str(n), re.sub(r"\{\w+:str\}", "abcdef", screen.path))
        if path == screen.path:
            continue
        answer = (
            await person.get(path)
            if screen.method == "GET"
            else await person.post(path, {}, token=token)
        )
        assert answer.status == 404, (screen.path, answer.status)


@pytest.mark.parametrize("url", ["http://[", "http://x/a/1\r\n", "\\\\x", "http://x" + "/a" * 4000])
async def test_an_odd_page_of_a_script_breaks_nothing(shop, sign_in, url):
    person = await sign_in(shop)
    person.secret = "z" * 49
    answer = await person.get("", hx_request="true", hx_current_url=url.replace("\r\n", ""))
    assert answer.status == 200
    assert answer.headers["hx-redirect"].startswith("/sign-in?next=%2Fa%2F")
