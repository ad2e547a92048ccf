"""Where a campaign is taken in, and its picture, over v4."""

import io

import pytest
from PIL import Image
from yarl import URL

from tearoff.coupons.campaigns.pictures import Crop, prepare_picture
from tearoff.errors import Invalid
from tests.api.v4.client import client_of
from tests.cast import open_place
from tests.web.conftest import PICTURE


@pytest.fixture
def v4(caller):
    return client_of(caller)


@pytest.fixture
def other(other_caller):
    return client_of(other_caller)


async def test_a_campaign_is_taken_in_where_it_says(v4, shop, services):
    path = f"/v4/campaigns/{shop.campaign}/locations"
    bruges = await open_place(services, shop.account, "Bruges", "832100")
    assert (await v4.get(path)).body == {"locations": [shop.location], "restricted": True}
    done = await v4.put(path, {"locations": [bruges, bruges]})
    assert (done.status, done.body) == (200, {"locations": [bruges], "restricted": True})
    code = (await v4.post(f"/v4/campaigns/{shop.campaign}/sessions")).body["code"]
    take = f"/v4/sessions/{code}/validated"
    refused = await v4.post(take, {"location": shop.location})
    assert (refused.status, refused.body["code"]) == (409, 519)
    assert (await v4.put(path, {"locations": []})).body == {"locations": [], "restricted": False}
    assert (await v4.post(take, {"location": shop.location})).status == 200


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "Missing parameter: locations"),
        ({"locations": "100001"}, "array"),
        ({"locations": ["100001"]}, "whole number"),
        ({"locations": [1]}, "no location 1"),
        ({"locations": [1] * 1001}, "1000"),
        ({"location": []}, "Unknown parameter: location"),
    ],
)
async def test_wrong_locations(v4, shop, body, told):
    path = f"/v4/campaigns/{shop.campaign}/locations"
    answer = await v4.put(path, body)
    assert answer.status == 422
    assert told in answer.body["detail"]
    assert (await v4.get(path)).body == {"locations": [shop.location], "restricted": True}


async def test_a_page_gets_a_picture_and_loses_it(v4, shop, caller):
    path = f"/v4/campaigns/{shop.campaign}"
    put = await v4.call("PUT", f"{path}/picture?alt=Two%20cups", data=PICTURE.read_bytes())
    assert put.status == 200, put.text
    assert put.body["picture_alt"] == "Two cups"
    assert put.body["picture"].endswith(".webp")
    assert (await v4.get(path)).body == put.body
    assert (await v4.delete(f"{path}/picture")).status == 204
    bare = (await v4.get(path)).body
    assert (bare["picture"], bare["picture_alt"]) == (None, "")
    assert (await v4.delete(f"{path}/picture")).status == 204


async def test_the_same_picture_is_kept_once(v4, shop, caller, services):
    """Programs that bring a campaign up to date send it every time, and templates hand it on."""
    path = f"/v4/campaigns/{shop.campaign}/picture"
    for _ in range(3):
        assert (await v4.call("PUT", path, data=PICTURE.read_bytes())).status == 200
    made = (await v4.post("/v4/campaigns", {"template": shop.campaign})).body
    other = io.BytesIO()
    Image.new("RGB", (80, 42), "#0b5d4b").save(other, "PNG")
    shown = (await v4.call("PUT", path, data=other.getvalue())).body
    count = "SELECT count(*) FROM pictures WHERE account_id = $1"
    assert await services.db.fetchval(count, shop.account) == 2
    urls = [made["picture"], shown["picture"]]
    assert urls[0].rpartition("/")[2] != urls[1].rpartition("/")[2]
    for url in urls:
        async with caller.http.get(caller.url + URL(url).path) as answer:
            assert (answer.status, answer.content_type) == (200, "image/webp")


def shown_of(picture):
    return Image.open(io.BytesIO(picture.webp)).convert("RGB")


def halves(form="PNG", **more):
    """Left red, right blue."""
    out, image = io.BytesIO(), Image.new("RGB", (800, 420), "#ff0000")
    image.paste("#0000ff", (400, 0, 800, 420))
    image.save(out, form, **more)
    return out.getvalue()


def test_a_part_of_a_picture_is_taken_as_it_is_seen():
    """In fractions of the picture as its own note turns it."""
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    for image, side in ((halves(), 0.5), (halves("JPEG", exif=exif.tobytes()), 0)):
        part = shown_of(prepare_picture(image, Crop(side, 0, 0.5, 1)))
        assert part.size == (800, 420)
        for place in ((9, 9), (790, 9)):
            red, _, blue = part.getpixel(place)
            assert blue > 200 and red < 60
    for crop in (Crop(0.6, 0, 0.5, 1), Crop(0, 0, 0.01, 1), Crop(-0.1, 0, 1, 1)):
        with pytest.raises(Invalid):
            prepare_picture(halves(), crop)


def test_what_is_hidden_in_a_file_is_not_kept():
    """Where and with what it was taken, and what a polyglot has behind its picture."""
    exif = Image.Exif()
    exif[0x010F], exif[0x8825] = "SECRET CAMERA", {1: "N", 2: (51.0, 3.0, 0.0)}
    image = halves("JPEG", exif=exif.tobytes(), comment=b"SECRET") + b"<script>SECRET</script>PK"
    made = prepare_picture(image)
    for file in (made.webp, made.card):
        assert b"SECRET" not in file and b"Exif" not in file and b"script" not in file


async def test_the_part_and_who_changed_it_over_v4(v4, shop):
    path = f"/v4/campaigns/{shop.campaign}"
    put = await v4.call("PUT", f"{path}/picture?crop=0,0.1,1,0.8", data=halves())
    assert (put.status, put.body["changed_by"]) == (200, "api")
    for crop in ("1,1", "0,0,2,1", "a,b,c,d", "0.9,0,0.5,1", "nan,0,1,1", "1e9,0,1,1"):
        wrong = await v4.call("PUT", f"{path}/picture?crop={crop}", data=halves())
        assert (wrong.status, wrong.body["errors"][0]["field"]) == (422, "crop"), crop


def bomb():
    out = io.BytesIO()
    Image.new("1", (10_000, 6_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (b"", "not a picture"), (b"<svg/>", "not a picture"),
        (io.BytesIO(b"x" * 10_000_001), "10 MB"), (PICTURE.read_bytes()[:500], "not a picture"),
        (bomb(), "25 million pixels"),
    ],
    ids=["nothing", "text", "large", "cut", "bomb"],
)  # fmt: skip
async def test_what_is_no_picture(v4, shop, image, told):
    answer = await v4.call("PUT", f"/v4/campaigns/{shop.campaign}/picture", data=image)
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "picture")
    assert told in answer.body["detail"]


@pytest.mark.parametrize(
    ("method", "part", "more"),
    [
        ("GET", "locations", {}),
        ("PUT", "locations", {"json": {"locations": []}}),
        ("PUT", "picture", {"data": PICTURE.read_bytes()}),
        ("DELETE", "picture", {}),
    ],
)
async def test_another_tenants_campaign_does_not_exist(v4, other, shop, method, part, more):
    before = (await v4.get(f"/v4/campaigns/{shop.campaign}")).body
    answer = await other.call(method, f"/v4/campaigns/{shop.campaign}/{part}", **more)
    assert (answer.status, answer.body["code"]) == (404, 502)
    assert (await v4.get(f"/v4/campaigns/{shop.campaign}")).body == before


async def test_another_tenants_location_cannot_be_used(v4, other, shop, services):
    made = (await other.post("/v4/campaigns", {"name": "x"})).body
    answer = await other.put(
        f"/v4/campaigns/{made['id']}/locations", {"locations": [shop.location]}
    )
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "locations")
