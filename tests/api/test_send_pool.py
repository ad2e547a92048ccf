"""Texting coupons of a campaign with its own codes, and what must not be left behind."""

import asyncio
from collections import Counter

from tests.api.caller import Caller
from tests.api.test_many import load
from tests.cast import open_shop


async def sessions_of(services, shop):
    rows = await services.db.fetch(
        "SELECT code, validation_code, voided FROM sessions WHERE campaign_id = $1", shop.campaign
    )
    return [(row["validation_code"], row["voided"]) for row in rows]


async def test_each_message_carries_its_own_code(caller, services):
    await load(services, caller.shop, "P-1\nP-2\nP-3\n")
    answers = await asyncio.gather(*(caller.send(f"+3247000110{i}") for i in range(5)))
    assert Counter(a.status for a in answers) == {200: 3, 422: 2}
    for answer in (a for a in answers if a.status == 422):
        assert answer.codes == [602]
        assert answer.texts[0].endswith("Reason: The campaign has no codes left.")
    assert sorted(await sessions_of(services, caller.shop)) == [
        ("P-1", False), ("P-2", False), ("P-3", False),
    ]  # fmt: skip


async def test_a_refused_send_takes_no_code(http, server, services):
    shop = await open_shop(services, account={"limit_number_hour": 1})
    caller = Caller(http, server.url, shop)
    await load(services, shop, "Q-1\nQ-2\n")
    assert (await caller.send("+32470001201")).status == 200
    assert (await caller.send("+32470001201", body="again")).codes == [602]
    assert await sessions_of(services, shop) == [("Q-1", False)]
    assert (await caller.send("+32470001202")).status == 200
    assert ("Q-2", False) in await sessions_of(services, shop)


async def test_a_refused_send_with_a_duplicate_check_leaves_no_session(http, server, services):
    shop = await open_shop(services, account={"limit_number_hour": 1})
    caller = Caller(http, server.url, shop)
    first = await caller.send("+32470001301", customid="a", duplicate_check="customid")
    assert first.status == 200
    other = await caller.send("+32470001301", customid="b", duplicate_check="customid", body="x")
    assert other.codes == [602]
    assert len(await sessions_of(services, shop)) == 1


async def test_a_full_campaign_with_a_duplicate_check_is_602(http, server, services):
    shop = await open_shop(services, campaign={"limit_sessions": 1})
    caller = Caller(http, server.url, shop)
    assert (await caller.send("+32470001401", customid="a", duplicate_check="1")).status == 200
    again = await caller.send("+32470001402", customid="b", duplicate_check="1")
    assert again.codes == [602]
    assert "The campaign has reached its limit." in again.texts[0]
