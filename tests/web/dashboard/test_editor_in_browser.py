"""A campaign's editor, as somebody with a browser uses it."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from playwright.async_api import expect

from tearoff.coupons.campaigns import campaigns
from tests.cast import open_shop
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.conftest import PICTURE

pytestmark = in_browser

TABS = ("", "/validity", "/validation", "/look", "/languages", "/message", "/form", "/extras",
        "/publish")  # fmt: skip


FULL = {
    "hours": [{"days": [1, 2, 3, 4, 5], "start": "07:00", "end": "11:00"}],
    "form": {"fields": [{"name": "email", "required": True, "label": {"en": "Mail"}}],
             "consents": [{"key": "news", "text": {"en": "Send me news."}}]},
    "scratch": {"prizes": [{"key": "cake", "title": {"en": "A cake"}, "weight": 2}]},
    "texts": {"nl": {"title": "Twee voor een"}, "ar": {"title": "اثنان"}},
}  # fmt: skip


@pytest.fixture
async def full(services):
    """A shop whose campaign has something of everything."""
    return await open_shop(services, campaign={"raw_options": json.dumps(FULL)})


@pytest.fixture
def open_editor(visit, shop, sign_in):
    async def open_(tab="", shop=shop, **more):
        person = await sign_in(shop, "editor")
        path = person.address(f"/campaigns/{shop.campaign}{tab}")
        return visit(path, cookies=[person.cookie], **more)

    return open_


@pytest.mark.parametrize("width", [320, 1366])
@pytest.mark.parametrize("tab", TABS)
async def test_each_tab_is_whole(open_editor, full, tab, width):
    async with await open_editor(tab, shop=full, width=width) as page:
        await axe_finds_nothing(page)


async def slow(page, seconds: float = 2) -> list[str]:
    """Every answer of the server is held back from now on; gives what was asked for."""
    asked: list[str] = []

    async def hold(route):
        asked.append(route.request.url.rpartition("/")[2])
        await asyncio.sleep(seconds)
        await route.continue_()

    await page.route(lambda url: "/preview" in url or "/draft" in url, hold)
    return asked


async def test_slow_answers_take_nothing_from_what_is_typed(open_editor, shop, services):
    """Complaint 10."""
    async with await open_editor(width=1366) as page:
        asked = await slow(page)
        field = page.locator("#f-description")
        await field.fill("Begin. End.")
        await field.evaluate("e => e.setSelectionRange(7, 7)")
        text = "".join(f"{n:03d} " for n in range(50))
        await field.press_sequentially(text, delay=30)
        await expect(page.locator("[data-unsaved-word]")).to_contain_text("kept as a draft")
        assert await field.input_value() == f"Begin. {text}End."
        assert await field.evaluate("e => [e.selectionStart, document.activeElement === e]") == [
            7 + len(text), True,
        ]  # fmt: skip
        assert {"draft", "preview"} <= set(asked)
        phone = page.frame_locator("#preview")
        await expect(phone.locator(".text")).to_contain_text("049")
        await page.evaluate(
            "document.querySelector('form[data-changed]')?.removeAttribute('data-changed')"
        )
        await page.unroute_all(behavior="wait")


async def test_an_older_answer_never_replaces_a_newer_one(open_editor):
    """Complaint 10: the first preview comes last."""
    async with await open_editor(width=1366) as page:
        waits = [1.5, 0]

        async def hold(route):
            await asyncio.sleep(waits.pop(0) if waits else 0)
            await route.continue_()

        await page.route(lambda url: "/preview" in url, hold)
        title, phone = page.locator("#f-title"), page.frame_locator("#preview")
        async with page.expect_response(lambda r: "/preview" in r.url):
            async with page.expect_request(lambda r: "/preview" in r.url):
                await title.fill("The older one")
            await title.fill("The newer one")
        await expect(phone.locator("h1")).to_have_text("The newer one")
        await page.unroute_all(behavior="wait")
        await expect(phone.locator("h1")).to_have_text("The newer one")


async def test_what_was_typed_on_every_tab_is_there_again(open_editor, shop, services):
    """Complaint 8."""
    typed = {
        "": ("#f-title", "Typed title"), "validity": ("#f-limit_day", "77"),
        "validation": ("#f-fixed_code", "TYPED"), "look": ("#f-help_url", "https://example.com/x"),
        "message": ("#f-message_text", "Typed {link}"), "extras": ("#f-limit_network", "9"),
    }  # fmt: skip
    async with await open_editor(width=1366) as page:
        for key, (field, text) in typed.items():
            if key:
                await page.locator(f"a[data-tab='{key}']").click()
            await page.locator(field).fill(text)
        await page.locator("a[data-tab='form']").click()
        await expect(page.locator("a[data-tab='form'][aria-current]")).to_be_visible()
        await expect(page.locator(".drafted")).to_contain_text("This is not saved yet")
        await axe_finds_nothing(page)
        for key, (field, text) in typed.items():
            await page.locator(f"a[data-tab='{key}']").click()
            await expect(page.locator(field)).to_have_value(text)
        address = page.url.partition("/campaigns/")[0] + f"/campaigns/{shop.campaign}"
        await page.goto(address)
        await expect(page.locator(".drafted")).to_contain_text("You had not saved this")
        await page.get_by_role("link", name="Take it").click()
        await expect(page.locator("#f-title")).to_have_value("Typed title")
        stored = await campaigns.campaign(services.db, shop.account, shop.campaign)
        assert stored.title != "Typed title"
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#said")).to_contain_text("Saved.")
        stored = await campaigns.campaign(services.db, shop.account, shop.campaign)
        assert stored.title == "Typed title"


async def test_rows_and_their_focus(open_editor):
    """Complaint 39: after each change the focus is on something that is there."""
    async with await open_editor("/form", width=1366) as page:
        add = page.get_by_role("button", name="Add a question")
        for _ in range(4):
            await add.click()
        await expect(add).to_be_hidden()
        assert await page.evaluate("document.activeElement.name") == "form.fields.3.name"
        await page.get_by_role("button", name="Remove this question").first.click()
        assert await page.evaluate("document.activeElement.dataset.add") == "form.fields"
        await page.locator("[data-row='form.fields.1'] select").select_option("email")
        await expect(page.frame_locator("#preview").locator("#f-email")).to_be_visible()
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#said")).to_contain_text("Saved.")


async def test_the_counter_and_the_inserts(open_editor):
    async with await open_editor("/message", width=1366) as page:
        field = page.locator("#f-message_text")
        await field.fill("Hał: ")
        await page.get_by_role("button", name="{link}").click()
        assert await field.input_value() == "Hał: {link}"
        await expect(page.locator("#count")).to_contain_text("only 70 characters")
        await page.get_by_role("button", name="Replace it by l").click()
        assert await field.input_value() == "Hal: {link}"
        await expect(page.locator("#count")).to_contain_text("160 characters")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#said")).to_contain_text("Saved.")


async def test_the_phone_changes_its_state_language_and_light(open_editor):
    async with await open_editor(width=1366) as page:
        phone = page.frame_locator("#preview")
        await page.locator("#p-state").select_option("used")
        await expect(phone.locator(".badge")).to_have_text("Used")
        await page.locator("#p-lang").select_option("nl")
        await expect(phone.locator("html")).to_have_attribute("lang", "nl")
        light = await phone.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
        await page.get_by_label("Dark").check()
        await expect(phone.locator("body")).not_to_have_css("background-color", light)
        await page.locator("#p-state").select_option("card")
        await expect(phone.locator("h1")).to_have_text("2-for-1 cappuccino")


async def test_without_script_the_phone_is_refreshed_by_a_button(open_editor):
    async with await open_editor(width=1366, script=False) as page:
        await page.locator("#f-title").fill("Without script")
        await page.get_by_role("button", name="Refresh preview").click()
        await expect(page.frame_locator("#preview").locator("h1")).to_have_text("Without script")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#said")).to_contain_text("Saved.")


async def test_a_picture_is_chosen_cropped_by_keys_and_put_there(open_editor, shop, services):
    async with await open_editor(width=1366) as page:
        await page.locator("#picture-file").set_input_files(PICTURE)
        box = page.get_by_role("group", name="Part of the picture that is shown")
        await box.focus()
        before = await page.locator("[data-crop-value]").input_value()
        await page.keyboard.press("-")
        await page.keyboard.press("ArrowRight")
        assert await page.locator("[data-crop-value]").input_value() != before
        await axe_finds_nothing(page)
        await page.get_by_role("button", name="Save the picture").click()
        await expect(page.locator("#said")).to_contain_text("The picture is new.")
        stored = await campaigns.campaign(services.db, shop.account, shop.campaign)
        assert stored.picture_id


async def test_signed_out_while_typing_loses_nothing(open_editor, services, shop):
    """Complaint 36: no sign-in page in the middle of the editor; Save leads to it, and what was
    typed comes along."""
    async with await open_editor(width=1366, fine=(404,)) as page:
        await services.db.execute(
            "DELETE FROM sign_ins WHERE person_id IN"
            " (SELECT person_id FROM members WHERE account_id = $1)", shop.account,
        )  # fmt: skip
        await page.locator("#f-title").fill("Typed in vain?")
        await expect(page.locator("[data-unsaved-word]")).to_contain_text("you are signed out")
        await expect(page.locator("#f-title")).to_have_value("Typed in vain?")
        await expect(page.frame_locator("#preview").locator("h1")).to_have_text(
            "2-for-1 cappuccino"
        )
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page).to_have_url(re.compile("/sign-in.next=.*kept"))


async def test_both_versions_stand_side_by_side(open_editor, shop, services):
    """Complaint 9, as somebody sees it: the focus is on what is told, and nothing is lost."""
    async with await open_editor(width=320, fine=(409,)) as page:
        await services.db.execute(
            "UPDATE campaigns SET title = 'Hers', changed_by = 'Anna', changed_at = now()"
            " WHERE id = $1",
            shop.campaign,
        )
        await page.locator("#f-title").fill("Mine")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#problems")).to_contain_text("Anna changed this")
        await expect(page.locator("#problems")).to_be_focused()
        await expect(page.locator(".clash")).to_contain_text("Hers")
        await expect(page.frame_locator("#preview").locator("h1")).to_have_text("Mine")
        await axe_finds_nothing(page)
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#said")).to_contain_text("Saved.")
    stored = await campaigns.campaign(services.db, shop.account, shop.campaign)
    assert stored.title == "Mine"
