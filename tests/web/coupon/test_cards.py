"""What a messenger shows of a link."""

import io
import random
import re

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tearoff.coupons.campaigns import campaigns, pictures, preview_cards
from tearoff.coupons.models import NewSession
from tearoff.errors import Invalid
from tests.api.v4.client import client_of
from tests.web.agents import ROBOTS
from tests.web.conftest import do, in_days

FRIEND = NewSession(firstname="Annabel", lastname="Peeters", phone="+32470001234")


def tags(page):
    """The meta tags by their names."""
    head = page.text.partition("<body>")[0]
    return dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', head))


async def card(coupon, address, method="GET"):
    path = address.removeprefix("https://coupons.example.com")
    assert path != address, "the address must be absolute"
    async with coupon.http.request(method, coupon.url + path) as answer:
        return answer, await answer.read()


async def check(coupon, address):
    """The card as WhatsApp, the strictest of messengers, wants it."""
    answer, body = await card(coupon, address)
    assert answer.status == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(body) <= 300_000
    image = Image.open(io.BytesIO(body))
    assert (image.format, image.size) == ("JPEG", (1200, 630))
    answer, nothing = await card(coupon, address, "HEAD")
    assert (answer.status, nothing) == (200, b"")
    assert answer.headers["content-length"] == str(len(body))
    return body


@pytest.mark.parametrize("path", ["", "public"])
async def test_it_tells_the_offer_and_not_the_person(make_coupon, path):
    coupon = await make_coupon(picture=True, new=FRIEND)
    page = await coupon.get(f"/p/{coupon.shop.code}" if path else "", user_agent=ROBOTS["whatsapp"])
    told = tags(page)
    assert told["og:title"] == "2-for-1 cappuccino"
    assert told["og:description"].startswith("Second cup free · Valid until ")
    assert told["og:site_name"] == "Bean &amp; Leaf"
    assert told["og:image:alt"] == "Two cups"
    assert (told["og:image:width"], told["og:image:height"]) == ("1200", "630")
    assert told["og:image:type"] == "image/jpeg"
    assert told["twitter:card"] == "summary_large_image"
    assert told["robots"] == "noindex,nofollow"
    assert page.headers["cache-control"] == "private, no-store"
    assert "og:url" not in told
    head = page.text.partition("<body>")[0]
    for secret in (coupon.code, coupon.code[:6], coupon.short, "Annabel", "Peeters", "470001234"):
        assert secret not in head
    assert coupon.code[:6] not in told["og:image"]
    await check(coupon, told["og:image"])


async def test_it_is_the_same_whatever_has_become_of_the_coupon(make_coupon):
    coupon = await make_coupon(picture=True)
    before = tags(await coupon.get())
    await do(coupon, "validated")
    assert tags(await coupon.get()) == before


@pytest.mark.parametrize(
    ("language", "words"),
    [("nl", "Geldig tot"), ("fr", "Valable jusqu’au"), ("de", "Gültig bis"), ("ar", "صالحة حتى")],
)
async def test_in_the_links_language(coupon, language, words):
    told = tags(await coupon.get(f"{coupon.path}?lang={language}", user_agent=ROBOTS["telegram"]))
    assert words in told["og:description"]


async def test_a_long_description_stands_in_for_a_value_that_is_missing(make_coupon):
    coupon = await make_coupon(value="", description="Every second cup\nis free. " * 20)
    told = tags(await coupon.get())["og:description"]
    assert told.startswith("Every second cup is free. Every")
    assert "… · Valid until " in told
    assert len(told) < 230


@pytest.mark.parametrize("color", ["#b3261e", "#FFF200", "#ffffff", "#000000"])
async def test_without_a_picture_a_card_is_drawn_in_the_shops_colour(make_coupon, color):
    coupon = await make_coupon(brand_color=color)
    address = tags(await coupon.get())["og:image"]
    body = await check(coupon, address)
    image = Image.open(io.BytesIO(body)).convert("L")
    low, high = image.getextrema()
    assert high - low > 100, "the coupon must stand out"
    other = address.replace(color.lower()[1:], "123456")
    assert (await card(coupon, other))[0].status == 404


async def test_a_picture_from_before_there_were_cards(make_coupon, services):
    coupon = await make_coupon(picture=True)
    await services.db.execute("UPDATE pictures SET card = NULL WHERE account_id = $1",
                              coupon.shop.account)  # fmt: skip
    await check(coupon, tags(await coupon.get())["og:image"])
    left = "SELECT count(*) FROM pictures WHERE account_id = $1 AND card IS NULL"
    assert await services.db.fetchval(left, coupon.shop.account) == 1, "GET wrote something"


async def test_a_copied_campaign_keeps_its_card(make_coupon, caller_of):
    coupon = await make_coupon(picture=True)
    v4 = caller_of(coupon.shop)
    made = await v4.post("/v4/campaigns", {"template": coupon.shop.campaign})
    assert made.status == 201
    page = await coupon.get(f"/p/{made.body['code']}")
    assert "/card/" in tags(page)["og:image"]
    await check(coupon, tags(page)["og:image"])


@pytest.fixture
def caller_of(http, server):
    from tests.api.caller import Caller

    return lambda shop: client_of(Caller(http, server.url, shop))


async def test_another_shops_card_is_not_under_this_ones_address(make_coupon):
    coupon, other = await make_coupon(picture=True), await make_coupon(picture=True)
    address = tags(await other.get())["og:image"]
    moved = address.replace(f"/p/{other.shop.code}/", f"/p/{coupon.shop.code}/")
    assert (await card(coupon, moved))[0].status == 404


@pytest.mark.parametrize(
    "name", ["0.jpg", "x.jpg", "1.webp", "999999999999999.jpg", "plain-0b5d4b.png", "plain-xyz.jpg"]
)
async def test_no_such_card(coupon, name):
    assert (await coupon.get(f"/p/{coupon.shop.code}/card/{name}")).status == 404


async def test_an_offer_of_the_future_has_its_card_too(make_coupon):
    coupon = await make_coupon(starts_at=in_days(3))
    assert "og:image" in tags(await coupon.get())


def test_the_noisiest_picture_stays_within_the_limit():
    noise = random.Random(1).randbytes(1600 * 1200 * 3)
    body = preview_cards.make_card(Image.frombytes("RGB", (1600, 1200), noise))
    assert len(body) <= preview_cards.CARD_LIMIT


@pytest.mark.parametrize("size", [(10, 10), (4000, 300), (300, 4000), (1200, 630)])
def test_pictures_of_any_shape_fill_the_card(size):
    body = preview_cards.make_card(Image.new("RGB", size, "#b3261e"))
    image = Image.open(io.BytesIO(body))
    assert image.size == preview_cards.CARD_SIZE
    assert all(abs(a - b) < 6 for a, b in zip(image.getpixel((0, 0)), (179, 38, 30), strict=True))


def test_what_is_no_picture_is_refused():
    with pytest.raises(campaigns.Invalid):
        pictures.prepare_picture(b"no picture")


def file_of(image, kind="PNG", **more):
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def corner_of(picture, at=(0, 0)):
    """The colour there, on the page and on the card."""
    return [Image.open(io.BytesIO(file)).convert("RGB").getpixel(at) for file in picture]


def test_a_line_of_many_thousand_pixels_takes_no_memory():
    """Made as high as the card is wide it would be 86 GB."""
    picture = pictures.prepare_picture(file_of(Image.new("RGB", (2, 40_000), "#b3261e")))
    assert Image.open(io.BytesIO(picture.webp)).size == pictures.PICTURE_SIZE
    assert Image.open(io.BytesIO(picture.card)).size == preview_cards.CARD_SIZE


def test_what_is_transparent_is_white():
    picture = pictures.prepare_picture(file_of(Image.new("RGBA", (40, 21), (0, 0, 0, 0))))
    for color in corner_of((picture.webp, picture.card)):
        assert min(color) > 250


def test_a_photo_stands_as_the_camera_was_held():
    photo, turned = Image.new("RGB", (210, 400), "#ffffff"), Image.Exif()
    photo.paste("#000000", (0, 0, 210, 200))
    turned[0x0112] = 6
    picture = pictures.prepare_picture(file_of(photo, exif=turned))
    left, right = corner_of((picture.webp,)), corner_of((picture.webp,), (799, 0))
    assert (min(left[0]) > 250, max(right[0]) < 5) == (True, True)


def with_a_huge_text():
    texts = PngInfo()
    texts.add_text("story", "x" * 70_000_000, zip=True)
    return file_of(Image.new("RGB", (4, 4)), pnginfo=texts)


@pytest.mark.parametrize(
    "file",
    [
        with_a_huge_text,
        lambda: file_of(Image.new("RGB", (4, 4)), "BMP"),
        lambda: file_of(Image.new("RGB", (4, 4)), "GIF"),
        lambda: file_of(Image.new("RGB", (400, 400)), "JPEG")[:300],
    ],
)
def test_files_that_are_not_read_are_refused(file):
    with pytest.raises(Invalid, match="not a picture that can be read") as refused:
        pictures.prepare_picture(file())
    assert refused.value.field == "picture"
