"""API keys on their screens: made, shown once, rolled while programs go on, signing, revoked."""

from __future__ import annotations

import asyncio
import html
import re
from urllib.parse import unquote, urlsplit

import pytest
from playwright.async_api import async_playwright, expect

from tests.api.caller import Caller
from tests.hooks.listening import (
    id_of,
    let_time_pass,
    listen,
    make_session,
    operate,
    wait_for_states,
)
from tests.hooks.receiver import open_receiver
from tests.hooks.test_signing import by
from tests.running import PATIENCE
from tests.web.browsing import (
    CHROMIUM,
    OPTIONS,
    axe_finds_nothing,
    in_browser,
    it_copies_or_says_that_it_could_not,
)
from tests.web.dashboard.conftest import COOKIE, text_of

EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def value_of(page, id):
    found = re.search(rf'<input id="{id}"[^>]* value="([^"]*)"', page.text)
    return html.unescape(found[1]) if found else ""


def once_of(page):
    return re.search(r'name="once" value="([^"]+)"', page.text)[1]


async def make(person, **values):
    """A key made on the screen: the page that shows it, its client id and its secret."""
    once = once_of(await person.get("/api/new"))
    given = [("name", values.get("name", "Web shop")), ("once", once), ("has.scopes", "1")]
    given += [("scopes", scope) for scope in values.get("scopes", ("read", "send"))]
    page = await person.post("/api/new", given)
    return page, value_of(page, "client-id"), value_of(page, "client-secret")


async def calls(person, client_id, secret):
    """How a call with these credentials is answered."""
    headers = {"X-Client-Id": client_id, "X-Client-Secret": secret}
    async with person.http.get(f"{person.url}/v4/account", headers=headers) as answer:
        return answer.status


async def keys_of(services, shop):
    return await services.db.fetchval(
        "SELECT count(*) FROM api_keys WHERE account_id = $1 AND revoked_at IS NULL", shop.account
    )


@pytest.fixture
async def person(shop, sign_in):
    return await sign_in(shop)


# making ---------------------------------------------------------------------------------------


async def test_a_secret_is_shown_once(person, shop, services, server):
    """The form sent again, as a browser does on reload or Back, makes nothing and shows nothing."""
    once = once_of(await person.get("/api/new"))
    form = [("name", "Web shop"), ("scopes", "read"), ("once", once)]
    page = await person.post("/api/new", form)
    client_id, secret = value_of(page, "client-id"), value_of(page, "client-secret")
    assert (page.status, page.headers["cache-control"]) == (200, "private, no-store")
    assert len(secret) > 20
    assert secret == secret.strip()
    assert await calls(person, client_id, secret) == 200
    made = await keys_of(services, shop)
    for again in (form, [*form[1:], ("name", "Another")]):
        replayed = await person.post("/api/new", again)
        assert replayed.status == 200
        assert secret not in replayed.text
        assert "shown once, and is not shown again" in text_of(replayed)
    assert await keys_of(services, shop) == made
    for path in ("/api", f"/api/keys/{client_id}", "/api/reference", "/api/try"):
        assert secret not in (await person.get(path)).text
    rows = await services.db.fetch(
        "SELECT a::text AS text FROM audit_entries a WHERE account_id = $1", shop.account
    )
    assert len(rows) == 1
    assert client_id in rows[0]["text"]
    assert secret not in rows[0]["text"]
    assert secret not in server.log.read_text()


async def test_two_windows_that_send_one_form_make_one_key(person, shop, services):
    before = await keys_of(services, shop)
    once, token = once_of(await person.get("/api/new")), (await person.get()).token
    form = [("name", "Web shop"), ("scopes", "read"), ("once", once)]
    pages = await asyncio.gather(*(person.post("/api/new", form, token=token) for _ in range(4)))
    assert [page.status for page in pages] == [200] * 4
    assert len([page for page in pages if value_of(page, "client-secret")]) == 1
    assert await keys_of(services, shop) == before + 1


async def test_the_first_four_are_ticked_and_none_is_refused(person):
    page = await person.get("/api/new")
    ticked = re.findall(r'name="scopes" value="(\w+)" checked', page.text)
    assert ticked == ["read", "send", "manage", "validate"]
    assert "lets whoever has the secret change settings" in text_of(page)
    wrong = await person.post("/api/new", [("name", "Till 4"), ("has.scopes", "1"), ("once", "a")])
    assert wrong.status == 422
    assert "Give one or more." in text_of(wrong)
    assert 'value="Till 4"' in wrong.text
    long = await person.post("/api/new", [("name", "x" * 101), ("scopes", "read")])
    assert (long.status, "At most 100 characters." in text_of(long)) == (422, True)


async def test_what_was_typed_is_there_after_a_new_sign_in(person, shop, services):
    """Complaint 36. The sign-in ended while the form stood open, or its proof is too old."""
    secret, before = person.secret, await keys_of(services, shop)
    token = (await person.get("/api/new")).token
    form = [("name", "Till 4"), ("has.scopes", "1"), ("scopes", "validate"), ("once", "a"),
            ("back", person.address("/api/new"))]  # fmt: skip
    person.secret = "x" * 49
    lost = await person.post("/api/new", form, token=token)
    back = unquote(lost.headers["location"].split("next=")[1])
    assert lost.status == 303
    assert back.startswith(person.address("/api/new?kept="))
    person.secret = secret
    page = await person.get(back)
    assert 'value="Till 4"' in page.text
    assert re.findall(r'name="scopes" value="(\w+)" checked', page.text) == ["validate"]
    assert await keys_of(services, shop) == before


async def test_a_hundred_are_enough(person, shop, services):
    await services.db.execute(
        "INSERT INTO api_keys (client_id, account_id, secret_sha256, secret_sealed)"
        " SELECT $1::text || i, $2, ''::bytea, ''::bytea FROM generate_series(100, 198) i",
        str(shop.account), shop.account,
    )  # fmt: skip
    page, _, secret = await make(person)
    assert (page.status, secret) == (422, "")
    assert "There may be 100 API keys" in text_of(page)


async def test_it_says_who_made_a_key_and_when_it_was_used(person, shop, services):
    _, client_id, _ = await make(person, name=EVIL)
    await services.db.execute(
        "UPDATE members SET first_name = $2, last_name = '' WHERE account_id = $1", shop.account,
        EVIL,
    )  # fmt: skip
    page = await person.get("/api")
    told = text_of(page)
    assert f"Made by {EVIL}" in told
    assert "<script>alert" not in page.text
    assert "<img" not in page.text
    assert "Made with the account" in told
    assert "See, Give coupons" in told
    assert "Never" in told
    assert shop.client_id in page.text
    person_id = await services.db.fetchval(
        "SELECT person_id FROM members WHERE account_id = $1", shop.account
    )
    for by_whom, expected in (
        (f"key {shop.client_id}", "Made by a program, with the key Key without a name"),
        ("command root", "Made by a command on the server"),
        (f"person {person_id + 1000}", "Made by somebody who has left"),
    ):
        await services.db.execute(
            "UPDATE api_keys SET created_by = $2 WHERE client_id = $1", client_id, by_whom
        )
        one = await person.get(f"/api/keys/{client_id}")
        assert expected in text_of(one)
        assert "<script>alert" not in one.text
    for minutes, expected in ((30, "Within the last hour"), (300, "5 hours ago")):
        await services.db.execute(
            "INSERT INTO key_uses (client_id, used_at) VALUES ($1, now() - $2 * interval '1 min')"
            " ON CONFLICT (client_id) DO UPDATE SET used_at = excluded.used_at",
            client_id, minutes,
        )  # fmt: skip
        assert expected in text_of(await person.get(f"/api/keys/{client_id}"))


async def test_without_a_key_it_says_how_to_begin(person, shop, services):
    await services.db.execute(
        "UPDATE api_keys SET revoked_at = now() WHERE account_id = $1", shop.account
    )
    told = text_of(await person.get("/api"))
    assert "No key yet" in told
    assert "1 revoked key" in told
    assert "curl 'https://coupons.example.com/v4/account'" in told
    assert (await person.get("/api/reference")).status == 200
    gone = await person.get(f"/api/keys/{shop.client_id}")
    assert "lets nobody in any more" in text_of(gone)
    for act in ("", "/roll", "/sign", "/switch", "/revoke"):
        answer = await person.post(f"/api/keys/{shop.client_id}{act}", {"name": "x"})
        assert answer.status == 303, act


# acts -----------------------------------------------------------------------------------------


async def test_every_act_asks_who_it_is(shop, sign_in):
    person = await sign_in(shop, confirmed=False)
    assert (await person.get("/api")).status == 200
    assert (await person.get(f"/api/keys/{shop.client_id}")).status == 200
    acts = ("", "/roll", "/sign", "/switch", "/revoke")
    for path in ("/api/new", *(f"/api/keys/{shop.client_id}{act}" for act in acts)):
        answer = await person.post(path, {"name": "x"}, page="/api")
        assert answer.headers["location"].startswith("/sign-in/again?next=%2Fa%2F"), path
    assert (await person.get("/api/new")).status == 303


async def test_anothers_key_is_not_there(person, other_shop, services):
    for act in ("", "/roll", "/sign", "/switch", "/revoke"):
        path = f"/api/keys/{other_shop.client_id}"
        assert (await person.post(f"{path}{act}", {"name": "x"})).status == 404, act
        assert (await person.get(path)).status == 404
    assert await calls(person, other_shop.client_id, other_shop.client_secret) == 200


async def test_name_and_scopes_are_changed(person):
    _, client_id, secret = await make(person)
    path = f"/api/keys/{client_id}"
    done = await person.post(path, [("name", EVIL), ("has.scopes", "1"), ("scopes", "validate")])
    assert done.status == 303
    assert await calls(person, client_id, secret) == 403
    wrong = await person.post(path, [("name", "Typed"), ("has.scopes", "1")])
    assert wrong.status == 422
    assert 'value="Typed"' in wrong.text
    page = await person.get(path)
    assert "<script>alert" not in page.text
    assert EVIL in text_of(page)


async def test_a_secret_that_was_seen_ends_at_once(person):
    _, client_id, secret = await make(person)
    page = await person.post(f"/api/keys/{client_id}/roll", {"at_once": "1", "once": "a"})
    new = value_of(page, "client-secret")
    assert (page.status, page.headers["cache-control"]) == (200, "private, no-store")
    assert [await calls(person, client_id, one) for one in (secret, new)] == [401, 200]
    again = await person.post(f"/api/keys/{client_id}/roll", {"at_once": "1", "once": "a"})
    assert "shown once" in text_of(again)
    assert await calls(person, client_id, new) == 200


async def test_a_key_is_rolled_while_a_program_calls_and_a_receiver_knows_the_old_secret(
    person, shop, services, http
):
    """The receiver goes on accepting until the person switches, and the program for 24 hours."""
    async with open_receiver() as receiver:
        known, right = shop.client_secret, []

        def answer(got):
            right.append(got.headers["X-Hmac"] == by(known, got))
            return 200 if right[-1] else 500

        receiver.answer = answer
        program = Caller(http, person.url, shop)
        webhook = await listen(program, receiver, "coupon_validated")
        code = await make_session(program)
        path = f"/api/keys/{shop.client_id}"
        page = await person.get(path)
        page = await person.post(f"{path}/roll", {"at_once": "", "once": once_of(page)})
        new = value_of(page, "client-secret")
        assert "The old secret lets programs in until" in text_of(page)
        assert "You switch webhooks over on the key's page" in text_of(page)
        await operate(program, code, "validated", "unvalidated")  # by the old secret
        assert await calls(person, shop.client_id, new) == 200
        await wait_for_states(program, webhook, "delivered")
        for told in (text_of(await person.get("/api")), text_of(await person.get(path))):
            assert "with the old secret until" in told
            assert "Signs webhooks" in told
        assert receiver.url in text_of(await person.get(path))
        assert (await person.post(f"{path}/switch")).status == 303
        await operate(program, code, "validated")  # the old secret still lets in
        await until_one_waits(services, webhook)
        assert right == [True, False]
        assert "with the old secret until" not in text_of(await person.get(path))
        known = new
        await let_time_pass(services, webhook)
        await wait_for_states(program, webhook, "delivered", "delivered")
        assert right == [True, False, True]


async def until_one_waits(services, webhook):
    """Until one delivery was refused and waits for its next try."""
    async with asyncio.timeout(PATIENCE):
        while not await services.db.fetchval(
            "SELECT count(*) FROM hook_deliveries WHERE endpoint_id = $1 AND state = 'waiting'"
            " AND tries = 1 AND claimed_until IS NULL",
            id_of(webhook),
        ):
            await asyncio.sleep(0.05)


async def test_revoking_the_key_that_signs_names_who_would_refuse(person, shop, http):
    async with open_receiver() as receiver:
        await listen(Caller(http, person.url, shop), receiver, "all", description=EVIL)
        path = f"/api/keys/{shop.client_id}"
        alone = await person.get(path)
        assert receiver.url in text_of(alone)
        assert "There is no other key" in text_of(alone)
        refused = await person.post(f"{path}/revoke")
        assert refused.status == 422
        assert 'id="revoke" open' in refused.text
        _, other, secret = await make(person, name="Till", scopes=("read", "manage"))
        _, third, _ = await make(person, name="Third")
        assert "Signed with the secret of: Key without a name" in text_of(
            await person.get(f"/api/keys/{other}")
        )
        assert "Till" in (await person.get(path)).text
        unknown = await person.post(f"{path}/revoke", {"signer": "123"})
        assert (unknown.status, "no key with this client id" in text_of(unknown)) == (422, True)
        assert (await person.post(f"{path}/revoke", {"signer": other})).status == 303
        assert await calls(person, shop.client_id, shop.client_secret) == 401
        assert await calls(person, other, secret) == 200
        assert "Signs webhooks" in text_of(await person.get(f"/api/keys/{other}"))
        assert (await person.post(f"/api/keys/{third}/sign")).status == 303
        assert "Signs webhooks" in text_of(await person.get(f"/api/keys/{third}"))
        assert (await person.post(f"/api/keys/{other}/revoke")).status == 303
        last = await person.post(f"/api/keys/{third}/revoke", {"confirm": "1"})
        assert last.status == 303
        assert "No key yet" in text_of(await person.get("/api"))


# reference ------------------------------------------------------------------------------------


async def test_the_reference_has_the_readers_host_and_client_id(person, shop, other_shop):
    page = await person.get("/api/reference")
    assert page.headers["cache-control"] == "private, no-store"
    assert f"x-api-key: {shop.client_id}" in html.unescape(page.text)
    assert f'"x-api-key": "{shop.client_id}"' in html.unescape(page.text)
    assert "https://coupons.example.com/v4/messages" in page.text
    assert "$CLIENT_SECRET" in page.text
    assert "$CLIENT_ID" not in page.text
    assert shop.client_secret not in page.text
    assert f'href="/a/{shop.account}/api"' in page.text
    _, other, _ = await make(person)
    assert other in (await person.get(f"/api/reference?key={other}")).text
    theirs = await person.get(f"/api/reference?key={other_shop.client_id}")
    assert other_shop.client_id not in theirs.text
    async with person.http.get(f"{person.url}/docs/api") as public:
        text = await public.text()
    assert "$CLIENT_ID" in text
    assert "/a/0/" not in text


# in a browser ---------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [320, 1366])
class TestInABrowser:
    pytestmark = in_browser

    async def test_from_nothing_to_a_key_that_is_rolled(self, visit, person, shop, services, width):
        await services.db.execute(
            "UPDATE api_keys SET revoked_at = now() WHERE account_id = $1", shop.account
        )
        path = person.address("/api")
        async with visit(path, width=width, cookies=[person.cookie]) as page:
            await axe_finds_nothing(page)
            await page.get_by_role("link", name="New key").click()
            await page.get_by_label("Name").fill("Web shop")
            await axe_finds_nothing(page)
            await page.get_by_role("button", name="Make the key").click()
            secret = await page.get_by_label("Secret").input_value()
            await axe_finds_nothing(page)
            await page.get_by_role("button", name="Done").click()
            await expect(page.get_by_label("Secret")).to_have_value(secret)  # not stored yet
            await page.get_by_label("I have stored it").check()
            await page.get_by_role("button", name="Done").click()
            await expect(page.get_by_role("heading", name="Web shop")).to_be_visible()
            await page.get_by_text("Revoke this key").click()
            await axe_finds_nothing(page)
            await page.get_by_role("button", name="Make a new secret").click()
            assert await page.get_by_label("Secret").input_value() != secret
            await page.goto(page.url.rsplit("/api", 1)[0] + "/api")
            await axe_finds_nothing(page)

    async def test_a_call_is_tried(self, visit, person, shop, width):
        async with visit(person.address("/api/try"), width=width, cookies=[person.cookie]) as page:
            account = page.locator("[id$=get_v4_account]")
            await expect(page.locator(".opblock-tag", has_text="v4: Account")).to_be_visible()
            # Colours and the order of headings are its makers'.
            await axe_finds_nothing(page, ("color-contrast", "heading-order", "region"))
            await page.get_by_role("button", name="Authorize").click()
            await page.locator(".modal-ux input").fill(shop.client_secret)
            await page.get_by_role("button", name="Apply credentials").click()
            await page.locator(".modal-ux .btn-done").last.click()
            await page.locator(".opblock-tag", has_text="v4: Account").click()
            await account.locator(".opblock-summary-control").click()
            await account.get_by_role("button", name="Execute").click()
            told = account.locator(".live-responses-table")
            await expect(told).to_contain_text("Bean & Leaf")
            await expect(told).to_contain_text("200")
            stored = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
            assert shop.client_secret not in await page.evaluate(stored)


class TestCopying:
    pytestmark = in_browser

    async def test_by_plain_http_it_copies_or_says_that_it_could_not(self, person):
        """Complaint 30."""
        port = urlsplit(person.url).port
        rule = "--host-resolver-rules=MAP shop.test 127.0.0.1"
        async with async_playwright() as play:
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, rule])
            page = await browser.new_page(
                extra_http_headers={"cookie": f"{COOKIE}={person.secret}"}
            )
            await page.goto(f"http://shop.test:{port}{person.address('/api/new')}")
            assert not await page.evaluate("isSecureContext")
            await page.get_by_label("Name").fill("Web shop")
            await page.get_by_role("button", name="Make the key").click()
            field = page.get_by_label("Secret")
            secret = await field.input_value()
            button = page.locator("[data-copy=client-secret]")
            await it_copies_or_says_that_it_could_not(page, button, secret)
            # Back, and the form sent again, show no secret and make no second key.
            await page.reload()
            await expect(page.get_by_text("is not shown again")).to_be_visible()
            await browser.close()
