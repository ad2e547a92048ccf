"""A service that refuses: seen, understood, mended; then a message to oneself that arrives live."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.cast import open_shop
from tests.providers.dialects import ACCOUNT, TOKEN, Taken, Twilio, Written
from tests.providers.standin import running_standin
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of

SENDER = "+12015550100"
NUMBER = "+32470001913"
"""The stand-in sends no receipt to it by itself: the tests do."""
AUTH = "The SMS provider does not accept the credentials of this account."


@pytest_asyncio.fixture
async def standin():
    async with running_standin() as running:
        yield running


@pytest.fixture
async def person(services, sign_in):
    return await sign_in(await open_shop(services, kind=None, account={"country": "BE"}))


@pytest.fixture
def report(http, server):
    """What the service posts to our public address, as its proxy hands it on."""

    async def report(written: Written) -> int:
        address = urlsplit(written.url)
        headers = {"Content-Type": written.content_type, **written.headers}
        url = f"{server.url}{address.path}?{address.query}"
        async with http.post(url, data=written.body, headers=headers) as answer:
            return answer.status

    return report


def taken_for(standin, number: str = NUMBER) -> Taken:
    return standin.taken_for(number)[-1]


class TestInABrowser:
    pytestmark = in_browser

    async def test_from_a_refusal_to_a_message_that_arrives(self, visit, person, standin, report):
        list_path = person.address("/integrations")
        async with visit(list_path, width=1366, cookies=[person.cookie], fine=[422]) as page:
            await page.get_by_role("link", name="Connect : Twilio").click()
            await page.get_by_label("Account SID").fill(ACCOUNT)
            await page.get_by_label("Auth Token").fill("0" * 32)
            await page.get_by_label("Sender", exact=True).fill(SENDER)
            await page.get_by_text("More settings, which few need").click()
            await page.get_by_label("Address of the API").fill(standin.url)
            test = page.get_by_role("button", name="Test")
            await test.press("Enter")
            tried = page.locator("#tried")
            await expect(tried).to_contain_text(AUTH)
            await expect(tried).to_contain_text("Copy the login and the password or token once")
            await expect(test).to_be_focused()
            await axe_finds_nothing(page)

            await page.get_by_label("Auth Token").fill(TOKEN)
            await test.click()
            await expect(tried).to_contain_text("It works.")
            await page.get_by_role("button", name="Connect", exact=True).click()
            await expect(page.locator("#said")).to_contain_text("Send yourself a test message.")
            assert TOKEN not in await page.content()

            await page.get_by_label("Your number", exact=True).fill("0470 00 19 13")
            await page.get_by_role("button", name="Send it").click()
            way = page.locator("#way")
            await expect(way).to_contain_text("Handed to the provider")
            assert await report(Twilio().receipt(taken_for(standin), "delivered")) == 200
            await expect(way.locator("h2")).to_have_text("Arrived")
            await expect(page.locator("#said")).to_contain_text("Arrived.")
            await page.reload()
            await expect(page.get_by_text("Receipts arrive")).to_be_visible()


async def test_a_stored_login_that_stopped_working_is_seen_and_mended(person, standin, services):
    """Without script: the answer stands on the page, and what was typed with it."""
    form = {
        "kind": "twilio", "settings.account_sid": ACCOUNT, "settings.auth_token.secret": "1" * 32,
        "settings.sender": SENDER, "settings.base_url": standin.url,
    }  # fmt: skip
    tried = await person.post("/integrations/new/try", form)
    assert tried.status == 200
    assert AUTH in text_of(tried)
    assert f'value="{SENDER}"' in tried.text
    assert "It was typed just now and is kept until you save" in text_of(tried)
    assert "1" * 32 not in tried.text

    made = await person.post("/integrations/new", form)
    path = urlsplit(made.headers["location"]).path
    asked = await person.post(f"{path}/message", {"to": NUMBER})
    assert asked.status == 422
    assert "Nothing was sent." in text_of(asked)
    assert AUTH in text_of(asked)
    await person.post("/send", {"once": "x", "to": NUMBER})
    told = text_of(await person.get("/integrations"))
    assert "Failing" in told
    assert AUTH in told
    assert not standin.taken_for(NUMBER)

    mended = await person.post(path, {"settings.auth_token.secret": TOKEN})
    assert mended.status == 303
    sent = await person.post(f"{path}/message", {"to": "0470 00 19 13", "once": "y"})
    assert sent.status == 303, text_of(sent)
    again = await person.post(f"{path}/message", {"to": "0470 00 19 13", "once": "y"})
    assert again.headers["location"] == sent.headers["location"]
    assert len(standin.taken_for(NUMBER)) == 1
    assert "Handed to the provider" in text_of(await person.get(sent.headers["location"]))


async def test_each_field_is_changed_and_receipts_come_in_as_before(
    person, standin, services, report
):
    """Complaints 5 and 6: to the old address, with the old signature; and so do replies."""
    form = {
        "kind": "twilio", "settings.account_sid": ACCOUNT, "settings.auth_token.secret": TOKEN,
        "settings.sender": SENDER, "settings.base_url": standin.url,
    }  # fmt: skip
    made = await person.post("/integrations/new", form)
    path = urlsplit(made.headers["location"]).path
    await person.post(f"{path}/message", {"to": NUMBER, "once": "z"})
    taken = taken_for(standin)
    changes = [
        {"name": "Shop"},
        {"reply_numbers": "+12015550101"},
        {"price.default": "0.09", "price.country": "BE", "price.amount": "0.07"},
        {"settings.sender": "+12015550102"},
        {"settings.messaging_service_sid": "MG" + "0" * 32},
        {"settings.validity_seconds": "600"},
        {"settings.provider_replies": "false"},
        {"settings.country": "BE"},
        {"settings.account_sid": "AC" + "1" * 32},
        {"settings.base_url": "http://127.0.0.1:9", "settings.auth_token.secret": TOKEN},
    ]
    for change in changes:
        answer = await person.post(path, {"settings.auth_token.secret": "", **change})
        assert answer.status == 303, (change, text_of(answer))
        assert await report(Twilio().receipt(taken, "sent")) == 200, change
    url = taken.order.callback.partition("?")[0]
    stop = Twilio().reply(url, "+32470001912", SENDER, "STOP")
    assert await report(stop) == 200
    forged = Twilio().signed(taken.order.callback, {"MessageStatus": "sent"}, "0" * 32)
    assert await report(forged) == 403


async def test_a_refused_receiver_is_told_at_the_field(person, standin, services):
    form = {
        "kind": "twilio", "settings.account_sid": ACCOUNT, "settings.auth_token.secret": TOKEN,
        "settings.sender": SENDER, "settings.base_url": standin.url,
    }  # fmt: skip
    made = await person.post("/integrations/new", form)
    path = urlsplit(made.headers["location"]).path
    for to, told in (
        ("", "This is needed."),
        ("12", "Use a phone number, E.164."),
        ("a@example.com", "Use a phone number, E.164."),
        ("+33600001234", "This country is not allowed for your account."),
    ):
        page = await person.post(f"{path}/message", {"to": to, "once": to})
        assert page.status == 422
        assert told in text_of(page), to
