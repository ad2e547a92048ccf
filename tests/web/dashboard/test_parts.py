"""Every address that answers a script with a part of a page: what the browser's own ways to it
give, and what happens when the sign-in is over. A screen with a part adds a line to `PARTS`."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from playwright.async_api import expect

from tearoff.accounts import sign_ins
from tearoff.accounts.passwords import hash_password
from tearoff.kit import clock
from tests.cast import open_shop
from tests.web.browsing import in_browser
from tests.web.dashboard.conftest import text_of

PASSWORD = "seven brown horses"


@dataclass(frozen=True)
class Part:
    """`address` has `{campaign}`, `{message}` and `{coupon}` filled in. `form`: what is sent, where
    it is a form's; `on`: the page that it stands on, by default itself; `holds`: what the part has
    in it. `is_aside`: only a script ever asks for it, by POST, so that no way of the browser leads
    to it."""

    address: str
    holds: str
    form: dict[str, str] = field(default_factory=dict)
    on: str = ""
    is_aside: bool = False

    @property
    def page(self) -> str:
        return self.on or self.address.partition("?")[0]


PARTS = (
    Part("/messages/{message}?mark=old&since=1", "Handed to the provider"),
    Part("/send/preview", "+32 470 00 12 34", {"to": "0470 00 12 34"}, on="/send"),
    Part("/campaigns?search=two", "Two for one"),
    Part(
        "/campaigns/{campaign}/message/count", "1", {"message_text": "Hello {link}"},
        on="/campaigns/{campaign}/message", is_aside=True,
    ),
    Part(
        "/campaigns/{campaign}/look/colors", "", {"brand_color": "#0b5d4b"},
        on="/campaigns/{campaign}/look", is_aside=True,
    ),
)  # fmt: skip


@pytest.fixture
async def stage(services, sign_in):
    """Somebody in a shop where each part has something to show: `fill` makes its address."""
    shop = await open_shop(services, account={"country": "BE"})
    person = await sign_in(shop)
    sent = await person.post("/send", {"once": "x", "to": "+32470001234"})
    message = sent.headers["location"].rsplit("/", 1)[1]
    coupon = await services.db.fetchval(
        "SELECT short_code FROM sessions WHERE account_id = $1", shop.account
    )

    def fill(text: str) -> str:
        return text.format(campaign=shop.campaign, message=message, coupon=coupon)

    return person, fill


async def ask(person, fill, part: Part, **headers):
    if part.form:
        back = {"back": person.address(fill(part.page))}
        return await person.post(fill(part.address), {**part.form, **back}, **headers)
    return await person.get(fill(part.address), **headers)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.address)
class TestEachPart:
    async def test_only_a_script_gets_it_alone(self, stage, part):
        """Complaint 35: Back, Forward, reload and a new tab ask without htmx's header, or say that
        they come from the history; none may get a part, nor keep one."""
        person, fill = stage
        alone = await ask(person, fill, part, hx_request="true")
        assert alone.status == 200
        assert "<html" not in alone.text
        assert part.holds in text_of(alone)
        ways = ({}, {"hx_request": "true", "hx_history_restore_request": "true"})
        whole = alone
        for headers in () if part.is_aside else ways:
            whole = await ask(person, fill, part, **headers)
            assert whole.text.startswith("<!doctype html>")
            assert part.holds in text_of(whole)
        for answer in (alone, whole):
            assert "HX-Request" in answer.headers["vary"]
            assert answer.headers["cache-control"] == "private, no-store"

    async def test_with_the_sign_in_over_it_leads_to_the_whole_sign_in_page(self, stage, part):
        """Complaint 36."""
        person, fill = stage
        page = person.address(fill(part.page))
        token = (await person.get()).token
        person.secret = "z" * 49
        url = f"{person.url}{page}"
        more = {"hx_request": "true", "hx_current_url": url}
        if part.form:
            form = {**part.form, "back": page}
            answer = await person.post(fill(part.address), form, token=token, **more)
        else:
            answer = await person.get(fill(part.address), **more)
        assert (answer.status, answer.text) == (200, "")
        where = answer.headers["hx-redirect"]
        assert where.startswith("/sign-in?next=" + page.replace("/", "%2F"))
        assert ("kept" in where) == bool(part.form)


async def test_what_a_script_says_of_its_page_leads_nowhere_else(stage):
    person, _ = stage
    person.secret = "z" * 49
    for page in ("https://evil.example/x", "/a/1/../../evil", "//evil.example", "/a/1\\evil"):
        answer = await person.get("/messages/1", hx_request="true", hx_current_url=page)
        where = answer.headers["hx-redirect"]
        assert where == f"/sign-in?next=%2Fa%2F{person.shop.account}%2Fmessages%2F1"


class TestInABrowser:
    pytestmark = in_browser

    async def test_back_forward_and_reload_give_whole_pages(self, visit, stage):
        """Complaint 35."""
        person, fill = stage
        address = person.address(fill("/messages/{message}"))
        async with visit(person.address("/send"), width=1366, cookies=[person.cookie]) as page:
            field = page.get_by_label("Phone number or e-mail address")
            await field.fill("0470 00 12 34")
            await expect(page.locator("#preview")).to_contain_text("+32 470 00 12 34")
            await page.goto(f"{person.url}{address}")
            async with page.expect_response(lambda answer: "mark=" in answer.url):
                pass
            for step in ("go_back", "go_forward", "go_back", "reload", "go_forward"):
                await getattr(page, step)()
                await expect(page.locator("nav.side")).to_be_visible()
                await expect(page.locator("h1")).to_have_count(1)

    async def test_what_was_typed_is_there_after_signing_in_again(self, visit, stage, services):
        """Complaint 36: the sign-in ends while somebody types."""
        person, _ = stage
        email = await _with_password(services, person)
        async with visit(
            person.address("/send"), width=1366, cookies=[person.cookie], fine=(404,)
        ) as page:
            await page.get_by_label("First name").fill("Ann")
            await sign_ins.sign_out(services.db, person.secret)
            await page.get_by_label("Text", exact=True).fill("Only for you: {link}")
            await page.wait_for_url("**/sign-in?next=*")
            await page.get_by_label("E-mail address").fill(email)
            await page.get_by_label("Password", exact=True).fill(PASSWORD)
            await page.locator("#p").press("Enter")
            await page.wait_for_url("**/send")
            await expect(page.get_by_label("First name")).to_have_value("Ann")
            await expect(page.get_by_label("Text", exact=True)).to_have_value(
                "Only for you: {link}"
            )
            await expect(page.locator("#preview")).to_contain_text("Only for you: https://")

    async def test_what_no_request_carried_waits_in_the_tab(self, visit, stage, services):
        """Complaint 36: a page that asks for news by itself, with a form beside it that nobody has
        sent. Secrets do not wait."""
        person, fill = stage
        email = await _with_password(services, person)
        path = person.address(fill("/messages/{message}"))
        async with visit(
            person.address("/send"), width=1366, cookies=[person.cookie], fine=(404,)
        ) as page:
            await page.add_init_script(_FORM_BESIDE)
            await page.goto(f"{person.url}{path}")
            await page.locator("[name=note]").fill("half a wo")
            await page.locator("[name=box]").check()
            await page.locator("[name=word]").fill("a secret")
            await sign_ins.sign_out(services.db, person.secret)
            await page.wait_for_url("**/sign-in?next=*")
            assert "a secret" not in await page.evaluate("JSON.stringify(sessionStorage)")
            await page.get_by_label("E-mail address").fill(email)
            await page.get_by_label("Password", exact=True).fill(PASSWORD)
            await page.locator("#p").press("Enter")
            await page.wait_for_url(f"**{path}")
            await expect(page.locator("[name=note]")).to_have_value("half a wo")
            await expect(page.locator("[name=box]")).to_be_checked()
            await expect(page.locator("[name=word]")).to_have_value("")


_FORM_BESIDE = """new MutationObserver((_, watch) => {
  const main = document.querySelector("main");
  if (!main || !location.pathname.includes("/messages/")) return;
  watch.disconnect();
  main.insertAdjacentHTML("beforeend", `<form method="post" action="/x" id="beside" data-quiet>
    <label>Note<input name="note"></label>
    <label><input type="checkbox" name="box" value="1">Box</label>
    <label>Word<input type="password" name="word"></label></form>`);
}).observe(document, { childList: true, subtree: true });"""
"""A form on the page of a message, which has none: for screens that ask for news beside one."""


async def _with_password(services, person) -> str:
    """Gives the e-mail address under which they sign in."""
    who = await sign_ins.signed_in(services.db, person.secret, clock.now())
    assert who is not None
    hashed = await hash_password(PASSWORD, [])
    await services.db.execute(
        "UPDATE people SET password_hash = $2 WHERE id = $1", who.person_id, hashed
    )
    return who.email
