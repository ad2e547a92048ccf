"""Every open has a verdict and a reason: also the one that something else brought with it."""

import json
from datetime import UTC, datetime

import pytest

from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.models import Doer, NewSession
from tearoff.coupons.sessions import actions, scratch
from tearoff.coupons.sessions.minting import mint, read_batch
from tests.cast import open_shop

NOW = datetime.now(UTC)
CARD = {"prizes": [{"key": "p", "weight": 1, "title": {"en": "P"}}], "blank_weight": 1}


async def made(services, **values):
    shop = await open_shop(services, kind=None, campaign=values)
    campaign = await campaigns.campaign(services.db, shop.account, shop.campaign)
    async with services.db.transaction() as db:
        issued = await actions.issue_session(db, campaign, NewSession(), now=NOW)
        return campaign, await actions.find_session(db, shop.account, issued.code)


async def opens(services, session_id):
    rows = await services.db.fetch(
        "SELECT verdict, reason FROM session_events WHERE session_id = $1 AND kind = 'opened'",
        session_id,
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("kind", "doer", "reason"),
    [
        ("validated", Doer(channel="counter"), "the coupon was used"),
        ("validated", Doer(channel="counter", reason="scanned at noon"), "scanned at noon"),
        ("claimed", Doer(channel="page"), "the coupon was activated"),
        ("opened", Doer(channel="api"), "said by the API"),
    ],
)
async def test_by_an_operation(services, kind, doer, reason):
    _, found = await made(services)
    async with services.db.transaction() as db:
        if kind == "validated":
            await actions.validate(db, found, doer=doer, now=NOW)
        else:
            await actions.change(db, found, kind, doer=doer, now=NOW)
    assert await opens(services, found.session.id) == [("human", reason)]


async def test_by_a_scratch(services):
    _, found = await made(services, raw_options=json.dumps({"scratch": CARD}))
    async with services.db.transaction() as db:
        await scratch.reveal(db, found, doer=Doer(channel="page"), now=NOW)
    assert await opens(services, found.session.id) == [("human", "the card was scratched")]


async def test_made_activated(services):
    campaign, _ = await made(services)
    async with services.db.transaction() as db:
        batch = await mint(db, campaign, 1, NOW, status="activated")
        ((minted,),) = [lot async for lot in read_batch(db, batch)]
    assert await opens(services, minted.id) == [("human", "made activated")]
