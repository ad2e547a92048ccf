"""The services that messages go over: the list, the form made from what an adapter declares."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec
import pytest
from playwright.async_api import expect

from tearoff.kit import clock
from tearoff.kit.words import Words, words_in
from tearoff.messages import replies
from tearoff.people.keywords import Keyword
from tearoff.providers import registry
from tearoff.web.dashboard import prices
from tearoff.web.dashboard.forms import typed_of
from tests.cast import open_shop
from tests.providers.dialects import ACCOUNT, TOKEN
from tests.running import start_server
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import COOKIE, text_of

SCRIPT = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
SENDER = "+12015550100"
TWILIO = {
    "kind": "twilio",
    "settings.account_sid": ACCOUNT,
    "settings.auth_token.secret": TOKEN,
    "settings.sender": SENDER,
}


async def settings_of(services, provider_id) -> dict[str, str]:
    sealed = await services.db.fetchval(
        "SELECT settings_sealed FROM connections WHERE id = $1", provider_id
    )
    return msgspec.json.decode(services.vault.open(sealed))


async def connected(person, **values) -> int:
    form = {**(TWILIO if "kind" not in values else {}), **values}
    answer = await person.post("/integrations/new", form)
    assert answer.status == 303, text_of(answer)
    return int(re.search(r"/integrations/(\d+)", answer.headers["location"])[1])


@pytest.fixture
async def person(services, sign_in):
    return await sign_in(await open_shop(services, account={"country": "BE"}), "manager")


# the list -----------------------------------------------------------------------------------


async def test_every_kind_of_service_has_its_card_and_its_form(person):
    page = await person.get("/integrations")
    assert page.status == 200
    assert text_of(page).index("SMS marketing") < text_of(page).index("E-mail marketing")
    for kind in registry.KINDS:
        address = person.address(f"/integrations/new?kind={kind}")
        assert f'href="{address}"' in page.text
        form = await person.get(address)
        assert form.status == 200, kind
        for field in registry.fields_of(kind):
            name = f"settings.{field.name}{'.secret' if field.secret else ''}"
            assert (f'name="{name}"' in form.text) is not field.on_server, name
            assert field.on_server is (f"--set {field.name}=…" in form.text)
    assert (await person.get("/integrations/new?kind=pigeon")).status == 404


async def test_the_trial_is_explained(person):
    page = text_of(await person.get("/integrations"))
    assert "Messages are not really sent: they go to a log on this machine." in page
    assert "from then on messages reach people" in page


async def test_how_a_service_does_is_told_in_words(person, services):
    made = person.shop.connection
    await services.db.execute(
        "UPDATE connections SET failing_since = now() - interval '3 hours', last_error = $2"
        " WHERE id = $1",
        made,
        "The SMS provider does not accept the credentials of this account. (Twilio 20003: "
        + SCRIPT + "x" * 600 + ")",
    )  # fmt: skip
    await services.db.execute(
        "INSERT INTO connection_news (connection_id, last_receipt_at)"
        " VALUES ($1, now() - interval '3 minutes')",
        made,
    )
    page = await person.get("/integrations")
    told = text_of(page)
    assert "Failing" in told
    assert re.search(r"It fails since \d+ \w+ 20\d\d, \d\d:\d\d \. The SMS provider does not", told)
    assert "Copy the login and the password or token once more" in told
    assert "Last receipt 3 minutes ago" in told
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert "x" * 301 not in page.text


async def test_the_order_is_changed_and_said(person, services):
    second = await connected(person, name="Second")
    first = person.shop.connection
    answer = await person.post("/integrations/order", {"id": second, "at": "2", "to": "up"})
    where = answer.headers["location"]
    assert where.startswith(person.address("/integrations?said="))
    assert where.endswith(f"#service-{second}")
    page = await person.get(where.partition("#")[0])
    assert "Second is used now." in text_of(page)
    assert page.text.index(f'id="service-{second}"') < page.text.index(f'id="service-{first}"')
    assert "not really sent" not in text_of(page)
    third = await connected(person, name="Third")
    for _ in range(2):  # the second press of one button
        again = await person.post("/integrations/order", {"id": third, "at": "3", "to": "up"})
        assert again.status == 303
    orders = "SELECT id FROM connections WHERE account_id = $1 ORDER BY position"
    rows = await services.db.fetch(orders, person.shop.account)
    assert [row["id"] for row in rows] == [second, third, first]
    assert (await person.post("/integrations/order", {"id": "7" * 30})).status == 404


async def test_off_says_what_stops_and_on_brings_it_back(person):
    path = f"/integrations/{person.shop.connection}"
    page = await person.get(path)
    assert "No text message can be sent any more" in text_of(page)
    off = await person.post(f"{path}/off")
    assert off.status == 303, text_of(off)
    told = text_of(await person.get("/integrations"))
    assert "Switched off" in told
    assert "All services are switched off: nothing can be sent." in told
    await person.post(f"{path}/on")
    assert "In use" in text_of(await person.get("/integrations"))


async def test_answers_to_a_number_of_nobody_are_shown_until_it_is_ours(person, services):
    """Complaint 7."""
    made = person.shop.connection
    await person.post(f"/integrations/{made}", {"settings.sender": "+32470009000"})
    for text in ("hi", "there", "you"):
        arriving = replies.Arriving(
            person.shop.account, made, "+32470009002", "+32470009002", "+32470009001", text,
            Keyword.NONE, "", clock.now(),
        )  # fmt: skip
        await replies.keep(services.db, arriving)
    told = "3 answers came, the last one to +32470009001, which is none of your senders."
    for path in ("/integrations", f"/integrations/{made}"):
        assert told in text_of(await person.get(path))
    answer = await person.post(f"/integrations/{made}/number", {"number": "+32470009001"})
    assert answer.status == 303
    for path in ("/integrations", f"/integrations/{made}"):
        assert "none of your senders" not in text_of(await person.get(path))


# the form -----------------------------------------------------------------------------------


async def test_no_secret_is_shown_or_changed_by_what_is_shown(person, services):
    """Complaint 5: any other field is changed, and the secret is the same bytes."""
    made = await connected(person)
    path = f"/integrations/{made}"
    page = await person.get(path)
    assert TOKEN not in page.text
    assert "Stored since" in text_of(page)
    field = re.search(r'<input type="password" id="f-settings.auth_token.secret"[^>]*>', page.text)
    assert 'value=""' in field[0]
    answer = await person.post(path, {"name": "Shop", "settings.auth_token.secret": ""})
    assert answer.status == 303
    assert (await settings_of(services, made))["auth_token"] == TOKEN
    assert "Shop" in text_of(await person.get(path))


async def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(person, services):
    typed = {**TWILIO, "settings.account_sid": SCRIPT, "name": SCRIPT, "price.country": SCRIPT,
             "price.amount": "1"}  # fmt: skip
    wrong = await person.post("/integrations/new", typed)
    assert wrong.status == 422
    assert "Use a country&#39;s name, or two letters such as BE." in wrong.text
    typed |= {"price.country": "Belgium", "price.amount": "0,07"}
    page = await person.post("/integrations/new", typed)
    assert page.status == 422
    assert "Must be AC and 32 hexadecimal digits." in text_of(page)
    assert 'href="#f-settings.account_sid"' in page.text
    assert re.search(r'name="settings.account_sid"[^>]*aria-invalid="true"', page.text)
    assert f'value="{SENDER}"' in page.text
    assert 'value="0,07"' in page.text
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert TOKEN not in page.text
    # The secret travels with the form, sealed, for this person alone.
    sealed = re.search(r'name="typed.secret" value="([^"]+)"', page.text)[1]
    rest = {k: v for k, v in TWILIO.items() if "secret" not in k} | {"typed.secret": sealed}
    missing = await person.post("/integrations/new", {**rest, "typed.secret": sealed[:-6]})
    assert "This is needed." in text_of(missing)
    done = await person.post("/integrations/new", rest)
    assert done.status == 303, text_of(done)
    made = int(re.search(r"/integrations/(\d+)", done.headers["location"])[1])
    assert (await settings_of(services, made))["auth_token"] == TOKEN


async def test_no_script_comes_through_what_was_stored(person):
    short = '"><img src=x>'
    typed = {"name": SCRIPT, "settings.sender": SCRIPT, "reply_numbers": short,
             "settings.country": ""}  # fmt: skip
    path = f"/integrations/{person.shop.connection}"
    assert (await person.post(path, typed)).status == 303
    moved = await person.post(f"{path}/off")
    for page in (
        await person.get("/integrations"), await person.get(path),
        await person.get(moved.headers["location"].partition("#")[0]),
    ):  # fmt: skip
        assert page.status == 200
        assert "&lt;script&gt;alert" in page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


async def test_a_stored_secret_goes_to_no_other_address(person, services):
    made = await connected(person)
    elsewhere = {"settings.base_url": "http://127.0.0.1:9"}
    for path in (f"/integrations/{made}", f"/integrations/{made}/try"):
        page = await person.post(path, elsewhere)
        assert page.status == 422
        assert "Give it again: a stored secret is not sent to another address." in text_of(page)
        assert 'href="#f-settings.auth_token.secret"' in page.text
    assert "base_url" not in await settings_of(services, made)


async def test_a_form_sent_twice_connects_once(person, services):
    for name in ("Mine", "Mine", "Changed on the way back"):
        form = {**TWILIO, "once": "one", "name": name}
        assert (await person.post("/integrations/new", form)).status == 303
    count = "SELECT count(*) FROM connections WHERE account_id = $1 AND kind = 'twilio'"
    assert await services.db.fetchval(count, person.shop.account) == 1


async def test_without_script_rows_come_and_go(person):
    made = await connected(person)
    path = f"/integrations/{made}"
    pairs = [("name", "Mine"), ("price.default", "0.09"), ("price.country", "BE"),
             ("price.amount", "0.07")]  # fmt: skip
    page = await person.post(f"{path}/rows", pairs)
    assert page.status == 200
    assert page.text.count('name="price.country"') == 2
    assert 'value="Mine"' in page.text
    more = [("price.country", "France"), ("price.amount", "0.055")]
    assert (await person.post(path, [*pairs, *more])).status == 303
    stored = await person.get(path)
    assert re.findall(r'name="price.(?:country|amount)"[^>]* value="([^"]*)"', stored.text) == [
        "Belgium", "0.07", "France", "0.055", "", "",
    ]  # fmt: skip
    await person.post(path, [*pairs[:2], ("price.country", ""), ("price.amount", ""), *more])
    assert "Belgium" not in re.findall(r'price.country"[^>]* value="([^"]*)"', (
        await person.get(path)).text)  # fmt: skip


async def test_the_callback_address_is_there_to_copy(person):
    page = await person.get(f"/integrations/{await connected(person)}")
    assert "https://coupons.example.com/callbacks/twilio/" in page.text
    assert "No receipt yet" in text_of(page)


async def test_without_a_public_address_it_says_why_nothing_comes_in(
    person, settings, tmp_path_factory
):
    made = await connected(person)
    folder = tmp_path_factory.mktemp("no-address")
    for address, told in (
        ("", "This installation has no public address"),
        ("http://localhost:8080", "This address is known only here"),
    ):
        with start_server(settings, folder, with_worker=False, TEAROFF_PUBLIC_URL=address) as here:
            person.url = here.url
            cookie = f"{COOKIE}={person.secret}; tearoff_sign_in={person.secret}"
            page = text_of(await person.get(f"/integrations/{made}", cookie=cookie))
            assert told in page
            assert "sets TEAROFF_PUBLIC_URL" in page
            if not address:
                listed = await person.get("/integrations", cookie=cookie)
                assert "TEAROFF_PUBLIC_URL" in text_of(listed)


async def test_what_a_form_does_not_have_stays(person, services):
    """Complaint 6: a mail's prices by country, set by a program, have no rows."""
    given = {"kind": "smtp", "settings.host": "127.0.0.1", "settings.from": "a@example.com"}
    made = await connected(person, **given)
    prices_of = "SELECT segment_price, price_countries, country_prices FROM connections"
    await services.db.execute(
        "UPDATE connections SET price_countries = '{BE}', country_prices = '{5}' WHERE id = $1",
        made,
    )
    for typed in ({"name": "Mail"}, {"price.default": "0.01"}):
        assert (await person.post(f"/integrations/{made}", typed)).status == 303
    row = await services.db.fetchrow(f"{prices_of} WHERE id = $1", made)
    assert tuple(row) == (10_000, ["BE"], [5])


async def test_another_account_sees_none_of_it(person, sign_in, other_shop):
    stranger = await sign_in(other_shop)
    made = await connected(person)
    for path in ("", "/try", "/message", "/number", "/off", "/on", "/rows"):
        answer = await stranger.post(f"/integrations/{made}{path}", {"to": "+32470001234"})
        assert answer.status == 404, path
    assert (await stranger.get(f"/integrations/{made}")).status == 404
    assert (await stranger.post("/integrations/order", {"id": made})).status == 404


async def test_forms_ask_who_it_is(person, sign_in):
    """The list alone does not."""
    old = await sign_in(person.shop, confirmed=False)
    assert (await old.get("/integrations")).status == 200
    for path in ("/integrations/new?kind=log", f"/integrations/{person.shop.connection}"):
        answer = await old.get(path)
        assert answer.headers["location"].startswith("/sign-in/again")


# prices -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "millionths"),
    [("0.07", 70_000), ("0,0712", 71_200), (".000001", 1), ("1000", 10**9), ("٠٫٠٧", 70_000),
     ("0.0000001", None), ("-1", None), ("1e3", None), ("NaN", None), ("1,000.5", None),
     ("", None)],
)  # fmt: skip
def test_an_amount_is_read_exactly(text, millionths):
    assert prices.millionths_of(text) == millionths
    if millionths is not None:
        for language in ("en", "nl", "ar"):
            assert prices.millionths_of(prices.written(millionths, language)) == millionths
        assert Decimal(millionths) / 1_000_000 == Decimal(millionths).scaleb(-6)


def test_a_row_says_what_is_wrong_with_it():
    words: Words = words_in("dashboard", "en")
    typed = typed_of(
        "price.default=x&price.country=Belgium&price.amount=1&price.country=be&price.amount=2"
        "&price.country=Atlantis&price.amount=1&price.country=FR&price.amount="
        "&price.country=&price.amount="
    )
    read = prices.typed_prices(words, typed)
    assert read.wrong
    assert [bool(row.wrong) for row in read.rows] == [False, True, True, True]


class TestInABrowser:
    pytestmark = in_browser

    @pytest.mark.parametrize("width", [320, 1366])
    async def test_the_pages_are_sound(self, visit, person, width):
        made = await connected(person)
        for path in ("/integrations", "/integrations/new?kind=http", f"/integrations/{made}"):
            async with visit(person.address(path), width=width, cookies=[person.cookie]) as page:
                await axe_finds_nothing(page)

    async def test_the_focus_is_on_the_moved_one(self, visit, person):
        """Complaint 39."""
        made = await connected(person, name="Second")
        path = person.address("/integrations")
        async with visit(path, width=1366, cookies=[person.cookie]) as page:
            await page.locator(f"#service-{made} button", has_text="Move up").press("Enter")
            await expect(page.locator("#said")).to_have_text("Second is used now.")
            await expect(page.locator(f"#service-{made}")).to_be_focused()

    async def test_a_row_is_added_beside_what_was_typed(self, visit, person):
        path = person.address("/integrations/new?kind=twilio")
        async with visit(path, width=390, cookies=[person.cookie]) as page:
            await page.get_by_label("Country 1").fill("Belgium")
            await page.get_by_label("Price 1 in EUR").fill("0.07")
            await page.get_by_role("button", name="Another country").click()
            await expect(page.get_by_label("Country 2")).to_be_focused()
            await expect(page.get_by_label("Country 1")).to_have_value("Belgium")
