"""What people answered: seen, found, and decided about with one act each."""

from __future__ import annotations

import asyncio
import html
import re

import msgspec
import pytest
from playwright.async_api import expect

from tearoff.coupons.models import NewSession
from tearoff.kit import clock
from tearoff.messages import replies
from tearoff.people import optouts
from tearoff.people.keywords import Keyword
from tearoff.providers.base import Callback
from tests.cast import open_shop
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of

NUMBER = "+32470005678"


@pytest.fixture
async def beach(services):
    return await open_shop(services, account={"country": "BE"})


async def wrote(services, shop, text="so stop?", *, phone=NUMBER, **more):
    given = {
        "account_id": shop.account, "connection_id": shop.connection, "sender": "0470005678",
        "phone": phone, "received_by": "8850", "text": text, "keyword": Keyword.MAYBE_STOP,
        "provider_ref": "p1", "received_at": clock.now(),
    }  # fmt: skip
    return await replies.keep(services.db, replies.Arriving(**given | more))


async def state(services, reply_id) -> str:
    return await services.db.fetchval("SELECT state FROM replies WHERE id = $1", reply_id)


async def test_it_says_what_was_made_of_each(beach, sign_in, services, make_coupon):
    await services.db.execute("UPDATE campaigns SET name = 'Beach' WHERE id = $1", beach.campaign)
    await make_coupon(beach, new=NewSession(phone=NUMBER))
    for keyword, text in (
        (Keyword.STOP, "Stop it"), (Keyword.START, "Start again"), (Keyword.HELP, "Help me"),
        (Keyword.NONE, "Merci"), (Keyword.MAYBE_STOP, "so stop?"),
    ):  # fmt: skip
        await wrote(services, beach, text, keyword=keyword)
    await wrote(services, beach, "STOP", phone=None, sender="BANK", keyword=Keyword.STOP)
    told = text_of(await (await sign_in(beach, "sender")).get("/replies?view=all"))
    for words in (
        "Opted out", "Opted in again", "Asked for help", "No word for us", "To decide",
        "Who was it?", "+32 470 00 56 78", "BANK", "Sent to 8850 over", "Beach", "To decide (2)",
    ):  # fmt: skip
        assert words in told, words
    assert told.index("STOP") < told.index("so stop?") < told.index("Stop it")
    assert "2 answers may mean that somebody wants" in text_of(await (await sign_in(beach)).get())


async def test_each_view_has_its_own(beach, sign_in, services):
    for keyword, text in (
        (Keyword.STOP, "one"), (Keyword.START, "two"), (Keyword.NONE, "three"),
        (Keyword.MAYBE_STOP, "four"),
    ):  # fmt: skip
        await wrote(services, beach, f"text {text}", keyword=keyword)
    person = await sign_in(beach)
    for view, text in (("stop", "one"), ("start", "two"), ("other", "three"), ("open", "four")):
        page = await person.get(f"/replies?view={view}")
        assert re.findall(r"text (\w+)</blockquote>", page.text) == [text]
    assert (await person.get("/replies?view=nothing")).status == 303


@pytest.mark.parametrize("written", ["0470 00 56 78", "%2B32470005678", "5678", "CREME"])
async def test_they_are_found_by_number_and_by_words(beach, sign_in, services, written):
    await wrote(services, beach, "Creme please")
    await wrote(services, beach, "something else", phone="+32470009999", sender="0470009999")
    page = await (await sign_in(beach)).get(f"/replies?search={written}")
    assert "Creme please" in text_of(page)
    assert "something else" not in text_of(page)


async def test_one_press_decides_and_the_second_changes_nothing(beach, sign_in, services):
    reply = await wrote(services, beach)
    person = await sign_in(beach, "sender")
    page = await person.get("/replies?view=open")
    once = re.search(r'name="once" value="([^"]+)"', page.text)[1]
    form = {"view": "open", "once": once}
    token = await person.token_of("/replies")
    path = f"/replies/{reply}/optout"
    done = await asyncio.gather(*(person.post(path, form, token=token) for _ in range(3)))
    assert {answer.status for answer in done} == {303}
    assert await state(services, reply) == "opted_out"
    assert await optouts.is_opted_out(services.db, beach.account, NUMBER)
    entries = await services.db.fetchval(
        "SELECT count(*) FROM audit_entries WHERE account_id = $1 AND verb = 'reply.optout'",
        beach.account,
    )
    assert entries == 1
    told = text_of(await person.get(done[0].headers["location"]))
    assert "Nothing waits for you" in told
    late = await person.post(f"/replies/{reply}/leave", {"once": "x"})
    assert "opted out already" in text_of(await person.get(late.headers["location"]))
    assert await state(services, reply) == "opted_out"


async def test_one_is_left_as_it_is(beach, sign_in, services):
    reply = await wrote(services, beach, "the bus stop?")
    person = await sign_in(beach)
    done = await person.post(f"/replies/{reply}/leave", {"view": "open"})
    assert "they go on getting messages" in text_of(await person.get(done.headers["location"]))
    assert await state(services, reply) == "dismissed"
    assert not await optouts.is_opted_out(services.db, beach.account, NUMBER)


async def test_it_opens_on_what_waits(beach, sign_in, services):
    person = await sign_in(beach)
    await wrote(services, beach, "Merci", keyword=Keyword.NONE)
    assert "Merci" in text_of(await person.get("/replies"))
    reply = await wrote(services, beach)
    page = await person.get("/replies")
    assert ("Merci" in text_of(page), "so stop?" in text_of(page)) == (False, True)
    assert "Merci" in text_of(await person.get("/replies?view=all"))
    assert "Merci" in text_of(await person.get("/replies?search=merci")), "a search is of all"
    await person.post(f"/replies/{reply}/leave", {})
    assert "Merci" in text_of(await person.get("/replies"))


class TestFarDown:
    """Whoever decides reads on at the next one: the page does not jump to its top."""

    pytestmark = in_browser

    @pytest.fixture
    async def ids(self, beach, services):
        return [await wrote(services, beach, f"so stop {n}?") for n in range(12)][::-1]

    async def test_the_next_one_has_the_focus_and_what_was_done_is_said(
        self, beach, sign_in, visit, ids
    ):
        person = await sign_in(beach, "sender")
        path = person.address("/replies")
        async with visit(path, width=390, cookies=[person.cookie]) as page:
            for at, after in ((9, 10), (10, 11), (11, 8)):
                card, beside = (page.locator(f"#reply-{ids[n]}") for n in (at, after))
                await card.get_by_role("button", name="Leave it").click()
                await expect(card).to_have_count(0)
                await expect(beside).to_be_in_viewport()
                await expect(beside).to_be_focused()
                await expect(page.locator("#said")).to_be_in_viewport()
                await expect(page.locator("#said")).to_contain_text("Left as it is")
            await axe_finds_nothing(page)

    async def test_without_script_and_where_all_are_shown(self, beach, sign_in, visit, ids):
        person = await sign_in(beach, "sender")
        path = person.address("/replies?view=all")
        async with visit(path, width=390, cookies=[person.cookie], script=False) as page:
            card = page.locator(f"#reply-{ids[5]}")
            await card.get_by_role("button", name="Opt out").click()
            await expect(card).to_contain_text("Opted out")
            assert page.url.endswith(f"#reply-{ids[5]}")


async def test_what_is_refused_stands_on_its_own_list(beach, sign_in, services):
    ids = [
        await wrote(services, beach, "STOP", phone=None, keyword=Keyword.STOP) for _ in range(52)
    ]
    person = await sign_in(beach)
    page = await person.get("/replies?view=open")
    last = html.unescape(re.search(r'href="([^"]+)" rel="next"', page.text)[1])
    form = {"view": "open", "cursor": last.partition("cursor=")[2], "phone": "nobody"}
    wrong = await person.post(f"/replies/{ids[0]}/optout", form)
    assert wrong.status == 422
    assert re.search(r'value="nobody"[^>]* autofocus', wrong.text)


async def test_somebody_says_who_it_was(beach, sign_in, services):
    reply = await wrote(services, beach, "STOP", phone=None, keyword=Keyword.STOP)
    person = await sign_in(beach)
    wrong = await person.post(f"/replies/{reply}/optout", {"phone": "nobody"})
    assert wrong.status == 422
    assert "Write the number with its country code" in text_of(wrong)
    assert 'value="nobody"' in wrong.text
    assert await state(services, reply) == "open"
    assert (await person.post(f"/replies/{reply}/optout", {"phone": "0470/00.56.78"})).status == 303
    assert await optouts.is_opted_out(services.db, beach.account, NUMBER)


async def test_what_no_rule_knows_can_mean_stop(beach, sign_in, services):
    reply = await wrote(services, beach, "Hou op", keyword=Keyword.NONE)
    person = await sign_in(beach)
    assert "It meant STOP: opt out" in text_of(await person.get("/replies"))
    await person.post(f"/replies/{reply}/optout", {})
    assert await optouts.is_opted_out(services.db, beach.account, NUMBER)


async def test_a_reply_to_a_number_that_is_none_of_ours_is_there(beach, sign_in, services):
    """Complaint 7: stored, shown, and told with the way to put it right."""
    await services.db.execute(
        "UPDATE connections SET sender = '+32470009000' WHERE id = $1", beach.connection
    )
    await wrote(services, beach, "to us", received_by="32470009000", keyword=Keyword.NONE)
    await wrote(services, beach, "to whom", received_by="+32470009111", keyword=Keyword.NONE)
    page = await (await sign_in(beach)).get("/replies")
    assert text_of(page).count("is none of your senders") == 1
    assert f"/integrations/{beach.connection}" in page.text


async def test_what_could_not_be_read_is_there_without_its_secrets(beach, sign_in, services):
    told = Callback(
        "POST", "https://coupons.example.com/callbacks/http/-?apikey=topsecret&who=1",
        {"authorization": "Basic dG9wc2VjcmV0"}, b"password=topsecret&msg=<b>arr\xeat</b>" * 40,
    )  # fmt: skip
    await services.db.execute(
        "WITH a AS (INSERT INTO arrivals (account_id, connection_id, key, kind, raw, received_at,"
        " handled_at, result) VALUES ($1, $2, 'k', 'callback', $3, now(), now(), 'unreadable')"
        " RETURNING account_id, id, received_at) INSERT INTO unread_arrivals SELECT * FROM a",
        beach.account, beach.connection, msgspec.json.encode(told),
    )  # fmt: skip
    person = await sign_in(beach)
    assert "Not readable" in text_of(await person.get("/replies"))
    page = await person.get("/replies?view=unread")
    shown = html.unescape(page.text)
    assert "msg=<b>arr" in shown
    assert "topsecret" not in shown
    assert "dG9wc2" not in shown
    assert "<b>arr" not in page.text
    assert "Put a number on the list" in text_of(page)


async def test_nobody_sees_or_decides_those_of_others(beach, sign_in, services, other_shop):
    reply = await wrote(services, other_shop)
    person = await sign_in(beach)
    assert "No reply yet" in text_of(await person.get("/replies"))
    for act in ("optout", "leave"):
        assert (await person.post(f"/replies/{reply}/{act}", {})).status == 404
    assert await state(services, reply) == "open"


async def test_pages_go_back_in_time(beach, sign_in, services):
    for n in range(60):
        await wrote(services, beach, f"text {n}", keyword=Keyword.NONE)
    person, seen, path = await sign_in(beach), [], "/replies"
    while path:
        page = await person.get(path)
        seen += [int(n) for n in re.findall(r"text (\d+)</blockquote>", page.text)]
        found = re.search(r'href="([^"]+)" rel="next"', page.text)
        path = html.unescape(found[1]) if found else ""
    assert seen == list(range(59, -1, -1))
