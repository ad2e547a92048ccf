"""The counter over its JSON: every verdict, once and only once, for this shop's coupons only."""

import asyncio
import dataclasses
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from tearoff.accounts import devices
from tearoff.accounts.locations import LocationNotFound
from tearoff.accounts.tallies import TallyFull
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.counter import matching, qr_tokens
from tearoff.coupons.counter.scanned_text import read_scanned
from tearoff.coupons.models import Doer, NewSession
from tearoff.coupons.sessions import actions, queries
from tests.cast import open_place, open_shop
from tests.running import PATIENCE
from tests.web.conftest import do, in_days
from tests.web.tills import DEVICE_PIN, new_key, open_till


@pytest.fixture
def make_till(services, http, server):
    async def make(shop, place=None):
        return await open_till(services, http, server.url, shop, place)

    return make


async def test_yes_then_used_then_no(coupon, make_till):
    till = await make_till(coupon.shop)
    told = await till.check(coupon.code)
    assert (told["verdict"], told["word"], told["title"]) == ("good", "OK", "2-for-1 cappuccino")
    assert told["value"] == "Second cup free"
    assert told["asks"] == {"amount": "optional", "receipt": "no"}
    assert (await coupon.row())["uses"] == 0
    assert await coupon.events() == []
    told = await till.redeem(coupon.code, amount="12,50")
    assert (told["verdict"], told["word"]) == ("used", "OK, used")
    assert re.fullmatch(r"Used now, \d\d:\d\d\.", told["text"])
    row = await coupon.row()
    assert (row["uses"], row["validation_value"], row["location_id"]) == (1, "12.50", till.place)
    told = await till.check(coupon.code)
    assert (told["verdict"], told["reason"], told["word"]) == ("no", "already_used", "NO")
    assert re.fullmatch(r"Used \d+ \w+ \d{4}, \d\d:\d\d, Ghent\.", told["text"])
    by = [event for event in await coupon.events() if event[0] == "validated"]
    assert by == [("validated", "staff", "counter", till.place)]


@pytest.mark.parametrize(
    "typed",
    ["{short}", "{SHORT}", " {sho}-{rt} ", "{code}", "{CODE}", "https://x.example{path}",
     "HTTPS://X.EXAMPLE{PATH}", "see {path}?lang=nl.", "/z/{campaign}/{code}&web=true"],
)  # fmt: skip
async def test_a_code_is_read_in_every_form(coupon, make_till, typed):
    till = await make_till(coupon.shop)
    short = coupon.code[:6]
    text = typed.format(
        short=short, SHORT=short.upper(), sho=short[:3], rt=short[3:], code=coupon.code,
        CODE=coupon.code.upper(), path=coupon.path, PATH=coupon.path.upper(),
        campaign=coupon.shop.code,
    )  # fmt: skip
    assert (await till.check(text))["verdict"] == "good"


async def test_the_shops_own_code(make_coupon, make_till):
    coupon = await make_coupon(new=NewSession(validation_code="4006381333931"))
    till = await make_till(coupon.shop)
    assert (await till.redeem("4006381333931"))["verdict"] == "used"


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("AB12-CD34", "ab12cd34"),
        ("SPRING 26", "spring26"),
        ("abcdefghijklmnopqrst9", "ABCDEFGHIJKLMNOPQRST9"),  # as long as a code of ours
        ("012345678905", "0012345678905"),  # UPC-A
        ("09506000134352", "0109506000134352"),  # GS1 DataBar
        ("(01)09506000134352(10)ABC123", "]C1010950600013435210ABC123"),
    ],
)
async def test_the_shops_own_code_as_people_and_readers_tell_it(
    make_coupon, make_till, stored, read
):
    coupon = await make_coupon(new=NewSession(validation_code=stored))
    till = await make_till(coupon.shop)
    for _ in range(12):  # right ones never lock
        assert (await till.check(read))["verdict"] == "good"
    assert (await till.redeem(read))["code"] == coupon.code[:6]


async def test_one_code_in_two_campaigns_means_the_one_that_can_be_used(make_coupon, make_till):
    code = NewSession(validation_code="123456")
    old = await make_coupon(new=code, expires_at=in_days(-1))
    db = old.services.db
    async with db.transaction() as work:
        campaign = await campaigns.create_campaign(
            work, old.shop.account, campaigns.NewCampaign(name="Autumn")
        )
    other = dataclasses.replace(old.shop, campaign=campaign.id, code=campaign.code)
    new = await make_coupon(other, new=code)
    till = await make_till(old.shop)
    told = await till.redeem("123456")
    assert (told["verdict"], told["code"]) == ("used", new.code[:6])


SCRATCH = {"prizes": [{"key": "cup", "title": {"en": "A cup"}, "weight": 1}]}
REFUSALS = {
    "expired": {"expires_at": in_days(-1)},
    "not_yet": {"starts_at": in_days(1)},
    "withdrawn": {"status": "paused"},
    "not_played": {"raw_options": json.dumps({"scratch": SCRATCH})},
}


@pytest.mark.parametrize("reason", REFUSALS)
async def test_no_with_its_reason(make_coupon, make_till, reason):
    coupon = await make_coupon(**REFUSALS[reason])
    till = await make_till(coupon.shop)
    for told in (await till.check(coupon.code), await till.redeem(coupon.code)):
        assert (told["verdict"], told["reason"]) == ("no", reason)
        assert told["text"]
        assert "{" not in told["text"]


async def test_wrong_place(coupon, make_till, services):
    other = await open_place(services, coupon.shop.account, "Bruges")
    till = await make_till(coupon.shop, other)
    assert (await till.check(coupon.code))["reason"] == "wrong_place"
    assert (await till.redeem(coupon.code))["reason"] == "wrong_place"


async def test_wrong_hour(make_coupon, make_till):
    day = (datetime.now(UTC) + timedelta(days=3)).isoweekday()
    hours = [{"days": [day], "start": "09:00", "end": "10:00"}]
    coupon = await make_coupon(raw_options=json.dumps({"hours": hours}))
    assert (await (await make_till(coupon.shop)).check(coupon.code))["reason"] == "wrong_time"


async def test_held_by_another_till(coupon, make_till, services):
    await services.db.execute(
        "UPDATE sessions SET reservation = 'x', reserved_until = now() + interval '1 minute'"
        " WHERE code = $1",
        coupon.code,
    )
    assert (await (await make_till(coupon.shop)).check(coupon.code))["reason"] == "reserved"


async def test_the_limit(make_coupon, make_till):
    first = await make_coupon(limit_day=1)
    second = await make_coupon(first.shop)
    till = await make_till(first.shop)
    assert (await till.redeem(first.code))["verdict"] == "used"
    assert (await till.check(second.code))["reason"] == "limit"
    assert (await till.redeem(second.code))["reason"] == "limit"


async def test_a_picture_of_a_changing_code(make_coupon, make_till, services):
    coupon = await make_coupon(raw_options=json.dumps({"rotating_code": True}))
    till, now = await make_till(coupon.shop), datetime.now(UTC)
    link = f"https://x.example{coupon.path}"
    fresh = qr_tokens.token(services.vault, coupon.code, now)
    stale = qr_tokens.token(services.vault, coupon.code, now - timedelta(minutes=5))
    paper = qr_tokens.print_token(services.vault, coupon.code)
    for token, verdict, reason in (
        (f"?k={fresh}", "good", ""), (f"?k={stale}", "no", "screenshot"),
        ("", "no", "screenshot"), (f"?lang=nl&k={paper}", "good", ""),
        (f"?k={fresh[:-1]}{'y' if fresh[-1] == 'x' else 'x'}", "no", "screenshot"),
    ):  # fmt: skip
        told = await till.check(link + token)
        assert (told["verdict"], told["reason"]) == (verdict, reason), token
    assert (await till.check(coupon.code[:6]))["verdict"] == "good"


async def test_at_once_where_the_place_is_set_so(make_coupon, make_till, services):
    coupon = await make_coupon()
    await services.db.execute(
        "UPDATE locations SET redeems_at_once = true WHERE id = $1", coupon.shop.location
    )
    till = await make_till(coupon.shop)
    assert (await till.check(coupon.code))["verdict"] == "used"


async def test_not_at_once_where_something_is_asked(make_coupon, make_till, services):
    coupon = await make_coupon(raw_options=json.dumps({"ask_amount": "required"}))
    await services.db.execute(
        "UPDATE locations SET redeems_at_once = true WHERE id = $1", coupon.shop.location
    )
    assert (await (await make_till(coupon.shop)).check(coupon.code))["verdict"] == "good"


async def test_what_must_be_asked(make_coupon, make_till):
    coupon = await make_coupon(raw_options=json.dumps({"ask_amount": "required"}))
    till = await make_till(coupon.shop)
    assert (await till.check(coupon.code))["asks"]["amount"] == "required"
    status, told = await till.call("redeem", {"key": new_key(), "code": coupon.code})
    assert (status, told["field"]) == (422, "amount")
    assert (await coupon.row())["uses"] == 0
    assert (await till.redeem(coupon.code, amount="3"))["verdict"] == "used"


async def test_another_shops_code_is_as_unknown_as_none(make_coupon, make_till):
    mine, theirs = await make_coupon(), await make_coupon()
    till = await make_till(mine.shop)
    for code in (theirs.code, theirs.code[:6], f"https://x.example{theirs.path}", "a" * 21, "zz9"):
        told = await till.check(code)
        assert (told["verdict"], told["reason"], told["title"]) == ("no", "unknown", "")
        assert told["text"] == "Not one of our coupons. Check the letters."
        assert told["read"]
    assert (await theirs.row())["uses"] == 0


async def take_turn(services, shop):
    """The newest device has had its turn for an hour, which a slowed one has in ten seconds."""
    await services.db.execute(
        "INSERT INTO tallies (account_id, scope, n, cap, until) SELECT $1,"
        " 'counter:pace:' || max(id), 1, 1, now() + interval '1 hour' FROM devices"
        " WHERE account_id = $1",
        shop.account,
    )


async def test_guessing_is_stopped_exactly(coupon, make_till, services):
    till = await make_till(coupon.shop)
    await take_turn(services, coupon.shop)
    guesses = (till.check(f"qqqq{a}{b}") for a in "23456" for b in "23456789ab")
    told = await asyncio.gather(*guesses)
    assert Counter([one["verdict"] for one in told]) == {"no": 10, "wait": 40}
    waits = await till.check(coupon.code[:6])
    assert (waits["verdict"], waits["word"]) == ("wait", "WAIT")
    assert 3000 < waits["wait_seconds"] <= 3600
    assert (await till.check(coupon.code))["verdict"] == "good"
    other = await make_till(coupon.shop)
    assert (await other.check(coupon.code[:6]))["verdict"] == "good"


async def test_right_codes_are_not_counted(coupon, make_till):
    till = await make_till(coupon.shop)
    for _ in range(15):
        assert (await till.check(coupon.code[:6]))["verdict"] == "good"


async def test_what_can_be_no_code_is_no_try(coupon, make_coupon, make_till, services):
    till = await make_till(coupon.shop)
    # This shop has no codes of its own, so only six or 21 characters could be one.
    garbled = ["4006381333931", "wrong again", "httpsM!!x.example!p!abc", "", "x" * 101, "k7m3q0"]
    for text in garbled * 3:
        assert (await till.check(text))["reason"] == "unknown", text
    await make_coupon(coupon.shop, new=NewSession(validation_code='A"B'))
    # It has one now. A barcode on a keyboard of another country is none still.
    for text in ['\'àà-"_&"""ç"&', '$Q"httpsM!!x'] * 6:
        assert (await till.check(text))["reason"] == "unknown", text
    assert (await till.check('a"b'))["verdict"] == "good"
    await take_turn(services, coupon.shop)
    told = [(await till.check(f"wrong {n}"))["verdict"] for n in range(11)]
    assert told == ["no"] * 10 + ["wait"]


async def test_with_capslock_nobody_knows_which_of_two_codes_was_meant(make_coupon, make_till):
    large = await make_coupon(new=NewSession(validation_code="SAVE10"))
    small = await make_coupon(large.shop, new=NewSession(validation_code="save10"))
    short = large.code[:6]
    await make_coupon(large.shop, new=NewSession(validation_code=short.upper()))
    till = await make_till(large.shop)
    for text in ("SAVE10", "save10", "sAVE-10", short, short.upper()):
        assert (await till.redeem(text, any_case=True))["reason"] == "ambiguous", text
    assert (await till.redeem(small.code.upper(), any_case=True))["verdict"] == "used"
    assert (await till.redeem("SAVE10"))["code"] == short
    scan = {"key": new_key(), "code": "save10", "any_case": True,
            "scanned_at": datetime.now(UTC).isoformat()}  # fmt: skip
    _, told = await till.call("sync", {"scans": [scan]})
    assert [one["reason"] for one in told["results"]] == ["ambiguous"]


async def test_a_code_that_fits_twins_is_nobodys_when_the_connection_is_back(
    make_coupon, make_till
):
    twins = [await make_coupon(new=NewSession(validation_code="SAVE-10"))]
    twins.append(await make_coupon(twins[0].shop, new=NewSession(validation_code="save10")))
    till = await make_till(twins[0].shop)
    scan = {"key": new_key(), "code": "Save10", "scanned_at": datetime.now(UTC).isoformat()}
    _, told = await till.call("sync", {"scans": [scan]})
    assert [(one["verdict"], one["reason"]) for one in told["results"]] == [("no", "ambiguous")]
    assert [row["reason"] for row in (await till.call("state"))[1]["conflicts"]] == ["ambiguous"]
    assert [(await one.row())["uses"] for one in twins] == [0, 0]


@pytest.mark.parametrize("stored", ["VIP10", "*VIP10*"])
async def test_code_39_with_its_first_and_last_sign(make_coupon, make_till, stored):
    coupon = await make_coupon(new=NewSession(validation_code=stored))
    till = await make_till(coupon.shop)
    assert (await till.redeem("*vip10*"))["verdict"] == "used"


async def test_a_link_that_was_wrapped_twice_is_longer_than_most(coupon, make_till):
    till = await make_till(coupon.shop)
    link = quote(quote(f"https://x.example{coupon.path}", safe=""), safe="")
    text = f"https://eur01.safelinks.protection.outlook.com/?data={'x' * 900}&url={link}"
    assert (await till.redeem(text))["verdict"] == "used"


async def test_two_tills_two_hundred_times_one_use(coupon, make_till):
    tills = [await make_till(coupon.shop) for _ in range(2)]
    told = await asyncio.gather(*(tills[i % 2].redeem(coupon.code) for i in range(200)))
    assert Counter(t["verdict"] for t in told) == {"used": 1, "no": 199}
    assert {t["reason"] for t in told} == {"", "already_used"}
    assert all(re.match(r"Used ", t["text"]) for t in told)
    assert (await coupon.row())["uses"] == 1


async def wait_for_waiter(services, held):
    """Until somebody waits for what this transaction holds."""
    pid = await held.fetchval("SELECT pg_backend_pid()")
    waits = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))"
    async with asyncio.timeout(PATIENCE):
        while not await services.db.fetchval(waits, pid):
            await asyncio.sleep(0.02)


MEANWHILE = {
    "used": ({}, "already_used", r"Used \d+ \w+ \d{4}, \d\d:\d\d, Ghent\."),
    "used and counted": (
        {"limit_validations": 5}, "already_used", r"Used \d+ \w+ \d{4}, \d\d:\d\d, Ghent\.",
    ),
    "rests": (
        {"uses": 3, "pause_seconds": 86_400},
        "not_again_yet", r"Can be used again from \d+ \w+ \d{4}, \d\d:\d\d\.",
    ),
    "voided": ({}, "withdrawn", r"This coupon was withdrawn\. \d+ \w+ \d{4}, \d\d:\d\d\."),
}  # fmt: skip


@pytest.mark.parametrize("is_kept", [False, True])
@pytest.mark.parametrize("what", MEANWHILE)
async def test_what_happened_in_the_same_moment_is_told(
    make_coupon, make_till, services, what, is_kept
):
    values, reason, words = MEANWHILE[what]
    coupon = await make_coupon(**values)
    till, key = await make_till(coupon.shop), new_key()
    now = datetime.now(UTC)
    scan = {"key": key, "code": coupon.code, "scanned_at": now.isoformat()}
    found = await actions.find_session(services.db, coupon.shop.account, coupon.code)
    async with services.db.transaction() as other:
        await queries.hold_session(other, coupon.shop.account, found.session.id)
        name, body = ("sync", {"scans": [scan]}) if is_kept else ("redeem", scan)
        asked = asyncio.create_task(till.call(name, body))
        await wait_for_waiter(services, other)
        if what == "voided":
            await actions.change(other, found, what, doer=Doer(), now=now)
        else:
            doer = Doer("staff", "counter", location_id=till.place)
            await actions.validate(other, found, doer=doer, now=now)
    status, told = await asked
    told = told["results"][0] if is_kept else told
    assert (status, told["verdict"], told["reason"]) == (200, "no", reason)
    assert re.fullmatch(words, told["text"]), told["text"]
    uses = (await coupon.row())["uses"]
    assert told["uses_left"] == values.get("uses", 1) - uses


async def test_the_same_scan_sent_twice_is_one(coupon, make_till):
    till, key = await make_till(coupon.shop), new_key()
    told = await asyncio.gather(*(till.redeem(coupon.code, key) for _ in range(50)))
    assert {t["verdict"] for t in told} == {"used"}
    assert len({(t["text"], t["at"]) for t in told}) == 1
    assert (await coupon.row())["uses"] == 1


async def test_undo_within_a_minute(coupon, make_till, services):
    till, key = await make_till(coupon.shop), new_key()
    used = await till.redeem(coupon.code, key)
    assert used["undo_until"]
    status, told = await till.call("undo", {"key": key})
    assert (status, told["verdict"], told["word"]) == (200, "undone", "UNDONE")
    assert (await coupon.row())["uses"] == 0
    assert (await till.call("undo", {"key": key}))[1]["verdict"] == "undone"
    assert (await till.redeem(coupon.code))["verdict"] == "used"
    again = new_key()
    other = await make_till(coupon.shop)
    assert (await other.call("undo", {"key": key}))[0] == 404
    assert (await till.call("undo", {"key": again}))[0] == 404


async def test_undo_is_too_late_after_a_minute(coupon, make_till, services):
    till, key = await make_till(coupon.shop), new_key()
    await till.redeem(coupon.code, key)
    await services.db.execute(
        "UPDATE counter_scans SET at = at - interval '61 seconds' WHERE key = $1", key
    )
    told = (await till.call("undo", {"key": key}))[1]
    assert (told["verdict"], told["reason"]) == ("no", "too_late")
    assert (await coupon.row())["uses"] == 1


async def test_scans_that_were_kept(make_coupon, make_till):
    first = await make_coupon()
    second, third = await make_coupon(first.shop), await make_coupon(first.shop)
    till = await make_till(first.shop)
    await do(second, "validated")
    at = datetime.now(UTC) - timedelta(hours=1)
    scans = [
        {"key": new_key(), "code": code, "scanned_at": (at + timedelta(minutes=6 * i)).isoformat()}
        for i, code in enumerate([first.code, second.code, first.code, "nonsense"])
    ]
    old = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    scans.append({"key": new_key(), "code": third.code, "scanned_at": old})
    status, told = await till.call("sync", {"scans": scans})
    assert status == 200
    came = [(t["verdict"], t["reason"]) for t in told["results"]]
    assert came == [
        ("used", ""), ("no", "already_used"), ("no", "already_used"), ("no", "unknown"),
        ("no", "too_late"),
    ]  # fmt: skip
    again = (await till.call("sync", {"scans": scans}))[1]["results"]
    assert [(t["verdict"], t["reason"]) for t in again] == came
    state = (await till.call("state"))[1]
    assert {row["key"] for row in state["conflicts"]} == {scan["key"] for scan in scans[1:]}
    await till.call("seen", {"keys": [scan["key"] for scan in scans[1:4]]})
    state = (await till.call("state"))[1]
    assert [row["key"] for row in state["conflicts"]] == [scans[4]["key"]]
    assert (await first.row())["uses"] == 1


async def test_the_last_ten_of_today(make_coupon, make_till):
    coupon = await make_coupon(uses=20)
    till = await make_till(coupon.shop)
    for _ in range(12):
        await till.redeem(coupon.code)
    state = (await till.call("state"))[1]
    assert (state["place"], state["staff"]) == ("Ghent", "Sam")
    assert len(state["recent"]) == 10
    assert {row["word"] for row in state["recent"]} == {"OK, used"}


async def test_languages(coupon, make_till):
    till = await make_till(coupon.shop)
    assert (await till.check("nonsense", accept_language="nl-BE"))["word"] == "NEE"
    assert (await till.check("nonsense", accept_language="pl"))["word"] == "NO"


async def test_who_may_ask(coupon, make_till, services, http, server):
    till = await make_till(coupon.shop)
    url = f"{server.url}/till/api/check"
    body = {"key": new_key(), "code": coupon.code}
    async with http.post(url, json=body, headers={"cookie": till.headers["cookie"]}) as answer:
        assert answer.status == 403
    async with http.post(url, json=body, headers={"x-till": "1"}) as answer:
        assert (answer.status, await answer.json()) == (401, {"need": "pair"})
    await services.db.execute("UPDATE devices SET pin_until = now() WHERE id = $1", till.device)
    assert await till.call("check", body) == (401, {"need": "pin"})
    await services.db.execute(
        "UPDATE devices SET pin_until = now() + interval '1 h' WHERE id = $1", till.device
    )
    assert (await till.call("check", body))[0] == 200
    await devices.remove(services.db, coupon.shop.account, till.device, datetime.now(UTC))
    assert await till.call("state") == (401, {"need": "pair"})


async def test_a_till_of_an_account_that_ended(coupon, make_till, services):
    till = await make_till(coupon.shop)
    await services.db.execute(
        "UPDATE accounts SET expires_at = now() WHERE id = $1", coupon.shop.account
    )
    assert await till.call("state") == (401, {"need": "pair"})


async def test_sign_out_forgets_the_device(coupon, make_till):
    till = await make_till(coupon.shop)
    assert (await till.call("sign-out", {}))[0] == 200
    assert await till.call("state") == (401, {"need": "pair"})


async def test_the_devices_pin_is_guarded(coupon, make_till, services):
    till = await make_till(coupon.shop)
    now = datetime.now(UTC)
    device = await devices.device_of_secret(services.db, till.secret, now)
    guesses = (devices.enter_pin(services.db, device, f"{n}", now) for n in range(1000, 1050))
    came = Counter(map(type, await asyncio.gather(*guesses, return_exceptions=True)))
    assert came == {devices.WrongDevicePin: 5, devices.DeviceLocked: 45}
    with pytest.raises(devices.DeviceLocked):
        await devices.enter_pin(services.db, device, DEVICE_PIN, now)
    later = now + timedelta(minutes=16)
    await devices.enter_pin(services.db, device, DEVICE_PIN, later)
    device = await devices.device_of_secret(services.db, till.secret, later)
    assert not device.needs_pin(later + timedelta(hours=11))
    assert device.needs_pin(later + timedelta(hours=13))


async def test_a_link_pairs_one_device(services):
    shop, now = await open_shop(services, kind=None), datetime.now(UTC)
    pairing = await devices.make_pairing(services.db, shop.account, shop.location, now)
    assert (await devices.find_pairing(services.db, pairing.token, now)).name == "Ghent"

    async def pair():
        return await devices.pair(services.db, pairing.token, name="Sam", pin="2468", now=now)

    came = await asyncio.gather(*(pair() for _ in range(10)), return_exceptions=True)
    assert [type(c).__name__ for c in came].count("LinkOver") == 9
    assert await devices.find_pairing(services.db, pairing.token, now) is None
    late = await devices.make_pairing(services.db, shop.account, shop.location, now)
    after = now + timedelta(minutes=16)
    assert await devices.find_pairing(services.db, late.token, after) is None
    other = await open_shop(services, kind=None)
    with pytest.raises(LocationNotFound):
        await devices.make_pairing(services.db, other.account, shop.location, now)


async def test_the_same_browser_pairs_once_however_often_it_sends(services, http, server):
    shop, now = await open_shop(services, kind=None), datetime.now(UTC)
    pairing = await devices.make_pairing(services.db, shop.account, shop.location, now)
    link = f"{server.url}/till/pair/{pairing.token}"

    async def ask(method, shown="", name="Sam"):
        headers = {"cookie": shown} if shown else {}
        data = {"name": name, "pin": "2468"} if method == "POST" else None
        async with http.request(
            method, link, data=data, headers=headers, allow_redirects=False
        ) as answer:
            given = answer.headers.getall("set-cookie", [])
            return answer.status, [c.partition(";")[0] for c in given], answer.headers

    async def shown():
        status, (cookie,), _ = await ask("GET")
        assert status == 200 and "tearoff_pairing=" in cookie
        return cookie

    mine, others = await shown(), await shown()
    came = await asyncio.gather(*(ask("POST", mine, f"Sam {n}") for n in range(6)))
    assert {status for status, *_ in came} == {303}
    (cookie,) = {tuple(cookies) for _, cookies, _ in came}
    for method in ("POST", "GET"):  # an answer was lost: sent again, or the link opened again
        status, cookies, headers = await ask(method, mine)
        assert (status, headers["location"], tuple(cookies)) == (303, "/till", cookie)
        for browser in ("", others, "tearoff_pairing=" + "x" * 32, "tearoff_pairing=\u00e9"):
            status, cookies, _ = await ask(method, browser)
            assert (status, cookies) == (410, [])
    (device,) = await devices.of_location(services.db, shop.account, shop.location, now)
    secret = cookie[0].partition("=")[2]
    assert (await devices.device_of_secret(services.db, secret, now)).id == device.id
    assert await devices.paired(services.db, secret, now + timedelta(minutes=6)) is None
    await devices.remove(services.db, shop.account, device.id, now)
    assert (await ask("POST", mine))[0] == 410


HOSTILE = [
    {}, {"key": 5, "code": "x"}, {"key": "short", "code": "x"}, {"key": "a" * 20},
    {"key": "a" * 20, "code": "x" * 501}, {"key": "a" * 20, "code": {"a": 1}},
    {"key": "a" * 20, "code": "\x00\ud800"[:1]}, {"key": "a" * 20, "code": ""},
    {"key": "a" * 20, "code": "x", "amount": "lots"}, {"key": "a" * 20, "code": "x", "amount": 3},
    {"scans": "x"}, {"scans": [1]}, {"scans": [{"key": "a" * 20, "code": "x"}]}, {"keys": 7},
    {"scans": [{"key": "a" * 20, "code": "x", "scanned_at": "0001-01-01T00:00:00Z"}]},
    {"scans": [{"key": "b" * 20, "code": "x", "scanned_at": "9999-12-31T23:59:59Z"}]},
]  # fmt: skip


@pytest.mark.parametrize("name", ["check", "redeem", "undo", "scan", "sync", "seen"])
async def test_hostile_bodies_are_answered(coupon, make_till, http, name):
    till = await make_till(coupon.shop)
    for body in HOSTILE:
        status, _ = await till.call(name, body)
        assert status in (200, 404, 422), (body, status)
    for raw in (b"", b"[]", b"{", b"\xff", b"[" * 60_000, b" " * 70_000):
        async with http.post(
            f"{till.url}/till/api/{name}", data=raw, headers=till.headers
        ) as answer:
            assert answer.status == 400


async def test_a_scan_keeps_its_key_from_the_question_to_the_use(make_coupon, make_till):
    coupon = await make_coupon(uses=5)
    till, key = await make_till(coupon.shop), new_key()
    assert (await till.check(coupon.code, key))["verdict"] == "good"
    assert (await till.check(coupon.code, key))["verdict"] == "good"
    told = await asyncio.gather(*(till.redeem(coupon.code, key) for _ in range(20)))
    assert {one["verdict"] for one in told} == {"used"}
    kept = {"key": key, "code": coupon.code, "scanned_at": datetime.now(UTC).isoformat()}
    assert (await till.call("sync", {"scans": [kept]}))[1]["results"][0]["verdict"] == "used"
    assert (await till.check(coupon.code, key))["verdict"] == "used"
    assert (await coupon.row())["uses"] == 1


async def test_a_key_never_answers_for_another_code(make_coupon, make_till):
    first = await make_coupon()
    second = await make_coupon(first.shop)
    till, key = await make_till(first.shop), new_key()
    await till.redeem(first.code, key)
    status, told = await till.call("check", {"key": key, "code": second.code})
    assert (status, told["field"]) == (422, "key")


async def test_a_kept_scan_is_judged_by_the_moment_in_which_it_was_read(make_coupon, make_till):
    """It was the coupon's last minute; the network came back in the morning."""
    coupon = await make_coupon(expires_at=in_days(-1 / 24))
    await coupon.services.db.execute(
        "UPDATE sessions SET created_at = created_at - interval '1 day' WHERE code = $1",
        coupon.code,
    )
    till = await make_till(coupon.shop)
    assert (await till.check(coupon.code))["reason"] == "expired"
    for hours, came in ((0.5, ("no", "expired")), (2, ("used", ""))):
        at = (datetime.now(UTC) - timedelta(hours=hours)).isoformat()
        scan = {"key": new_key(), "code": coupon.code, "scanned_at": at}
        told = (await till.call("sync", {"scans": [scan]}))[1]["results"][0]
        assert (told["verdict"], told["reason"]) == came


async def test_a_use_without_a_place_names_none(coupon, make_till, services):
    till = await make_till(coupon.shop)
    await do(coupon, "validated")
    await services.db.execute("UPDATE sessions SET location_id = NULL WHERE code = $1", coupon.code)
    told = await till.check(coupon.code)
    assert re.fullmatch(r"Used \d+ \w+ \d{4}, \d\d:\d\d\.", told["text"])
    await do(coupon, "unvalidated")
    rows = (await till.call("state"))[1]["recent"]
    assert rows[0]["text"] == told["text"]  # also when what stood in the way was taken back since


async def test_the_wait_after_too_many_begins_with_the_last(coupon, make_till, services):
    """Whoever waits for the end of the window has no second ten."""
    till = await make_till(coupon.shop)
    for letter in "abcdefghj":
        await till.check(f"rte4x{letter}")
    await services.db.execute(
        "UPDATE tallies SET until = now() + interval '3 seconds' WHERE scope LIKE 'counter:device%'"
        " AND account_id = $1", coupon.shop.account,
    )  # fmt: skip
    await till.check("rte4xx")
    left = await services.db.fetchval(
        "SELECT until - now() FROM tallies WHERE scope LIKE 'counter:device%' AND account_id = $1",
        coupon.shop.account,
    )
    assert left > timedelta(minutes=4)


async def test_guests_with_wrong_codes_stop_nobody_with_a_right_one(coupon, make_till, services):
    """Also those who hand over many: the till has one of them looked at in ten seconds, and a
    right one as soon as it is its turn, as often as they come."""
    till = await make_till(coupon.shop)
    device = await services.db.fetchval(
        "SELECT max(id) FROM devices WHERE account_id = $1", coupon.shop.account
    )
    place, now = matching.Place(coupon.shop.account, till.place, device), datetime.now(UTC)

    async def find(text, seconds):
        at = now + timedelta(seconds=seconds)
        return await matching.find(services.db, place, read_scanned(text), at)

    for letter in "abcdefghjk":
        assert await find(f"rte4x{letter}", 0) is None
    for n, letter in enumerate("abcde"):
        right = await find(coupon.code[:6], 20 * n)
        assert right is not None and right.session.code == coupon.code
        assert await find(f"rte5x{letter}", 20 * n) is None
        with pytest.raises(TallyFull):
            await find(f"rte6x{letter}", 20 * n + 9)
        with pytest.raises(TallyFull):
            await find(coupon.code[:6], 20 * n + 9)
        assert await find(coupon.code, 20 * n + 9) is not None
        assert await find(coupon.code[:6], 20 * n + 10) is not None


async def test_odd_values_are_refused(coupon, make_till):
    till = await make_till(coupon.shop)
    assert (await till.call("seen", {"keys": ["\u0000", "\ud7ff" * 99, 7]}))[0] == 200
    scan = {"key": new_key(), "code": "x", "scanned_at": "0001-01-01T00:00:00+14:00"}
    status, told = await till.call("sync", {"scans": [scan]})
    assert (status, told["field"]) == (422, "scanned_at")


@pytest.mark.parametrize(
    ("accepted", "language"), [("it, fr;q=0.9", "fr"), ("pl,nl;q=0.8,en;q=0.5", "nl"), ("it", "en")]
)
async def test_verdicts_are_in_the_language_of_the_page(make_till, shop, accepted, language):
    """Of what the browser asks for, the first that the counter speaks."""
    till = await make_till(shop)
    status, told = await till.call("state", accept_language=accepted)
    assert (status, told["language"]) == (200, language)
    async with till.http.get(
        f"{till.url}/till", headers=till.headers | {"accept-language": accepted}
    ) as page:
        assert f'<html lang="{language}"' in await page.text()
