"""`campaign/data|opens|claims|validations`, `campaign/search`, `couponsession/search`."""

from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons import rules
from tearoff.coupons.sessions import actions
from tests.api.caller import Caller
from tests.api.test_sessions import STATUS_KEYS, make, update
from tests.cast import open_shop


async def codes(caller, path="data", **values):
    answer = await caller.post(f"/v3/campaign/{path}", {"campaign": caller.shop.ref, **values})
    assert answer.status == 200, answer.text
    return answer.body["amount_of_results"], [item["session"] for item in answer.body["data"]]


async def three(caller):
    return [(await make(caller)).body["single_use_code"] for _ in range(3)]


async def set_created(services, code, text):
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    await services.db.execute("UPDATE sessions SET created_at = $2 WHERE code = $1", code, at)


async def test_data(caller):
    made = await three(caller)
    answer = await caller.post("/v3/campaign/data", {"campaign": caller.shop.ref})
    assert list(answer.body) == ["status", "campaign", "amount_of_results", "data"]
    assert answer.body["amount_of_results"] == 3
    assert [item["session"] for item in answer.body["data"]] == made
    one = answer.body["data"][0]
    assert list(one["status"]) == STATUS_KEYS
    alone = await caller.post("/v3/couponsession/data", {"couponsession": made[0]})
    assert alone.body["data"] == one


async def test_opens_claims_validations(caller):
    a, b, c = await three(caller)
    await update(caller, c, "opened")
    await update(caller, b, "claimed")
    await update(caller, a, "validated")
    assert await codes(caller, "opens") == (3, [c, b, a])
    assert await codes(caller, "claims") == (2, [b, a])
    assert await codes(caller, "validations") == (1, [a])
    await update(caller, a, "unvalidated")
    assert await codes(caller, "validations") == (0, [])
    assert (await codes(caller, "claims"))[0] == 2


async def test_pages(caller, services):
    many = await caller.post(
        "/v3/multiplesingleuse/create", {"campaign": caller.shop.ref, "amount": 250}
    )
    made = [item["single_use_code"] for item in many.body["data"]]
    pages = [await codes(caller, page=n) for n in (1, 2, 3, 4, "5")]
    assert [total for total, _ in pages] == [250] * 5
    assert [len(found) for _, found in pages] == [100, 100, 50, 0, 0]
    assert [code for _, found in pages for code in found] == made
    for bad in (0, -1, "x", 1.5):
        answer = await caller.post("/v3/campaign/data", {"campaign": caller.shop.ref, "page": bad})
        assert answer.status == 422, bad


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-03-28", None, [0, 1, 2]),
        ("2026-03-29", "2026-03-29", [1, 2]),
        ("2026-03-29 00:00:00", "2026-03-29 00:00:00", [1]),
        ("2026-03-29 00:00:01", None, [2]),
        (None, "2026-03-28", [0]),
        (None, "2026-03-28 23:59", [0]),
        (None, "2026-03-28 23:58", []),
        (None, "2026-03-28 23:59:58", []),
        ("2026-03-28 23-59", "2026-03-29 00-00", [0, 1]),
        ("2026-03-29:00:00:00", "2026-03-29:23:59:59", [1, 2]),
        ("2026-03-30", "2026-03-29", []),
    ],
)
async def test_periods_are_inclusive(caller, services, start, end, expected):
    """Around midnight of the night of a clock change: periods are in UTC, whatever the
    campaign's zone."""
    made = await three(caller)
    times = ("2026-03-28T23:59:59.900000", "2026-03-29T00:00:00", "2026-03-29T23:59:59.999999")
    for code, at in zip(made, times, strict=True):
        await set_created(services, code, at)
    total, found = await codes(caller, start_date=start, end_date=end)
    assert found == [made[i] for i in expected]
    assert total == len(expected)


async def test_a_period_filters_the_event_the_list_is_about(caller, services):
    made = await three(caller)
    for code in made:
        await set_created(services, code, "2026-01-01T00:00:00")
    await update(caller, made[1], "claimed")
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    assert await codes(caller, start_date=today) == (0, [])
    assert await codes(caller, "claims", start_date=today, end_date=tomorrow) == (1, [made[1]])
    assert await codes(caller, "claims", end_date="2026-01-02") == (0, [])


@pytest.mark.parametrize(
    ("zone", "given", "last"),
    [
        # A day begins and ends on the campaign's own clock, from the first zone to the last.
        ("Pacific/Kiritimati", "2027-01-31", "2027-01-31T09:59:59"),
        ("Pacific/Pago_Pago", "2027-01-31", "2027-02-01T10:59:59"),
        # The night on which clocks go forward: 02:30 does not exist; it is 03:30 then.
        ("Europe/Brussels", "2027-03-28", "2027-03-28T21:59:59"),
        ("Europe/Brussels", "2027-03-28 02:30", "2027-03-28T01:30:00"),
        # The night on which they go back: 02:30 comes twice, and the coupon lasts to the second.
        ("Europe/Brussels", "2027-10-31", "2027-10-31T22:59:59"),
        ("Europe/Brussels", "2027-10-31 02:30", "2027-10-31T01:30:00"),
        ("Europe/Brussels", "2027-10-31 01:30", "2027-10-30T23:30:00"),
    ],
)
async def test_expiry_on_the_campaigns_clock(http, server, services, zone, given, last):
    """`last` is the last moment at which the coupon can be used, in UTC."""
    caller = Caller(http, server.url, await open_shop(
        services, campaign={"timezone": zone, "expires_at": None}
    ))  # fmt: skip
    code = (await make(caller, expiry_date=given)).body["single_use_code"]
    found = await actions.find_session(services.db, caller.shop.account, code)
    end = datetime.fromisoformat(last).replace(tzinfo=UTC)
    assert found.session.expires_at == end
    for offset, usable in ((-1, True), (0, False)):
        now = end + timedelta(seconds=offset)
        assert (rules.why_not_usable(found.session, found.campaign, now) is None) is usable
    shown = (await caller.post("/v3/couponsession/data", {"couponsession": code})).body
    local = given if len(given) > 10 else f"{given} 23:59"
    if "03-28 02:30" not in given:
        assert shown["data"]["status"]["expiration_date"].startswith(local)


@pytest.mark.parametrize("path", ["data", "opens", "claims", "validations", "search"])
async def test_another_tenants_campaign(caller, other_caller, path):
    await make(caller)
    answer = await other_caller.post(
        f"/v3/campaign/{path}", {"campaign": caller.shop.ref, "search": "x"}
    )
    assert answer.codes == [502]


async def find(caller, path="couponsession/search", **values):
    answer = await caller.post(f"/v3/{path}", values)
    assert answer.status == 200, answer.text
    return answer.body["amount_of_results"], [item["session"] for item in answer.body["data"]]


async def test_search(caller, other_caller):
    values = {
        "phone": "+32470001777", "email": "Ann@Example.com", "customid": "c-77",
        "customvalcode": "VAL-77",
    }  # fmt: skip
    mine = (await make(caller, **values)).body["single_use_code"]
    await make(other_caller, **values)
    await make(caller)
    for given in (
        {"phone": "0032 470 00 17 77"}, {"email": "ann@example.COM"}, {"customid": "c-77"},
        {"customvalcode": "VAL-77"}, {"search": "+32470001777"}, {"search": "ANN@example.com"},
        {"search": "c-77"}, {"search": "VAL-77"}, {"search": mine}, {"search": mine[:6].upper()},
        {"phone": "+32470001777", "customid": "c-77"},
    ):  # fmt: skip
        assert await find(caller, **given) == (1, [mine]), given
        here = {"campaign": caller.shop.ref, **given}
        assert await find(caller, "campaign/search", **here) == (1, [mine]), given
    assert await find(caller, phone="+32470001777", customid="other") == (0, [])
    assert await find(caller, search="nothing") == (0, [])
    assert await find(caller, search="c-77", page=2) == (1, [])


async def test_search_refusals(caller):
    assert (await caller.post("/v3/couponsession/search")).codes == [200]
    assert (await caller.post("/v3/couponsession/search", {"phone": "x"})).codes == [301]
    assert (await caller.post("/v3/couponsession/search", {"email": "x"})).codes == [305]
    assert (await caller.post("/v3/campaign/search", {"search": "x"})).codes == [200]
