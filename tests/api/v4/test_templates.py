"""`/v4/templates`, copies and publishing over v4, and that other accounts have no part in them."""

import pytest

from tests.api.v4.client import client_of
from tests.cast import open_shop


@pytest.fixture
def v4(caller):
    return client_of(caller)


async def test_a_template_is_saved_started_from_and_deleted(v4, shop):
    saved = await v4.post(f"/v4/campaigns/{shop.campaign}/template", {"name": "Ours"})
    assert (saved.status, saved.body["status"]) == (201, "draft")
    template = saved.body["id"]
    assert (await v4.get(f"/v4/campaigns/{template}")).status == 404
    assert (await v4.patch(f"/v4/campaigns/{template}", {"title": "x"})).status == 404
    listed = (await v4.get("/v4/templates")).body["data"]
    assert [one["id"] for one in listed] == [template]
    assert template not in [one["id"] for one in (await v4.get("/v4/campaigns")).body["data"]]
    begun = await v4.post("/v4/campaigns", {"template": template, "name": "Autumn"})
    assert (begun.status, begun.body["title"]) == (201, "2-for-1 cappuccino")
    assert (await v4.delete(f"/v4/templates/{shop.campaign}")).status == 404
    assert (await v4.delete(f"/v4/templates/{template}")).status == 204
    assert (await v4.get("/v4/templates")).body["data"] == []


async def test_v3_starts_from_templates_too(v4, shop, caller):
    saved = await v4.post(f"/v4/campaigns/{shop.campaign}/template", {})
    body = {"template": saved.body["id"], "name": "From v3"}
    made = await caller.post("/v3/coupon/create", body)
    assert made.status == 200, made.text


async def test_a_copy_is_published_when_it_lacks_nothing(v4, shop):
    then = "2020-01-01T00:00:00Z"
    await v4.patch(f"/v4/campaigns/{shop.campaign}", {"expires_at": then})
    copied = await v4.post(f"/v4/campaigns/{shop.campaign}/copy", {})
    assert (copied.status, copied.body["emptied"]) == (201, {"expires_at": then})
    made = copied.body["campaign"]
    assert (made["status"], made["expires_at"], made["issued"]) == ("draft", None, 0)
    path = f"/v4/campaigns/{made['id']}"
    await v4.patch(path, {"title": "", "expires_at": then})
    refused = await v4.post(f"{path}/publish", {})
    assert (refused.status, refused.body["code"]) == (409, 541)
    assert [one["field"] for one in refused.body["errors"]] == ["title", "expires_at"]
    await v4.patch(path, {"title": "Soup", "expires_at": None})
    done = await v4.post(f"{path}/publish", {})
    assert (done.status, done.body["status"]) == (200, "active")


async def test_another_account_has_no_part_in_it(v4, services, shop):
    other = await open_shop(services)
    for what in ("template", "copy", "publish"):
        assert (await v4.post(f"/v4/campaigns/{other.campaign}/{what}", {})).status == 404
    await services.db.execute(
        "UPDATE campaigns SET status = 'draft', is_template = true WHERE id = $1", other.campaign
    )
    assert (await v4.delete(f"/v4/templates/{other.campaign}")).status == 404
    made = await v4.post("/v4/campaigns", {"template": other.campaign})
    assert (made.status, made.body["code"]) == (404, 502)
    assert (await v4.get("/v4/templates")).body["data"] == []
