"""Groups and contacts, webhooks, account and usage over v4."""

import pytest

from tests.api.v4.client import client_of


@pytest.fixture
def v4(caller):
    return client_of(caller)


@pytest.fixture
def other(other_caller):
    return client_of(other_caller)


async def group(v4, channel="sms"):
    made = await v4.post("/v4/groups", {"name": "Regulars", "channel": channel})
    assert made.status == 201, made.text
    return made.body["id"]


async def test_a_group_and_its_contacts(v4):
    sms = await group(v4)
    path = f"/v4/groups/{sms}/contacts"
    ids = []
    for i in range(3):
        made = await v4.post(
            path, {"phone": f"+3247000100{i}", "firstname": "Ann", "customfield2": "b"}
        )
        assert made.status == 201, made.text
        ids.append(made.body["id"])
    assert made.body["customfields"] == [None, "b", *[None] * 5]
    same = await v4.post(path, {"phone": "+32470001002", "birthday": "1990-05-17"})
    assert same.body == made.body | {"birthday": "1990-05-17"}
    await v4.post("/v4/suppressions", {"address": "+32470001001"})
    first = (await v4.get(f"{path}?limit=2")).body
    rest = (await v4.get(f"{path}?limit=2&cursor={first['next_cursor']}")).body
    assert [c["id"] for c in first["data"] + rest["data"]] == ids
    assert [c["opted_out_at"] is None for c in first["data"]] == [True, False]
    assert (await v4.get(f"/v4/groups/{sms}")).body["contacts"] == 3
    assert (await v4.delete(f"{path}/{ids[0]}")).status == 204
    assert (await v4.delete(f"{path}/{ids[0]}")).body["code"] == 525
    assert (await v4.delete(f"/v4/groups/{sms}")).status == 204
    assert (await v4.get(f"/v4/groups/{sms}")).status == 404


async def test_deleting_a_group_keeps_who_is_in_another_one(v4, services, shop):
    one, two = await group(v4), await group(v4)
    both = (await v4.post(f"/v4/groups/{one}/contacts", {"phone": "+32470001001"})).body["id"]
    await v4.post(f"/v4/groups/{two}/contacts", {"phone": "+32470001001"})
    await v4.post(f"/v4/groups/{one}/contacts", {"phone": "+32470001002"})
    await v4.delete(f"/v4/groups/{one}")
    left = await services.db.fetch("SELECT id FROM contacts WHERE account_id = $1", shop.account)
    assert [row["id"] for row in left] == [both]


async def test_a_group_for_email(v4):
    mail = await group(v4, "email")
    path = f"/v4/groups/{mail}/contacts"
    missing = await v4.post(path, {"phone": "+32470001000"})
    assert (missing.status, missing.body["errors"][0]["field"]) == (422, "email")
    made = await v4.post(path, {"email": "ann@example.com"})
    assert (made.status, made.body["email"], made.body["phone"]) == (201, "ann@example.com", None)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v4/groups/{group}", None),
        ("DELETE", "/v4/groups/{group}", None),
        ("GET", "/v4/groups/{group}/contacts", None),
        ("POST", "/v4/groups/{group}/contacts", {"phone": "+32470001009"}),
        ("DELETE", "/v4/groups/{group}/contacts/{contact}", None),
        ("GET", "/v4/webhooks/{webhook}", None),
        ("PATCH", "/v4/webhooks/{webhook}", {"active": False}),
        ("DELETE", "/v4/webhooks/{webhook}", None),
        ("POST", "/v4/webhooks/{webhook}/test", None),
        ("GET", "/v4/webhooks/{webhook}/deliveries", None),
    ],
)
async def test_another_tenants_things_do_not_exist(v4, other, method, path, body):
    sms = await group(v4)
    contact = await v4.post(f"/v4/groups/{sms}/contacts", {"phone": "+32470001000"})
    hook = await v4.post("/v4/webhooks", {"url": "http://127.0.0.1:9/hook"})
    assert hook.status == 201, hook.text
    path = path.format(group=sms, contact=contact.body["id"], webhook=hook.body["id"])
    answer = await other.call(method, path, json=body)
    assert answer.status == 404
    assert answer.body["code"] in (509, 514)


async def test_a_webhooks_life(v4):
    made = await v4.post(
        "/v4/webhooks", {"url": "http://127.0.0.1:9/hook", "events": ["coupon_validated"]}
    )
    assert made.status == 201, made.text
    assert made.body["secret"].startswith("whsec_")
    path = f"/v4/webhooks/{made.body['id']}"
    found = (await v4.get(path)).body
    stands = {"waiting": 0, "missed": 0, "missed_since": None, "last_try_at": None}
    assert found == made.body | stands | {"secret": None, "last_status": None, "last_error": ""}
    off = await v4.patch(path, {"active": False, "events": None})
    assert (off.body["active"], off.body["events"]) == (False, None)
    rolled = await v4.patch(path, {"active": True, "roll_secret": True})
    assert rolled.body["secret"] not in (None, made.body["secret"])
    tested = await v4.post(f"{path}/test", extra={"Idempotency-Key": "t"})
    assert (tested.status, tested.body["type"]) == (200, "webhook_test"), tested.text
    assert (tested.body["state"], tested.body["http_status"]) == ("failed", None)
    again = await v4.post(f"{path}/test", extra={"Idempotency-Key": "t"})
    assert again.body == tested.body
    listed = (await v4.get(f"{path}/deliveries")).body
    assert [one["event"] for one in listed["data"]] == [tested.body["event"]]
    resent = await v4.post(f"/v4/events/{tested.body['event']}/resend")
    assert (resent.status, resent.body) == (200, {"deliveries": 1})
    assert (await v4.delete(path)).status == 204
    assert (await v4.get(path)).status == 404


async def test_webhook_addresses_are_checked(v4):
    for url in ("http://10.0.0.1/", "ftp://example.com", "x", "http://169.254.169.254/"):
        answer = await v4.post("/v4/webhooks", {"url": url, "events": ["nothing"]})
        assert answer.status == 422, url
        assert "url" in {e["field"] for e in answer.body["errors"]} or url.startswith("http")


async def test_events_of_others_are_not_resent(v4, other):
    made = await v4.post("/v4/webhooks", {"url": "http://127.0.0.1:9/hook"})
    tested = await v4.post(f"/v4/webhooks/{made.body['id']}/test")
    answer = await other.post(f"/v4/events/{tested.body['event']}/resend")
    assert (answer.status, answer.body["code"]) == (404, 509)


async def test_the_account(v4, shop):
    body = (await v4.get("/v4/account")).body
    assert (body["id"], body["name"], body["timezone"]) == (
        shop.account, "Bean & Leaf", "Europe/Brussels",
    )  # fmt: skip
    assert [one["kind"] for one in body["integrations"]] == ["log"]
    assert "secret" not in str(body)


async def test_usage_by_day(v4, shop):
    await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": "+32470001000"})
    body = (await v4.get("/v4/usage")).body
    assert len(body["days"]) == 30
    assert body["days"][-1]["date"] == body["last_day"]
    assert (body["total"]["sent"], body["days"][-1]["segments"]) == (1, 1)
    some = await v4.get(
        f"/v4/usage?first_day=2026-01-30&last_day=2026-02-02&campaign={shop.campaign}"
    )
    assert [one["date"] for one in some.body["days"]] == [
        "2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    ["first_day=2026-02-30", "first_day=2027-01-02&last_day=2027-01-01", "last_day=0001-01-01",
     "last_day=9999-12-31",
     "first_day=2020-01-01&last_day=2026-01-01", "campaign=x", "day=1"],
)  # fmt: skip
async def test_periods_that_cannot_be(v4, query):
    assert (await v4.get(f"/v4/usage?{query}")).status == 422


async def test_usage_of_another_tenants_campaign(other, shop):
    answer = await other.get(f"/v4/usage?campaign={shop.campaign}")
    assert (answer.status, answer.body["code"]) == (404, 502)
