"""The link of a coupon once more, for whoever typed a number or address that has one already."""

import asyncio
import json
import re
from datetime import time

import pytest

from tearoff.kit.words import LANGUAGES, words_in
from tearoff.people import optouts
from tests.cast import open_shop
from tests.providers.postoffice import connect_mail, open_post_office
from tests.web.conftest import in_days
from tests.web.coupon.test_public import amount, begin

FORM = {
    "form": {
        "fields": [
            {"name": "phone", "required": True},
            {"name": "email", "required": True},
            {"name": "firstname"},
        ],
        "consents": [{"key": "news", "text": {"en": "Send me news."}}],
        "unique": "phone",
    }
}
ANN = {"phone": "0470 00 12 34", "email": "ann@example.com"}
TYPED = {**ANN, "firstname": "Ann", "agree_news": "1"}
SENT = "The link should reach"


def phone_of(i):
    return f"0470 00 {i // 100:02} {i % 100:02}"


@pytest.fixture
def shop_with(make_coupon, services):
    """The public link of a shop in Belgium, and a way to ask it from any network."""

    async def make(unique="phone", kind="log", account=None, settings=None, **values):
        options = {"form": {**FORM["form"], "unique": unique}}
        shop = await open_shop(
            services, kind=kind, settings=settings, account={"country": "BE", **(account or {})},
            campaign={"raw_options": json.dumps(options), **values},
        )  # fmt: skip
        coupon = await make_coupon(shop)
        return coupon, f"/p/{shop.code}"

    return make


async def refused(coupon, path, values=TYPED, **headers):
    """The page that says that there is a coupon already, and what its button would send."""
    page = await begin(coupon, path, values, **headers)
    assert page.status == 409 and "You already have a coupon of this offer." in page.text
    form = re.search(r'<form class="resend".*?</form>', page.text, re.DOTALL)
    hidden = (
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0]) if form else ()
    )
    return page, dict(hidden)


async def ask(coupon, path, hidden, **headers):
    return await coupon._ask("POST", path, headers, hidden)


async def messages_of(coupon):
    rows = await coupon.services.db.fetch(
        "SELECT m.recipient, m.channel, m.text, s.code FROM messages m JOIN sessions s"
        " ON s.id = m.about WHERE m.account_id = $1 ORDER BY m.id",
        coupon.shop.account,
    )
    return [tuple(row) for row in rows]


async def forget(coupon, scope):
    await coupon.services.db.execute("DELETE FROM tallies WHERE scope LIKE $1", f"{scope}%")


@pytest.fixture(autouse=True)
async def fresh_network(services):
    """All tests are one network."""
    await services.db.execute("DELETE FROM tallies WHERE scope LIKE 'again:network:%'")


async def test_the_link_comes_to_the_number_that_has_the_coupon(shop_with):
    coupon, path = await shop_with()
    first = await begin(coupon, path, ANN)
    page, hidden = await refused(coupon, path, {**TYPED, "phone": "+32 (0)470/00.12.34"})
    assert "+32\u00a0470\u00a000\u00a012\u00a034</bdi></span></button>" in page.text
    assert page.text.count('value="Ann"') == 2  # in the form, and with the button
    assert not re.search(rf"{path}/[a-z0-9]{{21}}", page.text)
    assert hidden["phone"] == "+32 (0)470/00.12.34" and hidden["agree_news"] == "1"
    done = await ask(coupon, path, hidden)
    assert done.status == 200 and SENT in done.text and "<form" not in done.text
    assert not re.search(rf"{path}/[a-z0-9]{{21}}", done.text)
    ((to, channel, text, code),) = await messages_of(coupon)
    own = first.headers["location"].rpartition("/")[2]
    assert (to, channel, code) == ("+32470001234", "sms", own)
    short = f"{own[:3]} {own[3:6]}".upper()
    told = f"Bean & Leaf: Here is the link to your coupon again ({short}). "
    assert text.startswith(told) and text.endswith(f"{path}/{own}")
    assert await amount(coupon) == 2


async def test_by_mail_it_goes_to_the_address_it_was_fetched_with_and_to_no_other(shop_with):
    coupon, path = await shop_with(
        "email", kind="smtp", settings={"host": "127.0.0.1", "port": "9", "from": "a@example.com"}
    )
    assert (await begin(coupon, path, {**ANN, "email": "ann+a@example.com"})).status == 303
    # Another mailbox, for all that we know: nothing is offered, and asking by hand sends nothing.
    _, hidden = await refused(coupon, path, {**ANN, "email": "ann+b@example.com"})
    assert hidden == {}
    _, hidden = await refused(coupon, path, {**ANN, "email": "Ann+A@Example.com"})
    other = await ask(coupon, path, {**hidden, "email": "ann+b@example.com"})
    assert other.status == 422
    assert await messages_of(coupon) == []
    # The mail server is not there: it certainly never left, and is said to be so.
    failed = await ask(coupon, path, hidden)
    assert failed.status == 503 and "The link could not be sent." in failed.text
    assert 'value="Ann+A@Example.com"' in failed.text
    assert {to for to, *_ in await messages_of(coupon)} == {"ann+a@example.com"}
    assert not await coupon.services.db.fetchval(
        "SELECT sum(n) FROM tallies WHERE account_id = $1 AND scope LIKE 'again:%'",
        coupon.shop.account,
    )


async def test_a_mail_brings_the_link_too(shop_with, services):
    async with open_post_office() as office:
        coupon, path = await shop_with("email", kind=None)
        await connect_mail(services, coupon.shop.account, office)
        first = await begin(coupon, path, {**ANN, "email": "ann+a@example.com"})
        _, hidden = await refused(coupon, path, {**ANN, "email": "ANN+a@example.com"})
        done = await ask(coupon, path, hidden)
        assert done.status == 200 and SENT in done.text and "ANN+a@example.com" in done.text
        ((to, channel, text, code),) = await messages_of(coupon)
        assert (to, channel) == ("ann+a@example.com", "email")
        assert first.headers["location"].endswith(code) and "to your coupon again" in text


async def test_two_taps_send_once_and_so_does_a_reload(shop_with):
    coupon, path = await shop_with()
    await begin(coupon, path, ANN)
    _, hidden = await refused(coupon, path)
    answers = await asyncio.gather(*(ask(coupon, path, hidden) for _ in range(8)))
    answers.append(await ask(coupon, path, hidden))
    _, anew = await refused(coupon, path)
    answers.append(await ask(coupon, path, anew))
    assert all(one.status == 200 and SENT in one.text for one in answers)
    assert len(await messages_of(coupon)) == 1


async def test_who_said_stop_gets_nothing_and_nobody_learns_of_it(shop_with):
    coupon, path = await shop_with()
    await begin(coupon, path, ANN)
    _, hidden = await refused(coupon, path)
    db = coupon.services.db
    async with db.transaction() as work:
        await optouts.add(work, coupon.shop.account, "+32470001234", source="reply", now=in_days(0))
    _, hidden = await refused(coupon, path)
    done = await ask(coupon, path, hidden)
    again = await ask(coupon, path, hidden)
    assert (done.status, again.status) == (200, 200)
    assert await messages_of(coupon) == []
    async with db.transaction() as work:
        await optouts.lift(work, coupon.shop.account, "+32470001234", now=in_days(0))
    await forget(coupon, "again:")
    let = await ask(coupon, path, hidden)
    assert len(await messages_of(coupon)) == 1

    def told(page):
        return re.sub(r'value="[^"]*"|nonce[^ >]*', "", page.text)

    assert told(done) == told(let) == told(again)


async def test_three_a_day_for_one_person_in_all_campaigns(shop_with):
    coupon, path = await shop_with()
    await begin(coupon, path, ANN)
    _, hidden = await refused(coupon, path)
    for _ in range(3):
        assert (await ask(coupon, path, hidden)).status == 200
        await forget(coupon, "again:once:")
        await coupon.services.db.execute(
            "DELETE FROM open_sends WHERE account_id = $1", coupon.shop.account
        )
    full = await ask(coupon, path, hidden)
    assert full.status == 429 and "The link was sent there three times today." in full.text
    assert 86_000 < int(full.headers["retry-after"]) <= 86_400
    assert 'value="Ann"' in full.text and 'name="agree_news" value="1" checked' in full.text
    assert len(await messages_of(coupon)) == 3


@pytest.mark.parametrize(
    ("scope", "cap", "owner", "told"),
    [
        ("again:network:127.0.0.0/24", 20, 0, "Too many links were asked for from this network."),
        ("again:campaign:{campaign}", 300, None, "The link could not be sent."),
    ],
)
async def test_many_people_are_not_written_to_from_one_place(shop_with, scope, cap, owner, told):
    coupon, path = await shop_with()
    tokens = []
    for i in (1, 2):
        await begin(coupon, path, {**ANN, "phone": phone_of(i)})
        tokens.append((await refused(coupon, path, {**ANN, "phone": phone_of(i)}))[1])
    await coupon.services.db.execute(
        "INSERT INTO tallies (account_id, scope, n, cap, until)"
        " VALUES ($1, $2, $3::int, $3::int + 1, now() + interval '1 hour')",
        coupon.shop.account if owner is None else owner,
        scope.format(campaign=coupon.shop.campaign),
        cap - 1,
    )
    answers = [await ask(coupon, path, hidden) for hidden in tokens]
    assert [one.status for one in answers] == [200, 429]
    assert told in answers[1].text and "retry-after" in answers[1].headers
    assert len(await messages_of(coupon)) == 1


async def test_only_who_was_told_may_ask(shop_with):
    coupon, path = await shop_with()
    await begin(coupon, path, ANN)
    await begin(coupon, path, {**ANN, "phone": phone_of(7)})
    token = (await coupon.get(path)).token
    _, hidden = await refused(coupon, path)
    other, other_path = await shop_with()
    await begin(other, other_path, ANN)
    for values, where in (
        ({**TYPED, "again": token}, path),  # of a page that was only looked at
        ({**hidden, "phone": phone_of(7)}, path),  # of another number
        ({**hidden, "phone": phone_of(8)}, path),  # of one without a coupon
        ({**hidden, "phone": "x"}, path),
        ({**hidden, "again": ""}, path),
        (hidden, other_path),
    ):
        answer = await ask(coupon, where, values)
        assert answer.status == 422, values
        assert "too long" in answer.text or "Check this number" in answer.text
    for headers in ({"user_agent": "TelegramBot (like TwitterBot)"},
                    {"sec_fetch_site": "cross-site"}):  # fmt: skip
        assert (await ask(coupon, path, hidden, **headers)).status == 200
    assert await messages_of(coupon) == await messages_of(other) == []
    assert await amount(coupon) == 3


@pytest.mark.parametrize(
    "values",
    [
        {"kind": None},
        {"account": {"allowed_countries": ["FR"]}},
        {"account": {"quiet_from": time(0, 0), "quiet_until": time(23, 59, 59)}},
    ],
)
async def test_nothing_is_offered_that_cannot_be_done(shop_with, values):
    coupon, path = await shop_with(**values)
    await begin(coupon, path, ANN)
    page, hidden = await refused(coupon, path)
    assert hidden == {} and 'class="resend"' not in page.text and 'value="Ann"' in page.text


async def test_looking_through_numbers_costs_the_same_for_those_who_have_a_coupon(shop_with):
    coupon, path = await shop_with()
    await begin(coupon, path, ANN)
    await coupon.services.db.execute(
        "UPDATE tallies SET n = 48 WHERE scope LIKE $1",
        f"campaign:{coupon.shop.campaign}:network_hour:%",
    )
    pages = [await begin(coupon, path, TYPED) for _ in range(3)]
    assert [page.status for page in pages] == [409, 409, 429]


async def test_the_newest_that_can_be_used_is_sent(shop_with):
    coupon, path = await shop_with(limit_person=2)
    codes = []
    for _ in range(2):
        codes.append((await begin(coupon, path, ANN)).headers["location"].rpartition("/")[2])
    await coupon.services.db.execute(
        "UPDATE sessions SET validated_at = now(), uses = 1 WHERE code = $1", codes[1]
    )
    _, hidden = await refused(coupon, path)
    assert (await ask(coupon, path, hidden)).status == 200
    assert [code for *_, code in await messages_of(coupon)] == codes[:1]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_in_every_language(shop_with, language):
    coupon, path = await shop_with()
    await begin(coupon, path, ANN)
    page = await begin(coupon, f"{path}?lang={language}", TYPED)
    told = words_in("coupon", language)("Send the link to {to}")
    assert told.partition("{to}")[0] in page.text
