"""The counter when the connection goes in the wrong second: what was only to be looked at is only
looked at, and no coupon gives more than it has, as far as the device can know."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tearoff.kit.visible import as_seen
from tests.web.browsing import axe_finds_nothing, in_browser, until_true
from tests.web.conftest import do
from tests.web.till.test_browser import OFFLINE, SCANNER, press, trust, type_code, verdict_is

pytestmark = in_browser

VECTORS = json.loads((Path(__file__).parents[2] / "data/scan_vectors.json").read_text())["vectors"]
FINE = ("ERR_FAILED", *OFFLINE)
LINES = "#v-lines"


async def lose_answers(page, name):
    """The server hears, and nobody hears it."""

    async def lose(route):
        await route.fetch()
        await route.abort()

    await page.route(f"**/till/api/{name}*", lose)


async def hear_nothing(page, *names):
    for name in names:
        await page.route(f"**/till/api/{name}*", lambda route: route.abort())


async def take_later(page):
    await press(page, "#v-act")
    await expect(page.locator(LINES)).to_contain_text("You may hand out the goods.")


async def go_on(page):
    await press(page, "#v-close")
    await expect(page.locator("#verdict")).to_be_hidden()


async def promise_without_connection(page, coupon):
    """The connection goes; the goods are handed out, where the place trusts offline."""
    await page.context.set_offline(True)
    await type_code(page, coupon.code)
    await verdict_is(page, "unchecked", "NOT CHECKED")
    await take_later(page)
    await go_on(page)


async def scans_of(services, shop):
    rows = await services.db.fetch(
        "SELECT verdict, takes FROM counter_scans WHERE account_id = $1 ORDER BY scanned_at, id",
        shop.account,
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_what_was_only_to_be_checked_is_only_checked(coupon, services, stand, is_trusted):
    """A hiccup of one call: the verdict that stands becomes the real one, and nothing is used."""
    if is_trusted:
        await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=FINE) as page:
        await lose_answers(page, "check")
        await hear_nothing(page, "sync")
        await type_code(page, coupon.code)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await expect(page.locator("#v-act")).to_be_visible(visible=is_trusted)
        await expect(page.locator("#v-close")).to_have_text(
            "Do not keep" if is_trusted else "Next coupon"
        )
        await axe_finds_nothing(page)
        await page.unroute("**/till/api/sync*")
        await verdict_is(page, "good", "OK")
        await expect(page.locator("#waiting")).to_be_hidden()
        await press(page, "#v-act")
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["uses"] == 1
    assert await scans_of(services, coupon.shop) == [("used", True)]


async def test_what_is_not_kept_is_heard_of_and_uses_nothing(coupon, services, stand):
    await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=OFFLINE) as page:
        await page.context.set_offline(True)
        await type_code(page, coupon.code)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await go_on(page)
        await expect(page.locator("#waiting")).to_be_hidden()
        await type_code(page, coupon.code)  # nobody took it: it may be taken
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await take_later(page)
        await go_on(page)
        await expect(page.locator("#waiting")).to_have_text("1 waiting")
        await page.locator("#rows summary", has_text="Drop").click()
        await page.get_by_role("button", name="Yes, drop").click()
        await expect(page.locator("#waiting")).to_be_hidden()
        await page.context.set_offline(False)
        await nothing_waits(page)
        await expect(page.locator("#conflicts")).to_be_hidden()
    assert (await coupon.row())["uses"] == 0
    assert await scans_of(services, coupon.shop) == [("good", False), ("good", False)]


KEEP = """async (codes) => {
  const { href } = document.querySelector("link[href$='queue.js']");
  const { keep } = await import(href);
  for (const code of codes) {
    const scan = { key: crypto.randomUUID(), code, take: false };
    await keep({ ...scan, scanned_at: new Date().toISOString() });
  }
}"""
NOTHING_KEPT = """() => new Promise((done) => {
  const request = indexedDB.open("tearoff-till");
  request.onsuccess = () => {
    const count = request.result.transaction("scans").objectStore("scans").count();
    count.onsuccess = () => { request.result.close(); done(count.result === 0); };
  };
})"""


async def nothing_waits(page):
    """Neither in the device's database nor, where that was too slow for a scan, in the page."""
    await until_true(page, NOTHING_KEPT)
    await expect(page.locator("#waiting")).to_be_hidden()


async def test_what_the_queue_took_in_can_be_taken_back(coupon, services, stand):
    await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=OFFLINE) as page:
        await promise_without_connection(page, coupon)
        await page.context.set_offline(False)
        await page.locator("#rows .used summary").click()
        await page.get_by_role("button", name="Yes, undo").click()
        await verdict_is(page, "undone", "UNDONE")
        await go_on(page)
        # It is as good as before, also for what this device knows.
        await page.context.set_offline(True)
        await type_code(page, coupon.code)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await expect(page.locator("#v-act")).to_be_visible()
    assert (await coupon.row())["uses"] == 0


async def test_one_coupon_is_handed_out_once_in_whatever_form_it_is_read(
    make_coupon, services, stand
):
    """Nobody has told this device how many uses it has: one, then."""
    coupon = await make_coupon(uses=3)
    await trust(services, coupon.shop)
    link = f"https://c.example{coupon.path}"
    async with stand(coupon.shop, fine=OFFLINE, width=1366) as page:
        await page.context.set_offline(True)
        await type_code(page, coupon.short.upper())
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await take_later(page)
        await page.evaluate(SCANNER, coupon.code)  # it stands: the same request
        await expect(page.locator(LINES)).to_contain_text("You may hand out the goods.")
        await go_on(page)
        for text in (coupon.code, link, f"{link}?k=abc_-123", coupon.code.upper()):
            await type_code(page, text)
            await verdict_is(page, "unchecked", "NOT CHECKED")
            already = re.compile(r"Already scanned at \d\d:\d\d, waiting\.")
            await expect(page.locator(LINES)).to_contain_text(already)
            await expect(page.locator(LINES)).to_contain_text("Do not hand out anything")
            await expect(page.locator("#v-act")).to_be_hidden()
            await go_on(page)
        await axe_finds_nothing(page)
        await expect(page.locator("#waiting")).to_have_text("1 waiting")
        await page.context.set_offline(False)
        await nothing_waits(page)
        await expect(page.locator("#rows .used")).to_have_count(1)
        await expect(page.locator("#conflicts")).to_be_hidden()
    assert (await coupon.row())["uses"] == 1
    looks = [("good", False)] * 4
    assert await scans_of(services, coupon.shop) == [("used", True), *looks]


async def test_as_many_uses_as_the_server_has_told(make_coupon, services, stand):
    coupon = await make_coupon(uses=3)
    single = await make_coupon(coupon.shop)
    await services.db.execute("UPDATE sessions SET uses = 2 WHERE code = $1", single.code)
    await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=OFFLINE) as page:
        for one in (coupon, single):
            await type_code(page, one.code)
            await verdict_is(page, "good", "OK")
            await press(page, "#v-act")
            await verdict_is(page, "used", "OK, used")
            await go_on(page)
        await page.context.set_offline(True)
        await page.reload()
        for _ in range(2):
            await type_code(page, coupon.short)
            await verdict_is(page, "unchecked", "NOT CHECKED")
            await take_later(page)
            await go_on(page)
        await type_code(page, coupon.short)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await expect(page.locator("#v-act")).to_be_hidden()
        await go_on(page)
        # What is used up was told as such, here, a moment ago.
        await type_code(page, single.short)
        await verdict_is(page, "no", "NO")
        await expect(page.locator(LINES)).to_contain_text(re.compile(r"Used here, .*\d\d:\d\d\."))
        await expect(page.locator("#v-act")).to_be_hidden()
        await go_on(page)
        await page.context.set_offline(False)
        await nothing_waits(page)
        await expect(page.locator("#conflicts")).to_be_hidden()
    assert [(await one.row())["uses"] for one in (coupon, single)] == [3, 3]


@pytest.mark.parametrize("is_heard", [True, False])
async def test_redeem_without_an_answer_is_asked_again(coupon, services, stand, is_heard):
    """With the same key, whether or not the server heard it; closed, it waits."""
    async with stand(coupon.shop, fine=FINE) as page:
        await type_code(page, coupon.code)
        await verdict_is(page, "good", "OK")
        await hear_nothing(page, "sync", "state")
        if is_heard:
            await lose_answers(page, "redeem")
        else:
            await hear_nothing(page, "redeem")
        await press(page, "#v-act")
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await expect(page.locator(LINES)).to_contain_text("Kept on this device")
        await expect(page.locator(LINES)).to_contain_text("Do not hand out anything yet.")
        await page.unroute("**/till/api/sync*")
        await verdict_is(page, "used", "OK, used")
        await expect(page.locator("#v-undo")).to_be_visible()
        await expect(page.locator("#waiting")).to_be_hidden()
    assert (await coupon.row())["uses"] == 1
    assert await scans_of(services, coupon.shop) == [("used", True)]


async def test_no_promise_stands_over_a_coupon_that_was_decided(coupon, services, stand):
    """Two windows of one device: what one of them learns, the other one shows."""
    await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=OFFLINE) as page:
        other = await page.context.new_page()
        await other.goto(page.url)
        await expect(other.locator("[aria-busy]")).to_have_count(0)
        await page.context.set_offline(True)
        await type_code(page, coupon.code)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await take_later(page)
        await expect(other.locator("#waiting")).to_have_text("1 waiting")
        await do(coupon, "validated")
        await page.context.set_offline(False)
        await verdict_is(page, "no", "NO")
        await expect(page.locator(LINES)).to_contain_text(re.compile("Used .*Ghent"))
        await go_on(page)
        for window in (page, other):
            await expect(window.locator("#waiting")).to_be_hidden()
            await expect(window.locator("#conflicts .no")).to_have_count(1)
        # Each of them can be worked at.
        await type_code(other, coupon.code)
        await verdict_is(other, "no", "NO")
    assert (await coupon.row())["uses"] == 1


@pytest.mark.parametrize(
    "database",
    [
        "indexedDB.open = () => { throw new DOMException('no'); }",
        "IDBFactory.prototype.open = () => ({ addEventListener() {} })",  # and it never answers
        "IDBObjectStore.prototype.put = () => { throw new DOMException('full'); }",
    ],
)
async def test_what_cannot_be_kept_is_said_and_still_asked_again(coupon, services, stand, database):
    """Nothing is promised that a reload would forget."""
    await trust(services, coupon.shop)
    async with stand(
        coupon.shop, "/till/manifest.webmanifest", fine=("ERR_FAILED", *OFFLINE)
    ) as page:
        await page.add_init_script(database)
        await page.goto(page.url.replace("/manifest.webmanifest", ""))
        await expect(page.locator("[aria-busy]")).to_have_count(0)
        await page.context.set_offline(True)
        await type_code(page, coupon.code)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await expect(page.locator(LINES)).to_contain_text("Do not hand out anything")
        await expect(page.locator("#v-act")).to_be_hidden()
        await page.context.set_offline(False)
        await verdict_is(page, "good", "OK")
        await page.route("**/till/api/redeem*", lambda route: route.abort())
        await page.route("**/till/api/sync*", lambda route: route.abort())
        await press(page, "#v-act")
        await expect(page.locator(LINES)).to_contain_text("this device cannot keep the code")
        await expect(page.locator(LINES)).not_to_contain_text("You may hand out")
        await page.unroute("**/till/api/sync*")
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["uses"] == 1


async def test_a_coupon_has_one_name_as_the_server_compares_it(coupon, services, stand):
    own = ["SAVE-10", "save 10", "Save\u201010", "(01)09501101530003", "0012345678905",
           "12345678905", "\uff33AVE10", "ÉTÉ-1", "été1", "S\u00adAVE"]  # fmt: skip
    texts = [vector["text"] for vector in VECTORS] + own
    async with stand(coupon.shop) as page:
        names = await page.evaluate(
            """async (texts) => {
              const { href } = document.querySelector("link[href$='code.js']");
              const { nameOf, readCode } = await import(href);
              return texts.map((text) => [nameOf(text), readCode(text)]);
            }""",
            texts,
        )
    for text, (name, read) in zip(texts, names, strict=True):
        if read is None:
            assert name == text
        elif read["kind"] == "own":
            compared = "SELECT own_code_key($1)"
            assert name == await services.db.fetchval(compared, as_seen(read["code"])), text
        else:
            assert name == read["code"][:6], text


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_what_a_place_took_in_at_once_and_nobody_heard_is_taken_back(
    make_coupon, services, stand, is_trusted
):
    """The answer is lost, people go on without it, and the guest comes again."""
    coupon = await make_coupon(uses=3)
    await services.db.execute(
        "UPDATE locations SET redeems_at_once = true, trusts_offline = $2 WHERE account_id = $1",
        coupon.shop.account,
        is_trusted,
    )
    async with stand(coupon.shop, fine=("ERR_FAILED", *OFFLINE)) as page:

        async def lose(route):
            await route.fetch()
            await page.context.set_offline(True)
            await route.abort()

        await page.route("**/till/api/check*", lose, times=1)
        await type_code(page, coupon.code)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        assert (await coupon.row())["uses"] == 1
        await go_on(page)
        await page.context.set_offline(False)
        await expect(page.locator("#rows .undone")).to_have_count(1)
        assert (await coupon.row())["uses"] == 0
        await type_code(page, coupon.code)
        await verdict_is(page, "used", "OK, used")
    assert (await coupon.row())["uses"] == 1


async def test_a_scan_before_checking_is_shown_is_not_dropped_without_a_word(make_coupon, stand):
    first = await make_coupon()
    second = await make_coupon(first.shop)
    async with stand(first.shop, width=1366) as page:

        async def slowly(route):
            await asyncio.sleep(1.5)
            await route.continue_()

        await page.route("**/till/api/check*", slowly)
        await type_code(page, first.code)
        await page.evaluate(SCANNER, second.code)
        await expect(page.locator("#v-problem")).to_have_text("Decide on this one first.")
        await verdict_is(page, "good", "OK")
        await expect(page.locator("#v-lines")).to_contain_text("2-for-1 cappuccino")


async def test_what_is_too_much_for_one_call_is_sent_in_parts(coupon, services, stand):
    await trust(services, coupon.shop)
    async with stand(coupon.shop, fine=(400, *OFFLINE), width=1366) as page:
        await page.context.set_offline(True)
        await page.evaluate(KEEP, ["\x1d" * 1999 + str(n) for n in range(8)])
        await type_code(page, coupon.code)
        await verdict_is(page, "unchecked", "NOT CHECKED")
        await take_later(page)
        await go_on(page)
        await page.context.set_offline(False)
        await nothing_waits(page)
        await expect(page.locator("#rows .used")).to_have_count(1)
    assert (await coupon.row())["uses"] == 1
