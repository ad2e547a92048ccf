"""What a try came to is told by a page of its own address: it outlives Back, reload and another
language, and never holds a PIN."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tearoff.kit import clock
from tearoff.web.coupon import last_try
from tearoff.web.paper.sealed import seal
from tests.cast import PIN
from tests.web.conftest import Coupon, do, in_days
from tests.web.scenes import CARD, FORM, SCENES

WRONG = "9999"
VECTORS = json.loads((Path(__file__).parents[2] / "data" / "amount_vectors.json").read_text())[
    "vectors"
]
ASKS = json.dumps({"ask_amount": "required", "ask_receipt": "required"})
BUTTON = json.dumps({"methods": ["code", "button"], "ask_amount": "optional"})


async def send(coupon: Coupon, path: str, **values: str):
    """The bare answer to a form."""
    token = (await coupon.get()).token
    return await coupon._ask("POST", coupon.path + path, {}, {"t": token, **values})


def other_language(page, language: str) -> str:
    found = re.search(rf'href="(\?lang={language}[^"]*)"', page.text)
    assert found, "no link to the language"
    return found[1].replace("&amp;", "&")


async def test_a_refused_try_leads_to_a_page_that_can_be_looked_at_again(make_coupon):
    coupon = await make_coupon(raw_options=ASKS, language="nl")
    answer = await send(coupon, "/redeem", pin=WRONG, validation_value="12,50 €", receipt="B 7")
    assert answer.status == 303
    to = answer.headers["location"]
    assert to.startswith(f"{coupon.path}?tried=")
    assert WRONG not in to
    first, again = await coupon.get(to), await coupon.get(to)
    for page in (first, again):
        assert (page.status, page.message) == (422, "Verkeerde pincode. Nog 4 pogingen.")
        for kept in ('value="12,50 €"', 'value="B 7"'):
            assert kept in page.text
        assert WRONG not in page.text
    english = await coupon.get(coupon.path + other_language(first, "en"))
    assert (english.status, english.message) == (422, "Wrong PIN. 4 tries left.")
    assert 'value="12,50 €"' in english.text


async def test_what_is_told_is_of_this_coupon_and_of_now(make_coupon):
    coupon = await make_coupon()
    other = await make_coupon(coupon.shop)
    to = (await send(coupon, "/redeem", pin=WRONG)).headers["location"]
    query = urlsplit(to).query
    assert "Wrong PIN" in (await coupon.get(to)).text
    for told in (f"{other.path}?{query}", f"{to[:-9]}x", f"{coupon.path}?tried=",
                 to.replace("tried=", "tried=x"),
                 f"{coupon.path}?tried=%00%ff", f"{coupon.path}?tried={'A' * 5000}"):  # fmt: skip
        page = await coupon.get(told)
        assert (page.status, "Wrong PIN" in page.text) == (200, False)


WAYS = {"": '["code", "pin"]', "/confirm": '["button"]', "/place": '["code", "pin"]'}
USED = "This coupon was used a moment ago."


@pytest.mark.parametrize("where", WAYS)
async def test_after_a_use_every_form_says_so_beside_what_went_wrong(make_coupon, where):
    """And what was tried before the use is told no more."""
    given = json.dumps({"methods": json.loads(WAYS[where]), "ask_receipt": "required"})
    coupon = await make_coupon(uses=5, raw_options=given)
    if where == "/place":
        await SCENES["place"].act(coupon)
    sure = {"sure": "1"} if where == "/confirm" else {"pin": WRONG, "receipt": "B 7"}

    async def refused():
        token = (await coupon.get(f"{coupon.path}{where}")).token
        values = {"t": token, "place": str(coupon.shop.location), **sure}
        answer = await coupon._ask("POST", f"{coupon.path}/redeem", {}, values)
        return answer.headers["location"]

    before = await refused()
    first = await coupon.get(before)
    assert (first.status, USED in first.text) == (422, False)
    await do(coupon, "validated")
    old = await coupon.get(before)
    assert (old.status, old.message.startswith(USED)) == (200, True)
    for gone in ("Wrong PIN", "Type the number of the receipt", "B 7"):
        assert gone not in old.text
    new = await coupon.get(await refused())
    assert (new.status, new.message.startswith(USED)) == (422, True)
    told = "Type the number of the receipt" if where == "/confirm" else "Wrong PIN. 3 tries left."
    assert told in new.text


async def test_what_was_tried_below_the_coupon_is_told_there_alone(make_coupon):
    coupon = await make_coupon()
    tried = last_try.Tried(
        about=f"save:{coupon.code}", at=clock.now().timestamp(), status=429, is_staffs=False,
        said=("coupon_full",), until=int(clock.now().timestamp()) + 600,
    )  # fmt: skip
    query = urlencode({"tried": seal(coupon.services.vault, tried)})
    for path, status in (("/save", 429), ("", 200)):
        page = await coupon.get(f"{coupon.path}{path}?{query}")
        assert (page.status, "retry-after" in page.headers) == (status, status == 429)


@pytest.mark.parametrize(
    ("now", "wait"), [(100.9, 5), (100.95, 5), (101.1, 5), (105.8, 1), (106, 0)]
)
def test_after_the_wait_that_is_told_it_is_not_too_early(now, wait):
    tried = last_try.Tried(until=100.9 + 5)
    assert tried.wait(datetime.fromtimestamp(now, UTC)) == wait


async def test_all_faults_are_told_at_once(make_coupon):
    coupon = await make_coupon(raw_options=ASKS)
    page = await coupon.redeem("12", validation_value="twelve")
    assert page.status == 422
    for words in ("Type the PIN: 4 to 8 digits.", "Type an amount such as 12.50",
                  "Type the number of the receipt.", 'value="twelve"'):  # fmt: skip
        assert words in page.text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("12,50 €", "12.50"), ("1.234,56", "1234.56"), ("12.", "12"), ("١٢٫٥٠", "12.50"),
     ("€ 7,-", "7"), ("१२.५", "12.50")],
)  # fmt: skip
async def test_amounts_are_read_as_at_the_counter(coupon, typed, kept):
    assert (await coupon.redeem(PIN, validation_value=typed)).status == 303
    assert (await coupon.row())["validation_value"] == kept


async def test_the_browser_lets_every_amount_pass_that_is_read(coupon):
    """What is no amount it tells by itself, so that the PIN stays typed. Its patterns are
    JavaScript's; of what is in this one, Python writes only `\\p{Nd}` otherwise."""
    found = re.search(r'name="validation_value"[^>]* pattern="([^"]+)"', (await coupon.get()).text)
    assert found
    pattern = html.unescape(found[1]).replace(r"\p{Nd}", "[0-9٠-٩۰-۹०-९０-９]")
    told = {one["text"]: one["amount"] for one in VECTORS}
    passes = {text for text in told if re.fullmatch(pattern, text, re.ASCII | re.DOTALL)}
    assert {text for text, amount in told.items() if amount is not None} <= passes
    assert not {"12.345", "1 000", "1e9", "twelve", "1.23.45"} & passes


async def test_another_language_keeps_the_green_panel(coupon):
    used = await send(coupon, "/redeem", pin=PIN)
    cookie = used.headers["set-cookie"].partition(";")[0]
    page = await coupon.get(used.headers["location"], cookie=cookie, accept_language="nl")
    assert "Aanvaard" in page.text
    english = await coupon.get(
        coupon.path + other_language(page, "en"), cookie=cookie, accept_language="nl"
    )
    assert "Accepted" in english.text
    assert "data-clock=" in english.text
    assert (
        "Aanvaard"
        in (
            await coupon.get(
                coupon.path + other_language(english, "nl"), cookie=cookie, accept_language="nl"
            )
        ).text
    )


@pytest.mark.parametrize("where", ["confirm", "place"])
async def test_another_language_keeps_the_place_and_what_was_typed(make_coupon, where):
    coupon = await make_coupon(raw_options=BUTTON if where == "confirm" else "{}")
    if where == "place":
        await SCENES["place"].act(coupon)
    asked = await coupon.get(f"{coupon.path}/{where}", accept_language="nl")
    assert re.search(r'<button class="lang" form="staff" name="lang" value="en"', asked.text)
    place = re.findall(r'<option value="(\d+)"', asked.text)[3] if where == "place" else ""
    typed = {"t": asked.token, "validation_value": "12,5", "place": place, "pin": PIN}
    more = {"sure": "1"} if where == "confirm" else {}
    answer = await coupon._ask("POST", f"{coupon.path}/redeem", {}, {**typed, **more, "lang": "en"})
    assert answer.status == 303
    to = urlsplit(answer.headers["location"])
    assert (to.path, parse_qs(to.query)["lang"]) == (f"{coupon.path}/{where}", ["en"])
    page = await coupon.get(answer.headers["location"])
    assert page.status == 200
    assert '<html lang="en"' in page.text
    assert 'value="12,5"' in page.text
    assert f'value="{place}" selected' in page.text if place else "Mark as used?" in page.text
    assert PIN not in page.text + answer.headers["location"]
    assert (await coupon.row())["uses"] == 0


@pytest.mark.parametrize("act", ["claim", "scratch", "redeem", "lengthen"])
async def test_a_browser_without_a_name_is_answered_in_words(make_coupon, act):
    values = {
        "claim": {"activation_seconds": 900},
        "scratch": {"raw_options": json.dumps({"scratch": CARD})},
        "redeem": {"raw_options": BUTTON},
        "lengthen": {"activation_seconds": 900},
    }[act]
    coupon = await make_coupon(**values)
    if act == "lengthen":
        assert (await send(coupon, "/claim")).status == 303
    before = await coupon.row()
    token = (await coupon.get()).token
    page = await coupon.post(f"/{act}", {"t": token, "sure": "1"}, user_agent="")
    assert "Nothing was done: your browser does not say that a person uses it." in page.text
    assert await coupon.row() == before


async def test_every_answer_to_a_form_of_the_coupon_is_a_redirect(make_coupon):
    coupon = await make_coupon(activation_seconds=900, expires_at=in_days(1))
    for path in ("/claim", "/lengthen", "/scratch", "/redeem"):
        for values in ({}, {"t": "1.2.x"}, {"pin": WRONG}, {"sure": "1"}):
            token = {} if "t" in values else {"t": (await coupon.get()).token}
            answer = await coupon._ask("POST", coupon.path + path, {}, {**token, **values})
            assert answer.status == 303, (path, values)
            assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("typed", ["0,00", "100.000,-"])
async def test_an_unlikely_amount_is_asked_about_once(coupon, typed):
    """Sent again as it was shown it is meant; another one is asked about anew."""
    asked = await coupon.redeem(PIN, validation_value=typed)
    assert (asked.status, (await coupon.row())["uses"]) == (422, 0)
    assert "Is this amount right? Then send it once more." in asked.text
    assert f'name="asked_amount" value="{typed}"' in asked.text
    other = await coupon.redeem(PIN, validation_value="0", asked_amount=typed)
    assert other.status == 422
    assert (await coupon.redeem(PIN, validation_value=typed, asked_amount=typed)).status == 303
    assert (await coupon.row())["validation_value"] == ("0" if typed == "0,00" else "100000")


FORM_OPTIONS = json.dumps({"form": FORM, "begins": "pressed"})


async def filled_in(coupon: Coupon, **values: str):
    """The form of the public page, sent by a browser that keeps cookies."""
    public = f"/p/{coupon.shop.code}"
    page = await coupon.get(public)
    cookie = page.headers["set-cookie"].partition(";")[0]
    answer = await coupon._ask("POST", public, {"cookie": cookie}, {"t": page.token, **values})
    return answer, cookie


async def test_a_form_with_a_mistake_comes_back_by_a_redirect_and_in_another_language(make_coupon):
    coupon = await make_coupon(raw_options=FORM_OPTIONS)
    typed = {"firstname": "Anna", "email": "ann@", "agree_news": "1", "press": "1"}
    answer, cookie = await filled_in(coupon, **typed)
    assert answer.status == 303
    to = answer.headers["location"]
    assert to.startswith(f"/p/{coupon.shop.code}?filled=")
    assert "Anna" not in to
    for _ in range(2):
        page = await coupon.get(to, cookie=cookie)
        assert page.status == 422
        for kept in ('value="Anna"', 'value="ann@"', "Type an address such as", "Tick this box"):
            assert kept in page.text
        assert re.search(r'id="agree_news"[^>]* checked', page.text)
    stranger = await coupon.get(to)
    assert stranger.status == 200
    assert "Anna" not in stranger.text, "an address that is passed on tells nobody what was typed"
    language = {**typed, "lang": "nl", "t": page.token}
    language.pop("press")
    answer = await coupon._ask("POST", f"/p/{coupon.shop.code}", {"cookie": cookie}, language)
    assert answer.status == 303
    dutch = await coupon.get(answer.headers["location"], cookie=cookie)
    assert dutch.status == 200
    for kept in ('<html lang="nl"', 'value="Anna"', 'value="ann@"', 'name="lang" value="en"'):
        assert kept in dutch.text
    assert 'aria-invalid="true"' not in dutch.text, "nothing was sent yet"


async def test_without_cookies_a_form_comes_back_as_the_answer(make_coupon):
    coupon = await make_coupon(raw_options=FORM_OPTIONS)
    public = f"/p/{coupon.shop.code}"
    token = (await coupon.get(public)).token
    typed = {"t": token, "email": "ann@", "press": "1"}
    page = await coupon._ask("POST", public, {}, typed)
    assert (page.status, 'value="ann@"' in page.text) == (422, True)
    page = await coupon._ask("POST", public, {}, {"t": token, "email": "ann@", "lang": "ar"})
    assert page.status == 200
    assert '<html lang="ar" dir="rtl">' in page.text
    assert 'value="ann@"' in page.text
    robot = await coupon._ask("POST", public, {"user_agent": ""}, {"t": token, "press": "1"})
    assert "your browser does not say that a person uses it" in robot.text


async def test_after_a_use_every_form_says_so_and_takes_a_second_one(make_coupon):
    """Back leads to a form that is new; what just happened stands on it, and what is left."""
    both = json.dumps({"methods": ["button", "pin"]})
    coupon = await make_coupon(uses=5, raw_options=both)
    warning = "This coupon was used a moment ago. Check before you go on."
    for path in (coupon.path, f"{coupon.path}/confirm"):
        assert warning not in (await coupon.get(path)).text
    for uses in (1, 2):
        token = (await coupon.get(f"{coupon.path}/confirm")).token
        answer = await coupon.post("/redeem", {"t": token, "sure": "1"})
        assert (answer.status, (await coupon.row())["uses"]) == (303, uses)
        for path in (coupon.path, f"{coupon.path}/confirm", answer.headers["location"]):
            page = await coupon.get(path)
            assert (page.status, page.message) == (200, warning)
            assert f"{5 - uses} of 5 left" in page.text
    await coupon.services.db.execute(
        "UPDATE sessions SET used_at = used_at - interval '6 minutes' WHERE code = $1", coupon.code
    )
    for path in (coupon.path, f"{coupon.path}/confirm"):
        assert warning not in (await coupon.get(path)).text


async def test_the_page_with_the_places_says_what_was_used_a_moment_ago(make_coupon):
    coupon = await make_coupon(uses=3)
    await SCENES["place"].act(coupon)
    await do(coupon, "validated")
    page = await coupon.get(f"{coupon.path}/place")
    assert page.message == "This coupon was used a moment ago. Check before you go on."
    assert "2 of 3 left" in page.text
