"""`/v3/coupon/pushnotification/*`: a clear failure without wallet credentials."""

import pytest

NO_WALLET = "Push notification not sent. Reason: No wallet credentials have been set up."


async def new_session(caller):
    made = await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref})
    return made.body["single_use_code"]


@pytest.mark.parametrize("length", [21, 6])
async def test_to_one(caller, length):
    code = (await new_session(caller))[:length]
    answer = await caller.post(
        "/v3/coupon/pushnotification/single",
        {"campaign": caller.shop.ref, "couponsession": code, "message": "Last days!"},
    )
    assert (answer.status, answer.codes, answer.texts) == (422, [602], [NO_WALLET])


async def test_to_all(caller):
    answer = await caller.post(
        "/v3/coupon/pushnotification/all", {"campaign": caller.shop.ref, "message": "Last days!"}
    )
    assert (answer.status, answer.codes, answer.texts) == (422, [602], [NO_WALLET])


@pytest.mark.parametrize("verb", ["single", "all"])
async def test_what_is_missing(caller, verb):
    answer = await caller.post(f"/v3/coupon/pushnotification/{verb}")
    names = (
        ["campaign", "couponsession", "message"] if verb == "single" else ["campaign", "message"]
    )
    assert answer.codes == [200] * len(names)
    assert answer.texts == [f"Missing parameter: {name}" for name in names]


async def test_what_does_not_exist(caller, other_caller):
    path = "/v3/coupon/pushnotification/single"
    theirs = await new_session(other_caller)
    values = {"campaign": caller.shop.ref, "couponsession": theirs, "message": "x"}
    answer = await caller.post(path, values)
    assert (answer.codes, answer.texts) == ([505], ["Couponsession not found."])
    for verb in ("single", "all"):
        values = {"campaign": other_caller.shop.ref, "couponsession": theirs, "message": "x"}
        answer = await caller.post(f"/v3/coupon/pushnotification/{verb}", values)
        assert (answer.codes, answer.texts) == ([502], ["Campaign ID not found."])
