"""The page of one message: what became of it, as it becomes so."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.cast import open_shop
from tests.web.browsing import in_browser
from tests.web.dashboard.conftest import text_of

NUMBER = "+32470001234"


@pytest.fixture
def send(services, sign_in):
    """Somebody who has sent a coupon, and the path of its message."""

    async def send(*, text="", **settings):
        shop = await open_shop(services, account={"country": "BE"}, settings=settings)
        person = await sign_in(shop)
        page = await person.post("/send", {"once": "x", "to": NUMBER, "text": text})
        return person, page.headers["location"]

    return send


async def settle(services, path: str, state: str, **values) -> None:
    """As a receipt does."""
    await services.db.execute(
        "UPDATE messages SET state = $2, settled_at = now(), reason = $3, reason_text = $4"
        " WHERE id = $1",
        int(path.rsplit("/", 1)[1]), state, values.get("reason"), values.get("text"),
    )  # fmt: skip


def next_of(page) -> str:
    """Where the page asks for news; "" when it does not."""
    found = re.search(r'hx-get="([^"]+)" hx-trigger="every 2s"', page.text)
    return found[1].replace("&amp;", "&") if found else ""


async def test_it_asks_for_news_until_its_receipt(send, services):
    """Complaint 38: an answer without news changes nothing on the page."""
    person, path = await send()
    page = await person.get(path)
    assert "Handed to the provider" in text_of(page)
    assert "It is not yet confirmed by the phone's network." in text_of(page)
    quiet = await person.get(next_of(page), hx_request="true")
    assert (quiet.status, quiet.text) == (204, "")
    await settle(services, path, "delivered")
    news = await person.get(next_of(page), hx_request="true")
    assert news.status == 200
    assert "<html" not in news.text
    assert "Arrived" in text_of(news)
    assert "it went to a log, and no phone has it." in text_of(news)
    assert next_of(news) == ""


async def test_after_ten_minutes_it_stops_asking(send):
    person, path = await send()
    address = next_of(await person.get(path))
    older = re.sub(r"since=(\d+)", lambda found: f"since={int(found[1]) - 601}", address)
    part = await person.get(older, hx_request="true")
    assert part.status == 200
    assert next_of(part) == ""
    assert f'<a href="{path}">Look again</a>' in part.text


async def test_why_it_failed_is_told_in_words(send, services):
    person, path = await send()
    text = "The number is a landline or cannot receive SMS. (30006)"
    await settle(services, path, "failed", reason="landline", text=text)
    page = text_of(await person.get(path))
    assert "Not delivered" in page
    assert text in page


async def test_a_reader_sees_no_number_no_text_and_no_link(send, sign_in, services):
    person, path = await send(text="Only for Ann: {link}")
    code = await services.db.fetchval(
        "SELECT code FROM sessions WHERE account_id = $1", person.shop.account
    )
    reader = await sign_in(person.shop, "reader")
    page = await reader.get(path)
    assert page.status == 200
    assert "…234" in text_of(page)
    for hidden in ("470 00 12", "47000", "Only for Ann", code):
        assert hidden not in page.text
    assert "Only for Ann" in (await person.get(path)).text


async def test_another_account_has_no_such_message(send, sign_in, other_shop):
    _, path = await send()
    stranger = await sign_in(other_shop)
    assert (await stranger.get(f"/messages/{path.rsplit('/', 1)[1]}")).status == 404


async def test_no_script_comes_through_a_text_or_a_providers_answer(send, services):
    person, path = await send(text="<script>alert(1)</script> {link}")
    await settle(services, path, "failed", reason="other", text='"><img src=x onerror=alert(1)>')
    page = (await person.get(path)).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page


class TestInABrowser:
    pytestmark = in_browser

    async def test_news_disturbs_nothing(self, visit, send, services):
        """Complaint 38: marked text and focus survive, and the news is said once."""
        person, path = await send()
        async with visit(path, width=1366, cookies=[person.cookie]) as page:
            link = page.locator("dl.facts a").first
            await link.focus()
            await page.locator(".bubble").evaluate("e => getSelection().selectAllChildren(e)")
            async with page.expect_response(lambda answer: answer.status == 204):
                pass
            assert "Your coffee" in await page.evaluate("String(getSelection())")
            await settle(services, path, "delivered")
            await expect(page.locator("#way h2")).to_have_text("Arrived")
            await expect(link).to_be_focused()
            assert "Your coffee" in await page.evaluate("String(getSelection())")
            await expect(page.locator("#said")).to_contain_text("Arrived.")
