"""The time line of a coupon over v4."""

import re

import pytest

from tests.api.v4.client import client_of

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def v4(caller):
    return client_of(caller)


async def report_open(v4, url, agent):
    """As the visible page does."""
    path = url.removeprefix("https://coupons.example.com")
    http, address = v4.caller.http, v4.caller.url + path
    async with http.get(address, headers={"user-agent": agent}) as page:
        token = re.search(r'data-t="([^"]+)"', await page.text())[1]
    async with http.post(
        f"{address}/open", headers={"user-agent": agent}, data={"t": token}
    ) as answer:
        assert answer.status == 204


async def test_robots_and_people_in_a_time_line(v4, other_caller, shop):
    made = (await v4.post(f"/v4/campaigns/{shop.campaign}/sessions")).body
    path = f"/v4/sessions/{made['code']}/events"
    assert (await v4.get(path)).body == {"data": [], "next_cursor": None}
    await report_open(v4, made["url"], "WhatsApp/2.23.20.0")
    await report_open(v4, made["url"], PHONE)
    taken = await v4.post(f"/v4/sessions/{made['code']}/validated", {"location": shop.location})
    assert taken.status == 200
    events = (await v4.get(path)).body["data"]
    shown = [(e["kind"], e["actor"], e["channel"], e["verdict"], e["counted"]) for e in events]
    program = shop.client_id
    assert shown == [
        ("opened", "robot", "page", "robot", False),
        ("opened", "consumer", "page", "human", True),
        ("claimed", program, "api", None, True),
        ("validated", program, "api", None, True),
    ]
    assert events[0]["reason"] == "agent: WhatsApp link preview (^WhatsApp(/|$))"
    assert events[1]["reason"] == "the page was visible"
    assert events[3]["location"] == shop.location
    assert events[3]["device"] is None
    assert (await client_of(other_caller).get(path)).status == 404


async def test_in_pages(v4, shop):
    made = (await v4.post(f"/v4/campaigns/{shop.campaign}/sessions")).body
    for operation in ("locked", "unlocked", "locked", "unlocked", "voided"):
        await v4.post(f"/v4/sessions/{made['code']}/{operation}")
    seen, cursor = [], ""
    while cursor is not None:
        path = f"/v4/sessions/{made['code'][:6]}/events?limit=2{cursor and f'&cursor={cursor}'}"
        page = (await v4.get(path)).body
        assert "data" in page, page
        assert len(page["data"]) <= 2
        seen += [event["kind"] for event in page["data"]]
        cursor = page["next_cursor"]
    assert seen == ["locked", "unlocked", "locked", "unlocked", "voided"]
    assert (await v4.get(f"/v4/sessions/{made['code']}/events?cursor=x")).status == 422
