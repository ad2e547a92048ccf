"""A coupon to one person, from the form to the message that leaves."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import unquote

import pytest
from playwright.async_api import expect

from tearoff.kit import clock
from tearoff.people import optouts
from tests.cast import open_shop
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of

NUMBER = "+32470001234"
SCRIPT = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


@pytest.fixture
def at_home(services):
    """A shop in Belgium, with what is given changed in its account or its campaign."""

    async def at_home(account=None, **more):
        return await open_shop(services, account={"country": "BE", **(account or {})}, **more)

    return at_home


def once_in(page) -> str:
    return re.search(r'name="once" value="([^"]+)"', page.text)[1]


async def sent(services, shop):
    return await services.db.fetch(
        "SELECT * FROM messages WHERE account_id = $1 ORDER BY id", shop.account
    )


async def test_a_number_in_any_spelling_gets_the_campaigns_text(at_home, sign_in, services):
    shop = await at_home()
    person = await sign_in(shop, "sender")
    for given in ("0470 00 12 34", "+32 (0)470/00.12.34", "0032470001234", "32470001234"):
        page = await person.get("/send")
        answer = await person.post("/send", {"once": once_in(page), "to": given})
        assert answer.status == 303, text_of(answer)
        assert answer.headers["location"].startswith(person.address("/messages/"))
        await services.db.execute("DELETE FROM open_sends WHERE account_id = $1", shop.account)
    found = await sent(services, shop)
    assert {row["recipient"] for row in found} == {NUMBER}
    assert len(found) == 4
    assert found[0]["text"].startswith("Your coffee: https://")


async def test_a_mail_goes_the_same_way(at_home, sign_in):
    """Without a service for mail: the way to connect one, or whom to ask."""
    shop = await at_home()
    for role, told in (("owner", "Connect one"), ("sender", "Ask an owner or a manager")):
        person = await sign_in(shop, role)
        page = await person.post("/send", {"once": "x", "to": "Ann@example.com"})
        assert page.status == 422
        assert "No service for mail is connected yet. Nothing was sent." in text_of(page)
        assert told in text_of(page)
        assert 'value="Ann@example.com"' in page.text


async def test_without_any_service_the_page_says_so_before_anything_is_typed(services, sign_in):
    shop = await open_shop(services, kind=None)
    page = await (await sign_in(shop, "owner")).get("/send")
    assert page.status == 200
    assert "No service for text messages is connected yet." in text_of(page)
    assert f'href="/a/{shop.account}/integrations"' in page.text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("", "This is needed."),
        ("12", "No text can be sent to this number."),
        ("0800 12 345", "No text can be sent to this number."),
        ("ann@", "This is not an e-mail address."),
        ("+33 6 00 00 12 34", "This country is not allowed for your account."),
    ],
)
async def test_what_is_wrong_with_a_receiver_stands_at_its_field(at_home, sign_in, given, told):
    person = await sign_in(await at_home())
    page = await person.post("/send", {"once": "x", "to": given, "text": "Hello {link}"})
    assert page.status == 422
    wrong = re.search(r'id="w-to">.*?</svg>([^<]*)', page.text, re.S)
    assert wrong[1].startswith(told), wrong[1]
    assert "Hello {link}</textarea>" in page.text
    assert f'value="{given}"' in page.text


async def test_a_national_number_of_an_account_without_country(shop, sign_in):
    page = await (await sign_in(shop)).post("/send", {"once": "x", "to": "0470 00 12 34"})
    assert "Write it with its country code" in text_of(page)


@pytest.mark.parametrize(
    ("campaign", "told"),
    [
        ({"status": "paused"}, "The campaign is not active."),
        ({"limit_sessions": 0}, "The campaign has reached its limit."),
    ],
)
async def test_a_campaign_that_sends_nothing_leads_to_its_page(at_home, sign_in, campaign, told):
    shop = await at_home(campaign=campaign)
    person = await sign_in(shop)
    page = await person.post("/send", {"once": "x", "campaign": shop.campaign, "to": NUMBER})
    assert page.status == 422
    assert told in text_of(page)
    assert f'href="{person.address(f"/campaigns/{shop.campaign}")}"' in page.text


async def test_no_running_campaign_leads_to_the_campaigns(at_home, sign_in):
    shop = await at_home(campaign={"status": "draft"})
    page = await (await sign_in(shop)).get("/send")
    assert "No campaign is running" in text_of(page)


async def test_a_text_that_cannot_be_filled_is_told_at_the_text(at_home, sign_in):
    person = await sign_in(await at_home())
    for text, told in (
        ("Hi {frist_name}", "{frist_name} is no field. Did you mean {first_name}?"),
        ("Hi {first_name}", "{first_name} is empty for this receiver."),
        ("x" * 1999, "It is longer than ten text messages"),
    ):
        page = await person.post("/send", {"once": "x", "to": NUMBER, "text": text})
        assert page.status == 422
        assert told in re.search(r'id="w-text">.*?</svg>([^<]*)', page.text, re.S)[1]


class TestTheSameForm:
    async def test_sent_many_times_at_once_it_is_one_message(self, at_home, sign_in, services):
        """Complaint 16: a slow service, and five presses before it answers."""
        shop = await at_home(settings={"delay_ms": "700"})
        person = await sign_in(shop)
        page = await person.get("/send")
        form = {"once": once_in(page), "to": "0470 00 12 34"}
        answers = await asyncio.gather(
            *(person.post("/send", form, token=page.token) for _ in range(5))
        )
        later = await person.post("/send", form, token=page.token)
        assert {one.status for one in (*answers, later)} == {303}
        assert len({one.headers["location"] for one in (*answers, later)}) == 1
        assert len(await sent(services, shop)) == 1

    async def test_gone_back_to_and_changed_it_is_another_one(self, at_home, sign_in, services):
        """Complaint 16, its other side: nothing that somebody wants is swallowed."""
        shop = await at_home()
        person = await sign_in(shop)
        once = once_in(await person.get("/send"))
        for to in ("0470 00 12 34", "0470 00 12 35"):
            assert (await person.post("/send", {"once": once, "to": to})).status == 303
        assert len(await sent(services, shop)) == 2

    async def test_whose_outcome_nobody_knows_leads_to_its_page(self, at_home, sign_in, services):
        shop = await at_home(settings={"fail": "no_answer"})
        person = await sign_in(shop)
        form = {"once": "x", "to": "0470 00 12 34"}
        answers = [await person.post("/send", form) for _ in range(2)]
        assert [one.status for one in answers] == [303, 303]
        assert answers[0].headers["location"] == answers[1].headers["location"]
        page = await person.get(answers[0].headers["location"])
        assert "Nobody can know yet" in text_of(page)
        assert "it is not sent again" in text_of(page)
        (message,) = await sent(services, shop)
        noted = await services.db.fetch(
            "SELECT subject FROM audit_entries WHERE account_id = $1 AND verb = 'message.send'",
            shop.account,
        )
        assert [row["subject"] for row in noted] == [str(message["id"])]

    async def test_that_was_refused_can_be_sent_again(self, at_home, sign_in, services):
        shop = await at_home(settings={"fail": "refuse"})
        person = await sign_in(shop)
        page = await person.get("/send")
        first = await person.post("/send", {"once": once_in(page), "to": NUMBER})
        assert first.status == 422
        assert "The SMS provider refused the message." in text_of(first)
        assert once_in(first) != once_in(page)


class TestOptedOut:
    @pytest.fixture
    async def barred(self, at_home, services):
        shop = await at_home()
        async with services.db.transaction() as db:
            await optouts.add(db, shop.account, NUMBER, source="reply", now=clock.now())
        return shop

    async def test_the_page_says_since_when_and_how(self, barred, sign_in, services):
        person = await sign_in(barred, "sender")
        page = await person.post("/send", {"once": "x", "to": "0470 00 12 34"})
        assert page.status == 422
        assert "this receiver wants no messages" in text_of(page)
        assert "They answered a message with a word such as STOP. Since" in text_of(page)
        assert await sent(services, barred) == []

    async def test_it_is_lifted_with_a_reason_that_the_log_keeps(self, barred, sign_in, services):
        form = {"to": "0470 00 12 34", "text": "Just for you: {link}"}
        sender, person = await sign_in(barred, "sender"), await sign_in(barred, "manager")
        told = await sender.post("/send", {**form, "campaign": barred.campaign})
        assert "Ask an owner or a manager if that is wrong." in text_of(told)
        assert (await sender.post("/send/lift", {**form, "reason": "So they say"})).status == 403
        empty = await person.post("/send/lift", form)
        assert empty.status == 422
        assert "This is needed." in re.search(r'id="w-reason">.*?</svg>([^<]*)', empty.text)[1]
        done = await person.post("/send/lift", {**form, "reason": "Asked for it at the till"})
        assert done.status == 303
        assert not await optouts.is_opted_out(services.db, barred.account, NUMBER)
        page = await person.get(done.headers["location"])
        assert "They can get messages again." in text_of(page)
        assert "Just for you: {link}</textarea>" in page.text
        assert 'value="0470 00 12 34"' in page.text
        noted = await services.db.fetchrow(
            "SELECT subject, after FROM audit_entries WHERE account_id = $1"
            " AND verb = 'suppression.remove'",
            barred.account,
        )
        assert noted["subject"] == "…234"
        assert "Asked for it at the till" in noted["after"]

    async def test_another_account_lifts_nothing(self, barred, at_home, sign_in, services):
        person = await sign_in(await at_home())
        done = await person.post("/send/lift", {"to": NUMBER, "reason": "x"})
        assert done.status == 303
        assert await optouts.is_opted_out(services.db, barred.account, NUMBER)


class TestPreview:
    async def test_it_is_what_v4_says(self, at_home, sign_in, services):
        shop = await at_home(settings={"sender": "BEANLEAF"})
        await services.db.execute(
            "UPDATE connections SET segment_price = 49000 WHERE account_id = $1", shop.account
        )
        person = await sign_in(shop)
        form = {"to": "0470 00 12 34", "firstname": "Ann", "text": "Hé {first_name} ç: {link}"}
        part = await person.post("/send/preview", form, hx_request="true")
        text = text_of(part)
        assert part.status == 200
        assert "<html" not in part.text
        assert "+32 470 00 12 34" in text
        assert "BEANLEAF" in text
        assert "Hé Ann ç: https://" in text
        assert "because of: ç" in text
        assert "€0.049" in text.replace(" ", "")

    async def test_without_script_it_is_the_whole_page(self, at_home, sign_in):
        person = await sign_in(await at_home())
        page = await person.post("/send/preview", {"to": "0470 00 12 34", "text": "Hello"})
        assert page.status == 200
        assert "<html" in page.text
        assert "Hello</textarea>" in page.text
        assert "+32 470 00 12 34" in text_of(page)

    async def test_another_campaign_brings_its_own_text(self, at_home, sign_in, services):
        shop = await at_home()
        other = await services.db.fetchval(
            "INSERT INTO campaigns (account_id, code, status, name, message_text, timezone)"
            " VALUES ($1, 'abcdef', 'active', 'Tea', 'Your tea: {link}', 'Europe/Brussels')"
            " RETURNING id",
            shop.account,
        )
        person = await sign_in(shop)
        form = {"campaign": other, "was": "Your coffee: {link}", "text": "Your coffee: {link}"}
        part = await person.post(
            "/send/preview", form, hx_request="true", hx_trigger_name="campaign"
        )
        assert "Your tea: {link}</textarea>" in part.text
        form["text"] = "My own: {link}"
        part = await person.post(
            "/send/preview", form, hx_request="true", hx_trigger_name="campaign"
        )
        assert "textarea" not in part.text
        assert "My own: https://" in part.text


async def test_what_was_typed_survives_a_sign_in_that_is_over(at_home, sign_in):
    """Complaint 36, for a form that is sent without script."""
    shop = await at_home()
    person = await sign_in(shop)
    page = await person.get("/send")
    form = {"once": once_in(page), "to": "0470 00 12 34", "text": "Just for you: {link}",
            "back": person.address("/send")}  # fmt: skip
    person.secret, secret = "z" * 49, person.secret
    answer = await person.post("/send", form, token=page.token)
    assert answer.status == 303
    after = unquote(answer.headers["location"].removeprefix("/sign-in?next="))
    assert after.startswith(person.address("/send?kept="))
    person.secret = secret
    page = await person.get(after)
    assert "Just for you: {link}</textarea>" in page.text
    assert 'value="0470 00 12 34"' in page.text


@pytest.mark.parametrize("name", ["to", "text", "firstname", "lastname", "subject", "reason"])
async def test_no_script_comes_through_a_field(at_home, sign_in, services, name):
    shop = await at_home(campaign={"name": SCRIPT, "message_text": f"{SCRIPT} {{link}}"})
    person = await sign_in(shop)
    for path in ("/send", "/send/preview", "/send/lift"):
        page = await person.post(path, {"once": "x", "to": NUMBER, name: SCRIPT})
        assert "<img src=x" not in page.text
        assert "<script>alert" not in page.text


async def test_another_accounts_campaign_or_coupon_is_not_there(at_home, sign_in, make_coupon):
    person, coupon = await sign_in(await at_home()), await make_coupon()
    other = coupon.shop.campaign
    assert (await person.get(f"/send?campaign={other}")).status == 404
    assert (await person.get(f"/send?coupon={coupon.code}")).status == 404
    form = {"once": "x", "to": NUMBER, "campaign": other}
    assert (await person.post("/send", form)).status == 404


class TestInABrowser:
    pytestmark = in_browser

    @pytest.mark.parametrize("width", [320, 1366])
    async def test_it_is_typed_looked_at_and_sent_once(
        self, visit, at_home, sign_in, services, width
    ):
        """Complaints 16, 38 and 39: a double press makes one message, whose receipt arrives on the
        page; the preview takes the focus from nothing."""
        shop = await at_home(settings={"receipts": "true", "sender": "BEANLEAF"})
        person = await sign_in(shop)
        async with visit(person.address("/send"), width=width, cookies=[person.cookie]) as page:
            await axe_finds_nothing(page)
            field = page.get_by_label("Phone number or e-mail address")
            await field.press_sequentially("0470 00 12 34")
            shown = page.locator("#preview")
            await expect(shown).to_contain_text("+32 470 00 12 34")
            await expect(field).to_be_focused()
            text = page.get_by_label("Text", exact=True)
            await text.fill("A coffee for you: {link}")
            await expect(shown).to_contain_text("A coffee for you: https://")
            await expect(text).to_be_focused()
            await page.get_by_role("button", name="Send", exact=True).dblclick()
            await page.wait_for_url("**/messages/*")
            await axe_finds_nothing(page)
            await expect(page.locator("#way h2")).to_have_text("Arrived")
            await expect(page.locator("#way")).not_to_have_attribute("hx-trigger", re.compile("."))
            await expect(page.locator("#said")).to_contain_text("Arrived.")
            await axe_finds_nothing(page)
        assert len(await sent(services, shop)) == 1

    @pytest.mark.parametrize("width", [320, 1366])
    async def test_a_refusal_is_read_and_put_right(self, visit, at_home, sign_in, services, width):
        """Everything that is wrong at once; then an opt-out, lifted, and what was typed is there
        still (complaint 39: the focus is on what is said)."""
        shop = await at_home()
        async with services.db.transaction() as db:
            await optouts.add(db, shop.account, NUMBER, source="shop", now=clock.now(),
                              reason="Asked by phone")  # fmt: skip
        person = await sign_in(shop)
        async with visit(
            person.address("/send"), width=width, cookies=[person.cookie], fine=(422,)
        ) as page:
            field = page.get_by_label("Phone number or e-mail address")
            text = page.get_by_label("Text", exact=True)
            await field.fill("12")
            await text.fill("Hi {frist_name}")
            await page.get_by_role("button", name="Send", exact=True).click()
            await expect(page.locator("#problems li")).to_have_count(2)
            await expect(page.locator("#problems")).to_be_focused()
            await axe_finds_nothing(page)
            await field.fill("0470 00 12 34")
            await text.fill("Welcome back: {link}")
            await page.get_by_role("button", name="Send", exact=True).click()
            told = page.get_by_role("alert")
            await expect(told).to_contain_text("Reason: Asked by phone")
            await page.get_by_text("They want messages again").click()
            await axe_finds_nothing(page)
            await page.get_by_label("How do you know?").fill("Said so at the till")
            await page.get_by_role("button", name="Take them off the list").click()
            await expect(page.locator("#said")).to_contain_text("They can get messages again.")
            await expect(text).to_have_value("Welcome back: {link}")
            await page.get_by_role("button", name="Send", exact=True).click()
            await page.wait_for_url("**/messages/*")

    async def test_without_script(self, visit, at_home, sign_in, services):
        shop = await at_home()
        person = await sign_in(shop)
        async with visit(
            person.address("/send"), width=320, cookies=[person.cookie], script=False
        ) as page:
            await page.get_by_label("Phone number or e-mail address").fill("0470 00 12 34")
            await page.get_by_role("button", name="Look at it first").click()
            await expect(page.locator("#preview")).to_contain_text("+32 470 00 12 34")
            await page.get_by_role("button", name="Send", exact=True).click()
            await expect(page.locator("#way h2")).to_have_text("Handed to the provider")
        assert len(await sent(services, shop)) == 1
