"""The states that a campaign's options bring: activation, scratch cards, hours, pauses; each as
the page shows it and as its POSTs change it."""

import asyncio
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.accounts import locations
from tearoff.api.v4.shapes import show_session
from tearoff.coupons.models import NewSession
from tearoff.coupons.rules import AlreadyValidated
from tearoff.coupons.sessions import actions
from tearoff.coupons.sessions.status import status_block, utc
from tests.cast import PIN, noon, open_place
from tests.web.conftest import do, in_days
from tests.web.scenes import SCENES

ROBOT = "WhatsApp/2.23.20.0"


def options(**values):
    return json.dumps(values)


async def act(coupon, name, **headers):
    return await coupon.post(f"/{name}", {"t": (await coupon.get()).token}, **headers)


async def set_back(coupon, column, seconds):
    """Let something have happened earlier."""
    await coupon.services.db.execute(
        f"UPDATE sessions SET {column} = {column} - make_interval(secs => $2) WHERE code = $1",
        coupon.code,
        seconds,
    )


async def test_activation_opens_a_window(make_coupon):
    coupon = await make_coupon(activation_seconds=900)
    page = await coupon.get()
    assert "Ready to activate" in page.text
    assert "Only at the counter: you then have 15 minutes." in page.text
    assert coupon.short not in page.text
    answer = await act(coupon, "claim")
    assert (answer.status, answer.headers["location"]) == (303, coupon.path)
    page = await coupon.get()
    assert "Active" in page.text
    assert coupon.short in page.text
    row = await coupon.row()
    assert (row["active_until"] - row["claimed_at"]).total_seconds() == 900
    assert row["opened_at"] is not None
    assert (await coupon.redeem(PIN)).status == 303


async def test_a_window_is_over(make_coupon):
    coupon = await make_coupon(activation_seconds=900)
    token = (await coupon.get()).token
    await act(coupon, "claim")
    await set_back(coupon, "active_until", 901)
    page = await coupon.get()
    assert "Time is over" in page.text
    assert coupon.short not in page.text
    assert 'action="' not in page.text
    assert (await coupon.post("/claim", {"t": token})).status == 409
    with pytest.raises(actions.rules.TimeOver):
        await do(coupon, "validated")


async def test_a_window_opens_again(make_coupon):
    coupon = await make_coupon(activation_seconds=900, raw_options=options(reactivates=True))
    await act(coupon, "claim")
    await set_back(coupon, "active_until", 901)
    assert "Activate again" in (await coupon.get()).text
    assert (await act(coupon, "claim")).status == 303
    assert (await coupon.row())["active_until"] > datetime.now(UTC)
    assert [kind for kind, *_ in await coupon.events()].count("reactivated") == 1


async def test_a_window_is_lengthened_once(make_coupon):
    coupon = await make_coupon(activation_seconds=900)
    await act(coupon, "claim")
    token = (await coupon.get()).token
    answers = await asyncio.gather(*(coupon.post("/lengthen", {"t": token}) for _ in range(10)))
    assert {answer.status for answer in answers} == {303}
    row = await coupon.row()
    assert (row["active_until"] - row["claimed_at"]).total_seconds() == 1800
    assert "I need more time" not in (await coupon.get()).text


async def test_an_essential_time_is_not_lengthened(make_coupon):
    coupon = await make_coupon(activation_seconds=900, raw_options=options(lengthens=False))
    await act(coupon, "claim")
    assert "I need more time" not in (await coupon.get()).text
    assert (await act(coupon, "lengthen")).status == 409


@pytest.mark.parametrize("name", ["claim", "scratch"])
async def test_a_robot_starts_no_clock(make_coupon, name):
    scratch = {"prizes": [{"key": "cup", "title": {"en": "A cup"}, "weight": 1}]}
    more = {"raw_options": options(scratch=scratch)} if name == "scratch" else {}
    coupon = await make_coupon(activation_seconds=900, **more)
    before = await coupon.row()
    assert (await act(coupon, name, user_agent=ROBOT)).status == 200
    assert (await act(coupon, name, sec_fetch_site="cross-site")).status == 200
    old = await coupon.post(f"/{name}", {"t": "1.2.x"})
    assert (old.status, old.message) == (422, "This page was open for too long. Try again.")
    assert await coupon.row() == before


async def test_activating_when_all_activations_are_taken_says_so(make_coupon):
    first = await make_coupon(activation_seconds=900, limit_claims=1)
    second = await make_coupon(first.shop)
    page = await second.get()
    assert "Activate coupon" in page.text
    assert (await act(first, "claim")).status == 303
    late = await second.post("/claim", {"t": page.token})
    assert late.status == 409
    for shown in (late, await second.get()):
        assert "This offer has reached its limit." in shown.text
        assert "Activate coupon" not in shown.text
    assert "Show this at the counter" in (await first.get()).text


@pytest.mark.parametrize(
    "values", [{"limit_validations": 0}, {"limit_day": 0},
               {"limit_claims": 0, "activation_seconds": 600}],
)  # fmt: skip
async def test_a_limit_of_0_is_reached_before_the_first_one(make_coupon, values):
    coupon = await make_coupon(**values)
    page = await coupon.get()
    assert "This offer has reached its limit." in page.text and "Not available" in page.text
    assert coupon.short not in page.text and "Activate coupon" not in page.text
    offer = await coupon.get(f"/p/{coupon.shop.code}")
    assert "All coupons of this offer have been given out." in offer.text


@pytest.mark.parametrize("more", [{}, {"activation_seconds": 600}])
async def test_a_day_that_had_all_its_uses_is_told(make_coupon, more):
    """As long as it lasts; nobody is sent to a day that the coupon does not have."""
    first = await make_coupon(limit_day=1, timezone=noon(), **more)
    second = await make_coupon(first.shop)
    last = await make_coupon(first.shop, new=NewSession(expires_at=in_days(1 / 8)))
    before = (await second.get(f"{second.path}/now")).text
    await do(first, "validated")
    page = await second.get()
    assert "reached its limit for today. Try again tomorrow." in page.text
    assert "Ready" not in page.text and "Activate coupon" not in page.text
    assert second.short not in page.text
    after = (await second.get(f"{second.path}/now")).text
    assert before != after and f'data-mark="{after}"' in page.text
    told = (await last.get()).text
    assert "This offer has reached its limit." in told and "tomorrow" not in told
    await second.services.db.execute(
        "UPDATE tallies SET n = 0 WHERE account_id = $1", second.shop.account
    )
    assert (await second.get(f"{second.path}/now")).text == before
    assert "Ready" in (await second.get()).text


async def test_a_window_never_outlasts_the_coupon(make_coupon):
    coupon = await make_coupon(activation_seconds=3600, expires_at=in_days(1 / 48))
    await act(coupon, "claim")
    assert (await coupon.row())["active_until"] == await coupon.services.db.fetchval(
        "SELECT expires_at FROM campaigns WHERE id = $1", coupon.shop.campaign
    )
    assert "I need more time" not in (await coupon.get()).text


async def test_a_window_that_ends_on_another_day_names_it(make_coupon):
    coupon = await make_coupon(activation_seconds=900, timezone=noon())
    await act(coupon, "claim")
    assert re.search(r"before <b><time[^>]*>\d\d:\d\d<", (await coupon.get()).text)
    await coupon.services.db.execute(
        "UPDATE sessions SET active_until = active_until + interval '1 day' WHERE code = $1",
        coupon.code,
    )
    assert re.search(r"before <b><time[^>]*>\d+ \w+ \d{4}, \d\d:\d\d<", (await coupon.get()).text)


async def test_each_use_has_a_window_of_its_own(make_coupon):
    coupon = await make_coupon(activation_seconds=900, uses=3)
    for n in range(3):
        await act(coupon, "claim")
        assert "Active" in (await coupon.get()).text
        await coupon.services.db.execute(
            "UPDATE sessions SET lengthened = true WHERE code = $1", coupon.code
        )
        await do(coupon, "validated")
        row = await coupon.row()
        assert row["uses"] == n + 1
        if n < 2:
            assert (row["active_until"], row["lengthened"]) == (None, False)
            assert "Activate coupon" in (await coupon.get()).text
    assert "This coupon was used on" in (await coupon.get()).text


async def test_the_address_of_a_form_leads_back_to_the_coupon(coupon):
    for act_ in ("open", "claim", "lengthen", "scratch", "redeem", "stop/undo"):
        page = await coupon.get(f"{coupon.path}/{act_}?lang=nl")
        assert (page.status, page.headers["location"]) == (303, f"{coupon.path}?lang=nl")
        assert (await coupon.get(f"{coupon.path[:-21]}{'a' * 21}/{act_}")).status == 404


async def test_a_scratch_card_is_drawn_once_by_the_server(make_coupon):
    scratch = {
        "prizes": [
            {"key": "cup", "title": {"en": "A free cup", "nl": "Een gratis kop"}, "weight": 1}
        ]
    }
    coupon = await make_coupon(raw_options=options(scratch=scratch))
    page = await coupon.get()
    assert "Scratch to see" in page.text
    assert "A free cup" not in page.text
    assert coupon.short not in page.text
    token = page.token
    answers = await asyncio.gather(*(coupon.post("/scratch", {"t": token}) for _ in range(10)))
    assert {answer.status for answer in answers} == {303}
    page = await coupon.get()
    assert "A free cup" in page.text
    assert coupon.short in page.text
    assert "Een gratis kop" in (await coupon.get(f"{coupon.path}?lang=nl")).text
    assert [kind for kind, *_ in await coupon.events()].count("played") == 1
    assert (await coupon.redeem(PIN)).status == 303


async def test_losing_is_a_state_too(make_coupon):
    gone = {"key": "cup", "title": {"en": "A cup"}, "weight": 1, "amount": 0}
    scratch = {"prizes": [gone], "blank_weight": 1, "blank_text": {"en": "Next time!"}}
    coupon = await make_coupon(raw_options=options(scratch=scratch))
    await act(coupon, "scratch")
    page = await coupon.get()
    assert "No prize" in page.text
    assert "Next time!" in page.text
    assert coupon.short not in page.text
    with pytest.raises(actions.rules.NoPrize):
        await do(coupon, "validated")


async def test_prizes_that_are_counted_are_not_given_twice(make_coupon):
    scratch = {
        "prizes": [{"key": "car", "title": {"en": "A car"}, "weight": 1_000_000, "amount": 3}],
        "blank_weight": 1,
    }
    first = await make_coupon(raw_options=options(scratch=scratch))
    cards = [first, *[await make_coupon(first.shop) for _ in range(19)]]
    await asyncio.gather(*(act(card, "scratch") for card in cards))
    drawn = Counter([(await card.row())["prize"] for card in cards])
    assert drawn == {"car": 3, "": 17}


async def test_a_card_that_nobody_scratched_cannot_be_used(make_coupon):
    scratch = {"prizes": [{"key": "cup", "title": {"en": "A cup"}, "weight": 1}]}
    coupon = await make_coupon(raw_options=options(scratch=scratch))
    with pytest.raises(actions.rules.NotPlayed):
        await do(coupon, "validated")


async def test_a_pause_between_two_uses(make_coupon):
    coupon = await make_coupon(uses=3, pause_seconds=3600)
    assert (await coupon.redeem(PIN)).status == 303
    page = await coupon.get()
    assert "Used for now" in page.text
    assert "can be used again from" in page.text
    assert coupon.short not in page.text
    with pytest.raises(actions.rules.NotAgainYet):
        await do(coupon, "validated")
    await set_back(coupon, "used_at", 3601)
    assert "2 of 3 left" in (await coupon.get()).text
    assert (await coupon.redeem(PIN)).status == 303


async def test_outside_its_hours(make_coupon):
    other = (datetime.now(UTC) + timedelta(days=3)).isoweekday()
    hours = [{"days": [other], "start": "09:00", "end": "17:00"}]
    coupon = await make_coupon(timezone="UTC", raw_options=options(hours=hours))
    page = await coupon.get()
    assert "Not at this hour" in page.text
    assert "09:00–17:00" in page.text
    assert coupon.short not in page.text
    with pytest.raises(actions.rules.WrongTime):
        await do(coupon, "validated")


async def test_texts_by_language(make_coupon):
    texts = {"nl": {"title": "2 cappuccino’s", "terms": "Eén per bezoek"}}
    coupon = await make_coupon(language="en", raw_options=options(texts=texts))
    page = await coupon.get(f"{coupon.path}?lang=nl")
    assert '<h1 lang="nl" dir="auto">2 cappuccino’s' in page.text
    assert "Eén per bezoek" in page.text
    assert "Second cup free" in page.text
    assert 'lang="en" hreflang="en"' in page.text


async def test_the_merchants_own_sentence(make_coupon):
    coupon = await make_coupon(status="paused", raw_options=options(withdrawn_text="Back in May."))
    assert "Back in May." in (await coupon.get()).text


async def test_the_merchants_own_sentence_when_all_is_gone(make_coupon):
    own = options(limit_text="All gone. Thank you!", texts={"nl": {"limit": "Alles is weg."}})
    coupon = await make_coupon(limit_validations=1, raw_options=own)
    mine = await make_coupon(coupon.shop)
    await do(coupon, "validated")
    for path in (mine.path, f"/p/{coupon.shop.code}"):
        assert "All gone. Thank you!" in (await coupon.get(path)).text
        assert "Alles is weg." in (await coupon.get(path, accept_language="nl")).text


async def test_the_button_asks_twice(make_coupon):
    coupon = await make_coupon(raw_options=options(methods=["code", "button"]))
    page = await coupon.get()
    assert f'href="{coupon.path}/confirm"' in page.text
    assert 'name="pin"' not in page.text
    ask = await coupon.get(f"{coupon.path}/confirm")
    assert "This cannot be undone." in ask.text
    assert (await coupon.row())["uses"] == 0
    token = ask.token
    assert (await coupon.post("/redeem", {"t": token})).status == 409
    assert (await coupon.post("/redeem", {"t": token, "sure": "1"})).status == 303
    assert (await coupon.post("/redeem", {"t": token, "sure": "1"})).status == 409
    assert (await coupon.row())["uses"] == 1
    by = [
        (actor, channel) for kind, actor, channel, _ in await coupon.events() if kind == "validated"
    ]
    assert by == [("staff", "button")]


async def test_the_button_is_not_there_where_it_is_not_allowed(coupon):
    token = (await coupon.get()).token
    answer = await coupon.post("/redeem", {"t": token, "sure": "1"})
    assert answer.status == 422
    assert (await coupon.row())["uses"] == 0
    assert "This cannot be undone." not in (await coupon.get(f"{coupon.path}/confirm")).text


async def test_amount_and_receipt_can_be_required(make_coupon):
    coupon = await make_coupon(raw_options=options(ask_amount="required", ask_receipt="required"))
    first = await coupon.redeem(PIN)
    assert first.status == 422
    assert "Type the amount spent" in first.text
    second = await coupon.redeem(PIN, validation_value="12,50")
    assert second.status == 422
    assert "Type the number of the receipt." in second.text
    assert 'value="12,50"' in second.text
    assert (await coupon.redeem(PIN, validation_value="12,50", receipt="B 77")).status == 303
    row = await coupon.row()
    assert (row["validation_value"], row["receipt"]) == ("12.50", "B 77")


async def test_a_code_for_the_webshop(make_coupon):
    shop = options(
        methods=["webshop"],
        code="fixed",
        fixed_code="A&B 1",
        webshop_url="https://shop.example/?c={code}",
    )
    page = await (await make_coupon(raw_options=shop)).get()
    assert 'href="https://shop.example/?c=A%26B%201"' in page.text
    assert 'data-copy="A&amp;B 1"' in page.text
    assert 'class="qr"' not in page.text


async def test_the_open_page_asks_how_it_stands(coupon):
    page = await coupon.get()
    mark = page.text.split('data-mark="')[1].split('"')[0]
    assert (await coupon.get(f"{coupon.path}/now")).text == mark
    await do(coupon, "validated")
    used = (await coupon.get(f"{coupon.path}/now")).text
    assert used != mark
    assert f'data-mark="{used}"' in (await coupon.get()).text, "a use can be undone"
    await do(coupon, "unvalidated")
    assert (await coupon.get(f"{coupon.path}/now")).text == mark
    assert (await coupon.get(f"{coupon.path[:-1]}/now")).status == 404


async def test_the_code_turns(make_coupon):
    coupon = await make_coupon(raw_options=options(rotating_code=True))
    page = await coupon.get()
    assert 'data-turns="1"' in page.text
    mark, path = (await coupon.get(f"{coupon.path}/now")).text.split("\n")
    assert f'data-mark="{mark}"' in page.text
    assert path.startswith("M")


async def test_what_cannot_be_drawn_is_a_qr_code(make_coupon):
    """A code that a program gave, and that this barcode cannot hold: the customer still has it."""
    coupon = await make_coupon(
        new=NewSession(validation_code="no number"),
        raw_options=json.dumps({"barcode": "ean13", "code": "own"}),
    )
    page = await coupon.get()
    assert page.status == 200
    assert 'class="qr"' in page.text
    assert "no number" in page.text


async def test_where_it_is_taken_in_and_when(make_coupon):
    coupon = await make_coupon()
    assert "/where" not in (await coupon.get()).text
    page = await coupon.get(f"{coupon.path}/where")
    assert (page.status, page.headers["location"]) == (303, coupon.path)
    await SCENES["where"].act(coupon)
    assert f'href="{coupon.path}/where"' in (await coupon.get()).text
    page = await coupon.get(f"{coupon.path}/where", accept_language="nl")
    for words in ("Waar te gebruiken", "Korenmarkt 1, 9000 Ghent", "ma–vr 08:00–18:00",
                  "za 09:00–17:00", "tel:+32470001234"):  # fmt: skip
        assert words in page.text
    assert coupon.shop.pin not in page.text
    services, shop = coupon.services, coupon.shop
    await open_place(services, shop.account, "Bruges")  # the campaign does not name it
    assert "Bruges" not in (await coupon.get(f"{coupon.path}/where")).text
    async with services.db.transaction() as db:
        await locations.remove(db, shop.account, shop.location, datetime.now(UTC))
    page = await coupon.get(f"{coupon.path}/where")
    assert (page.status, page.headers["location"]) == (303, coupon.path)


async def test_fewer_uses_than_a_coupon_has_had(make_coupon):
    coupon = await make_coupon(uses=3)
    await do(coupon, "validated")
    await do(coupon, "validated")
    for uses in (2, 1):
        await coupon.services.db.execute(
            "UPDATE campaigns SET uses = $2 WHERE id = $1", coupon.shop.campaign, uses
        )
        page = await coupon.get()
        assert (page.status, "This coupon was used on" in page.text) == (200, True)
        assert coupon.short not in page.text
        assert (await coupon.redeem(PIN, "")).status == 409
    db, used_at = coupon.services.db, (await coupon.row())["used_at"]
    found = await actions.find_session(db, coupon.shop.account, coupon.code)
    shown = show_session(found, "https://example.com", datetime.now(UTC))
    assert (shown.state, shown.validated_at, shown.uses_left) == ("validated", used_at, 0)
    told = status_block(found.session, found.campaign, None)
    assert (told["validated"], told["validation_date_utc"]) == ("1", utc(used_at))
    with pytest.raises(AlreadyValidated) as refused:
        await do(coupon, "validated")
    assert refused.value.at == used_at
