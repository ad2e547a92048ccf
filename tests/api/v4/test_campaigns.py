"""Campaigns, folders, categories, sessions and suppressions over v4."""

import asyncio

import pytest

from tests.api.v4.client import as_made, client_of


@pytest.fixture
def v4(caller):
    return client_of(caller)


@pytest.fixture
def other(other_caller):
    return client_of(other_caller)


async def make(v4, **more):
    answer = await v4.post("/v4/campaigns", {"name": "Autumn", **more})
    assert answer.status == 201, answer.text
    return answer.body


async def test_a_campaign_is_made_changed_and_put_away(v4):
    folder = (await v4.post("/v4/folders", {"name": "Seasons"})).body["id"]
    top = (await v4.post("/v4/categories", {"name": "Food"})).body["id"]
    made = await make(
        v4, folder=folder, category=top, tags=["Soup", "soup", "warm"], featured=True,
        starts_at="2026-11-01T00:00:00+01:00", expires_at="2027-12-31T23:00:00Z", uses=3,
        limit_sessions=10,
    )  # fmt: skip
    assert made["tags"] == ["soup", "warm"]
    assert made["starts_at"] == "2026-10-31T23:00:00Z"
    assert (made["folder"], made["category"], made["uses"]) == (folder, top, 3)
    assert (await v4.get(f"/v4/campaigns/{made['id']}")).body == made
    changed = await v4.patch(
        f"/v4/campaigns/{made['id']}",
        {"title": "Soup", "starts_at": None, "limit_sessions": None, "folder": None},
    )
    assert changed.status == 200
    assert as_made(changed.body) == made | {
        "title": "Soup", "starts_at": None, "limit_sessions": None, "folder": None,
    }  # fmt: skip
    gone = await v4.delete(f"/v4/campaigns/{made['id']}")
    assert (gone.status, gone.text) == (204, "")
    assert (await v4.get(f"/v4/campaigns/{made['id']}")).status == 404
    assert (await v4.delete(f"/v4/campaigns/{made['id']}")).status == 404


async def test_a_campaign_is_copied(v4, shop):
    made = await v4.post("/v4/campaigns", {"template": shop.campaign, "title": "Three for two"})
    assert made.status == 201, made.text
    assert (made.body["name"], made.body["title"]) == ("Two for one", "Three for two")
    assert made.body["id"] != shop.campaign


async def test_campaigns_come_in_pages(v4, shop):
    ids = [shop.campaign] + [(await make(v4))["id"] for _ in range(4)]
    seen, cursor = [], ""
    while True:
        page = (await v4.get(f"/v4/campaigns?limit=2{cursor}")).body
        seen += [campaign["id"] for campaign in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ids


async def test_campaigns_by_what_sorts_them(v4):
    top = (await v4.post("/v4/categories", {"name": "Food"})).body["id"]
    below = (await v4.post("/v4/categories", {"name": "Soup", "parent": top})).body
    assert (below["parent"], below["level"]) == (top, 2)
    made = await make(v4, category=below["id"], tags=["warm"], status="draft")
    for query in (f"category={top}", "tag=WARM", "status=draft"):
        found = (await v4.get(f"/v4/campaigns?{query}")).body["data"]
        assert [campaign["id"] for campaign in found] == [made["id"]]


async def test_there_are_three_levels(v4):
    parent = None
    for level in (1, 2, 3):
        made = await v4.post("/v4/categories", {"name": "x", "parent": parent})
        assert made.body["level"] == level
        parent = made.body["id"]
    fourth = await v4.post("/v4/categories", {"name": "x", "parent": parent})
    assert (fourth.status, fourth.body["errors"][0]["field"]) == (422, "parent")
    listed = (await v4.get("/v4/categories")).body["data"]
    assert [category["level"] for category in listed] == [1, 2, 3]
    assert (await v4.delete(f"/v4/categories/{listed[0]['id']}")).status == 204
    assert (await v4.get("/v4/categories")).body["data"] == []


async def test_folders(v4, other):
    made = (await v4.post("/v4/folders", {"name": " Autumn "})).body
    assert made["name"] == "Autumn"
    assert (await v4.get("/v4/folders")).body["data"] == [made]
    assert (await other.delete(f"/v4/folders/{made['id']}")).status == 404
    assert (await v4.delete(f"/v4/folders/{made['id']}")).status == 204
    assert (await v4.get("/v4/folders")).body["data"] == []


async def test_all_problems_are_told_together(v4):
    answer = await v4.post(
        "/v4/campaigns",
        {"nam": "x", "name": " ", "uses": "1", "starts_at": "2026-01-01", "featured": "yes",
         "tags": "a,b", "timezone": "Mars/Olympus", "brand_color": "green", "title": 4},
    )  # fmt: skip
    assert answer.status == 422
    assert {(e["field"], e["code"]) for e in answer.body["errors"]} == {
        ("nam", 201), ("name", 200), ("uses", 301), ("starts_at", 303), ("featured", 302),
        ("tags", 301), ("timezone", 302), ("brand_color", 302), ("title", 301),
    }  # fmt: skip
    assert answer.body["code"] == 201
    assert answer.body["type"] == "/docs/api#error-201"


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/v4/campaigns/{campaign}", None, 502),
        ("PATCH", "/v4/campaigns/{campaign}", {"title": "mine"}, 502),
        ("DELETE", "/v4/campaigns/{campaign}", None, 502),
        ("GET", "/v4/campaigns/{campaign}/sessions", None, 502),
        ("POST", "/v4/campaigns/{campaign}/sessions", {}, 502),
        ("POST", "/v4/campaigns", {"template": "campaign"}, 502),
        ("POST", "/v4/messages/preview", {"text": "x", "campaign": "campaign"}, 502),
        ("GET", "/v4/sessions/{session}", None, 505),
        ("PATCH", "/v4/sessions/{session}", {"value": "mine"}, 505),
        ("POST", "/v4/sessions/{session}/voided", {}, 505),
    ],
)
async def test_another_tenants_things_do_not_exist(v4, other, shop, method, path, body, code):
    made = (await v4.post(f"/v4/campaigns/{shop.campaign}/sessions")).body
    path = path.format(campaign=shop.campaign, session=made["code"])
    body = {k: shop.campaign if v == "campaign" else v for k, v in body.items()} if body else body
    answer = await other.call(method, path, json=body)
    assert (answer.status, answer.body["code"]) == (404, code)
    untouched = (await v4.get(f"/v4/sessions/{made['code']}")).body
    assert untouched == made


async def test_another_tenants_shelves_cannot_be_used(v4, other):
    folder = (await v4.post("/v4/folders", {"name": "Seasons"})).body["id"]
    category = (await v4.post("/v4/categories", {"name": "Food"})).body["id"]
    for name, value, code in (("folder", folder, 515), ("category", category, 521)):
        answer = await other.post("/v4/campaigns", {"name": "x", name: value})
        assert (answer.status, answer.body["code"]) == (404, code)
    below = await other.post("/v4/categories", {"name": "x", "parent": category})
    assert (below.status, below.body["code"]) == (404, 521)


async def test_a_session_is_made_and_taken_in_once(v4, shop):
    made = await v4.post(
        f"/v4/campaigns/{shop.campaign}/sessions",
        {"firstname": "Ann", "phone": "+32470001000", "customid": "42", "customfield2": "b",
         "utm_source": "till", "automatic_code": "8digits", "expires_at": "2099-01-01T00:00:00Z"},
    )  # fmt: skip
    assert made.status == 201, made.text
    assert made.body["customer"]["customfields"][:3] == [None, "b", None]
    assert made.body["utm"]["utm_source"] == "till"
    assert len(made.body["validation_code"]) == 8
    assert made.body["state"] == "created"
    path = f"/v4/sessions/{made.body['short_code']}"
    opened = await v4.post(f"{path}/opened")
    assert (opened.body["state"], opened.body["opened_at"] is None) == ("opened", False)
    taken = await v4.post(
        f"{path}/validated", {"location": shop.location, "validation_value": "12.50"}
    )
    assert taken.status == 200, taken.text
    assert (taken.body["state"], taken.body["uses_left"]) == ("validated", 0)
    assert (taken.body["location"], taken.body["validation_value"]) == (shop.location, "12.50")
    again = await v4.post(f"{path}/validated")
    assert (again.status, again.body["code"]) == (409, 506)
    assert again.body["at"] == taken.body["validated_at"]
    assert again.body["location"] == shop.location


async def test_of_many_who_take_it_in_one_wins(v4, shop):
    code = (await v4.post(f"/v4/campaigns/{shop.campaign}/sessions")).body["code"]
    answers = await asyncio.gather(*(v4.post(f"/v4/sessions/{code}/validated") for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 19


async def test_operations_and_their_opposites(v4, shop):
    code = (await v4.post(f"/v4/campaigns/{shop.campaign}/sessions")).body["code"]
    states = []
    for operation in ("claimed", "unclaimed", "locked", "unlocked", "voided", "unvoided",
                      "validated", "unvalidated"):  # fmt: skip
        answer = await v4.post(f"/v4/sessions/{code}/{operation}")
        assert answer.status == 200, answer.text
        states.append(answer.body["state"])
    assert states == [
        "claimed", "opened", "locked", "opened", "voided", "opened", "validated", "claimed",
    ]  # fmt: skip
    assert (await v4.post(f"/v4/sessions/{code}/eaten")).status == 422


async def test_a_persons_data_change(v4, shop):
    code = (await v4.post(f"/v4/campaigns/{shop.campaign}/sessions", {"customfield1": "a"})).body[
        "code"
    ]
    changed = await v4.patch(
        f"/v4/sessions/{code}",
        {"phone": "+32470001001", "customfield3": "c", "value": "Third cup"},
    )
    assert changed.status == 200
    assert changed.body["customer"]["phone"] == "+32470001001"
    assert changed.body["customer"]["customfields"][:3] == ["a", None, "c"]
    assert changed.body["value"] == "Third cup"
    nothing = await v4.patch(f"/v4/sessions/{code}", {})
    assert (nothing.status, nothing.body["code"]) == (422, 200)


async def test_one_session_per_person(v4, shop):
    path = f"/v4/campaigns/{shop.campaign}/sessions"
    body = {"email": "ann@example.com", "unique_by": "email"}
    answers = await asyncio.gather(*(v4.post(path, body) for _ in range(8)))
    assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
    assert len({answer.body["code"] for answer in answers}) == 1


async def test_sessions_come_in_pages(v4, shop):
    path = f"/v4/campaigns/{shop.campaign}/sessions"
    made = [(await v4.post(path)).body["code"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = (await v4.get(f"{path}?limit=2{cursor}")).body
        seen += [session["code"] for session in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made


async def test_suppressions(v4, other):
    for address in ("+32470001009", "Ann@Example.com"):
        added = await v4.post("/v4/suppressions", {"address": address, "reason": "asked"})
        assert (added.status, added.body["source"]) == (201, "shop")
        again = await v4.post("/v4/suppressions", {"address": address})
        assert (again.status, again.body) == (200, added.body)
    page = (await v4.get("/v4/suppressions?limit=1")).body
    rest = (await v4.get(f"/v4/suppressions?limit=1&cursor={page['next_cursor']}")).body
    listed = [item["address"] for item in page["data"] + rest["data"]]
    assert listed == ["+32470001009", "ann@example.com"]
    assert rest["next_cursor"] is None
    assert (await other.get("/v4/suppressions")).body["data"] == []
    assert (await other.delete("/v4/suppressions/+32470001009")).status == 404
    for address in ("%2B32470001009", "ANN@example.com"):
        assert (await v4.delete(f"/v4/suppressions/{address}")).status == 204
        assert (await v4.delete(f"/v4/suppressions/{address}")).status == 404
    assert (await v4.post("/v4/suppressions", {"address": "nobody"})).status == 422


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/v4/nothing", "There is no such address."),
        ("/v4/campaigns/abc", "There is no such address."),
        ("/v4/directory/list", "Directories and loyalty cards come in a later version."),
        ("/v4/loyalty", "Directories and loyalty cards come in a later version."),
    ],
)
async def test_addresses_that_do_not_exist(v4, path, detail):
    answer = await v4.get(path)
    assert (answer.status, answer.body["code"], answer.body["detail"]) == (404, 404, detail)


@pytest.mark.parametrize("noun", ["directory/list", "loyalty/info", "directoryusers/list"])
async def test_v3_says_what_comes_later(caller, noun):
    answer = await caller.post(f"/v3/{noun}", {})
    assert (answer.status, answer.codes) == (404, [404])
    assert answer.texts == ["Directories and loyalty cards come in a later version."]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"x"', b"name=x", b"[" * 100_000])
async def test_a_body_that_cannot_be_read(v4, body):
    answer = await v4.call("POST", "/v4/folders", data=body)
    assert (answer.status, answer.body["code"]) == (400, 400)


async def test_a_body_too_large(v4):
    answer = await v4.call("POST", "/v4/folders", data=b" " * 1_000_001)
    assert answer.status == 400


async def test_credentials_in_all_header_styles_and_nowhere_else(v4, shop):
    client, secret = shop.client_id, shop.client_secret
    for headers in ({"X-CLIENT-ID": client, "X-CLIENT-SECRET": secret},
                    {"X-Api-Key": client, "X-Api-Secret": secret}):  # fmt: skip
        assert (await v4.get("/v4/folders", headers=headers)).status == 200
    path = f"/v4/folders?client_id={client}&client_secret={secret}"
    assert (await v4.get(path, headers={})).status == 401
    body = {"name": "x", "client_id": client, "client_secret": secret}
    refused = await v4.call("POST", "/v4/folders", json=body, headers={})
    assert (refused.status, refused.body["code"]) == (401, 1000)


async def test_a_key_makes_one_folder(v4):
    key = {"Idempotency-Key": "k"}
    both = [await v4.post("/v4/folders", {"name": "x"}, extra=key) for _ in range(2)]
    assert [(a.status, a.body) for a in both] == [(201, both[0].body)] * 2
    assert len((await v4.get("/v4/folders")).body["data"]) == 1
    other = await v4.post("/v4/folders", {"name": "y"}, extra=key)
    assert (other.status, other.body["code"]) == (422, 422)
    # The same key on another path is another key.
    assert (await v4.post("/v4/categories", {"name": "x"}, extra=key)).status == 201


async def test_a_refusal_in_which_nothing_was_made_leaves_nothing_under_its_key(v4, shop):
    code = (await v4.post(f"/v4/campaigns/{shop.campaign}/sessions")).body["code"]
    await v4.post(f"/v4/sessions/{code}/validated")
    key = {"Idempotency-Key": "k"}
    refused = await v4.post(f"/v4/sessions/{code}/validated", extra=key)
    await v4.post(f"/v4/sessions/{code}/unvalidated")
    again = await v4.post(f"/v4/sessions/{code}/validated", extra=key)
    assert (refused.status, again.status) == (409, 200)
    assert (await v4.get(f"/v4/sessions/{code}")).body["state"] == "validated"
    replayed = await v4.post(f"/v4/sessions/{code}/validated", extra=key)
    assert (replayed.status, replayed.headers["Idempotent-Replay"]) == (200, "true")


async def test_the_quota_is_told(v4):
    answer = await v4.get("/v4/folders")
    for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"):
        assert answer.headers[name].isdigit()


async def test_an_end_before_the_start_is_named_as_it_was_given(v4):
    starts, ends = "2027-01-02T00:00:00Z", "2027-01-01T00:00:00Z"
    made = await make(v4, starts_at=starts)
    for answer in (
        await v4.post("/v4/campaigns", {"name": "x", "starts_at": starts, "expires_at": ends}),
        await v4.patch(f"/v4/campaigns/{made['id']}", {"expires_at": ends}),
    ):
        assert answer.status == 422
        assert [problem["field"] for problem in answer.body["errors"]] == ["expires_at"]


async def test_null_empties_a_text(v4):
    texts = ("subtitle", "description", "terms", "value", "message_text", "customid")
    made = await make(v4, **dict.fromkeys(texts, "text"))
    assert {made[name] for name in texts} == {"text"}
    emptied = await v4.patch(f"/v4/campaigns/{made['id']}", dict.fromkeys(texts))
    assert (emptied.status, {emptied.body[name] for name in texts}) == (200, {""})


async def test_null_empties_the_tags(v4):
    made = await make(v4, tags=["drinks"])
    emptied = await v4.patch(f"/v4/campaigns/{made['id']}", {"tags": None})
    assert (emptied.status, emptied.body["tags"]) == (200, [])


async def test_what_cannot_be_empty_refuses_null(v4):
    made = await make(v4)
    names = ("name", "title", "brand", "brand_color", "language", "timezone", "uses", "status")
    answer = await v4.patch(f"/v4/campaigns/{made['id']}", dict.fromkeys(names))
    assert answer.status == 422
    assert {problem["field"] for problem in answer.body["errors"]} == set(names)
    assert "It cannot be null." in answer.text


async def test_pins_alone_where_no_location_has_one(v4):
    made, place = await make(v4), (await v4.post("/v4/locations", {"name": "Counter"})).body
    path = f"/v4/campaigns/{made['id']}"
    assert (await v4.put(f"{path}/locations", {"locations": [place["id"]]})).status == 200
    assert (await v4.get(path)).body["warnings"] == []
    changed = await v4.patch(path, {"methods": ["pin"]})
    (told,) = changed.body["warnings"]
    assert "No location of this campaign has a PIN" in told
    assert (await v4.patch(f"/v4/locations/{place['id']}", {"pin": "804610"})).status == 200
    assert (await v4.get(path)).body["warnings"] == []
