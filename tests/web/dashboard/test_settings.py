"""Settings of the account."""

import io

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of

EVIL = '"><script>alert(1)</script>'


def png():
    out = io.BytesIO()
    Image.new("RGB", (300, 100), "#aa0011").save(out, "PNG")
    return out.getvalue()


async def send_logo(person, content):
    token = await person.token_of("/settings")
    head = (
        f'--xyz\r\nContent-Disposition: form-data; name="t"\r\n\r\n{token}\r\n--xyz\r\n'
        'Content-Disposition: form-data; name="logo"; filename="x.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    body = head.encode() + content + b"\r\n--xyz--\r\n"
    kind = "multipart/form-data; boundary=xyz"
    return await person._ask("POST", "/settings/logo", body, {"content-type": kind})


async def test_what_is_saved_is_shown_and_the_rest_stays(shop, sign_in, services):
    person = await sign_in(shop, "manager")
    done = await person.post(
        "/settings",
        {
            "name": "Leaf", "allowed_countries": "be, FR\nNL",
            "quiet_from": "22:00", "quiet_until": "08:00", "spend_day": "12.50",
            "messages_per_number_hour": "", "has.smart_typography": "1", "brand_color": "#AA0011",
        },
    )  # fmt: skip
    assert done.status == 303, text_of(done)
    row = await services.db.fetchrow("SELECT * FROM accounts WHERE id = $1", shop.account)
    assert row["allowed_countries"] == ["BE", "FR", "NL"]
    assert (row["limit_spend_day"], row["limit_number_hour"]) == (12_500_000, None)
    assert (row["smart_typography"], row["brand_color"]) == (False, "#aa0011")
    assert row["timezone"] == "Europe/Brussels"
    page = await person.get("/settings")
    assert 'value="BE, FR, NL"' in page.text
    assert 'value="12.50"' in page.text


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", " ", "This is needed."),
        ("email", EVIL, ""),
        ("allowed_countries", "Belgium", "two letters"),
        ("quiet_from", "22:00", "a beginning and an end"),
        ("spend_day", "lots", "whole number"),
        ("messages_per_number_hour", "-1", "Use a number from 0"),
        ("brand", EVIL * 10, "At most 100 characters."),
        ("sender", EVIL, "eleven plain letters"),
        ("currency", "ZZZ", "three letters"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field(shop, sign_in, field, value, told):
    person = await sign_in(shop)
    page = await person.post("/settings", {field: value})
    assert page.status == 422
    assert told in text_of(page)
    assert "<script>alert" not in page.text
    assert 'aria-invalid="true"' in page.text


async def test_the_address_is_saved_and_then_checked(shop, sign_in, services, server):
    person, path = await sign_in(shop, "manager"), "/settings/address"
    for name in ("link_host", "frame_hosts"):
        page = await person.post(path, {name: EVIL}, page=path)
        assert page.status == 422
        assert 'aria-invalid="true"' in page.text
    values = {"link_host": server.url, "frame_hosts": "a.example b.example"}
    done = await person.post(path, values, page=path)
    assert done.status == 303
    row = await services.db.fetchrow("SELECT * FROM accounts WHERE id = $1", shop.account)
    assert (row["link_host"], row["frame_hosts"]) == (server.url, ["a.example", "b.example"])
    told = text_of(await person.get(f"{path}?check=1"))
    assert "Yes It is this server" in told
    assert "Careful Its certificate is good" in told


NOWHERE = "http://127.0.0.1:9"
ANYWAY = "Use it all the same: links in messages will not open until this is put right"


@pytest.mark.parametrize("path", ["/settings/address", "/first-steps"])
async def test_an_address_that_leads_nowhere_is_stored_only_if_somebody_says_so(
    shop, sign_in, services, path
):
    """Every link in messages would be dead from then on."""
    person = await sign_in(shop, "manager")
    stored = "SELECT link_host FROM accounts WHERE id = $1"
    values = {"link_host": NOWHERE, "frame_hosts": "a.example", "name": "Leaf"}
    page = await person.post(path, values, page=path)
    assert page.status == 422
    told = text_of(page)
    assert "Nothing is saved." in told
    assert "No A server answers there Nobody listens there." in told
    assert ANYWAY in told
    assert f'value="{NOWHERE}"' in page.text
    assert await services.db.fetchval(stored, shop.account) is None
    assert (await person.post(path, values | {"anyway": "1"}, page=path)).status == 303
    assert await services.db.fetchval(stored, shop.account) == NOWHERE
    again = await person.post(path, values, page=path)
    assert again.status == 303, "what is in use already is not asked about"


async def test_what_was_asked_too_often_is_not_stored_unseen(shop, sign_in, services):
    person, path = await sign_in(shop), "/settings/address"
    token = await person.token_of(path)
    values = {"link_host": NOWHERE}
    answers = [await person.post(path, values, token=token) for _ in range(11)]
    assert {one.status for one in answers} == {422}
    told = text_of(answers[-1])
    assert "checked often just now" in told
    assert ANYWAY in told
    assert ANYWAY not in text_of(await person.get(path))
    stored = "SELECT link_host FROM accounts WHERE id = $1"
    assert await services.db.fetchval(stored, shop.account) is None
    assert (await person.post(path, {"link_host": ""}, token=token)).status == 303


async def test_stored_script_is_text(shop, sign_in, services):
    await services.db.execute(
        "UPDATE accounts SET name = $2, brand = $2, sender = $2, email = $2 WHERE id = $1",
        shop.account,
        EVIL,
    )
    for path in ("/settings", "/first-steps", "/profile", "/"):
        assert "<script>alert" not in (await (await sign_in(shop)).get(path)).text


async def test_a_logo_is_sent_seen_and_removed(shop, sign_in):
    person = await sign_in(shop)
    done = await send_logo(person, png())
    assert done.status == 303
    assert 'src="data:image/webp;base64,' in (await person.get("/settings")).text
    for wrong in (b"<svg/>", b"x"):
        page = await send_logo(person, wrong)
        assert page.status == 422
        assert "not a picture" in text_of(page)
    nothing = await person.post("/settings/logo", {})
    assert (nothing.status, "Choose a picture first." in text_of(nothing)) == (422, True)
    assert (await person.post("/settings/logo/remove", {})).status == 303
    assert "data:image/webp" not in (await person.get("/settings")).text


@pytest.mark.parametrize("width", [320, 1366])
class TestInABrowser:
    pytestmark = in_browser

    async def test_it_is_whole(self, visit, shop, sign_in, width):
        person = await sign_in(shop)
        await send_logo(person, png())
        path = person.address("/settings")
        async with visit(path, width=width, cookies=[person.cookie], fine=(422,)) as page:
            await axe_finds_nothing(page)
            await page.get_by_label("Brand", exact=True).fill("Leaf")
            await expect(page.get_by_text("Not saved yet")).to_be_visible()
            await page.get_by_label("Sender of your texts").fill("far too long a name")
            await page.get_by_role("button", name="Save", exact=True).click()
            await expect(page.locator("#problems")).to_be_focused()
            await expect(page.get_by_label("Brand", exact=True)).to_have_value("Leaf")
            await axe_finds_nothing(page)
