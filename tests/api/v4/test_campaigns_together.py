"""Several campaigns at once over v4 (complaint 37)."""

import pytest

from tests.api.v4.client import client_of

TOGETHER = "/v4/campaigns/together"


@pytest.fixture
def v4(caller):
    return client_of(caller)


@pytest.fixture
def other(other_caller):
    return client_of(other_caller)


async def make(v4, name, status="active"):
    made = await v4.post("/v4/campaigns", {"name": name, "status": status})
    assert made.status == 201, made.text
    return made.body["id"]


async def statuses(v4):
    listed = await v4.get("/v4/campaigns?limit=200")
    return {one["name"]: one["status"] for one in listed.body["data"]}


async def test_what_a_filter_finds_and_no_other(v4):
    """Complaint 37: a filter that finds some of many touches those."""
    for n in range(3):
        await make(v4, f"Summer {n}", "paused" if n == 2 else "active")
        await make(v4, f"Winter {n}")
    found = await v4.get("/v4/campaigns/matching?search=summer&state=live")
    assert found.body == {"count": 3}
    body = {"status": "archived", "matching": {"search": "summer", "state": "live"}}
    wrong = await v4.post(TOGETHER, {**body, "count": 2})
    assert (wrong.status, wrong.body["code"]) == (409, 542)
    assert "3 campaigns" in wrong.body["detail"]
    done = await v4.post(TOGETHER, {**body, "count": 3})
    assert (done.status, len(done.body["changed"]), done.body["unchanged"]) == (200, 3, 0)
    assert {n for n, status in (await statuses(v4)).items() if status == "archived"} == {
        "Summer 0", "Summer 1", "Summer 2",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"matching": {}, "count": 1},
        {"matching": None, "count": 1},
        {"matching": "all", "count": 1},
        {"matching": {"serch": "x"}, "count": 1},
        {"matching": {"state": "every"}, "count": 1},
        {"matching": {"state": ["live"]}, "count": 1},
        {"matching": {"folder": True}, "count": 1},
        {"matching": {"state": "live"}},
        {"campaigns": []},
        {"campaigns": [1], "matching": {"state": "live"}, "count": 1},
    ],
)
async def test_what_is_missing_or_unreadable_is_never_taken_for_all(v4, body):
    """Complaint 37."""
    before = await statuses(v4)
    answer = await v4.post(TOGETHER, {"status": "archived", **body})
    assert answer.status == 422, answer.text
    assert await statuses(v4) == before


async def test_named_ones_and_what_does_not_fit_them(v4, other, shop):
    draft, paused = await make(v4, "draft", "draft"), await make(v4, "paused", "paused")
    named = [shop.campaign, draft, paused]
    done = await v4.post(TOGETHER, {"status": "paused", "campaigns": named})
    assert done.body == {"changed": [shop.campaign], "unchanged": 2}
    done = await v4.post(TOGETHER, {"status": "active", "campaigns": named})
    assert done.body == {"changed": [shop.campaign, paused], "unchanged": 1}
    refused = await other.post(TOGETHER, {"status": "archived", "campaigns": named})
    assert (refused.status, refused.body["code"]) == (404, 502)
    mixed = await v4.post(TOGETHER, {"status": "archived", "campaigns": [draft, 999_999_999]})
    assert mixed.status == 404
    assert (await statuses(v4))["draft"] == "draft"
