"""The public link: the offer by GET, one's own coupon by POST, the form before it."""

import asyncio
import json
import re

import pytest

from tests.web.conftest import do, in_days

DOUBTFUL = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"
ROBOT = "TelegramBot (like TwitterBot)"
FORM = {
    "form": {
        "fields": [
            {"name": "email", "required": True},
            {"name": "firstname", "label": {"nl": "Hoe heet je?"}},
            {"name": "phone"},
        ],
        "consents": [
            {"key": "news", "text": {"en": "Send me news.", "nl": "Stuur me nieuws."}},
            {"key": "terms", "text": {"en": "I accept the rules."}, "required": True},
        ],
        "unique": "email",
    }
}
GOOD = {"email": "anna@example.com", "firstname": "Anna", "agree_terms": "1"}


@pytest.fixture
def public(make_coupon):
    """The public link of a new campaign: its coupon is only there to talk through."""

    async def make(options=None, **values):
        coupon = await make_coupon(raw_options=json.dumps(options or {}), **values)
        return coupon, f"/p/{coupon.shop.code}"

    return make


async def begin(coupon, path, values=None, *, token=None, **headers):
    token = (await coupon.get(path)).token if token is None else token
    return await coupon._ask("POST", path, headers, {"t": token, **(values or {})})


async def amount(coupon):
    return await coupon.services.db.fetchval(
        "SELECT count(*) FROM sessions WHERE campaign_id = $1", coupon.shop.campaign
    )


async def newest(coupon):
    return await coupon.services.db.fetchrow(
        "SELECT * FROM sessions WHERE campaign_id = $1 ORDER BY id DESC LIMIT 1",
        coupon.shop.campaign,
    )


async def test_a_coupon_of_ones_own(public):
    coupon, path = await public()
    page = await coupon.get(path)
    assert page.status == 200
    assert f'data-begin="{path}/now" novalidate' in page.text
    assert await amount(coupon) == 1
    answer = await begin(coupon, path, {"customid": "poster-7", "utm_source": "metro"})
    made = await newest(coupon)
    assert answer.status == 303
    assert answer.headers["location"] == f"{path}/{made['code']}"
    assert made["opened_at"] is not None
    assert (made["customid"], made["utm"][1]) == ("poster-7", "metro")
    cookie = answer.headers["set-cookie"]
    assert "Path=/; HttpOnly; SameSite=Lax" in cookie
    own, mine = cookie.partition(";")[0], f"{path}/{made['code']}"
    for way in (path, f"/z/{path[3:]}", path.upper().replace("/P/", "/p/"), f"{path}&customid=7"):
        again = await coupon.get(way, cookie=own)
        assert (again.status, again.headers["location"]) == (302, mine)
    pressed = await begin(coupon, path, cookie=own)  # a second window that was open already
    assert (pressed.status, pressed.headers["location"]) == (303, mine)
    assert (await coupon.get(path, cookie=f"{own[:-21]}{'a' * 21}")).status == 200


async def test_what_the_address_carries_outlives_a_mistake_and_another_language(public):
    form = {"fields": [{"name": "email", "required": True}]}
    coupon, path = await public({"form": form, "texts": {"nl": {"title": "Koffie"}}})
    page = await coupon.get(f"{path}?customid=42&utm_source=metro")
    assert 'form="ask" name="lang" value="nl"' in page.text
    carried = {"customid": "42", "utm_source": "metro"}
    dutch = await begin(coupon, path, {"email": "ann@", "lang": "nl", **carried})
    assert '<h1 lang="nl" dir="auto">Koffie' in dutch.text
    assert 'name="customid" value="42"' in dutch.text
    cookie = given(page)
    led = await begin(coupon, path, {"email": "ann@", "lang": "nl", **carried}, cookie=cookie)
    assert led.headers["location"].startswith(
        f"{path}?lang=nl&customid=42&utm_source=metro&filled="
    )
    wrong = await begin(coupon, path, {"email": "ann@", **carried})
    assert wrong.status == 422
    assert 'name="customid" value="42"' in wrong.text
    assert 'name="utm_source" value="metro"' in wrong.text


async def test_the_address_carries_values_into_the_coupon(public):
    coupon, path = await public()
    page = await coupon.get(f"{path}&web=true?customid=a%22b&utm_medium=qr&other=1")
    assert page.status == 200
    assert 'name="customid" value="a&#34;b"' in page.text
    assert 'name="utm_medium" value="qr"' in page.text
    assert "other" not in page.text
    assert 'target="_top"' in page.text
    assert 'data-begin="' not in page.text


@pytest.mark.parametrize(
    ("glued", "language"),
    [
        ("&lang=ar", "ar"),
        ("&web=true&lang=ar", "ar"),
        ("&customid=7&lang=ar-EG&web=true?utm_source=metro", "ar"),
        ("&lang=ar?lang=nl", "nl"),  # the reader has chosen another one on the page
        ("&lang=ar?lang=", "ar"),
        ("&lang=xx", "en"),
        ("&langue=ar", "en"),
        ("&" + "&".join(f"a{i}=1" for i in range(60)) + "&lang=ar", "en"),
    ],
)
async def test_the_language_that_is_glued_to_the_code(public, glued, language):
    coupon, path = await public()
    page = await coupon.get(path + glued)
    assert (page.status, f'<html lang="{language}"' in page.text) == (200, True)
    action = re.search(r'<form[^>]* action="([^"]*)"', page.text)[1]
    query = "" if language == "en" else f"?lang={language}"
    assert action == path + query
    answer = await begin(coupon, action, token=page.token, accept_language="fr" if query else "en")
    made = await newest(coupon)
    assert (answer.status, made["language"]) == (303, language)
    own = answer.headers["location"]
    assert own == f"{path}/{made['code']}{query}"
    assert f'<html lang="{language}"' in (await coupon.get(own)).text
    cookie = answer.headers["set-cookie"].partition(";")[0]
    again = await coupon.get(f"{path}&lang=ar", cookie=cookie)
    assert (again.status, again.headers["location"]) == (302, f"{path}/{made['code']}?lang=ar")


async def test_the_language_that_is_glued_to_a_coupon(coupon):
    page = await coupon.get(f"{coupon.path}&web=true&lang=ar")
    assert '<html lang="ar"' in page.text


async def test_one_form_makes_one_coupon(public):
    coupon, path = await public()
    token = (await coupon.get(path)).token
    answers = await asyncio.gather(*(begin(coupon, path, token=token) for _ in range(20)))
    assert {answer.status for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await amount(coupon) == 2


async def test_nobody_else_begins_a_coupon(public):
    coupon, path = await public()
    for headers in ({"user_agent": ROBOT}, {"sec_fetch_site": "cross-site"}):
        assert (await begin(coupon, path, **headers)).status == 200
    assert (await begin(coupon, path, token="1.2.abc")).status == 422
    other, other_path = await public()
    token = (await other.get(other_path)).token
    assert (await begin(coupon, path, token=token)).status == 422
    assert await amount(coupon) == 1


@pytest.mark.parametrize(
    "values",
    [{"status": "paused"}, {"expires_at": in_days(-1)}, {"starts_at": in_days(1)}],
)
async def test_not_now(public, values):
    coupon, path = await public(**values)
    assert "<form" not in (await coupon.get(path)).text
    assert (await begin(coupon, path, token="1.2.abc")).status == 409
    assert await amount(coupon) == 1


async def test_closed_public_links_give_nothing(public):
    coupon, path = await public({"public_link": False})
    assert (await begin(coupon, path, token="1.2.abc")).status == 409
    assert await amount(coupon) == 1


async def test_all_are_given_out(public):
    coupon, path = await public(limit_sessions=2)
    # Everybody looked before anybody asked: a later look may come when all is gone.
    tokens = [(await coupon.get(path)).token for _ in range(10)]
    answers = await asyncio.gather(*(begin(coupon, path, token=token) for token in tokens))
    assert sorted(answer.status for answer in answers) == [303] + [409] * 9
    assert "All coupons of this offer have been given out." in answers[-1].text + answers[0].text


@pytest.mark.parametrize(
    ("limit", "values"),
    [
        ("sessions", {"limit_sessions": 2}),
        ("claims", {"limit_claims": 1}),
        ("validations", {"limit_validations": 1}),
        ("pool", {}),
    ],
)
async def test_all_gone_is_said_before_anybody_fills_in_a_form(public, limit, values):
    coupon, path = await public(FORM, **values)
    if limit == "pool":
        await coupon.services.db.execute(
            "WITH c AS (UPDATE campaigns SET has_pool = true WHERE id = $1 RETURNING id)"
            " INSERT INTO pool_codes (campaign_id, code) SELECT id, 'A1' FROM c",
            coupon.shop.campaign,
        )
    assert (await coupon.get(path)).token
    if limit in ("claims", "validations"):
        await do(coupon, "validated")
    else:
        assert (await begin(coupon, path, GOOD)).status == 303
    page = await coupon._ask("GET", path, {})
    assert page.status == 200 and "All coupons of this offer have been given out." in page.text
    assert "<form" not in page.text and "Not available" in page.text


async def test_an_offer_of_no_coupons_says_so_before_anybody_asks(public):
    coupon, path = await public(limit_sessions=1)
    db, campaign = coupon.services.db, coupon.shop.campaign
    await db.execute("DELETE FROM tallies WHERE account_id = $1", coupon.shop.account)
    await db.execute(
        "UPDATE campaigns SET limit_sessions = 0, version = version + 1 WHERE id = $1", campaign
    )
    page = await coupon._ask("GET", path, {})
    assert "All coupons of this offer have been given out." in page.text
    assert "<form" not in page.text


async def test_the_form_is_asked_and_kept_as_shown(public):
    coupon, path = await public(FORM)
    page = await coupon.get(f"{path}?lang=nl")
    assert "Hoe heet je?" in page.text
    assert "Stuur me nieuws." in page.text
    assert " checked" not in page.text
    assert 'data-begin="' not in page.text
    answer = await begin(coupon, f"{path}?lang=nl", {**GOOD, "phone": "0032 470 00 12 34"})
    assert answer.status == 303
    made = await newest(coupon)
    assert (made["email"], made["firstname"], made["phone"]) == (
        "anna@example.com", "Anna", "+32470001234",
    )  # fmt: skip
    kept = await coupon.services.db.fetch(
        "SELECT key, given, language, words FROM session_consents WHERE session_id = $1"
        " ORDER BY key",
        made["id"],
    )
    assert [tuple(row) for row in kept] == [
        ("news", False, "nl", "Stuur me nieuws."), ("terms", True, "nl", "I accept the rules."),
    ]  # fmt: skip


async def test_what_is_wrong_is_told_together_and_nothing_is_lost(public):
    coupon, path = await public(FORM)
    answer = await begin(coupon, path, {"email": "nobody", "phone": "12", "firstname": "Anna"})
    assert answer.status == 422
    assert answer.text.count('aria-invalid="true"') == 3
    assert 'value="nobody"' in answer.text
    assert 'value="Anna"' in answer.text
    assert "Type an address such as" in answer.text
    assert "Tick this box to go on." in answer.text
    assert await amount(coupon) == 1
    repaired = await begin(
        coupon, path, GOOD, token=re.search(r'name="t" value="([^"]+)', answer.text)[1]
    )
    assert repaired.status == 303


async def test_one_coupon_for_each_person(public):
    coupon, path = await public(FORM)
    spellings = ["a@example.com", "A@example.com", "a+1@example.com", "a+two@example.com"]
    tries = [{**GOOD, "email": address} for address in spellings * 5]
    answers = await asyncio.gather(*(begin(coupon, path, values) for values in tries))
    assert sorted(answer.status for answer in answers) == [303] + [409] * 19
    refused = next(answer for answer in answers if answer.status == 409)
    assert "You already have a coupon of this offer." in refused.text
    assert "/p/" + coupon.shop.code + "/" not in refused.text.replace("/picture/", "").replace(
        "/card/", ""
    )


async def test_a_network_has_had_enough(public):
    """One address, whatever it calls itself: it is told when to come back, and loses nothing."""
    coupon, path = await public({**FORM, "limit_network": 2})
    tokens = [(await coupon.get(path)).token for _ in range(10)]
    tries = [
        begin(coupon, path, {**GOOD, "email": f"a{i}@example.com"}, token=token)
        for i, token in enumerate(tokens)
    ]
    answers = await asyncio.gather(*tries)
    assert sorted(answer.status for answer in answers) == [303] * 2 + [429] * 8
    i, refused = next((i, one) for i, one in enumerate(answers) if one.status == 429)
    assert 3000 < int(refused.headers["retry-after"]) < 3700
    assert re.search(r"Try again (tomorrow )?at \d\d:\d\d, or switch off wifi", refused.text)
    assert 'role="alert" tabindex="-1" autofocus>Too many coupons' in refused.text
    assert f'value="a{i}@example.com"' in refused.text and 'name="agree_terms"' in refused.text
    assert await amount(coupon) == 3
    again, done = next((i, one) for i, one in enumerate(answers) if one.status == 303)
    twice = await begin(coupon, path, GOOD, token=tokens[again])
    assert (twice.status, twice.headers["location"]) == (303, done.headers["location"])
    page = await coupon.get(path)
    assert page.status == 200 and page.token and "network" not in page.text


async def test_a_network_may_fetch_any_number_where_the_shop_says_so(public):
    coupon, path = await public({"limit_network": 0})
    answers = [await begin(coupon, path) for _ in range(3)]
    assert {answer.status for answer in answers} == {303}
    assert not await coupon.services.db.fetchval(
        "SELECT count(*) FROM tallies WHERE scope LIKE $1", f"campaign:{coupon.shop.campaign}:net%"
    )


async def test_one_address_gets_fifty_in_an_hour_unless_the_shop_says_otherwise(public):
    coupon, path = await public()
    await coupon.services.db.execute(
        "INSERT INTO tallies (account_id, scope, n, cap, until)"
        " VALUES ($1, $2, 49, 50, now() + interval '1 hour')",
        coupon.shop.account,
        f"campaign:{coupon.shop.campaign}:network_hour:127.0.0.0/24",
    )
    assert [(await begin(coupon, path)).status for _ in range(2)] == [303, 429]


async def test_hostile_forms_never_break_it(public):
    coupon, path = await public(FORM)
    token = (await coupon.get(path)).token
    for values in (
        {"email": "\x00@example.com", "agree_terms": "1"},
        {"email": "a" * 5000 + "@example.com", "agree_terms": "1"},
        {"phone": "tel:+32470001234;ext=9", **GOOD},
        {"firstname": "\ud83d", **{k: v for k, v in GOOD.items() if k != "firstname"}},
    ):
        data = {k: v.encode("utf-8", "surrogatepass").decode("latin-1") for k, v in values.items()}
        answer = await begin(coupon, path, data, token=token)
        assert answer.status in (303, 422), answer.text


async def test_a_page_that_sends_itself_gives_no_coupon_to_who_may_be_a_program(public):
    """Chrome without Accept-Language and Sec-Fetch; who presses the button is a person."""
    coupon, path = await public()
    token = (await coupon.get(path)).token
    headers = {"user-agent": DOUBTFUL}
    async with coupon.http.post(
        coupon.url + path, data={"t": token}, headers=headers, allow_redirects=False
    ) as answer:
        assert answer.status == 200
        assert 'data-begin="' not in await answer.text()  # or it would go on for ever
    assert await amount(coupon) == 1
    async with coupon.http.post(
        coupon.url + path, data={"t": token, "press": "1"}, headers=headers, allow_redirects=False
    ) as answer:
        assert answer.status == 303
    assert await amount(coupon) == 2
    reason = await coupon.services.db.fetchval(
        "SELECT reason FROM session_events WHERE session_id = $1 AND kind = 'opened'",
        (await newest(coupon))["id"],
    )
    assert reason == "the button was pressed"


async def test_what_was_agreed_to_is_what_was_on_the_page(public):
    coupon, path = await public(FORM)
    page = await coupon.get(path)
    changed = json.loads(json.dumps(FORM).replace("Send me news.", "Call me every day."))
    await coupon.services.db.execute(
        "UPDATE campaigns SET raw_options = $2, version = version + 1 WHERE id = $1",
        coupon.shop.campaign, json.dumps(changed),
    )  # fmt: skip
    late = await begin(coupon, path, {**GOOD, "agree_news": "1"}, token=page.token)
    assert late.status == 422
    assert "Call me every day." in late.text
    assert await amount(coupon) == 1
    assert (await begin(coupon, path, {**GOOD, "agree_news": "1"}, token=late.token)).status == 303


async def test_what_is_wrong_stands_on_top_with_links(public):
    coupon, path = await public(FORM)
    page = await begin(coupon, path, {"email": "ann@"})
    assert page.status == 422
    assert re.search(r'role="alert" tabindex="-1" autofocus><b>Please check this:', page.text)
    for name in ("f-email", "agree_terms"):
        assert f'<li><a href="#{name}">' in page.text
        assert f'id="{name}"' in page.text
    assert page.text.count("autofocus") == 1


async def test_a_coupon_knows_the_language_that_its_owner_reads(public):
    coupon, path = await public({"texts": {"nl": {"title": "Koffie"}}})
    await begin(coupon, f"{path}?lang=nl", accept_language="fr")
    made = await newest(coupon)
    assert made["language"] == "nl"
    mine = f"{path}/{made['code']}"
    assert '<html lang="nl"' in (await coupon.get(mine, accept_language="fr")).text
    assert '<html lang="fr"' in (await coupon.get(f"{mine}?lang=fr", accept_language="nl")).text
    stop = await coupon.get(f"{mine}/stop", accept_language="fr")
    assert '<html lang="nl"' in stop.text


async def test_a_public_offer_that_has_not_begun_goes_into_a_calendar(public):
    coupon, path = await public(starts_at=in_days(2))
    assert f'href="{path}/coupon.ics"' in (await coupon.get(path)).text
    event = await coupon.get(f"{path}/coupon.ics")
    assert event.headers["content-type"].startswith("text/calendar")
    assert f"/p/{coupon.shop.code}\r\n" in event.text
    other, begun = await public()
    led = await other.get(f"{begun}/coupon.ics")
    assert (led.status, led.headers["location"]) == (303, begun)


async def test_where_a_person_may_have_several_the_next_follows_one_that_is_over(public):
    coupon, path = await public(FORM, limit_person=2)
    first = await begin(coupon, path, GOOD)
    cookie = first.headers["set-cookie"].partition(";")[0]
    assert (await coupon.get(path, cookie=cookie)).status == 302
    await coupon.services.db.execute(
        "UPDATE sessions SET validated_at = now(), uses = 1 WHERE code = $1", cookie[-21:]
    )
    assert (await coupon.get(path, cookie=cookie)).status == 200
    second = await begin(coupon, path, GOOD, cookie=cookie)
    assert second.headers["location"] != first.headers["location"]


def given(page):
    """The cookies that a browser holds after this answer, for its next request."""
    pairs = [one.partition(";")[0] for one in page.headers.getall("set-cookie", ())]
    return "; ".join(pair for pair in pairs if not pair.endswith("="))


@pytest.mark.parametrize(
    ("options", "limits"),
    [(FORM, {"limit_person": 1}), ({"begins": "pressed"}, {}), (FORM, {"limit_sessions": 2})],
    ids=["unique", "pressed", "last"],
)
async def test_the_phone_whose_answer_was_lost_finds_its_coupon(public, options, limits):
    coupon, path = await public(options, **limits)
    values = {**GOOD, "press": "1"}
    looked = await coupon.get(path)
    cookie = given(looked)
    lines = looked.headers.getall("set-cookie")
    assert len(lines) == 1 and lines[0].startswith("__Host-tearoff_looked_")
    assert lines[0].endswith("; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax; Secure")
    lost = await begin(coupon, path, values, token=looked.token, cookie=cookie)
    mine = lost.headers["location"]
    again = await coupon._ask("GET", path, {"cookie": cookie})  # opened again
    if limits.get("limit_sessions"):  # it was the last one: there is no form any more
        assert (again.status, again.headers["location"]) == (302, mine)
        found = again
    else:
        assert again.status == 200 and "set-cookie" not in again.headers
        assert again.token != looked.token
        found = await begin(coupon, path, values, token=again.token, cookie=cookie)
        assert (found.status, found.headers["location"]) == (303, mine)
    assert given(found) == f"tearoff_coupon_{coupon.shop.code}={mine.rpartition('/')[2]}"
    assert "looked" in str(found.headers.getall("set-cookie"))  # is taken back
    assert await amount(coupon) == 2


async def test_no_other_phone_finds_the_coupon_of_a_lost_answer(public):
    """The address alone gives no link; nor does a cookie of another campaign, or of one's own."""
    coupon, path = await public(FORM)
    other, other_path = await public(FORM)
    cookie, value = given(await coupon.get(path)), given(await other.get(other_path)).split("=")[1]
    mine = (await begin(coupon, path, GOOD, cookie=cookie)).headers["location"]
    name, _, true = cookie.partition("=")
    hour, nonce, mark = true.split(".")
    of_page = (await coupon.get(path)).token
    forged = ["", f"{name}=", f"{name}={value}", f"{name}={hour}.{nonce}.{'A' * 43}",
              f"{name}={hour}.{int(nonce) + 1}.{mark}", f"{name}={int(hour) - 13}.{nonce}.{mark}",
              f"{name}={of_page}", given(await coupon.get(path))]  # fmt: skip
    for one in forged:
        answer = await begin(coupon, path, GOOD, cookie=one)
        if answer.status == 303:  # to the form, in the browser that filled it in
            assert f"{path}?filled=" in answer.headers["location"]
            answer = await coupon.get(answer.headers["location"], cookie=one)
        assert answer.status == 409 and mine not in answer.text
        assert "location" not in answer.headers
    assert await amount(coupon) == 2


async def test_two_tabs_of_one_phone_get_one_coupon_and_later_the_next(public):
    coupon, path = await public(limit_person=3)
    cookie = given(await coupon.get(path))
    tokens = [(await coupon._ask("GET", path, {"cookie": cookie})).token for _ in range(4)]
    tries = [begin(coupon, path, token=token, cookie=cookie) for token in tokens]
    answers = await asyncio.gather(*tries)
    assert len({answer.headers["location"] for answer in answers}) == 1
    own = given(answers[0])
    await coupon.services.db.execute(
        "UPDATE sessions SET validated_at = now(), uses = 1 WHERE code = $1", own[-21:]
    )
    looked = await coupon._ask("GET", path, {"cookie": own})
    held = f"{own}; {given(looked)}"
    second = await begin(coupon, path, token=looked.token, cookie=held)
    assert second.headers["location"] != answers[0].headers["location"]
    assert await amount(coupon) == 3
