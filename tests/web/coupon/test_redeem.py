"""The staff's PIN on the consumer's phone: once, guarded, without cookie and script."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.accounts import tallies
from tearoff.coupons.sessions.behind_link import linked
from tearoff.coupons.sessions.pin_tries import LOCKS
from tearoff.kit import clock
from tearoff.web.coupon import accepted, pins
from tearoff.web.paper import forms
from tests.cast import PIN, open_place, open_shop
from tests.web.conftest import do, in_days

WRONG = "999999"


async def attempt(coupon, pin, *, now, network="192.0.2.0/24"):
    """A try in this process, at any time and from any network."""
    found = await linked(coupon.services.db, coupon.shop.code, coupon.code)
    what = pins.Attempt(pin, None, None, found.session.uses, network)
    return await pins.redeem(coupon.services.db, coupon.services.vault, found, what, now)


async def test_right_pin_uses_the_coupon_there(coupon):
    answer = await coupon.redeem(PIN)
    assert answer.status == 303
    assert answer.headers["location"].startswith(f"{coupon.path}?ok=")
    # A use also opens and claims what was not: each of these changes is an event.
    by = ("staff", "page", coupon.shop.location)
    assert sorted(await coupon.events()) == [("claimed", *by), ("opened", *by), ("validated", *by)]
    row = await coupon.row()
    assert (row["uses"], row["location_id"]) == (1, coupon.shop.location)
    assert row["opened_at"] == row["validated_at"] is not None


async def test_accepted_is_shown_only_on_the_phone_that_was_served(coupon):
    used = await coupon.redeem(PIN)
    there, cookie = used.headers["location"], used.headers["set-cookie"]
    assert cookie.startswith("__Host-tearoff_served_")
    assert cookie.endswith("; Max-Age=300; Path=/; HttpOnly; SameSite=Lax; Secure")
    proof = cookie.partition(";")[0]
    here, other = await coupon.get(there, cookie=proof), await coupon.get()
    assert "Accepted" in here.text
    assert "data-clock=" in here.text
    assert "Ghent" in here.text
    assert "Accepted" in (await coupon.get(there, cookie=proof)).text  # reloaded
    name, _, value = proof.partition("=")
    wrong = ("", f"{name}=", f"{name}={'A' * 43}", f"{name}=\u00e9", f"other={value}")
    forwarded = [await coupon.get(there, cookie=one) for one in wrong]
    for page in (other, *forwarded):
        assert "Accepted" not in page.text and "data-clock=" not in page.text
    for page in (here, other, *forwarded):
        assert "This coupon was used on" in page.text
        assert coupon.short not in page.text


async def test_accepted_ends_after_five_minutes(coupon, services):
    await do(coupon, "validated")
    for seconds, shown in ((290, True), (301, False), (-10, False)):
        at = clock.now() - timedelta(seconds=seconds)
        await services.db.execute(
            "UPDATE sessions SET used_at = $1 WHERE code = $2", at, coupon.code
        )
        session = (await linked(services.db, coupon.shop.code, coupon.code)).session
        receipt = forms.make_receipt(services.vault, session)
        proof = accepted.cookie(services, session.id, receipt).partition(";")[0]
        page = await coupon.get(f"{coupon.path}?ok={receipt}", cookie=proof)
        assert ("Accepted" in page.text) is shown
        assert (
            forms.accepted_second(services.vault, receipt, session, clock.now()) is not None
        ) is shown
    forged = f"{int(clock.now().timestamp())}.1.{'A' * 43}"
    assert "Accepted" not in (await coupon.get(f"{coupon.path}?ok={forged}")).text


async def test_accepted_is_of_the_use_and_not_of_its_number(make_coupon):
    """Undone, and used by somebody else: the address of the first use tells of nothing."""
    coupon = await make_coupon(uses=3)
    used = await coupon.redeem(PIN)
    there, cookie = used.headers["location"], used.headers["set-cookie"].partition(";")[0]
    assert "Accepted" in (await coupon.get(there, cookie=cookie)).text
    await do(coupon, "unvalidated")
    await do(coupon, "validated")
    page = await coupon.get(there, cookie=cookie)
    assert "2 of 3 left" in page.text
    for words in ("Accepted", "data-clock=", "This coupon was used on"):
        assert words not in page.text
    await do(coupon, "validated")
    await do(coupon, "unvalidated")
    assert "Accepted" not in (await coupon.get(there, cookie=cookie)).text


async def test_accepted_is_there_again_when_a_later_use_is_undone(make_coupon):
    coupon = await make_coupon(uses=3)
    used = await coupon.redeem(PIN)
    there, cookie = used.headers["location"], used.headers["set-cookie"].partition(";")[0]
    await do(coupon, "validated")
    assert "Accepted" not in (await coupon.get(there, cookie=cookie)).text
    await do(coupon, "unvalidated")
    assert "Accepted" in (await coupon.get(there, cookie=cookie)).text


async def test_a_forwarded_page_of_a_coupon_for_many_visits_says_when_it_was_used(make_coupon):
    coupon = await make_coupon(uses=3)
    there = (await coupon.redeem(PIN)).headers["location"]
    forwarded = await coupon.get(there)
    assert "Accepted" not in forwarded.text and "This coupon was used on" in forwarded.text
    assert "Ghent" in forwarded.text and "2 of 3 left" in forwarded.text
    assert "This coupon was used on" not in (await coupon.get()).text


async def test_two_coupons_one_after_the_other_both_keep_their_panel(make_coupon):
    first = await make_coupon()
    second = await make_coupon(first.shop)
    used = [await coupon.redeem(PIN) for coupon in (first, second)]
    both = "; ".join(one.headers["set-cookie"].partition(";")[0] for one in used)
    for coupon, one in zip((first, second), used, strict=True):
        assert "Accepted" in (await coupon.get(one.headers["location"], cookie=both)).text


async def test_sending_the_form_again_does_nothing(coupon):
    token = (await coupon.get()).token
    assert (await coupon.redeem(PIN, token)).status == 303
    again = await coupon.redeem(PIN, token)
    assert again.status == 409
    assert "This coupon was used on" in again.text
    assert (await coupon.row())["uses"] == 1


async def test_two_phones_one_redeem(coupon):
    tokens = [(await coupon.get()).token for _ in range(4)]
    answers = await asyncio.gather(*(coupon.redeem(PIN, token) for token in tokens))
    assert Counter(a.status for a in answers) == {303: 1, 409: 3}
    for loser in (a for a in answers if a.status == 409):
        assert "This coupon was used on" in loser.text
        assert "Ghent" in loser.text
        assert "Accepted" not in loser.text
    assert [kind for kind, *_ in await coupon.events()].count("validated") == 1


async def test_two_phones_with_a_coupon_for_many_visits(make_coupon):
    """The second phone shows a state that is over: it must look before it uses one more."""
    coupon = await make_coupon(uses=3)
    first, second = (await coupon.get()).token, (await coupon.get()).token
    assert (await coupon.redeem(PIN, first)).status == 303
    late = await coupon.redeem(PIN, second)
    assert late.status == 409
    assert late.message.startswith("This coupon was used a moment ago")
    assert (await coupon.row())["uses"] == 1
    assert (await coupon.redeem(PIN, late.token)).status == 303
    assert (await coupon.row())["uses"] == 2


async def test_wrong_pins_are_counted_and_lock(coupon, services):
    said = []
    for _ in range(6):
        answer = await coupon.redeem(WRONG)
        said.append((answer.status, answer.message))
    assert said == [
        (422, "Wrong PIN. 4 tries left."),
        (422, "Wrong PIN. 3 tries left."),
        (422, "Wrong PIN. 2 tries left."),
        (422, "Wrong PIN. 1 try left."),
        (429, "Locked for 15 minutes."),
        (429, "Locked for 15 minutes."),
    ]
    right = await coupon.redeem(PIN)
    assert right.status == 429
    assert 890 <= int(right.headers["retry-after"]) <= 900
    assert "Locked for 15 minutes." in (await coupon.get()).text  # when it is opened again, too
    assert (await coupon.row())["uses"] == 0
    assert await coupon.events() == [("pin_locked", "staff", "page", None)]
    now = datetime.now(UTC)
    assert await tallies.reached(services.db, coupon.shop.account, LOCKS.scope, now) == 1


async def test_a_form_that_is_sent_again_is_one_try(coupon):
    token = (await coupon.get()).token
    for _ in range(7):  # a reload repeats it
        again = await coupon.redeem(WRONG, token)
        assert (again.status, again.message) == (422, "Wrong PIN. 4 tries left.")
    network = await coupon.services.db.fetchval(
        "SELECT n FROM tallies WHERE account_id = $1 AND starts_with(scope, 'pin:network:')",
        coupon.shop.account,
    )
    assert network == 1
    # Another PIN on the same form, and the same PIN on another form, are tries.
    assert (await coupon.redeem("888888", token)).message == "Wrong PIN. 3 tries left."
    assert (await coupon.redeem(WRONG, token)).message == "Wrong PIN. 3 tries left."
    assert (await coupon.redeem(WRONG)).message == "Wrong PIN. 2 tries left."
    # A form without its own part, or with one made up, is none of ours: no PIN is looked at.
    signed = token.rpartition(".")[0]
    for forged in (signed, f"{signed}.", f"{signed}.mine"):
        assert "too long" in (await coupon.redeem(PIN, forged)).message
    for _ in range(2):
        await coupon.redeem(WRONG)
    assert (await coupon.redeem(WRONG, token)).message == "Locked for 15 minutes."
    assert (await coupon.redeem(PIN, token)).status == 429
    assert await coupon.events() == [("pin_locked", "staff", "page", None)]


@pytest.mark.parametrize("gone", [0, 4])
async def test_taps_at_once_are_one_try(coupon, gone):
    for _ in range(gone):
        await coupon.redeem(WRONG)
    token = (await coupon.get()).token
    answers = await asyncio.gather(*(coupon.redeem(WRONG, token) for _ in range(12)))
    left = "Wrong PIN. 4 tries left." if not gone else "Locked for 15 minutes."
    assert {answer.message for answer in answers} == {left}
    assert await coupon.events() == [("pin_locked", "staff", "page", None)] * (gone == 4)


async def test_two_taps_with_the_right_pin_are_never_called_wrong(coupon):
    token = (await coupon.get()).token
    answers = await asyncio.gather(*(coupon.redeem(PIN, token) for _ in range(12)))
    assert sorted(answer.status for answer in answers) == [303] + [409] * 11
    assert not any("Wrong PIN" in answer.text for answer in answers)
    assert (await coupon.row())["uses"] == 1


async def test_many_guesses_at_once_are_counted_exactly(coupon):
    """Five of fifty PINs are looked at, whichever; all others find it locked."""
    now = datetime.now(UTC)
    guesses = (attempt(coupon, f"{n:06}", now=now) for n in range(1000, 1050))
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert Counter(map(type, results)) == {pins.WrongPin: 5, pins.PinLocked: 45}


async def test_many_posted_guesses_are_all_refused(coupon):
    token = (await coupon.get()).token
    guesses = (coupon.redeem(f"{n:06}", token) for n in range(1000, 1050))
    statuses = Counter(answer.status for answer in await asyncio.gather(*guesses))
    # The fifth is told of the lock as well; so may others be that are counted before they read.
    assert statuses[422] <= 4
    assert statuses[422] + statuses[429] == 50
    assert (await coupon.redeem(PIN, token)).status == 429
    assert (await coupon.row())["uses"] == 0
    assert [kind for kind, *_ in await coupon.events()] == ["pin_locked"]


async def test_the_right_pin_among_many_guesses_uses_it_or_finds_it_locked(coupon):
    token = (await coupon.get()).token
    guesses = [PIN if n == 1002 else f"{n:06}" for n in range(1000, 1050)]
    answers = await asyncio.gather(*(coupon.redeem(guess, token) for guess in guesses))
    statuses = Counter(answer.status for answer in answers)
    assert answers[2].status in (303, 429)
    assert statuses[303] == (await coupon.row())["uses"] <= 1
    # Once it is used there is nothing left to guess at, nor to tell of a guess that was before it.
    assert set(statuses) <= ({200, 303, 409, 422, 429} if statuses[303] else {422, 429})


async def test_the_right_pin_gives_its_try_back(make_coupon):
    coupon = await make_coupon(uses=9)
    for _ in range(7):
        assert (await coupon.redeem(PIN)).status == 303
    page = await coupon.redeem(WRONG)
    assert "This coupon was used a moment ago." in page.message
    assert "Wrong PIN. 4 tries left." in page.text
    assert (await coupon.redeem(PIN)).status == 303
    assert "Wrong PIN. 3 tries left." in (await coupon.redeem(WRONG)).text


async def test_the_lock_lasts_fifteen_minutes_from_the_last_try(coupon):
    start = datetime.now(UTC)
    for minute in (0, 3, 6, 9):
        with pytest.raises(pins.WrongPin):
            await attempt(coupon, WRONG, now=start + timedelta(minutes=minute))
    with pytest.raises(pins.WrongPin) as last:
        await attempt(coupon, WRONG, now=start + timedelta(minutes=14))
    assert last.value.left == 0
    for minute in (14.5, 20, 28.9):
        with pytest.raises(pins.PinLocked):
            await attempt(coupon, PIN, now=start + timedelta(minutes=minute))
    used = await attempt(coupon, PIN, now=start + timedelta(minutes=29.1))
    assert used.uses == 1


async def test_wrong_pins_count_for_the_network_over_all_coupons(make_coupon):
    now, shop = datetime.now(UTC), (await make_coupon()).shop
    left = []
    for _ in range(5):
        coupon = await make_coupon(shop)
        for _ in range(4):
            with pytest.raises(pins.WrongPin) as refused:
                await attempt(coupon, WRONG, now=now)
            left.append(refused.value.left)
    assert left == [4, 3, 2, 1] * 5
    with pytest.raises(pins.WrongPin) as refused:
        await attempt(await make_coupon(shop), WRONG, now=now)
    assert refused.value.wait == 5
    assert (await attempt(await make_coupon(shop), PIN, now=now)).uses == 1


async def test_another_shop_is_not_locked(make_coupon):
    one, other = await make_coupon(), await make_coupon()
    for _ in range(6):
        await one.redeem(WRONG)
    assert (await one.redeem(PIN)).status == 429
    assert (await other.redeem(PIN)).status == 303


async def test_a_pin_of_another_place_is_wrong(coupon, services):
    elsewhere = await open_shop(services, kind=None)
    await open_place(services, elsewhere.account, "Elsewhere", "864213")
    await open_place(services, coupon.shop.account, "Not of this campaign", "135790")
    for pin in ("864213", "135790"):
        assert (await coupon.redeem(pin)).message.startswith("Wrong PIN.")


async def test_a_form_without_a_true_token_is_refused_and_no_pin_is_looked_at(
    coupon, make_coupon, services
):
    other = await make_coupon(coupon.shop)
    old = forms.make_token(services.vault, coupon.code, 0, clock.now() - timedelta(hours=14))
    late = forms.make_token(services.vault, coupon.code, 0, clock.now() + timedelta(hours=2))
    mine = (await coupon.get()).token
    for token in ("", "x", "1.2", "1.2.3", mine[:-2] + "AA", mine.replace(".0.", ".1."), old, late,
                  (await other.get()).token, "é.0.é", "9" * 500, "-1.0." + mine[-43:]):  # fmt: skip
        answer = await coupon.redeem(PIN, token)
        assert answer.status == 422, token
        assert answer.message == "This page was open for too long. Try again."
    assert (await coupon.row())["uses"] == 0
    assert (await coupon.redeem(PIN, answer.token)).status == 303
    assert (
        await services.db.fetchval(
            "SELECT coalesce(sum(n), 0) FROM tallies WHERE account_id = $1", coupon.shop.account
        )
        == 0
    )


async def test_a_token_of_some_hours_is_fine(coupon, services):
    token = forms.make_token(services.vault, coupon.code, 0, clock.now() - timedelta(hours=11))
    assert (await coupon.redeem(PIN, token)).status == 303


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "²²²²", "4" * 5000, "\x004711"])
async def test_what_is_no_pin_is_said_and_not_counted(coupon, pin):
    for _ in range(6):
        answer = await coupon.redeem(pin)
        assert answer.status == 422
        assert answer.message == "Type the PIN: 4 to 8 digits."
    assert (await coupon.redeem(PIN)).status == 303


async def test_digits_of_an_arabic_keyboard(coupon):
    assert (await coupon.redeem("٤٧١١٠٨")).status == 303


@pytest.mark.parametrize(("typed", "kept"), [("12,50", "12.50"), ("7", "7"), ("", None)])
async def test_amount_spent(coupon, typed, kept):
    assert (await coupon.redeem(PIN, validation_value=typed)).status == 303
    assert (await coupon.row())["validation_value"] == kept


@pytest.mark.parametrize("typed", ["-1", "1e9", "12.345", "abc", '"><script>', "1 000"])
async def test_bad_amount_is_said_and_kept(coupon, typed):
    answer = await coupon.redeem(PIN, validation_value=typed)
    assert answer.status == 422
    assert "Type an amount such as 12.50" in answer.text
    assert "<script>1" not in answer.text
    assert answer.text.count("<script>") == 1
    assert (await coupon.row())["uses"] == 0


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe\x00", b"pin=" + b"9" * 1_000_000, b"&".join(b"a=1" for _ in range(1000)), b"",
     b"t=%ff&pin=%00%ff", b'{"pin": 1}'],
)  # fmt: skip
async def test_hostile_bodies_get_a_clear_page(coupon, body):
    for path in ("/redeem", "/open"):
        answer = await coupon.post(
            path, body, content_type="application/x-www-form-urlencoded; charset=utf-8"
        )
        assert answer.status in (204, 422)
    assert (await coupon.row())["uses"] == 0


@pytest.mark.parametrize(
    "values", [{"expires_at": in_days(-1)}, {"starts_at": in_days(1)}, {"status": "paused"}]
)
async def test_a_coupon_that_cannot_be_used_now(make_coupon, services, values):
    coupon = await make_coupon(**values)
    token = forms.make_token(services.vault, coupon.code, 0, clock.now())
    answer = await coupon.redeem(PIN, token)
    assert answer.status == 409
    assert (await coupon.row())["uses"] == 0


async def test_the_campaigns_limit(make_coupon):
    first = await make_coupon(limit_validations=1)
    second = await make_coupon(first.shop)
    assert (await first.redeem(PIN)).status == 303
    page = await second.get()
    assert "This offer has reached its limit." in page.text
    assert second.short not in page.text
    answer = await second.redeem(PIN, token=page.token)
    assert answer.status == 409
    assert "This offer has reached its limit." in answer.text


async def test_unknown_coupon(coupon):
    answer = await coupon.post("x/redeem", {"pin": PIN})
    assert answer.status == 404
    assert "We do not know this coupon." in answer.text


async def test_language_is_kept(coupon):
    token = (await coupon.get()).token
    wrong = await coupon.post("/redeem?lang=nl", {"t": token, "pin": WRONG})
    assert wrong.message == "Verkeerde pincode. Nog 4 pogingen."
    right = await coupon.post("/redeem?lang=nl", {"t": token, "pin": PIN})
    assert right.headers["location"].startswith(f"{coupon.path}?lang=nl&ok=")
    proof = right.headers["set-cookie"].partition(";")[0]
    assert "Aanvaard" in (await coupon.get(right.headers["location"], cookie=proof)).text


async def test_a_coupon_that_a_till_holds_is_not_used_on_the_phone(coupon):
    await coupon.services.db.execute(
        "UPDATE sessions SET reservation = 'till', reserved_until = now() + interval '1 minute'"
        " WHERE code = $1",
        coupon.code,
    )
    held = await coupon.redeem(PIN, (await coupon.get()).token)
    assert held.status == 409
    assert "A till is taking this coupon in just now." in held.text
    assert (await coupon.row())["uses"] == 0
    await coupon.services.db.execute(
        "UPDATE sessions SET reserved_until = now() - interval '1 second' WHERE code = $1",
        coupon.code,
    )
    assert (await coupon.redeem(PIN, (await coupon.get()).token)).status == 303


async def test_without_locations_the_pin_of_any_takes_it_in(make_coupon, services):
    coupon = await make_coupon()
    await services.db.execute(
        "DELETE FROM campaign_locations WHERE campaign_id = $1", coupon.shop.campaign
    )
    assert (await coupon.redeem("0000")).status == 422
    assert (await coupon.redeem(PIN)).status == 303
    assert (await coupon.row())["location_id"] == coupon.shop.location
