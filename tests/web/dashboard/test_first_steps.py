"""What is asked first, and the address that phones open."""

import pytest
from playwright.async_api import expect

from tearoff.accounts import actions, beginning
from tearoff.kit import clock
from tearoff.web.dashboard.phone_address import trouble_of
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of


@pytest.mark.parametrize(
    ("address", "trouble"),
    [
        ("http://localhost:8080", "this_machine"),
        ("http://127.0.0.1:8080", "this_machine"),
        ("http://[::1]", "this_machine"),
        ("http://0.0.0.0:8080", "this_machine"),
        ("https://192.168.1.20", "inside"),
        ("https://10.0.0.4:8443", "inside"),
        ("https://100.64.0.1", "inside"),
        ("https://[fd00::1]", "inside"),
        ("https://till", "inside"),
        ("https://shop.local", "inside"),
        ("http://coupons.shop.be", "plain"),
        ("https://coupons.shop.be", ""),
    ],
)
def test_an_address_that_phones_do_not_reach_is_told(address, trouble):
    assert trouble_of(address) == trouble


async def account_of(services, shop):
    return await services.db.fetchrow("SELECT * FROM accounts WHERE id = $1", shop.account)


async def test_all_can_be_skipped(shop, sign_in, services):
    person, before = await sign_in(shop), await account_of(services, shop)
    page = await person.get("/first-steps")
    assert f'href="{person.address("/")}"' in page.text
    blank = dict.fromkeys(("name", "country", "timezone", "sender", "link_host"), "")
    done = await person.post("/first-steps", {**blank, "currency": "EUR"})
    assert done.status == 303
    after = await account_of(services, shop)
    told = ("name", "country", "timezone", "currency", "sender", "link_host")
    assert [after[name] for name in told] == [before[name] for name in told]


async def test_the_country_gives_money_and_clock(shop, sign_in, services):
    person = await sign_in(shop)
    done = await person.post(
        "/first-steps",
        {"name": "Leaf", "country": "GB", "timezone": "", "currency": "", "sender": "Leaf"},
    )
    assert done.status == 303
    account = await account_of(services, shop)
    assert (account["country"], account["timezone"], account["currency"], account["sender"]) == (
        "GB", "Europe/London", "GBP", "Leaf"
    )  # fmt: skip


async def test_a_country_with_several_clocks_is_asked_which(shop, sign_in):
    person = await sign_in(shop)
    page = await person.post("/first-steps", {"name": "Leaf", "country": "US", "timezone": ""})
    assert page.status == 422
    assert "several time zones" in text_of(page)
    assert 'value="Leaf"' in page.text


async def test_what_was_typed_wrong_stands_there_with_what_would_be_right(shop, sign_in):
    person = await sign_in(shop)
    evil = '"><script>alert(1)</script>'
    page = await person.post(
        "/first-steps", {"sender": evil, "link_host": evil, "name": evil, "timezone": "UTC"}
    )
    assert page.status == 422
    assert "<script>alert" not in page.text
    assert 'aria-invalid="true"' in page.text
    assert "eleven plain letters" in text_of(page)


async def test_hello_says_that_it_works_and_changes_nothing(server, http):
    async with http.get(f"{server.url}/hello", headers={"accept-language": "en"}) as answer:
        assert answer.status == 200
        assert "It works" in await answer.text()
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("width", [320, 1366])
class TestInABrowser:
    pytestmark = in_browser

    async def test_the_browser_knows_where_it_is(self, visit, shop, sign_in, services, width):
        await services.db.execute(
            "UPDATE accounts SET timezone = 'UTC', country = NULL WHERE id = $1", shop.account
        )
        person = await sign_in(shop)
        async with visit(
            person.address("/first-steps"), width=width, cookies=[person.cookie],
            timezone_id="Europe/Brussels",
        ) as page:  # fmt: skip
            await expect(page.get_by_label("Time zone")).to_have_value("Europe/Brussels")
            await expect(page.get_by_label("Country")).to_have_value("BE")
            await page.get_by_label("Country").select_option("NL")
            await expect(page.get_by_label("Time zone")).to_have_value("Europe/Amsterdam")
            await axe_finds_nothing(page)
            await page.get_by_role("button", name="Save and go on").click()
            await expect(page.locator("#said")).to_contain_text("Saved.")


class TestFromTheLink:
    pytestmark = in_browser

    async def test_whoever_begins_is_asked_and_comes_to_home(
        self, phone, guarded, services, server
    ):
        """From the link that the terminal shows, in the pages as they are, nothing put in."""
        async with services.db.transaction() as db:
            key = await actions.create_account(db, services.vault, name="Leaf", email="a@b.example")
            token = await beginning.issue_link(db, key.account_id, clock.now())
        async with phone(timezone_id="Europe/Brussels") as page, guarded(page):
            await page.goto(f"{server.url}/begin/{token}")
            await page.get_by_label("E-mail").fill("anna@leaf.example")
            await page.get_by_label("Password", exact=True).fill("seven purple umbrellas")
            await page.get_by_role("button", name="Begin").click()
            await expect(page.get_by_role("heading", name="First steps")).to_be_visible()
            await page.get_by_label("Sender of your texts").fill("Leaf")
            await page.get_by_role("button", name="Save and go on").click()
            await expect(page.get_by_text("0 of 4 done")).to_be_visible()
            await expect(page.get_by_role("heading", name="No campaign is running")).to_be_visible()
            await axe_finds_nothing(page)
        account = await services.db.fetchrow("SELECT * FROM accounts WHERE id = $1", key.account_id)
        told = [account[name] for name in ("name", "country", "timezone", "currency", "sender")]
        assert told == ["Leaf", "BE", "Europe/Brussels", "EUR", "Leaf"]
