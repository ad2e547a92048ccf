"""Locations, devices and scans over v4."""

import io
import re

import pytest
import segno

from tearoff.accounts import devices
from tearoff.accounts.sign_ins import LinkOver
from tearoff.kit import clock
from tests.api.v4.client import client_of
from tests.web.tills import open_till

ALL = {
    "name": "Bean & Leaf, Bruges", "street": "Markt 1", "zip": "8000", "city": "Bruges",
    "province": "West Flanders", "country": "BE", "phone": "+32470001234",
    "website": "https://example.com/bruges", "pin": "864213", "redeems_at_once": True,
    "trusts_offline": True,
    "hours": [{"days": [1, 2, 3, 4, 5], "start": "08:00", "end": "18:00"}],
}  # fmt: skip


@pytest.fixture
def v4(caller):
    return client_of(caller)


@pytest.fixture
def other(other_caller):
    return client_of(other_caller)


async def test_a_location_from_beginning_to_end(v4, shop):
    made = await v4.post("/v4/locations", ALL)
    assert made.status == 201, made.text
    place = made.body
    shown = {name: value for name, value in ALL.items() if name != "pin"}
    assert {name: place[name] for name in shown} == shown
    assert (place["has_pin"], place["devices"]) == (True, 0)
    assert "864213" not in made.text
    path = f"/v4/locations/{place['id']}"
    assert (await v4.get(path)).body == place
    listed = (await v4.get("/v4/locations")).body["data"]
    assert [one["id"] for one in listed] == [shop.location, place["id"]]
    first = (await v4.get("/v4/locations?limit=1")).body
    then = await v4.get(f"/v4/locations?limit=1&cursor={first['next_cursor']}")
    assert [one["id"] for one in then.body["data"]] == [place["id"]]
    changed = await v4.patch(path, {"name": "Bruges", "hours": None, "pin": None})
    assert changed.body == place | {"name": "Bruges", "hours": [], "has_pin": False}
    assert (await v4.delete(path)).status == 204
    for gone in (await v4.get(path), await v4.delete(path), await v4.patch(path, {})):
        assert (gone.status, gone.body["code"]) == (404, 501)


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({"name": " "}, "name", "Missing parameter: name"),
        ({"name": "x" * 101}, "name", "100"),
        ({"name": None}, "name", "Missing parameter: name"),
        ({"country": "Belgium"}, "country", "two capital letters"),
        ({"phone": "12"}, "phone", ""),
        ({"website": "javascript:alert(1)"}, "website", "https://"),
        ({"pin": "12345"}, "pin", "6 to 8 digits"),
        ({"pin": 4711}, "pin", "text"),
        ({"hours": [{"days": [8], "start": "08:00", "end": "09:00"}]}, "hours", "<= 7"),
        ({"hours": [{"days": [1], "start": "8", "end": "09:00"}]}, "hours", "regex"),
        ({"hours": [{"days": [1, 1], "start": "08:00", "end": "09:00"}]}, "hours", "twice"),
        ({"hours": "always"}, "hours", "array"),
        ({"redeems_at_once": "yes"}, "redeems_at_once", "true or false"),
        ({"pin_mac": "x"}, "pin_mac", "Unknown parameter"),
    ],
)
async def test_wrong_values(v4, given, field, told):
    answer = await v4.post("/v4/locations", {"name": "Bruges", **given})
    assert answer.status == 422, answer.text
    (problem,) = answer.body["errors"]
    assert problem["field"] == field
    assert told in problem["detail"]
    assert len((await v4.get("/v4/locations")).body["data"]) == 1


async def test_a_pin_belongs_to_one_place(v4, shop):
    answer = await v4.post("/v4/locations", {"name": "Bruges", "pin": shop.pin})
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == "pin"


async def test_pairing_a_device_and_throwing_it_out(v4, shop, services, http, server):
    path = f"/v4/locations/{shop.location}"
    made = await v4.post(f"{path}/pairings")
    assert made.status == 201, made.text
    assert re.fullmatch(r"https://coupons.example.com/till/pair/\w{49}", made.body["url"])
    assert read_svg(made.body["qr"], made.body["url"])
    till = await open_till(services, http, server.url, shop)
    (device,) = (await v4.get(f"{path}/devices")).body["data"]
    assert (device["id"], device["name"]) == (till.device, "Sam")
    assert (await v4.get(path)).body["devices"] == 1
    assert (await till.call("state"))[0] == 200
    assert (await v4.delete(f"/v4/devices/{till.device}")).status == 204
    assert (await till.call("state"))[0] == 401
    assert (await v4.get(f"{path}/devices")).body["data"] == []
    assert (await v4.delete(f"/v4/devices/{till.device}")).status == 404


async def test_what_was_scanned(v4, shop, services, http, server):
    till = await open_till(services, http, server.url, shop)
    code = (await v4.post(f"/v4/campaigns/{shop.campaign}/sessions")).body["code"]
    await till.check(code)
    await till.redeem(code)
    await till.check("rte4x9")
    late = {"key": "f" * 16, "code": code, "scanned_at": "2026-11-23T10:00:00Z"}
    await till.call("sync", {"scans": [late]})
    path = f"/v4/locations/{shop.location}/scans"
    found = (await v4.get(path)).body["data"]
    assert [(one["verdict"], one["reason"], one["session"]) for one in found] == [
        ("no", found[0]["reason"], code),
        ("no", "unknown", None),
        ("used", "", code),
        ("good", "", code),
    ]
    assert all(code not in str(one | {"session": ""}) for one in found)
    page = (await v4.get(f"{path}?limit=3")).body
    rest = (await v4.get(f"{path}?limit=3&cursor={page['next_cursor']}")).body
    assert page["data"] + rest["data"] == found
    assert (await v4.get(f"{path}?conflicts=true")).body["data"] == found[:1]


async def test_nobody_elses(v4, other, shop, services, http, server):
    till = await open_till(services, http, server.url, shop)
    path = f"/v4/locations/{shop.location}"
    calls = [
        other.get(path), other.patch(path, {"name": "Mine"}), other.delete(path),
        other.post(f"{path}/pairings"), other.get(f"{path}/devices"),
        other.get(f"{path}/scans"), other.delete(f"/v4/devices/{till.device}"),
    ]  # fmt: skip
    for call in calls:
        answer = await call
        assert (answer.status, answer.body["code"]) == (404, 501)
    assert shop.location not in [
        one["id"] for one in (await other.get("/v4/locations")).body["data"]
    ]
    assert (await v4.get(path)).body["name"] == "Ghent"
    assert (await till.call("state"))[0] == 200


def read_svg(svg: str, url: str) -> bool:
    """The drawing is the matrix of this link; its picture is read back elsewhere."""
    code = segno.make(url, error="m", micro=False)
    out = io.BytesIO()
    code.save(out, kind="svg", xmldecl=False, border=4, scale=6)
    return svg == out.getvalue().decode()


async def test_an_unused_link_can_be_withdrawn_and_runs_out_by_itself(v4, other, shop, services):
    """Complaint 21."""
    path = f"/v4/locations/{shop.location}/pairings"
    made = [(await v4.post(path)).body for _ in range(3)]
    listed = (await v4.get(path)).body["data"]
    assert [one["id"] for one in listed] == [one["id"] for one in made]
    assert all("url" not in one for one in listed)
    gone = f"/v4/pairings/{made[0]['id']}"
    assert (await other.delete(gone)).status == 404
    assert (await v4.delete(gone)).status == 204
    assert (await v4.delete(gone)).status == 404
    with pytest.raises(LinkOver):
        await pair(services, made[0])
    await services.db.execute(
        "UPDATE one_time_tokens SET expires_at = now() WHERE pairing_id = $1", made[1]["id"]
    )
    await pair(services, made[2])
    assert (await v4.get(path)).body["data"] == []
    for over in made:
        assert (await v4.delete(f"/v4/pairings/{over['id']}")).status == 404


async def test_a_known_device_paired_again_keeps_its_name_and_history(
    v4, other_shop, shop, services, http, server
):
    """Complaint 21: by its old pairing, thrown out or not, or by a link that names it."""
    till = await open_till(services, http, server.url, shop)
    await till.check("rte4x9")
    path = f"/v4/locations/{shop.location}"
    assert (await v4.delete(f"/v4/devices/{till.device}")).status == 204
    made = (await v4.post(f"{path}/pairings")).body
    page = await http.get(f"{server.url}/till/pair/{made['url'][-49:]}", headers=till.headers)
    assert 'value="Sam"' in await page.text()
    device, secret = await pair(services, made, before=till.secret)
    assert (device.id, device.name) == (till.device, "Sam")
    assert (await till.call("state"))[0] == 401
    named = (await v4.post(f"{path}/pairings", {"device": till.device})).body
    assert (await v4.get(f"{path}/pairings")).body["data"][0]["device"] == till.device
    again, newest = await pair(services, named)
    assert (again.id, newest != secret) == (till.device, True)
    assert [one["id"] for one in (await v4.get(f"{path}/devices")).body["data"]] == [till.device]
    assert (await v4.get(f"{path}/scans")).body["data"][0]["device"] == till.device
    theirs = await open_till(services, http, server.url, other_shop)
    refused = await v4.post(f"{path}/pairings", {"device": theirs.device})
    assert refused.status == 404
    stranger, _ = await pair(
        services, (await v4.post(f"{path}/pairings")).body, before=theirs.secret
    )
    assert stranger.id not in (till.device, theirs.device)


async def test_a_forgotten_device_is_shown_when_asked_for(v4, shop, services, http, server):
    till = await open_till(services, http, server.url, shop)
    await services.db.execute("UPDATE devices SET expires_at = now() WHERE id = $1", till.device)
    path = f"/v4/locations/{shop.location}/devices"
    assert (await v4.get(path)).body["data"] == []
    (found,) = (await v4.get(f"{path}?forgotten=true")).body["data"]
    assert found["id"] == till.device


async def test_a_pin_is_drawn_and_told_once(v4, other, shop):
    path = f"/v4/locations/{shop.location}/pin"
    assert (await other.post(path)).status == 404
    drawn = await v4.post(path)
    assert drawn.status == 201
    assert re.fullmatch(r"\d{6}", drawn.body["pin"])
    taken = await v4.post("/v4/locations", {"name": "Bruges", "pin": drawn.body["pin"]})
    assert taken.status == 422
    assert (await v4.post("/v4/locations", {"name": "Bruges", "pin": shop.pin})).status == 201


async def test_scans_since(v4, shop, services, http, server):
    till = await open_till(services, http, server.url, shop)
    await till.check("rte4x9")
    path = f"/v4/locations/{shop.location}/scans"
    assert len((await v4.get(f"{path}?since=2026-01-01T00:00:00Z")).body["data"]) == 1
    assert (await v4.get(f"{path}?since=2099-01-01T00:00:00Z")).body["data"] == []


async def pair(services, made, before=""):
    return await devices.pair(
        services.db, made["url"][-49:], name="Sam", pin="2468", now=clock.now(), before=before
    )


@pytest.mark.parametrize(
    "website", ["http://[::1", "https://[evil", "https://", "https:// a.example", "ftp://a.example"]
)
async def test_a_website_that_is_none(v4, website):
    answer = await v4.post("/v4/locations", {"name": "Ghent", "website": website})
    assert (answer.status, answer.body["code"]) == (422, 300)
