"""What the status block says agrees with what a call is refused for, and what is undone leaves no
trace in it."""

import msgspec
import pytest

from tearoff.coupons.models import Doer
from tearoff.coupons.sessions import actions, scratch
from tearoff.kit import clock
from tests.cast import open_shop

BLANKS = {"prizes": [{"key": "cup", "title": {"en": "A cup"}, "weight": 1, "amount": 0}]}


async def make(caller, **values):
    body = {"campaign": caller.shop.ref, **values}
    return (await caller.post("/v3/singleuse/create", body)).body


async def data(caller, code):
    found = await caller.post("/v3/couponsession/data", {"couponsession": code})
    return found.body["data"]


async def update(caller, code, operation, **values):
    body = {"couponsession": code, "operation": operation, **values}
    return await caller.post("/v3/couponsession/update", body)


async def test_a_scratch_card_that_lost_says_so(caller, services):
    raw = msgspec.json.encode({"scratch": BLANKS}).decode()
    shop = caller.shop = await open_shop(services, campaign={"raw_options": raw})
    code = (await make(caller))["single_use_code"]
    fresh = (await data(caller, code))["status"]
    assert (fresh["voided"], fresh["value"]) == ("0", "Second cup free")
    async with services.db.transaction() as db:
        found = await actions.find_session(db, shop.account, code)
        await scratch.reveal(db, found, doer=Doer(), now=clock.now())
    lost = (await data(caller, code))["status"]
    assert (lost["voided"], lost["value"]) == ("1", "")
    assert lost["voided_date_utc"] == lost["played_date_utc"] != ""
    refused = await update(caller, code, "validated")
    assert refused.codes == [508]
    assert refused.texts == [f"Couponsession is voided. {lost['voided_date_utc']} UTC"]
    assert refused.body["data"]["status"] == lost
    listed = await caller.post("/v3/campaign/data", {"campaign": shop.ref})
    assert listed.body["data"][0]["status"] == lost
    v4 = await caller.request("GET", f"/v4/sessions/{code}", headers=shop.headers)
    assert (v4.body["state"], v4.body["value"]) == ("voided", "")


@pytest.mark.parametrize(
    ("done", "undone", "more", "gone"),
    [
        ("voided", "unvoided", {}, ["voided_date_utc"]),
        ("locked", "unlocked", {}, ["locked_date_utc"]),
        ("claimed", "unclaimed", {}, ["claim_date_utc"]),
        (
            "validated",
            "unvalidated",
            {"validation_value": "12.50", "redeem_location": "LOC"},
            ["validation_date_utc", "validation_value", "redeem_location_ID",
             "redeem_location_company_name"],
        ),
    ],
)  # fmt: skip
async def test_what_is_undone_leaves_no_trace(caller, done, undone, more, gone):
    code = (await make(caller))["single_use_code"]
    more = {k: f"loc_{caller.shop.location}" if v == "LOC" else v for k, v in more.items()}
    before = (await update(caller, code, done, **more)).body["data"]["status"]
    assert before[done] == "1" and all(before[name] for name in gone)
    after = (await update(caller, code, undone)).body["data"]
    assert after["status"][done] == "0"
    assert {after["status"][name] for name in gone} == {""}
    if "redeem_location" in more:
        assert set(after["location"].values()) == {""}
    if f"{undone}_date_utc" in after["status"]:
        assert after["status"][f"{undone}_date_utc"]


async def test_a_duplicate_describes_the_session_that_exists(caller):
    first = await make(
        caller, email="ann@example.com", customid="first", customvalcode="OWN 1",
        duplicate_check="email",
    )  # fmt: skip
    again = await make(
        caller, email="ann@example.com", customid="second", customvalcode="OWN 2",
        duplicate_check="email",
    )  # fmt: skip
    assert again == {**first, "duplicate": "1"}
    assert first["customid"] == "first"


async def test_a_campaign_past_its_end_is_not_active(caller, services):
    ref = caller.shop.ref

    async def told():
        one = (await caller.post("/v3/coupon/info", {"campaign": ref})).body["coupon_info"]
        found = [(await caller.post("/v3/coupon/list", {"only_active": x})).body for x in (1, 0)]
        return one["status"], [[each["status"] for each in f["coupon_info"]] for f in found]

    assert await told() == ("active", [["active"], ["active"]])
    await services.db.execute(
        "UPDATE campaigns SET expires_at = now() - interval '1 second' WHERE id = $1",
        caller.shop.campaign,
    )
    assert await told() == ("expired", [[], ["expired"]])
    await services.db.execute(
        "UPDATE campaigns SET status = 'paused' WHERE id = $1", caller.shop.campaign
    )
    assert await told() == ("paused", [[], ["paused"]])
