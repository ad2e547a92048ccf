"""The dashboard as a person goes through it, in a real browser: from an empty installation to a
redeemed coupon, at the counter, with a list of codes, through a second step, and past a sign-in
that ends too early.

With `TEAROFF_PICTURES=folder` each step leaves a picture in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import os
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tearoff.accounts import members
from tearoff.accounts.members import NewMember
from tearoff.accounts.passwords import hash_password
from tearoff.providers.log import read_outbox
from tests.cast import Shop, open_shop
from tests.providers.dialects import ACCOUNT, TOKEN
from tests.providers.standin import running_standin
from tests.running import PATIENCE, start_server
from tests.web.browsing import in_browser, no_sideways_scroll
from tests.web.conftest import PHONE, browser  # noqa: F401 (a fixture)
from tests.web.tills import DEVICE_PIN

pytestmark = [*in_browser, pytest.mark.long]

PASSWORD = "seven brown horses"
NUMBER = "0470 00 12 34"
PICTURES = os.environ.get("TEAROFF_PICTURES", "")
LINK = re.compile(r"https?://\S+/p/\S+")


@dataclass
class Strip:
    """The pictures of one journey, one for each step."""

    name: str
    taken: int = 0

    async def take(self, page: Page, what: str) -> None:
        await no_sideways_scroll(page)
        if PICTURES:
            self.taken += 1
            size = page.viewport_size or {"width": 0}
            name = f"{self.name}-{self.taken:02d}-{what}-{size['width']}.png"
            await page.screenshot(path=str(Path(PICTURES) / name), full_page=True)


@dataclass
class Desk:
    """A server, and the browsers of those who use it: what each of them complains about is kept."""

    url: str
    browser: Browser
    data: Path
    log: Path
    width: int = 1366
    problems: list[str] = field(default_factory=list)
    fine: tuple[str, ...] = ()

    @contextlib.asynccontextmanager
    async def open(self, *, width: int = 0, **more: Any) -> AsyncIterator[Page]:
        width = width or self.width
        agent = {"user_agent": PHONE} if width < 800 else {}
        context = await self.browser.new_context(
            viewport={"width": width, "height": 844 if width < 800 else 900},
            locale="en-GB", reduced_motion="reduce", **agent, **more,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE * 1000)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        context.on("request", self._asked)
        yield page
        await context.close()

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.problems.append(request.url)

    def check(self) -> None:
        assert [p for p in self.problems if not any(one in p for one in self.fine)] == []

    def last_link(self) -> str:
        """In the message that was sent last."""
        found = LINK.search(read_outbox(self.data)[-1].text)
        assert found
        return found[0]


@pytest_asyncio.fixture
async def empty(cluster, worker_id):
    name = f"tearoff_dashboard_{worker_id}"
    yield await cluster.create(name)
    await cluster.drop(name)


@contextlib.asynccontextmanager
async def desk_on(settings: Any, folder: Path, browser: Browser) -> AsyncIterator[Desk]:  # noqa: F811
    """A server of its own on this database, by plain http."""
    plain = msgspec.structs.replace(settings, data=folder, public_url="")
    starting = start_server(plain, folder)
    running = await asyncio.to_thread(starting.__enter__)
    try:
        yield Desk(running.url, browser, folder, running.log)
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)


@pytest_asyncio.fixture
async def desk(settings, tmp_path, browser):  # noqa: F811
    async with desk_on(settings, tmp_path, browser) as desk:
        yield desk
        desk.check()


@pytest_asyncio.fixture
async def owner(services) -> tuple[Shop, str]:
    """A shop, and the address of its owner, who has a password."""
    shop = await open_shop(services, account={"country": "BE"})
    return shop, await someone(services, shop)


async def someone(services, shop: Shop, role: str = "owner") -> str:
    email = f"{role}.{shop.account}@example.com"
    hashed = await hash_password(PASSWORD, [])
    async with services.db.transaction() as db:
        new = NewMember(email=email, password_hash=hashed, first_name="Ann", role=role)
        await members.create_member(db, shop.account, new)
    return email


async def sign_in(page: Page, desk: Desk, email: str) -> None:
    await page.goto(f"{desk.url}/sign-in")
    await type_password(page, email)
    await page.wait_for_url(re.compile(r"/a/\d+/"))


async def type_password(page: Page, email: str) -> None:
    if email:
        await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()


def menu(page: Page) -> Any:
    return page.get_by_role("navigation", name="Menu").locator("visible=true")


async def go(page: Page, name: str) -> None:
    """By the menu, as on the screen that it is."""
    summary = page.locator(".phone-menu summary")
    if await summary.is_visible():
        await summary.click()
    await page.locator(".menu a:visible", has_text=name).first.click()
    await expect(page.locator("h1")).to_be_visible()


async def press(page: Page, name: str | re.Pattern[str]) -> None:
    await (
        page.locator("main").get_by_role("button", name=name).locator("visible=true").first.click()
    )


async def follow(page: Page, name: str | re.Pattern[str]) -> None:
    await page.locator("main").get_by_role("link", name=name).locator("visible=true").first.click()


# from an empty installation to a redeemed coupon --------------------------------------------


@pytest.mark.parametrize("width", [1366, 390])
async def test_from_an_empty_installation_to_a_redeemed_coupon(
    empty, settings, tmp_path, browser, width  # noqa: F811
):  # fmt: skip
    """Nothing is typed into a terminal, and nothing is read but the screens."""
    strip = Strip(f"first-{width}")
    fresh = msgspec.structs.replace(settings, database_url=empty)
    async with desk_on(fresh, tmp_path, browser) as desk, running_standin() as twilio:
        desk.width, desk.fine = width, ("status of 422",)
        async with desk.open() as page:
            await begin(page, desk, strip, skips=width == 390)
            await connect_trial(page, strip)
            await publish_example(page, strip)
            await draw_pin(page, strip)
            await send_to_myself(page, desk, strip)
            async with desk.open(width=390) as phone:
                await redeem_by_pin(phone, desk.last_link(), page.pin, strip)
            await go(page, "Home")
            await expect(page.locator("#first-steps")).to_contain_text("3 of 4 done")
            await strip.take(page, "home-but-one")
            await connect_twilio(page, twilio.url)
            await go(page, "Home")
            await expect(page.locator("#first-steps li.done")).to_have_count(4)
            await strip.take(page, "home-done")
            await press(page, "Hide this list")
            await expect(page.locator("#first-steps")).to_have_count(0)
        desk.check()


async def begin(page: Page, desk: Desk, strip: Strip, *, skips: bool) -> None:
    """By the link that the server has printed."""
    found = re.search(r"http://127\.0\.0\.1:\d+/begin/\w{49}", desk.log.read_text())
    assert found
    await page.goto(found[0])
    await page.get_by_label("Your e-mail address").fill("ann@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Name of your shop or company").fill("Bean & Leaf")
    await strip.take(page, "begin")
    await page.get_by_role("button", name="Begin").click()
    await page.wait_for_url("**/first-steps")
    await strip.take(page, "first-steps")
    if skips:
        await follow(page, "Skip all of this")
    else:
        await page.get_by_label("Country").select_option("BE")
        await page.get_by_label("Sender of your texts").fill("BeanLeaf")
        await press(page, "Save and go on")
    await expect(page.locator("#first-steps")).to_be_visible()
    await strip.take(page, "home")


async def connect_trial(page: Page, strip: Strip) -> None:
    await page.locator("#first-steps .next a").click()
    await strip.take(page, "integrations")
    await page.locator('main a[href*="kind=log"]').first.click()
    await strip.take(page, "trial")
    await press(page, "Test")
    await expect(page.locator("#tried")).not_to_be_empty()
    await press(page, re.compile("^Connect$"))
    await page.wait_for_url(re.compile(r"/integrations/\d+"))
    await strip.take(page, "connected")


async def connect_twilio(page: Page, url: str) -> None:
    """A service that really sends, to the end of the first step."""
    await go(page, "Integrations")
    await page.locator('main a[href*="kind=twilio"]').first.click()
    await page.get_by_label("Account SID").fill(ACCOUNT)
    await page.get_by_label("Auth Token").fill(TOKEN)
    await page.get_by_label("Sender").fill("+12015550100")
    await page.locator("summary", has_text="More settings").click()
    await page.locator('[name="settings.base_url"]').fill(url)
    await press(page, re.compile("^Connect$"))
    await page.wait_for_url(re.compile(r"/integrations/\d+"))


async def publish_example(page: Page, strip: Strip) -> None:
    await go(page, "Home")
    await page.locator("#first-steps").get_by_role("link", name="first campaign").click()
    await strip.take(page, "new-campaign")
    await press(page, "Start from this")
    await expect(page.locator("#preview")).to_be_visible()
    await strip.take(page, "editor")
    await follow(page, re.compile("^Publish$"))
    await strip.take(page, "check")
    await press(page, "Publish now")
    await strip.take(page, "published")


async def draw_pin(page: Page, strip: Strip) -> None:
    """The staff's, by which the phone redeems."""
    await go(page, "Locations")
    await strip.take(page, "locations")
    await follow(page, re.compile("Add|New"))
    await page.get_by_label("Name", exact=True).fill("Ghent")
    await press(page, "Add the location")
    await expect(page.locator("h1")).to_contain_text("Ghent")
    await strip.take(page, "location")
    await press(page, "Draw a random PIN")
    page.pin = (await page.locator(".big-code").text_content() or "").strip()  # type: ignore[attr-defined]
    await strip.take(page, "pin")


async def send_to_myself(page: Page, desk: Desk, strip: Strip) -> None:
    await go(page, "Send")
    await strip.take(page, "send")
    await page.get_by_label("Phone number or e-mail address").fill("+32 470 00 12 34")
    await expect(page.locator("#preview .to")).to_contain_text("+32 470 00 12 34")
    await press(page, re.compile("^Send$"))
    await page.wait_for_url(re.compile(r"/messages/\d+"))
    await expect(page.locator("main")).to_contain_text(re.compile("Handed to|Arrived|Sent"))
    await strip.take(page, "message")


async def redeem_by_pin(phone: Page, link: str, pin: str, strip: Strip) -> None:
    await phone.goto(link)
    await strip.take(phone, "coupon")
    await phone.locator("summary").first.click()
    await phone.locator("#pin").fill(pin)
    await strip.take(phone, "coupon-pin")
    await phone.locator("#pin").press("Enter")
    await expect(phone.locator(".yes")).to_be_visible()
    await strip.take(phone, "coupon-accepted")


# from a template to the counter -------------------------------------------------------------


async def test_from_a_template_to_the_counter(desk, owner, services):
    _shop, email = owner
    strip = Strip("counter")
    async with desk.open() as page:
        await sign_in(page, desk, email)
        await save_template(page, strip)
        await go(page, "Campaigns")
        await follow(page, "New campaign")
        row = page.locator("ul.rows li", has_text="Two for one").first
        await row.get_by_role("button", name="Start from this").click()
        await expect(page.locator("#preview")).to_be_visible()
        await strip.take(page, "from-template")
        await page.get_by_label("Title", exact=True).fill("3-for-2 cappuccino")
        await press(page, re.compile("^Save$"))
        await expect(page.locator("#said")).to_contain_text("Saved")
        await follow(page, re.compile("^Publish$"))
        await press(page, "Publish now")
        await strip.take(page, "published")
        async with desk.open(width=390) as till:
            await pair(page, till, strip)
            await go(page, "Send")
            await expect(page.get_by_label("Campaign", exact=True)).to_contain_text("Two for one")
            await page.get_by_label("Phone number or e-mail address").fill(NUMBER)
            await press(page, re.compile("^Send$"))
            await page.wait_for_url(re.compile(r"/messages/\d+"))
            async with desk.open(width=390) as phone:
                await phone.goto(desk.last_link())
                await expect(phone.locator("h1")).to_contain_text("3-for-2 cappuccino")
                await strip.take(phone, "coupon")
                await take_in(till, desk.last_link(), strip)
                await phone.reload()
                await expect(phone.locator(".badge")).to_have_text("Used")
        await page.locator("main a[href*='/coupons/']").first.click()
        await strip.take(page, "coupon-history")
        await expect(page.locator("main")).to_contain_text("Ghent")


async def save_template(page: Page, strip: Strip) -> None:
    """Of the campaign that is there, by the menu of its row."""
    await go(page, "Campaigns")
    await strip.take(page, "campaigns")
    await page.locator("table .more summary").first.click()
    await strip.take(page, "row-menu")
    await page.get_by_role("button", name=re.compile("template", re.I)).first.click()
    await strip.take(page, "template-saved")


async def pair(page: Page, till: Page, strip: Strip) -> None:
    await go(page, "Locations")
    await page.get_by_role("link", name="Ghent").first.click()
    await press(page, re.compile("Pair a device|Show the code"))
    await strip.take(page, "pair")
    await till.goto(await page.locator("#link").input_value())
    await till.get_by_label("Your name").fill("Sam")
    await till.locator("#pin").fill(DEVICE_PIN)
    await strip.take(till, "till-door")
    await till.get_by_role("button", name="Start").click()
    await expect(till.locator("#code")).to_be_visible()
    await expect(page.locator("#paired")).to_contain_text("Sam")
    await strip.take(page, "paired")


async def take_in(till: Page, link: str, strip: Strip) -> None:
    await expect(till.locator("[aria-busy]")).to_have_count(0)
    await till.locator("#code").fill(link)
    await till.locator("#code").press("Enter")
    await expect(till.locator("#v-word")).to_have_text("OK")
    await strip.take(till, "till-good")
    await till.locator("#v-act").click()
    await expect(till.locator("#v-word")).to_have_text("OK, used")
    await strip.take(till, "till-used")


# a list of codes with bad lines -------------------------------------------------------------

TOO_LONG = "=" + "X" * 300
CODES = f"code,name\nLEAF-1,a\nLEAF-2,b\nLEAF-1,c\n,d\n=1+1,e\n{TOO_LONG},f\nLEAF-3,g\n"


async def test_a_list_of_codes_with_bad_lines(desk, owner, tmp_path):
    """Checked, downloaded, mended, imported; what would be a formula is none in the file."""
    shop, email = owner
    strip, file = Strip("codes"), tmp_path / "codes.csv"
    file.write_text(CODES)
    desk.fine = ("status of 422",)
    async with desk.open() as page:
        await sign_in(page, desk, email)
        await page.goto(f"{desk.url}/a/{shop.account}/campaigns/{shop.campaign}/validation")
        await page.get_by_label("File with codes").set_input_files(file)
        await press(page, "Only check")
        await expect(page.locator("main")).to_contain_text("Nothing was imported")
        await strip.take(page, "checked")
        async with page.expect_download() as downloading:
            await follow(page, "Download these lines")
        saved = tmp_path / "lines.csv"
        await (await downloading.value).save_as(saved)
        rows = list(csv.DictReader(io.StringIO(saved.read_text("utf-8-sig"))))
        assert [(row["line"], row["code"][:8]) for row in rows] == [
            ("4", "LEAF-1"), ("5", ""), ("7", "'=XXXXXX"),
        ]  # fmt: skip
        file.write_text(CODES.replace(TOO_LONG, "LEAF-4"))
        await follow(page, "Back to the campaign")
        await page.get_by_label("File with codes").set_input_files(file)
        await press(page, "Import")
        await expect(page.locator("main")).to_contain_text("5 codes were imported.")
        await strip.take(page, "imported")
        await follow(page, "Back to the campaign")
        await expect(page.locator("#f-codes")).to_contain_text("5 codes are left.")
        await strip.take(page, "left")


# the second step ----------------------------------------------------------------------------


async def test_a_second_step_and_a_recovery_code(desk, owner):
    _shop, email = owner
    strip = Strip("second-step")
    async with desk.open() as page:
        await sign_in(page, desk, email)
        codes, app = await switch_on(page, strip)
    async with desk.open(width=390) as page:
        await page.goto(f"{desk.url}/sign-in")
        await type_password(page, email)
        await page.wait_for_url("**/sign-in/second-step")
        await strip.take(page, "asked")
        # Each code counts once: the next one, which is taken a little early.
        await page.get_by_label("Code of your app").fill(app.at(time.time() + 30))
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(re.compile(r"/a/\d+/"))
    async with desk.open(width=390) as page:
        await page.goto(f"{desk.url}/sign-in")
        await type_password(page, email)
        await page.wait_for_url("**/sign-in/second-step")
        await use_recovery_code(page, codes[0], strip)
        await page.locator('header a[href$="/profile"]').click()
        await expect(page.locator("#second-step")).to_contain_text("9 codes")
        await strip.take(page, "nine-left")


async def switch_on(page: Page, strip: Strip) -> tuple[list[str], pyotp.TOTP]:
    await page.locator('header a[href$="/profile"]').click()
    await strip.take(page, "profile")
    await page.locator("#second-step").get_by_role("button", name="Switch it on").click()
    await strip.take(page, "start")
    app = pyotp.TOTP((await page.locator("#secret").input_value()).replace(" ", ""))
    await page.get_by_label("Type the six digits").fill(app.now())
    await page.get_by_role("button", name="Switch it on").click()
    codes = await page.locator("ol.codes li").all_text_contents()
    assert len(codes) == 10
    await strip.take(page, "codes")
    await follow(page, "I have kept them")
    await expect(page.locator("#second-step .badge")).to_have_text("On")
    return codes, app


async def use_recovery_code(page: Page, code: str, strip: Strip) -> None:
    await strip.take(page, "second-step")
    await page.get_by_label("Code of your app").fill(code)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(re.compile(r"/a/\d+/"))


# a sign-in that ends while somebody types ---------------------------------------------------


async def test_a_sign_in_that_ends_while_somebody_types(desk, owner):
    """What was typed is there again, after a form and after a part of a page."""
    _shop, email = owner
    strip = Strip("ended")
    async with desk.open() as page, desk.open(width=390) as other:
        await sign_in(page, desk, email)
        await sign_in(other, desk, email)
        await go(page, "Locations")
        await follow(page, re.compile("Add|New"))
        await page.get_by_label("Name", exact=True).fill("Bruges, the market")
        await page.get_by_label("Street and number").fill("Markt 1")
        await end_others(other, strip)
        await press(page, "Add the location")
        await strip.take(page, "sign-in-again")
        await type_password(
            page, email if await page.get_by_label("E-mail address").count() else ""
        )
        await page.wait_for_url(re.compile(r"/locations/new"))
        await strip.take(page, "typed-again")
        await expect(page.get_by_label("Name", exact=True)).to_have_value("Bruges, the market")
        await expect(page.get_by_label("Street and number")).to_have_value("Markt 1")
        await press(page, "Add the location")
        await expect(page.locator("h1")).to_contain_text("Bruges, the market")

        await go(page, "Send")
        async with page.expect_response("**/send/preview"):
            await page.get_by_label("First name").fill("Bo")
        await end_others(other, strip)
        await page.get_by_label("Phone number or e-mail address").fill(NUMBER)
        await page.wait_for_url("**/sign-in**")
        await strip.take(page, "sign-in-after-a-part")
        await type_password(page, email)
        await page.wait_for_url(re.compile(r"/send"))
        await expect(page.get_by_label("Phone number or e-mail address")).to_have_value(NUMBER)
        await expect(page.get_by_label("First name")).to_have_value("Bo")


async def end_others(other: Page, strip: Strip) -> None:
    await other.locator('header a[href$="/profile"]').click()
    await strip.take(other, "signed-in-where")
    await other.get_by_role("button", name="Sign out everywhere else").click()
    await expect(other.locator("#sign-ins tbody tr")).to_have_count(1)
