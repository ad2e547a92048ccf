"""`singleuse/create`, `couponsession/data` and `couponsession/update`."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.cast import open_shop

STATUS_KEYS = [
    "created_date_utc",
    "opened",
    "open_date_utc",
    "played",
    "played_date_utc",
    "claimed",
    "claim_date_utc",
    "claimtype",
    "saved_to_passbook",
    "saved_to_passbook_date_utc",
    "saved_to_androidpay",
    "saved_to_androidpay_date_utc",
    "validated",
    "validation_date_utc",
    "own_validation_code",
    "validation_value",
    "redeem_location_ID",
    "voided",
    "voided_date_utc",
    "unvoided_date_utc",
    "locked",
    "locked_date_utc",
    "unlocked_date_utc",
    "value",
    "customid",
    "expiration_date",
    "utm_campaign",
    "utm_source",
    "utm_medium",
    "utm_term",
    "utm_content",
    "redeem_location_company_name",
    "redeem_location_street",
    "redeem_location_zip",
    "redeem_location_city",
    "redeem_location_province",
    "redeem_location_country",
    "redeem_location_phone",
    "redeem_location_website",
    "uses",
    "uses_left",
]


async def make(caller, **values):
    return await caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref, **values})


async def code_of(caller, **values):
    return (await make(caller, **values)).body["single_use_code"]


async def data(caller, code):
    return (await caller.post("/v3/couponsession/data", {"couponsession": code})).body


async def update(caller, code, operation=None, **values):
    body = {"couponsession": code, "operation": operation, **values}
    return await caller.post("/v3/couponsession/update", body)


async def test_create(caller):
    answer = await make(caller, customid="42", firstname="Ann")
    code = answer.body["single_use_code"]
    assert answer.body == {
        "status": {"status": "OK"},
        "campaign": caller.shop.ref,
        "action": "single_use_code_created",
        "single_use_code": code,
        "single_use_url": f"https://coupons.example.com/p/{caller.shop.code}/{code}",
        "widget_validation_code": code[:6],
        "custom_validation_code": "",
        "customid": "42",
        "duplicate": "0",
    }
    assert re.fullmatch(r"[a-hj-km-np-tv-z2-9]{6}[a-z0-9]{15}", code)


async def test_validation_codes(caller):
    assert re.fullmatch(
        r"\d{8}", (await make(caller, autovalcode="8digits")).body["custom_validation_code"]
    )
    own = await make(caller, customvalcode="ABC 123")
    assert own.body["custom_validation_code"] == "ABC 123"
    assert (await make(caller, customvalcode="ABC 123")).codes == [300]
    assert (await make(caller, customvalcode="X", autovalcode="6digits")).codes == [300]
    assert (await make(caller, autovalcode="7digits")).codes == [302]


@pytest.mark.parametrize("check", ["email", True, "true", 1])
async def test_duplicate_check(caller, check):
    first = await make(caller, email="ann@example.com", duplicate_check=check)
    again = await make(caller, email="Ann@Example.com", duplicate_check=check)
    assert again.body["single_use_code"] == first.body["single_use_code"]
    assert again.body["duplicate"] == "1"
    other = await make(caller, email="bob@example.com", duplicate_check=check)
    assert other.body["duplicate"] == "0"


async def test_duplicate_check_holds_under_concurrency(caller):
    answers = await asyncio.gather(
        *(make(caller, customid="same", duplicate_check="customid") for _ in range(25))
    )
    assert len({a.body["single_use_code"] for a in answers}) == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("2027-01-31", "2027-01-31 23:59:59"),
        ("2027-01-31 18:30", "2027-01-31 18:30:00"),
        ("2027-01-31 18:30:05", "2027-01-31 18:30:05"),
        ("2027-01-31 18-30", "2027-01-31 18:30:00"),
        ("2027-01-31:18:30:05", "2027-01-31 18:30:05"),
    ],
)
async def test_expiry_is_in_the_campaigns_zone(caller, services, given, told):
    caller.shop = await open_shop(
        services, campaign={"expires_at": datetime(2030, 1, 1, tzinfo=UTC)}
    )
    code = await code_of(caller, expiry_date=given)
    assert (await data(caller, code))["data"]["status"]["expiration_date"] == told
    at = await services.db.fetchval("SELECT expires_at FROM sessions WHERE code = $1", code)
    assert at.strftime("%H:%M:%S") == f"{int(told[11:13]) - 1:02d}{told[13:]}"


async def test_data_has_every_key(caller):
    code = await code_of(
        caller, phone="+32470005000", customfield7="seven", utm_source="mail", customid="c"
    )
    body = await data(caller, code)
    assert body["action"] == "retrieve_all_session_data"
    assert body["session"] == code and re.fullmatch(r"\d+", body["sequenceid"])
    status = body["data"]["status"]
    assert list(status) == STATUS_KEYS
    assert status["utm_source"] == "mail" and status["utm_term"] is None
    assert status["opened"] == "0" and status["open_date_utc"] == ""
    assert status["value"] == "Second cup free"
    assert body["data"]["customer"]["phone"] == "32470005000"
    assert body["data"]["customer"]["customfield7"] == "seven"
    assert body["data"]["message"] == {"id": "", "status": "", "channel": ""}
    assert set(body["data"]["device"]) == {"browser", "os", "language"}


async def test_data_names_the_last_message(caller):
    sent = await caller.send("+32470005001")
    body = await data(caller, sent.body["single_use_code"])
    assert body["data"]["message"] == {
        "id": sent.body["message_id"], "status": "accepted", "channel": "sms",
    }  # fmt: skip


async def test_data_by_get(caller):
    code = await code_of(caller)
    path = f"/v3/couponsession/data?couponsession={code}"
    answer = await caller.request("GET", path, headers=caller.shop.headers)
    assert answer.body["session"] == code
    pair = f"&client_id={caller.shop.client_id}&client_secret={caller.shop.client_secret}"
    assert (await caller.request("GET", path + pair)).status == 401


async def test_other_tenants_see_nothing(caller, other_caller):
    code = await code_of(caller)
    for path, more in (
        ("/v3/couponsession/data", {}),
        ("/v3/couponsession/update", {"operation": "validated"}),
    ):
        for known in (code, code[:6]):
            answer = await other_caller.post(path, {"couponsession": known, **more})
            assert (answer.status, answer.codes) == (422, [505])
            assert answer.texts == ["Couponsession not found."]
    made = await other_caller.post("/v3/singleuse/create", {"campaign": caller.shop.ref})
    assert made.codes == [502]


async def test_validate_once(caller):
    code = await code_of(caller)
    place = f"loc_{caller.shop.location}"
    answer = await update(
        caller, code[:6].upper(), "validated", validation_value="12.50", redeem_location=place
    )
    assert answer.status == 200
    assert answer.body["action"] == "session_validated"
    status = answer.body["data"]["status"]
    assert (status["validated"], status["validation_value"]) == ("1", "12.50")
    assert status["redeem_location_company_name"] == "Ghent"
    assert status["redeem_location_ID"] == place
    again = await update(caller, code, "validated")
    assert (again.status, again.codes) == (422, [506])
    when = status["validation_date_utc"]
    assert again.texts == [f"Couponsession already validated. {when} UTC, Ghent"]
    assert again.body["data"]["status"] == status


async def test_two_hundred_at_once_have_one_winner(caller, services):
    code = await code_of(caller)
    answers = await asyncio.gather(*(update(caller, code, "validated") for _ in range(200)))
    assert sorted(a.status for a in answers) == [200] + [422] * 199
    assert all(a.codes == [506] for a in answers if a.status == 422)
    n = await services.db.fetchval(
        "SELECT count(*) FROM session_events e JOIN sessions s ON s.id = e.session_id"
        " WHERE s.code = $1 AND e.kind = 'validated'",
        code,
    )
    assert n == 1


async def test_several_uses(caller, services):
    caller.shop = await open_shop(services, campaign={"uses": 3})
    code = await code_of(caller)
    for left in (2, 1, 0):
        status = (await update(caller, code, "validated")).body["data"]["status"]
        assert status["uses_left"] == left
        assert status["validated"] == ("1" if left == 0 else "0")
    assert (await update(caller, code, "validated")).codes == [506]
    status = (await update(caller, code, "unvalidated")).body["data"]["status"]
    assert (status["uses_left"], status["validated"]) == (1, "0")


@pytest.mark.parametrize(
    ("before", "operation", "code"),
    [
        (["voided"], "validated", 508),
        (["locked"], "validated", 511),
        (["validated"], "voided", 506),
        (["validated"], "locked", 506),
        (["voided"], "claimed", 508),
        (["voided"], "opened", 508),
        (["voided", "unvoided"], "validated", None),
        (["locked", "unlocked"], "validated", None),
        (["validated", "unvalidated"], "validated", None),
        ([], "unvoided", None),
        ([], "unlocked", None),
        ([], "unvalidated", None),
        ([], "unclaimed", None),
        (["claimed"], "claimed", None),
        (["opened"], "opened", None),
        (["claimed"], "unclaimed", None),
    ],
)
async def test_operations(caller, before, operation, code):
    session = await code_of(caller)
    for name in before:
        assert (await update(caller, session, name)).status == 200
    answer = await update(caller, session, operation)
    assert answer.status == (200 if code is None else 422)
    if code is None:
        assert answer.body["action"] == f"session_{operation}"
    else:
        assert answer.codes == [code]


async def test_no_effect_makes_no_event(caller, services):
    code = await code_of(caller)
    for _ in range(3):
        await update(caller, code, "claimed")
    await update(caller, code, "unvoided")
    kinds = await services.db.fetch(
        "SELECT e.kind, e.actor FROM session_events e JOIN sessions s ON s.id = e.session_id"
        " WHERE s.code = $1 ORDER BY e.id",
        code,
    )
    # A claim also opens what was not opened: a change of its own, with an event of its own.
    assert sorted(r["kind"] for r in kinds) == ["claimed", "opened"]
    assert {r["actor"] for r in kinds} == {caller.shop.client_id}


@pytest.mark.parametrize(
    ("campaign", "code"),
    [
        ({"status": "paused"}, 518),
        ({"expires_at": datetime.now(UTC) - timedelta(minutes=1)}, 512),
        ({"starts_at": datetime.now(UTC) + timedelta(days=1)}, 517),
        ({"limit_validations": 0}, 516),
    ],
)
async def test_refusals_of_the_campaign(caller, services, campaign, code):
    caller.shop = await open_shop(services, campaign=campaign)
    session = await code_of(caller)
    answer = await update(caller, session, "validated")
    assert (answer.status, answer.codes) == (422, [code])
    assert answer.body["data"]["status"]["validated"] == "0"


async def test_the_limit_of_validations_holds_under_concurrency(caller, services):
    caller.shop = await open_shop(services, campaign={"limit_validations": 5})
    sessions = [await code_of(caller) for _ in range(30)]
    answers = await asyncio.gather(*(update(caller, s, "validated") for s in sessions))
    assert sum(a.status == 200 for a in answers) == 5
    winner = sessions[[a.status for a in answers].index(200)]
    assert (await update(caller, winner, "unvalidated")).status == 200
    assert sum([(await update(caller, s, "validated")).status == 200 for s in sessions]) == 1


async def test_fields(caller):
    code = await code_of(caller, customfield1="one", customfield2="two")
    answer = await update(caller, code, customfield2="2", customid="new", value="5 euro")
    assert answer.body["action"] == "session_updated"
    body = await data(caller, code)
    assert body["data"]["customer"]["customfield1"] == "one"
    assert body["data"]["customer"]["customfield2"] == "2"
    assert (body["customid"], body["data"]["status"]["value"]) == ("new", "5 euro")


async def test_a_refused_update_changes_no_field(caller):
    code = await code_of(caller)
    await update(caller, code, "voided")
    assert (await update(caller, code, "validated", customid="x")).codes == [508]
    assert (await data(caller, code))["customid"] == ""


async def test_wrong_parameters(caller):
    code = await code_of(caller)
    assert (await update(caller, code)).texts == ["Missing parameter: operation"]
    assert (await update(caller, code, "burned")).codes == [302]
    assert (await update(caller, None, "voided")).texts == ["Missing parameter: couponsession"]
    assert (await update(caller, code, "validated", redeem_location="loc_1")).codes == [519]
    assert (await update(caller, "nosuch", "voided")).codes == [505]
