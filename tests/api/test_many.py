"""`multiplesingleuse/create`, `singleuse/remove`, `couponsession/updatemultiple`, and the till's
`reserve`, `confirm` and `release`."""

import asyncio
import re
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from tearoff.coupons.pools import importing, pools
from tearoff.kit.tables.reading import opened
from tests.api.caller import Caller
from tests.api.test_campaign_lists import codes
from tests.api.test_sessions import code_of, data, make, update
from tests.cast import open_shop

MANY = "/v3/multiplesingleuse/create"


async def many(caller, **values):
    return await caller.post(MANY, {"campaign": caller.shop.ref, **values})


async def caller_of(http, server, services, **campaign):
    return Caller(http, server.url, await open_shop(services, campaign=campaign))


# many at once -----------------------------------------------------------------------------


async def test_ten_unless_said_otherwise(caller):
    answer = await many(caller)
    assert answer.body["action"] == "multiple_single_use_codes_created"
    rows = answer.body["data"]
    assert len(rows) == 10
    for row in rows:
        code = row["single_use_code"]
        assert list(row) == [
            "single_use_code", "sequence_id", "single_use_url", "widget_validation_code",
            "custom_validation_code",
        ]  # fmt: skip
        assert isinstance(row["sequence_id"], int)
        assert row["widget_validation_code"] == code[:6]
        assert row["single_use_url"].endswith(f"/p/{caller.shop.code}/{code}")
        assert row["custom_validation_code"] == ""
        found = await data(caller, code)
        assert found["sequenceid"] == str(row["sequence_id"])
    assert (await codes(caller))[0] == 10


@pytest.mark.soak
async def test_two_large_ones_at_once_are_both_made(caller):
    """Of 729 million short codes each draws 100,000: some fourteen are drawn by both."""
    made = await asyncio.gather(*(many(caller, amount=100_000) for _ in range(2)))
    assert [answer.status for answer in made] == [200, 200]
    found = {row["single_use_code"] for answer in made for row in answer.body["data"]}
    assert len(found) == 200_000
    assert (await codes(caller, page=1000))[0] == 200_000


@pytest.mark.parametrize("kind", ["numeric", "alphanumeric"])
async def test_automatic_codes(caller, kind):
    answer = await many(
        caller, amount=300, automated_codes="1", code_prefix="P-", code_length="10", code_type=kind
    )
    found = [row["custom_validation_code"] for row in answer.body["data"]]
    letters = "[0-9]" if kind == "numeric" else "[A-Z2-9]"
    assert all(re.fullmatch(rf"P-{letters}{{10}}", code) for code in found)
    assert len(set(found)) == 300
    block = (await data(caller, answer.body["data"][0]["single_use_code"]))["data"]["status"]
    assert block["own_validation_code"] == found[0]


async def test_statuses(caller):
    voided = (await many(caller, amount=1, status="voided")).body["data"][0]["single_use_code"]
    block = (await data(caller, voided))["data"]["status"]
    assert (block["voided"], block["voided_date_utc"] != "") == ("1", True)
    assert (await update(caller, voided, "validated")).codes == [508]
    await update(caller, voided, "unvoided")
    assert (await update(caller, voided, "validated")).status == 200
    active = (await many(caller, amount=2, status="activated")).body["data"]
    block = (await data(caller, active[0]["single_use_code"]))["data"]["status"]
    assert (block["claimed"], block["opened"], block["validated"]) == ("1", "1", "0")
    total, found = await codes(caller, "claims")
    assert total == 3
    assert set(found) == {voided, *(row["single_use_code"] for row in active)}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"amount": 0}, [300]),
        ({"amount": 100_001}, [300]),
        ({"amount": "ten"}, [301]),
        ({"status": "asleep"}, [302]),
        ({"automated_codes": True}, [200, 200, 200]),
        ({"automated_codes": True, "code_prefix": "A", "code_length": 9, "code_type": "x"},
         [300, 302]),
    ],
)  # fmt: skip
async def test_many_refusals(caller, values, expected):
    answer = await many(caller, **values)
    assert answer.codes == expected
    assert (await codes(caller))[0] == 0


async def test_all_or_nothing_at_the_limit(http, server, services):
    caller = await caller_of(http, server, services, limit_sessions=25)
    assert (await many(caller, amount=20)).status == 200
    assert (await many(caller, amount=6)).codes == [516]
    assert (await codes(caller))[0] == 20
    answers = await asyncio.gather(*(many(caller, amount=2) for _ in range(8)))
    assert Counter(a.status for a in answers) == {200: 2, 422: 6}
    assert (await codes(caller))[0] == 24


async def test_a_key_mints_once(caller):
    first = await caller.post(
        MANY, {"campaign": caller.shop.ref, "amount": 120}, extra={"Idempotency-Key": "mint"}
    )
    again = await caller.post(
        MANY, {"campaign": caller.shop.ref, "amount": 120}, extra={"Idempotency-Key": "mint"}
    )
    assert again.headers["Idempotent-Replay"] == "true"
    assert again.body == first.body
    assert (await codes(caller))[0] == 120
    other = await caller.post(
        MANY, {"campaign": caller.shop.ref, "amount": 121}, extra={"Idempotency-Key": "mint"}
    )
    assert other.codes == [422]


async def test_many_of_another_tenant(caller, other_caller):
    answer = await other_caller.post(MANY, {"campaign": caller.shop.ref})
    assert answer.codes == [502]


# remove -----------------------------------------------------------------------------------


async def remove(caller, code, **values):
    body = {"campaign": caller.shop.ref, "single_use_code": code, **values}
    return await caller.post("/v3/singleuse/remove", body)


async def test_remove(caller, other_caller, http, server):
    code, used = await code_of(caller, customvalcode="R-1"), await code_of(caller)
    await update(caller, code, "claimed")
    await update(caller, used, "validated")
    assert (await remove(other_caller, code)).codes == [505]
    answer = await remove(caller, code)
    assert answer.body == {
        "status": {"status": "OK"}, "campaign": caller.shop.ref,
        "action": "single_use_code_removed", "single_use_code": code,
    }  # fmt: skip
    assert (await remove(caller, code)).codes == [505]
    assert (await caller.post("/v3/couponsession/data", {"couponsession": code})).codes == [505]
    assert (await remove(caller, used)).codes == [506]
    assert await codes(caller) == (1, [used])
    assert await codes(caller, "claims") == (1, [used])
    assert (await make(caller, customvalcode="R-1")).status == 200
    async with http.get(f"{server.url}/p/{caller.shop.code}/{code}") as page:
        assert page.status == 404


async def test_remove_gives_its_place_back(http, server, services):
    caller = await caller_of(http, server, services, limit_sessions=1)
    code = await code_of(caller)
    assert (await make(caller)).codes == [516]
    assert (await remove(caller, code)).status == 200
    assert (await make(caller)).status == 200


async def test_what_is_made_activated_counts_as_activated(http, server, services):
    caller = await caller_of(http, server, services, limit_claims=3)
    assert (await many(caller, amount=2, status="activated")).status == 200
    assert (await many(caller, amount=2, status="activated")).codes == [516]
    code, other = await code_of(caller), await code_of(caller)
    assert (await update(caller, code, "claimed")).status == 200
    assert (await update(caller, other, "claimed")).codes == [516]
    assert (await remove(caller, code)).status == 200
    assert (await update(caller, other, "claimed")).status == 200


# several at once --------------------------------------------------------------------------


async def update_many(caller, sessions, operation=None, **values):
    return await caller.post(
        "/v3/couponsession/updatemultiple",
        {"couponsessions": sessions, "operation": operation, **values},
    )


async def test_one_bad_session_harms_no_other(caller, other_caller):
    a, b, c = [await code_of(caller) for _ in range(3)]
    foreign = await code_of(other_caller)
    await update(caller, b, "voided")
    asked = [a, foreign, b, c[:6], "zzzzzz"]
    answer = await update_many(caller, asked, "validated", validation_value="5.00")
    assert answer.body["action"] == "session_validated"
    rows = answer.body["data"]
    assert [row["session"] for row in rows] == asked
    assert [row["error_code"] for row in rows] == [None, 505, 508, None, 505]
    assert [row["result"].split(" ")[0] for row in rows] == ["ok", "505", "508", "ok", "505"]
    assert "Couponsession is voided. 20" in rows[2]["result"]
    for code, flag in ((a, "1"), (b, "0"), (c, "1")):
        block = (await data(caller, code))["data"]["status"]
        assert block["validated"] == flag
    again = await update_many(caller, f"{a}, {c}", "validated")
    assert [row["error_code"] for row in again.body["data"]] == [506, 506]


async def test_fields_of_many(caller):
    a, b = [await code_of(caller) for _ in range(2)]
    answer = await update_many(caller, [a, b], customid="lot 7")
    assert answer.body["action"] == "session_updated"
    assert (await codes(caller))[0] == 2
    assert (await data(caller, b))["customid"] == "lot 7"


async def test_many_updates_refusals(caller):
    assert (await update_many(caller, None, "voided")).codes == [200]
    assert (await update_many(caller, ["aaaaaa"])).codes == [200]
    assert (await update_many(caller, ["a"] * 1001, "voided")).codes == [300]
    assert (await update_many(caller, ["not a code"], "voided")).codes == [301]


# a till -----------------------------------------------------------------------------------


async def reserve(caller, code, **values):
    return await caller.post("/v3/couponsession/reserve", {"couponsession": code, **values})


async def confirm(caller, reservation, **values):
    body = {"reservation": reservation, **values}
    return await caller.post("/v3/couponsession/confirm", body)


async def release(caller, reservation):
    return await caller.post("/v3/couponsession/release", {"reservation": reservation})


async def test_reserve_and_confirm(caller):
    code = await code_of(caller)
    held = await reserve(caller, code[:6], seconds=30, redeem_location=caller.shop.location)
    assert held.body["session"] == code
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", held.body["expires_utc"])
    other = await update(caller, code, "validated")
    assert other.codes == [520]
    assert other.texts[0].startswith("Reserved by another till. 20")
    assert (await reserve(caller, code)).codes == [520]
    done = await confirm(
        caller, held.body["reservation"], validation_value="3.20",
        redeem_location=f"loc_{caller.shop.location}",
    )  # fmt: skip
    block = done.body["data"]["status"]
    assert (block["validated"], block["validation_value"]) == ("1", "3.20")
    assert block["redeem_location_company_name"] == "Ghent"
    assert (await confirm(caller, held.body["reservation"])).codes == [522]
    assert (await reserve(caller, code)).codes == [506]


async def test_release_and_running_out(caller, other_caller, services):
    code = await code_of(caller)
    held = (await reserve(caller, code)).body["reservation"]
    assert (await release(other_caller, held)).codes == [522]
    assert (await confirm(other_caller, held)).codes == [522]
    assert (await release(caller, held)).body["action"] == "session_released"
    assert (await release(caller, held)).codes == [522]
    held = (await reserve(caller, code)).body["reservation"]
    await services.db.execute(
        "UPDATE sessions SET reserved_until = now() - interval '1 second' WHERE code = $1", code
    )
    assert (await confirm(caller, held)).codes == [522]
    assert (await update(caller, code, "validated")).status == 200


async def test_one_of_many_tills_gets_it(caller):
    code = await code_of(caller)
    answers = await asyncio.gather(
        *(reserve(caller, code) for _ in range(20)),
        *(update(caller, code, "validated") for _ in range(20)),
    )
    won = [a for a in answers if a.status == 200]
    assert len(won) == 1
    assert {tuple(a.codes) for a in answers if a.status != 200} <= {(520,), (506,)}


async def test_reserve_refusals(caller, other_caller):
    code = await code_of(caller)
    assert (await reserve(other_caller, code)).codes == [505]
    assert (await reserve(caller, code, seconds=9)).codes == [300]
    assert (await reserve(caller, code, redeem_location="loc_999999")).codes == [519]
    await update(caller, code, "locked")
    assert (await reserve(caller, code)).codes == [511]
    assert (await confirm(caller, None)).codes == [200]


# a pool of own codes ----------------------------------------------------------------------


async def load(services, shop, text):
    with tempfile.NamedTemporaryFile() as file:
        file.write(text.encode())
        file.flush()
        async with (
            opened(Path(file.name), importing.COLUMN) as table,
            services.db.transaction() as db,
        ):
            return await importing.import_codes(db, shop.account, shop.campaign, table)


async def test_a_pool_gives_each_code_once(http, server, services):
    caller = await caller_of(http, server, services)
    used = await make(caller, customvalcode="U-1")
    text = '﻿Code;note\r\nA-1;x\nB-2\n\nA-1\n"C,3"\nU-1\nD-4'
    result = await load(services, caller.shop, text)
    assert (result.imported, result.left_out) == (4, 2)
    assert [(x.line, x.code, x.why) for x in result.lines] == [
        (5, "A-1", "twice in this list"), (7, "U-1", "already in use"),
    ]  # fmt: skip
    again = await load(services, caller.shop, "B-2\nE-5\n")
    assert [(x.line, x.why) for x in again.lines] == [(1, "already imported")]
    answers = await asyncio.gather(*(make(caller) for _ in range(3)))
    found = {a.body["custom_validation_code"] for a in answers}
    bulk = await many(caller, amount=2)
    found |= {row["custom_validation_code"] for row in bulk.body["data"]}
    assert found == {"A-1", "B-2", "C,3", "D-4", "E-5"}
    assert (await make(caller)).codes == [516]
    assert (await many(caller, amount=1)).codes == [516]
    assert (await make(caller, customvalcode="own")).body["custom_validation_code"] == "own"
    assert used.status == 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no code"),
        ("code\n", "no code"),
        ("ok\n" + "x" * 101, "Line 2"),
        ("ok\nbad\x00one\n", "Line 2"),
    ],
)
async def test_a_list_that_cannot_be_read_changes_nothing(services, shop, text, words):
    from tearoff.errors import Invalid

    with pytest.raises(Invalid, match=words):
        await load(services, shop, text)
    assert await pools.left(services.db, shop.campaign) == 0


async def test_a_pool_that_runs_low_is_told_once(services, shop):
    from datetime import UTC, datetime

    await load(services, shop, "\n".join(f"L-{i}" for i in range(101)))
    now = datetime.now(UTC)

    async def told():
        return [low.left for low in await pools.newly_low(services.db, now)
                if low.campaign_id == shop.campaign]  # fmt: skip

    assert await told() == []
    async with services.db.transaction() as db:
        await pools.take(db, shop.campaign, 2, now)
    assert await told() == [99]
    assert await told() == []
    await load(services, shop, "more")
    assert await told() == []
