"""Webhooks on their screens: made, tested, seen to fail, mended, and what was missed sent again."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode, urlsplit

import pytest
from aiohttp import web
from playwright.async_api import async_playwright, expect
from standardwebhooks import Webhook

from tearoff.hooks.jobs import sweep
from tearoff.hooks.models import KINDS, TEST
from tearoff.kit import clock
from tearoff.web.dashboard.webhook_words import GROUPS
from tests.api.caller import Caller
from tests.hooks.listening import make_session, operate
from tests.hooks.receiver import open_receiver
from tests.running import PATIENCE
from tests.web.browsing import (
    CHROMIUM,
    OPTIONS,
    in_browser,
    it_copies_or_says_that_it_could_not,
)
from tests.web.dashboard.conftest import COOKIE, text_of
from tests.web.dashboard.test_api_keys import once_of, value_of

EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


@pytest.fixture
async def person(shop, sign_in):
    return await sign_in(shop)


@pytest.fixture
async def receiver():
    async with open_receiver() as receiver:
        yield receiver


@pytest.fixture
def caller(http, server, shop):
    return Caller(http, server.url, shop)


async def make(person, url, **values):
    """A webhook made on the screen: its path and its secret."""
    form = {"url": url, "which": "", "once": once_of(await person.get("/webhooks/new")), **values}
    page = await person.post("/webhooks/new", form)
    assert page.status == 200, text_of(page)
    path = re.search(r'action="/a/\d+(/webhooks/\d+)"', page.text)[1]
    return path, value_of(page, "webhook-secret")


def id_of(path):
    return int(path.rpartition("/")[2])


async def until(ask, expected):
    async with asyncio.timeout(PATIENCE):
        while (found := await ask()) != expected:
            await asyncio.sleep(0.05)
    return found


async def until_there(services, query, *args):
    async with asyncio.timeout(PATIENCE):
        while (row := await services.db.fetchrow(query, *args)) is None:
            await asyncio.sleep(0.05)
    return row


async def states(services, path):
    rows = await services.db.fetch(
        "SELECT state FROM hook_deliveries WHERE endpoint_id = $1 AND claimed_until IS NULL"
        " ORDER BY id", id_of(path),
    )  # fmt: skip
    return [row["state"] for row in rows]


# made -------------------------------------------------------------------------------------------


async def test_every_kind_can_be_chosen_and_is_explained(person):
    offered = [kind for _, kinds in GROUPS for kind, _ in kinds]
    assert sorted(offered) == sorted(set(KINDS) - {TEST})
    empty = text_of(await person.get("/webhooks"))
    assert "No webhook yet" in empty
    assert all(kind in empty for kind in offered)
    assert "webhook-signature" in empty and "X-Hmac" in empty


async def test_a_secret_is_shown_once_and_signs(person, receiver, services):
    path, secret = await make(person, receiver.url, description=EVIL)
    assert secret.startswith("whsec_") and secret == secret.strip()
    done = await person.post(f"{path}/test", {"once": "a"})
    page = await person.get(done.headers["location"].split("#")[0])
    assert Webhook(secret).verify(receiver.got[0].raw, receiver.got[0].headers)["type"] == TEST
    assert "Arrived" in text_of(page) and "<script>alert" not in page.text
    assert secret not in page.text
    again = await person.post(f"{path}/test", {"once": "a"})
    assert again.headers["location"] == done.headers["location"]
    assert len(receiver.got) == 1
    rolled = await person.post(f"{path}/roll", {"once": "b"})
    new = value_of(rolled, "webhook-secret")
    assert "two signatures" in text_of(rolled) and new != secret
    assert "shown once" in text_of(await person.post(f"{path}/roll", {"once": "b"}))
    await person.post(f"{path}/test", {"once": "c"})
    for one in (secret, new):
        Webhook(one).verify(receiver.got[1].raw, receiver.got[1].headers)


async def test_one_form_makes_one_webhook(person, receiver, services, shop):
    once = once_of(await person.get("/webhooks/new"))
    form = {"url": receiver.url, "which": "", "once": once}
    pages = [await person.post("/webhooks/new", form) for _ in range(2)]
    assert [bool(value_of(page, "webhook-secret")) for page in pages] == [True, False]
    n = "SELECT count(*) FROM hook_endpoints WHERE account_id = $1"
    assert await services.db.fetchval(n, shop.account) == 1


async def test_none_ticked_is_not_all(person, receiver):
    form = {"url": receiver.url, "which": "some", "has.events": "1", "once": "a"}
    page = await person.post("/webhooks/new", form)
    assert page.status == 422 and "Tick one or more" in text_of(page)
    path, _ = await make(person, receiver.url, which="some", events="coupon_voided")
    page = await person.get(f"{path}/details")
    assert re.findall(r'name="events" value="(\w+)" checked', page.text) == ["coupon_voided"]
    changed = await person.post(f"{path}/details", {"url": receiver.url, "which": "", "once": "b"})
    assert changed.status == 303
    assert " checked" not in (await person.get(f"{path}/details")).text.split("f-events")[1]


async def test_an_address_inside_is_refused_with_what_was_found(person):
    """Complaint 29: the address found, and the setting that allows it; what was typed stays."""
    for url in ("https://10.0.0.7/x", "http://169.254.169.254/"):
        page = await person.post("/webhooks/new", {"url": url, "which": "", "once": "a"})
        told = text_of(page)
        assert page.status == 422
        assert urlsplit(url).hostname in told
        assert "TEAROFF_ALLOWED_HOSTS" in told
        assert f'value="{url}"' in page.text


async def test_what_began_to_lead_inside_says_so(person, services, receiver):
    """Complaint 29: a saved endpoint shows that reason. A name with a private address only."""
    path, _ = await make(person, receiver.url)
    await services.db.execute(
        "UPDATE hook_endpoints SET url = 'http://10.0.0.7/x' WHERE id = $1", id_of(path)
    )
    done = await person.post(f"{path}/test", {"once": "a"})
    page = await person.get(done.headers["location"].split("#")[0])
    assert "10.0.0.7 is a private or special address" in text_of(page)
    assert "TEAROFF_ALLOWED_HOSTS" in text_of(page)


async def test_it_is_deleted_over_a_sure_page(person, receiver):
    path, _ = await make(person, receiver.url)
    asked = await person.post(f"{path}/remove", {})
    assert (asked.status, receiver.url in text_of(asked)) == (200, True)
    assert (await person.get(path)).status == 200
    assert (await person.post(f"{path}/remove", {"sure": "1"})).status == 303
    assert (await person.get(path)).status == 404


async def test_anothers_webhook_is_not_there(person, other_shop, sign_in, receiver):
    other = await sign_in(other_shop)
    path, _ = await make(other, receiver.url)
    done = await other.post(f"{path}/test", {"once": "a"})
    ref = re.search(r"test=(evt_\w+)", done.headers["location"])[1]
    for address in ("", "/details", f"/deliveries/{ref}", "/replay?since=2020-01-01T00:00"):
        assert (await person.get(path + address)).status == 404, address
    for act in ("/off", "/on", "/test", "/roll", "/remove", "/replay", f"/deliveries/{ref}"):
        form = {"once": "a", "sure": "1", "since": "2020-01-01T00:00:00Z"}
        assert (await person.post(path + act, form)).status == 404, act
    assert len(receiver.got) == 1


# failed, mended, sent again -----------------------------------------------------------------------


async def test_a_webhook_that_failed_for_a_day(person, caller, receiver, services, shop):
    """The journey: it fails for a day, is seen, mended, and what did not arrive goes out in order,
    each once, however often the button is pressed."""
    path, _ = await make(person, receiver.url)
    receiver.answer = lambda got: web.Response(status=500, text="no disk left")
    codes = [await make_session(caller, customid=f"c{n}") for n in range(3)]
    for code in codes:
        await operate(caller, code, "opened", "validated")
    await receiver.wait_for(3)
    await age(services, path, timedelta(days=1))
    listed = text_of(await person.get("/webhooks"))
    assert "Failing" in listed
    home = text_of(await person.get(""))
    assert "gets no events" in home
    page = await person.get(path)
    banner = text_of(page)
    assert "Every try has failed since" in banner
    assert "The last try: It answered with status 500." in banner
    counted = int(re.search(r"(\d+) events did not arrive of what happened since", banner)[1])
    waiting = int(re.search(r"(\d+) events wait in all", banner)[1])
    assert 3 <= counted <= waiting
    assert re.search(r"next \d+ \w+ \d{4}, \d\d:\d\d:\d\d", banner)  # a distance would stand still
    which = re.search(r'href="(/[^"]+state=missed&amp;since=[^"]+)#log"', page.text)[1]
    assert len(deliveries_of(await person.get(which.replace("&amp;", "&")))) == counted
    missed = deliveries_of(await person.get(f"{path}?state=missed"))
    told = text_of(await person.get(missed[0]))
    assert "status 500" in told and "no disk left" in told

    receiver.got.clear()
    receiver.answer = lambda got: 200
    since = re.search(r'id="r-since" name="since" value="([^"]+)"', page.text)[1]
    sure = await person.get(f"{path}/replay?since={since}")
    n = int(re.search(r"Send (\d+) events? again", text_of(sure))[1])
    assert n == counted
    assert "for each coupon in the order in which it happened" in text_of(sure)
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', sure.text))
    form.pop("t")
    done = await person.post(f"{path}/replay", form)
    again = await person.post(f"{path}/replay", form)
    other = await person.post(f"{path}/replay", {**form, "once": "another"})
    assert (done.status, again.status, other.status) == (303, 303, 303)
    total = await services.db.fetchval(
        "SELECT count(*) FROM hook_deliveries WHERE endpoint_id = $1", id_of(path)
    )
    await until(lambda: states(services, path), ["delivered"] * total)
    assert len(receiver.got) == total == len({got.headers["webhook-id"] for got in receiver.got})
    for code in codes:
        told = [got.body["sequence"] for got in receiver.got if got.body["session"] == code]
        assert told == sorted(told)
    where = urlsplit(done.headers["location"]).path
    told = text_of(await person.get(where))
    assert "All arrived" in told and "For each coupon in the order" in told
    assert "Not everything" not in text_of(await person.get(path))
    rows = await services.db.fetch(
        "SELECT verb FROM audit_entries WHERE account_id = $1 AND verb = 'webhook.replay'",
        shop.account,
    )
    assert len(rows) == 2  # the second found nothing


def deliveries_of(page):
    return re.findall(r'href="(/a/\d+/webhooks/\d+/deliveries/\w+)"', page.text)


async def age(services, path, by):
    """As if all of it had begun so long ago, and nothing were due. Nothing is in hand then."""
    in_hand = "SELECT count(claimed_until) FROM hook_deliveries WHERE endpoint_id = $1"
    await until(lambda: services.db.fetchval(in_hand, id_of(path)), 0)
    await services.db.execute(
        "UPDATE hook_endpoints SET failing_since = failing_since - $2::interval WHERE id = $1",
        id_of(path), by,
    )  # fmt: skip
    await services.db.execute(
        "UPDATE hook_deliveries SET created_at = created_at - $2::interval,"
        " next_at = now() + interval '5 hours', tries = CASE WHEN tries > 0 THEN 5 ELSE 0 END"
        " WHERE endpoint_id = $1",
        id_of(path), by,
    )  # fmt: skip


async def test_what_was_missed_while_it_was_off(person, caller, receiver, services, shop):
    """Complaint 28: why it is off, an audit row of nobody's, how many were missed since; one act
    switches on and sends exactly those."""
    path, _ = await make(person, receiver.url)
    receiver.answer = lambda got: 410
    first = await make_session(caller)
    await until(lambda: states(services, path), ["failed"])
    row = await until_there(
        services,
        "SELECT actor_kind, subject, after::text FROM audit_entries WHERE account_id = $1"
        " AND verb = 'webhook.switch_off'", shop.account,
    )  # fmt: skip
    assert (row["actor_kind"], row["subject"]) == ("system", str(id_of(path)))
    assert "410" in row["after"]
    missed = [await make_session(caller) for _ in range(3)]
    await operate(caller, missed[0], "voided")
    told = text_of(await person.get(path))
    assert "It answered 410 Gone." in told
    assert "5 events did not arrive of what happened since" in told
    assert "is switched off" in text_of(await person.get(""))
    assert len(receiver.got) == 1

    receiver.answer = lambda got: 200
    page = await person.get(path)
    since = re.search(r'id="r-since" name="since" value="([^"]+)"', page.text)[1]
    sure = await person.get(f"{path}/replay?since={since}")
    assert "Send 5 events again" in text_of(sure) and "switched on first" in text_of(sure)
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', sure.text))
    form.pop("t")
    pages = await asyncio.gather(*(person.post(f"{path}/replay", form) for _ in range(3)))
    assert {page.status for page in pages} == {303}
    await until(lambda: states(services, path), ["delivered"] * 5)
    got = [one.body["session"] for one in receiver.got[1:]]
    assert sorted(got) == sorted([first, *missed, missed[0]])
    new = await make_session(caller)
    await receiver.wait_for(7)
    assert receiver.got[-1].body["session"] == new


async def test_filters_and_one_delivery(person, caller, receiver, services):
    path, secret = await make(person, receiver.url)
    receiver.answer = lambda got: web.Response(
        status=200, text=f"thanks {secret}", headers={"Server": "till/2"}
    )
    code = await make_session(caller, firstname=EVIL)
    await operate(caller, code, "opened")
    await until(lambda: states(services, path), ["delivered"] * 2)
    assert len(deliveries_of(await person.get(path))) == 2
    for query, n in (
        ("state=delivered", 2), ("state=missed", 0), ("type=coupon_opened", 1),
        ("type=webhook_test", 0), ("since=2020-01-01T00:00", 2), ("until=2020-01-01T00:00", 0),
    ):  # fmt: skip
        assert len(deliveries_of(await person.get(f"{path}?{query}"))) == n, query
    assert (await person.get(f"{path}?since=nonsense")).status == 422
    address = deliveries_of(await person.get(f"{path}?type=coupon_distributed"))[0]
    page = await person.get(address)
    told = text_of(page)
    assert "webhook-signature: v1,********" in told and "X-Hmac: ********" in told
    assert "Server: till/2" in told and "thanks ********" in told
    assert secret not in page.text and "<script>alert" not in page.text
    done = await person.post(address, {"once": "z"})
    assert done.status == 303
    assert "to the same coupon and has not arrived yet goes first" in text_of(
        await person.get(done.headers["location"])
    )
    await receiver.wait_for(3)
    assert receiver.got[2].raw == receiver.got[0].raw


async def test_the_test_has_the_shape_of_a_real_one(person, caller, receiver, services):
    """Complaint 27: the same keys, and values of the same types; its type says what it is."""
    path, _ = await make(person, receiver.url)
    code = await make_session(caller, firstname="Ann", customid="x")
    await operate(caller, code, "validated")
    await until(lambda: states(services, path), ["delivered"] * 4)
    await person.post(f"{path}/test", {"once": "a"})
    (test,) = [got for got in receiver.got if got.kind == TEST]
    for real in receiver.got:
        if real is not test:
            assert shape(test.body) == shape(real.body)
    assert json.loads(test.raw)["type"] == TEST
    assert set(test.headers) == set(receiver.got[0].headers)


def shape(value):
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return str if value is None else type(value)  # what is not known is empty or null


async def test_one_press_sends_it_again_once(person, caller, receiver, services):
    """The button without any script, pressed twice; another look at the page is another press."""
    path, _ = await make(person, receiver.url)
    await make_session(caller)
    await until(lambda: states(services, path), ["delivered"])
    (address,) = deliveries_of(await person.get(path))
    for n in (2, 3):
        form = {"once": once_of(await person.get(address))}
        for _ in range(2):
            done = await person.post(address, form)
            assert "on its way again" in text_of(await person.get(done.headers["location"]))
        await receiver.wait_for(n)
        await until(lambda: states(services, path), ["delivered"])
    again = await services.db.fetchval(
        "SELECT count(*) FROM audit_entries WHERE account_id = $1 AND verb = 'event.resend'",
        caller.shop.account,
    )
    assert (again, len(receiver.got)) == (2, 3)


async def test_a_test_that_is_gone_hides_no_webhook(person, receiver, services):
    """Its event was swept after 30 days, or its address was cut."""
    path, _ = await make(person, receiver.url)
    done = await person.post(f"{path}/test", {"once": "a"})
    where = done.headers["location"].split("#")[0]
    assert "The test" in text_of(await person.get(where))
    await services.db.execute(
        "UPDATE hook_events SET at = now() - interval '31 days' WHERE ref = $1",
        where.partition("test=")[2],
    )
    await sweep(services, clock.now())
    for address in (where, where[:-1], f"{path}?test=x", f"{path}?test=evt_"):
        page = await person.get(address)
        assert (page.status, "The test" in text_of(page)) == (200, False), address


async def test_a_span_that_is_refused_stays_as_it_was_typed(person, caller, receiver, services):
    path, _ = await make(person, receiver.url)
    receiver.answer = lambda got: 500
    await make_session(caller)
    await receiver.wait_for(1)
    await age(services, path, timedelta(days=1))
    since, until_at = "2024-02-03T04:05", "2024-02-03T04:06"
    for span, said in (
        ({"since": since, "until": until_at}, "All of this span has arrived."),
        ({"since": until_at, "until": since}, "The end of a span comes after its beginning."),
        ({"since": since, "until": "nonsense"}, "Use a day and a time that there is"),
        ({"until": until_at}, "Say from when on."),
    ):
        done = await person.get(f"{path}/replay?{urlencode(span)}")
        page = await person.get(done.headers["location"])
        assert said in text_of(page)
        assert typed_span(page) == {**typed_span(await person.get(path)), **span}, said
    assert deliveries_of(page)  # the log below is not narrowed by it


async def test_a_span_that_was_refused_at_its_last_step_stays(person, caller, receiver, services):
    """Somebody switched the webhook off, or began another span, while it was asked."""
    path, _ = await make(person, receiver.url)
    receiver.answer = lambda got: 500
    await make_session(caller)
    await receiver.wait_for(1)
    await age(services, path, timedelta(days=1))
    span = {"since": "2024-02-03T04:05", "until": "2999-02-03T04:06"}
    sure = await person.get(f"{path}/replay?{urlencode(span)}")
    form = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', sure.text))
    form.pop("t")
    assert typed_span(await person.get(unescape(form["back"]))) == span  # Cancel
    await person.post(f"{path}/off", {})
    done = await person.post(f"{path}/replay", form)
    page = await person.get(done.headers["location"])
    assert "It is off. Switch it on first." in text_of(page)
    assert typed_span(page) == span


def typed_span(page):
    found = dict(re.findall(r'id="r-(since|until)" name="\w+" value="([^"]*)"', page.text))
    assert found, text_of(page)
    return found


# in a browser -------------------------------------------------------------------------------------


class TestCopying:
    pytestmark = in_browser

    async def test_by_plain_http_the_secret_is_copied_or_it_says_that_it_could_not(
        self, person, receiver
    ):
        """Complaint 30."""
        port = urlsplit(person.url).port
        rule = "--host-resolver-rules=MAP shop.test 127.0.0.1"
        async with async_playwright() as play:
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, rule])
            page = await browser.new_page(
                extra_http_headers={"cookie": f"{COOKIE}={person.secret}"}
            )
            await page.goto(f"http://shop.test:{port}{person.address('/webhooks/new')}")
            assert not await page.evaluate("isSecureContext")
            await page.get_by_label("Address").fill(receiver.url)
            await page.get_by_role("button", name="Make the webhook").click()
            field = page.get_by_label("Secret")
            secret = await field.input_value()
            button = page.locator("[data-copy=webhook-secret]")
            await it_copies_or_says_that_it_could_not(page, button, secret)
            await browser.close()


class TestWatching:
    pytestmark = in_browser

    async def test_a_replay_that_is_watched_disturbs_nobody(
        self, visit, person, caller, receiver, services
    ):
        """Complaints 38 and 39: while it polls, marked text and the focus stay; the end is said
        once."""
        path, _ = await make(person, receiver.url)
        await person.post(f"{path}/off", {})
        for _ in range(3):
            await make_session(caller)
        await services.db.execute(
            "UPDATE hook_endpoints SET paused_until = now() + interval '1 hour' WHERE id = $1",
            id_of(path),
        )
        given = {"since": "2020-01-01T00:00:00Z", "switch_on": "1", "once": "a"}
        receiver.delay = 60
        done = await person.post(f"{path}/replay", given)
        where = done.headers["location"].split("?")[0]
        async with visit(where, cookies=[person.cookie]) as page:
            await expect(page.get_by_text("Under way")).to_be_visible()
            link = page.get_by_role("link", name="To the webhook")
            await link.focus()
            await page.evaluate(
                "getSelection().selectAllChildren(document.querySelector('h1'));"
                "window.asked = 0;"
                "document.addEventListener('htmx:afterRequest', () => window.asked++)"
            )
            async with asyncio.timeout(PATIENCE):
                while await page.evaluate("window.asked") < 2:
                    await asyncio.sleep(0.1)
            assert await page.evaluate("getSelection().toString()") == "Sent again"
            await expect(link).to_be_focused()
            await services.db.execute(
                "UPDATE hook_deliveries SET state = 'delivered', claimed_until = NULL"
                " WHERE endpoint_id = $1", id_of(path),
            )  # fmt: skip
            await expect(page.locator("#way-head")).to_have_text("All arrived")
            await expect(page.locator("#said")).to_contain_text("All arrived")
            await expect(link).to_be_focused()
            assert await page.locator("[hx-get]").count() == 0
