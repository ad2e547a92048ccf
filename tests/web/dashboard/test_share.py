"""Sharing a campaign: link, code, poster."""

import io

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of


async def test_the_link_as_text_as_code_and_on_a_poster(shop, sign_in, services):
    person = await sign_in(shop, "reader")
    at = f"/campaigns/{shop.campaign}/share"
    link = f"https://coupons.example.com/p/{shop.code}"
    name = 'Two" <b>\r\nfor: one'
    await services.db.execute("UPDATE campaigns SET name = $2 WHERE id = $1", shop.campaign, name)
    page = await person.get(at)
    assert f'value="{link}"' in page.text and "<b>\r" not in page.text
    assert "Print nothing yet" not in page.text
    png = await raw(person, f"{at}/qr.png")
    assert png[1]["content-disposition"] == 'attachment; filename="Two-b-for-one.png"'
    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png[0])))
    assert read.text == link
    svg = await raw(person, f"{at}/qr.svg")
    assert svg[1]["content-type"] == "image/svg+xml" and svg[0].startswith(b"<?xml")
    pdf = await raw(person, f"{at}/poster.pdf")
    with pypdfium2.PdfDocument(pdf[0]) as document:
        text = document[0].get_textpage().get_text_range()
        shown = document[0].render(scale=1.5).to_pil()
    assert "2-for-1 cappuccino" in text and "Scan this code" in text
    assert [one.text for one in zxingcpp.read_barcodes(shown)] == [link]


async def raw(person, path):
    cookie = f"__Host-tearoff_sign_in={person.secret}"
    names = {"cookie": cookie, "x-forwarded-proto": "https"}
    async with person.http.get(person.url + person.address(path), headers=names) as answer:
        assert answer.status == 200
        return await answer.read(), answer.headers


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("status = 'draft'", "is a draft"),
        ("status = 'paused'", "is paused"),
        ("expires_at = now() - interval '1 day'", "has ended"),
        ("starts_at = now() + interval '1 day'", "has not begun"),
        ("raw_options = raw_options || '{\"public_link\": false}'", "is switched off"),
    ],
)
async def test_what_stands_in_the_way_is_said(shop, sign_in, services, change, told):
    person = await sign_in(shop, "editor")
    await services.db.execute(f"UPDATE campaigns SET {change} WHERE id = $1", shop.campaign)
    assert told in text_of(await person.get(f"/campaigns/{shop.campaign}/share"))


async def test_an_address_that_phones_cannot_open(shop, sign_in, services):
    person = await sign_in(shop)
    await services.db.execute(
        "UPDATE accounts SET link_host = 'http://192.168.1.5:8000' WHERE id = $1", shop.account
    )
    page = text_of(await person.get(f"/campaigns/{shop.campaign}/share"))
    assert "192.168.1.5" in page and "Print nothing yet" in page


@pytest.mark.parametrize("width", [320, 1366])
class TestInABrowser:
    pytestmark = in_browser

    async def test_it_is_whole(self, visit, shop, sign_in, width):
        person = await sign_in(shop)
        path = person.address(f"/campaigns/{shop.campaign}/share")
        async with visit(path, width=width, cookies=[person.cookie]) as page:
            await axe_finds_nothing(page)
