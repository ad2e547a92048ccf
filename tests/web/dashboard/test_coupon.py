"""One coupon: all that happened to it in one line, and what is done to it by hand."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tearoff.accounts import members
from tearoff.coupons.models import NewSession
from tearoff.kit import times
from tearoff.people import optouts
from tests.api.caller import Caller
from tests.api.v4.client import Client
from tests.cast import open_shop
from tests.hooks.receiver import open_receiver
from tests.providers.postoffice import connect_mail, open_post_office
from tests.web.browsing import in_browser
from tests.web.conftest import do
from tests.web.dashboard.conftest import text_of
from tests.web.tills import new_key, open_till

ANN = NewSession(firstname="Ann", lastname="Peeters", phone="+32470005678")
ZONE = "Europe/Brussels"
ACTS = ("redeem", "undo", "block", "unblock", "withdraw", "give-back", "extend")


@pytest.fixture
async def beach(services):
    return await open_shop(services, account={"country": "BE"})


@pytest.fixture
def v4(http, server, beach):
    return Client(Caller(http, server.url, beach))


@pytest.fixture
async def till(services, http, server, beach):
    return await open_till(services, http, server.url, beach)


def page_of(coupon) -> str:
    return f"/coupons/{coupon.code[:6]}"


async def act(person, coupon, name, **values):
    form = {"reason": "The till was down", "once": "a", **values}
    return await person.post(f"{page_of(coupon)}/{name}", form)


async def steps_of(v4, coupon):
    answer = await v4.get(f"/v4/sessions/{coupon.code}/timeline?limit=200")
    assert answer.status == 200, answer.text
    return answer.body["data"]


def offered(page) -> set[str]:
    return set(re.findall(r'id="do-([\w-]+)"', page.text))


def clock(at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(ZONE)):%Y-%m-%dT%H:%M}"


# taking back a use, by role ---------------------------------------------------------------


async def test_a_use_at_the_counter_is_taken_back_by_a_manager(
    beach, make_coupon, sign_in, v4, till, http, server
):
    async with open_receiver() as receiver:
        caller = Caller(http, server.url, beach)
        made = await caller.post("/v3/webhook/create", {"url": receiver.url, "events": "all"})
        assert made.status == 200, made.text
    coupon = await make_coupon(beach, new=ANN)
    assert (await till.redeem(coupon.code))["verdict"] == "used"
    for role in ("staff", "sender", "reader", "editor"):
        person = await sign_in(beach, role)
        assert (await act(person, coupon, "undo", if_uses=1)).status == 403, role
        if role != "staff":
            assert "undo" not in offered(await person.get(page_of(coupon))), role
    assert (await coupon.row())["uses"] == 1
    manager = await sign_in(beach, "manager")
    assert "undo" in offered(await manager.get(page_of(coupon)))
    nothing = await act(manager, coupon, "undo", reason=" ", if_uses=1)
    assert nothing.status == 422 and 'id="undo-reason-w"' in nothing.text
    done = await act(manager, coupon, "undo", reason="Wrong customer", if_uses=1)
    assert done.status == 303
    page = await manager.get(done.headers["location"])
    text = text_of(page)
    for told in (
        "The redemption is taken back",
        "Wrong customer",
        "by Manager",
        "in the dashboard",
    ):
        assert told in text, told
    step = (await steps_of(v4, coupon))[-1]
    assert (step["kind"], step["who"], step["channel"]) == ("unvalidated", "Manager", "dashboard")
    kinds = await coupon.services.db.fetch(
        "SELECT kind FROM hook_events WHERE account_id = $1 ORDER BY id", beach.account
    )
    assert [row["kind"] for row in kinds][-2:] == ["coupon_validated", "coupon_unvalidated"]
    audit = await coupon.services.db.fetchrow(
        "SELECT actor_kind, subject, before, after FROM audit_entries WHERE account_id = $1"
        " AND verb = 'session.operate'", beach.account,
    )  # fmt: skip
    assert tuple(audit) == ("person", f"{coupon.code[:6]}/unvalidated", None, None)


async def test_a_key_may_still_take_back_a_use(beach, make_coupon, v4):
    coupon = await make_coupon(beach)
    await do(coupon, "validated")
    told = await v4.post(f"/v4/sessions/{coupon.code}/unvalidated", {})
    assert (told.status, told.body["uses"]) == (200, 0)


async def test_two_take_back_the_same_use_and_one_does(beach, services, make_coupon, sign_in):
    coupon = await make_coupon(beach, new=ANN)
    await services.db.execute("UPDATE campaigns SET uses = 3 WHERE id = $1", beach.campaign)
    for _ in range(2):
        await do(coupon, "validated")
    people = [await sign_in(beach, role) for role in ("owner", "manager")]
    pages = await asyncio.gather(*[act(one, coupon, "undo", if_uses=2) for one in people])
    assert sorted(page.status for page in pages) == [303, 409]
    assert (await coupon.row())["uses"] == 1


# redeeming by hand ------------------------------------------------------------------------


async def test_it_is_redeemed_by_hand_with_a_reason(beach, make_coupon, sign_in, v4):
    coupon = await make_coupon(beach, new=ANN)
    owner = await sign_in(beach)
    page = await act(
        owner, coupon, "redeem", location=beach.location, validation_value="12.50", if_uses=0
    )
    assert page.status == 303
    text = text_of(await owner.get(page.headers["location"]))
    for told in ("It is redeemed.", "The till was down", "Ghent", "12.50", "by Owner"):
        assert told in text, told
    step = (await steps_of(v4, coupon))[-1]
    assert (step["kind"], step["reason"], step["value"]) == (
        "validated", "The till was down", "12.50",
    )  # fmt: skip
    again = await act(owner, coupon, "redeem", once="b", if_uses=0)
    assert again.status == 409
    assert "It is redeemed already." in text_of(again)
    assert "undo" in offered(again)


async def test_a_reason_is_needed_and_what_was_typed_stays(beach, make_coupon, sign_in):
    coupon, owner = await make_coupon(beach), await sign_in(beach)
    page = await act(owner, coupon, "redeem", reason="", validation_value="7.25")
    assert page.status == 422
    assert 'value="7.25"' in page.text
    assert re.search(r'<details id="do-redeem" open>', page.text)
    assert "This is needed." in text_of(page)
    assert (await coupon.row())["uses"] == 0


async def test_pressed_twice_it_is_redeemed_once(beach, services, make_coupon, sign_in):
    coupon, owner = await make_coupon(beach), await sign_in(beach)
    await services.db.execute("UPDATE campaigns SET uses = 3 WHERE id = $1", beach.campaign)
    pages = await asyncio.gather(*[act(owner, coupon, "redeem") for _ in range(3)])
    assert [page.status for page in pages] == [303] * 3
    assert (await coupon.row())["uses"] == 1


async def test_two_people_redeem_in_the_same_instant(beach, services, make_coupon, sign_in):
    """Also a coupon with several uses: each of them saw that it was not used yet."""
    coupon = await make_coupon(beach)
    await services.db.execute("UPDATE campaigns SET uses = 3 WHERE id = $1", beach.campaign)
    people = [await sign_in(beach, role) for role in ("owner", "manager")]
    pages = await asyncio.gather(*[act(one, coupon, "redeem", if_uses=0) for one in people])
    assert sorted(page.status for page in pages) == [303, 409]
    assert (await coupon.row())["uses"] == 1


async def test_by_hand_while_the_counter_redeems(beach, make_coupon, sign_in, till):
    owner = await sign_in(beach)
    for _ in range(5):
        coupon = await make_coupon(beach)
        page, told = await asyncio.gather(
            act(owner, coupon, "redeem", if_uses=0), till.redeem(coupon.code)
        )
        assert (page.status == 303) != (told["verdict"] == "used"), (page.status, told)
        assert (await coupon.row())["uses"] == 1
        assert len([one for one in await coupon.events() if one[0] == "validated"]) == 1


async def test_over_a_limit_it_is_refused_with_the_sentence(beach, services, make_coupon, sign_in):
    await services.db.execute("UPDATE campaigns SET limit_day = 1 WHERE id = $1", beach.campaign)
    owner = await sign_in(beach)
    first, second = await make_coupon(beach), await make_coupon(beach)
    assert (await act(owner, first, "redeem")).status == 303
    page = await act(owner, second, "redeem", once="b")
    assert page.status == 409
    assert "Its campaign has reached its limit for the day." in text_of(page)
    assert (await second.row())["uses"] == 0


# blocking and withdrawing -----------------------------------------------------------------


async def test_blocked_and_unblocked_with_a_reason(beach, make_coupon, sign_in, till, v4):
    coupon, manager = await make_coupon(beach), await sign_in(beach, "manager")
    assert (await act(manager, coupon, "block", reason="Shared on a forum")).status == 303
    assert (await till.check(coupon.code))["verdict"] == "no"
    page = await manager.get(page_of(coupon))
    assert "Shared on a forum" in text_of(page)
    assert offered(page) == {"unblock", "extend", "withdraw"}
    assert (await act(manager, coupon, "unblock")).status == 303
    assert (await till.check(coupon.code))["verdict"] == "good"
    kinds = [step["kind"] for step in await steps_of(v4, coupon)]
    assert [kind for kind in kinds if kind in ("locked", "unlocked")] == ["locked", "unlocked"]


async def test_withdrawn_over_a_sure_page_and_given_back(beach, make_coupon, sign_in, v4):
    coupon, owner = await make_coupon(beach), await sign_in(beach)
    for name, kind in (("withdraw", "voided"), ("give-back", "unvoided")):
        asked = await act(owner, coupon, name, reason="Handed out twice")
        assert asked.status == 200 and 'class="card sure"' in asked.text
        assert (await steps_of(v4, coupon))[-1]["kind"] != kind
        done = await act(owner, coupon, name, reason="Handed out twice", sure="1")
        assert done.status == 303
        step = (await steps_of(v4, coupon))[-1]
        assert (step["kind"], step["reason"]) == (kind, "Handed out twice")


async def test_what_has_become_impossible_is_told_with_what_is_so_now(beach, make_coupon, sign_in):
    coupon, owner = await make_coupon(beach), await sign_in(beach)
    await do(coupon, "voided")
    page = await act(owner, coupon, "redeem")
    assert page.status == 409
    assert "It is withdrawn. Nothing was changed." in text_of(page)
    assert offered(page) == {"give-back"}


async def test_each_role_is_offered_what_it_may(beach, make_coupon, sign_in):
    coupon = await make_coupon(beach)
    for role, acts in (
        ("owner", {"redeem", "extend", "block", "withdraw"}),
        ("sender", {"extend"}), ("editor", set()), ("reader", set()),
    ):  # fmt: skip
        person = await sign_in(beach, role)
        assert offered(await person.get(page_of(coupon))) == acts, role
        for name in set(ACTS) - acts - {"undo", "unblock", "give-back"}:
            assert (await act(person, coupon, name)).status == 403, (role, name)


# its end ----------------------------------------------------------------------------------


async def test_its_end_is_what_phone_and_counter_say(beach, services, make_coupon, sign_in):
    """23: the end that is computed for this person, on the campaign's clock."""
    own = datetime(2030, 3, 1, 11, 0, tzinfo=UTC)
    coupon = await make_coupon(beach, new=NewSession(expires_at=own))
    await services.db.execute(
        "UPDATE campaigns SET expires_at = '2031-01-01', timezone = 'America/New_York',"
        " raw_options = '{\"hours\": [{\"days\": [5], \"start\": \"09:00\", \"end\": \"17:00\"}]}'"
        " WHERE id = $1", beach.campaign,
    )  # fmt: skip
    owner = await sign_in(beach)
    text, phone = text_of(await owner.get(page_of(coupon))), text_of(await coupon.get())
    told = re.search(r"Can be used until (\d.+?) \(clock of New York\)", text)
    assert told, text
    assert told[1] in phone.replace(" ", " "), (told[1], phone)


async def test_extended_past_its_campaigns_end_and_used(
    beach, services, make_coupon, sign_in, till, v4
):
    coupon = await make_coupon(beach, new=ANN)
    await services.db.execute(
        "UPDATE campaigns SET expires_at = now() - interval '1 day' WHERE id = $1", beach.campaign
    )
    other = await make_coupon(beach)
    assert (await till.check(coupon.code))["reason"] == "expired"
    sender = await sign_in(beach, "sender")
    assert offered(await sender.get(page_of(coupon))) == {"extend"}
    until = datetime.now(UTC) + timedelta(days=9)
    page = await act(sender, coupon, "extend", expires_at=clock(until), reason="Was ill")
    assert page.status == 303, text_of(page)
    end = times.words_of(until, ZONE, "en")
    text = text_of(await sender.get(page.headers["location"]))
    assert f"It can be used until {end}." in text
    assert f"Extended until {end}" in text and "Was ill" in text
    assert end in text_of(await coupon.get())
    assert (await v4.get(f"/v4/sessions/{coupon.code}")).body["state"] in ("created", "opened")
    form = {"once": "x", "coupon": coupon.code[:6], "to": "+32 470 00 56 78"}
    assert (await sender.post("/send", form)).status == 303
    assert (await till.check(other.code))["reason"] == "expired"
    assert (await till.redeem(coupon.code))["verdict"] == "used"
    late = await act(sender, coupon, "extend", once="b", expires_at=clock(until))
    assert late.status == 409 and "It is redeemed already." in text_of(late)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "This is needed."),
        ("soon", "Use a day and a time that there is"),
        ("2020-01-01T10:00", "This moment is past."),
        (clock(datetime.now(UTC) + timedelta(days=2)), "can be used that long already"),
    ],
)
async def test_no_end_that_is_past_or_earlier(beach, make_coupon, sign_in, text, told):
    coupon, owner = await make_coupon(beach), await sign_in(beach)
    page = await act(owner, coupon, "extend", expires_at=text)
    assert page.status == 422
    assert told in text_of(page)
    assert 'id="extend-expires_at-w"' in page.text
    assert not (await coupon.row())["extended"]


async def test_a_window_that_is_over_can_be_opened_again(beach, services, make_coupon, v4):
    await services.db.execute(
        "UPDATE campaigns SET activation_seconds = 600 WHERE id = $1", beach.campaign
    )
    coupon = await make_coupon(beach)
    await do(coupon, "claimed")
    await services.db.execute(
        "UPDATE sessions SET active_until = now() - interval '1 hour' WHERE code = $1", coupon.code
    )
    until = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    changed = await v4.patch(f"/v4/sessions/{coupon.code}", {"expires_at": until})
    assert changed.status == 200, changed.text
    told = await v4.post(f"/v4/sessions/{coupon.code}/validated", {})
    assert (told.status, told.body["state"]) == (200, "validated")


async def test_its_wallet_is_told_of_a_new_end(beach, services, make_coupon, v4):
    coupon = await make_coupon(beach)
    await services.db.execute(
        "UPDATE sessions SET saved_to_apple_at = now() WHERE code = $1", coupon.code
    )
    await services.db.execute(
        "INSERT INTO wallet_passes (account_id, campaign_id, session_id, wallet, serial,"
        " created_at, changed_at, told_at, next_at) SELECT account_id, campaign_id, id, 'apple',"
        " code, now(), now(), now(), now() FROM sessions WHERE code = $1", coupon.code,
    )  # fmt: skip
    until = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    assert (await v4.patch(f"/v4/sessions/{coupon.code}", {"expires_at": until})).status == 200
    is_due = await services.db.fetchval(
        "SELECT told_at IS NULL FROM wallet_passes WHERE serial = $1", coupon.code
    )
    assert is_due
    saved = [step for step in await steps_of(v4, coupon) if step["kind"] == "saved"]
    assert [step["channel"] for step in saved] == ["apple"]


# its link, once more ----------------------------------------------------------------------


async def test_its_link_goes_again_by_mail_but_not_to_who_opted_out(
    beach, services, make_coupon, sign_in, v4
):
    coupon = await make_coupon(beach, new=NewSession(email="ann@example.com"))
    sender = await sign_in(beach, "sender")
    form = {"coupon": coupon.code[:6], "to": "ann@example.com", "subject": "Your coffee"}
    async with open_post_office() as office:
        await connect_mail(services, beach.account, office)
        page = await sender.get(f"/send?coupon={coupon.code[:6]}")
        assert 'value="ann@example.com"' in page.text
        assert (await sender.post("/send", {"once": "x", **form})).status == 303
        async with services.db.transaction() as db:
            await optouts.add(
                db, beach.account, "ann@example.com", source="shop", now=datetime.now(UTC)
            )
        refused = await sender.post("/send", {"once": "y", **form, "text": "Again: {link}"})
        assert refused.status == 422
        assert "They want no messages from you." in text_of(refused)
    assert len(office.taken) == 1
    messages = [step for step in await steps_of(v4, coupon) if step["source"] == "message"]
    assert [step["channel"] for step in messages] == ["email"] * len(messages)
    assert "message_accepted" in [step["kind"] for step in messages]


# the time line ----------------------------------------------------------------------------


async def test_what_the_device_showed_and_what_the_server_decided(
    beach, make_coupon, sign_in, till, v4
):
    """22: the two are apart, each with its own clock, and neither is rewritten."""
    coupon = await make_coupon(beach)
    await do(coupon, "validated")
    at = datetime.now(UTC) - timedelta(minutes=40)
    scan = {"key": new_key(), "code": coupon.code, "scanned_at": at.isoformat()}
    status, told = await till.call("sync", {"scans": [scan]})
    assert status == 200 and told["results"][0]["verdict"] == "no"
    page = await (await sign_in(beach)).get(page_of(coupon))
    text = text_of(page)
    shown = re.search(r"The device showed (.+?) The server decided (.+?) It was used", text)
    assert shown, text
    assert "Not checked: kept, to be taken in later" in shown[1]
    assert f"{at.astimezone(ZoneInfo(ZONE)):%H:%M}" in shown[1]
    assert "Refused" in shown[2]
    (step,) = [one for one in await steps_of(v4, coupon) if one["kind"] == "scanned"]
    assert (step["offline"], step["asked"], step["verdict"], step["reason"]) == (
        True, True, "no", "already_used",
    )  # fmt: skip
    assert (step["place"], step["device_name"]) == ("Ghent", "Sam")


async def test_messages_keys_reservations_and_changes_are_in_the_line(
    beach, make_coupon, sign_in, services, v4, http, server
):
    coupon, owner = await make_coupon(beach, new=ANN), await sign_in(beach)
    caller = Caller(http, server.url, beach)
    for n in range(2):
        form = {"once": f"x{n}", "coupon": coupon.code[:6], "to": "+32 470 00 56 78",
                "text": f"Look {n}: {{link}}"}  # fmt: skip
        assert (await owner.post("/send", form)).status == 303
    await services.db.execute(
        "UPDATE messages SET state = 'failed', reason = 'unreachable', settled_at = now()"
        " + interval '1 second' WHERE id = (SELECT max(id) FROM messages WHERE account_id = $1)",
        beach.account,
    )
    await services.db.execute(
        "UPDATE api_keys SET name = 'Web shop' WHERE account_id = $1", beach.account
    )
    assert (await v4.patch(f"/v4/sessions/{coupon.code}", {"firstname": "Bo"})).status == 200
    held = await caller.post(
        "/v3/couponsession/reserve",
        {"couponsession": coupon.code, "redeem_location": beach.location},
    )
    assert held.status == 200, held.text
    gone = await caller.post("/v3/couponsession/release", {"reservation": held.body["reservation"]})
    assert gone.status == 200, gone.text
    kinds = [step["kind"] for step in await steps_of(v4, coupon)]
    assert kinds.count("message_created") == 2
    for kind in ("message_failed", "changed", "reserved", "released"):
        assert kind in kinds, kind
    text = text_of(await owner.get(page_of(coupon)))
    for told in (
        "by the program Web shop", "The phone could not be reached.", "as the provider reports",
        "Held by a till",
    ):  # fmt: skip
        assert told in text, told


async def test_reasons_of_robots_are_in_the_persons_words(
    beach, make_coupon, sign_in, services, v4
):
    coupon = await make_coupon(beach)
    for verdict, reason in (
        ("robot", "agent: browser driven by a program (headless|phantomjs)"),
        ("robot", "agent: WhatsApp link preview (^WhatsApp(/|$))"),
        ("robot", "agent: Googlebot/"),
        ("unsure", "Chrome 130 without Accept-Language and Sec-Fetch"),
        ("unsure", "many coupons opened at once from 192.0.2.0/24"),
    ):
        await services.db.execute(
            "INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor,"
            " channel, reason, verdict) SELECT account_id, campaign_id, id, 'opened', now(),"
            " 'robot', 'page', $2, $3 FROM sessions WHERE code = $1", coupon.code, reason, verdict,
        )  # fmt: skip
    page = await (await sign_in(beach)).get(page_of(coupon))
    text = text_of(page)
    for told in (
        "A browser that a program drives.", "The preview of links in WhatsApp.",
        "A program known as Googlebot.", "It says that it is Chrome 130",
        "Many coupons were opened at once from 192.0.2.0/24.",
        "Perhaps looked at by a program",
    ):  # fmt: skip
        assert told in text, told
    assert page.text.count('class="robot"') == 5
    assert "headless" not in text
    assert [step["counted"] for step in await steps_of(v4, coupon)] == [True] + [False] * 5


async def test_the_line_comes_in_pages(beach, make_coupon, sign_in, services, v4):
    coupon, owner = await make_coupon(beach), await sign_in(beach)
    await services.db.execute(
        "INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor, channel)"
        " SELECT account_id, campaign_id, id, 'changed', now(), 'x', 'api'"
        " FROM sessions, generate_series(1, 130) WHERE code = $1", coupon.code,
    )  # fmt: skip
    seen, cursor = [], ""
    while True:
        answer = await v4.get(f"/v4/sessions/{coupon.code}/timeline?limit=50{cursor}")
        seen += answer.body["data"]
        if answer.body["next_cursor"] is None:
            break
        cursor = f"&cursor={answer.body['next_cursor']}"
    assert len(seen) == 131 and seen[0]["kind"] == "created"
    bad = await v4.get(f"/v4/sessions/{coupon.code}/timeline?cursor=WyJ0aW1lbGluZSIsIngiLDEsMV0")
    assert bad.status == 422
    first = await owner.get(page_of(coupon))
    following = re.search(r'href="([^"]+)" rel="next"', first.text)
    assert following
    assert (await owner.get(following[1].replace("&amp;", "&"))).text.count("<li><b>") == 31
    assert (await owner.get(f"{page_of(coupon)}?cursor=nonsense")).status == 200


async def test_another_account_sees_no_line(make_coupon, v4):
    coupon = await make_coupon(new=ANN)
    assert (await v4.get(f"/v4/sessions/{coupon.code}/timeline")).status == 404


class TestInABrowser:
    pytestmark = in_browser

    @pytest.mark.parametrize("script", [True, False])
    async def test_it_is_redeemed_and_taken_back(self, visit, beach, make_coupon, sign_in, script):
        coupon, owner = await make_coupon(beach, new=ANN), await sign_in(beach)
        address = owner.address(page_of(coupon))
        async with visit(address, cookies=[owner.cookie], script=script) as page:
            await page.get_by_text("Redeem by hand").click()
            box = page.locator("#do-redeem")
            await box.get_by_label("Why").fill("The till was down")
            await box.get_by_role("button", name="Redeem it").click()
            await page.get_by_text("It is redeemed.").first.wait_for()
            await page.locator("#do-undo summary").click()
            box = page.locator("#do-undo")
            await box.get_by_label("Why").fill("Wrong customer")
            await box.get_by_role("button", name="Take it back").click()
            await page.get_by_text("The redemption is taken back").first.wait_for()
        assert (await coupon.row())["uses"] == 0

    async def test_going_back_asks_nobody_to_send_once_more(
        self, visit, beach, make_coupon, sign_in
    ):
        """What asks once more, or refuses, stands at the address of the form's own page."""
        coupon, owner = await make_coupon(beach, new=ANN), await sign_in(beach)
        address = owner.address(page_of(coupon))
        async with visit(address, cookies=[owner.cookie], fine=(422,)) as page:
            await page.get_by_text("Redeem by hand").click()
            box = page.locator("#do-redeem")
            await box.get_by_label("Why").fill("The till was down")
            await box.get_by_label("Money spent").fill("lots")
            await box.get_by_role("button", name="Redeem it").click()
            await page.get_by_text("Type an amount such as 12.50, or nothing.").wait_for()
            assert page.url.endswith(address)
            await page.locator("#do-withdraw summary").click()
            box = page.locator("#do-withdraw")
            await box.get_by_label("Why").fill("Sent by mistake")
            await box.get_by_role("button", name="Go on").click()
            await page.get_by_role("button", name="Withdraw it").wait_for()
            assert page.url.endswith(address)
            await page.get_by_role("button", name="Withdraw it").click()
            await page.get_by_text("Withdrawn").first.wait_for()
            for _ in range(2):
                await page.go_back()
                await page.get_by_role("heading", name="What happened").wait_for()
        assert (await coupon.row())["voided"]


async def test_whoever_has_left_is_not_named_any_more(beach, make_coupon, sign_in, services):
    """What they did stays; what they are called now is told to who they work for now."""
    coupon, boss = await make_coupon(beach, new=ANN), await sign_in(beach, "manager")
    done = await boss.post(f"{page_of(coupon)}/block", {"reason": "lost phone"})
    assert done.status == 303
    owner = await sign_in(beach)
    assert "Manager" in text_of(await owner.get(page_of(coupon)))
    place = await services.db.fetchval(
        "SELECT id FROM members WHERE account_id = $1 AND role = 'manager'", beach.account
    )
    async with services.db.transaction() as db:
        await members.remove_member(db, beach.account, place, datetime.now(UTC))
    told = text_of(await owner.get(page_of(coupon)))
    assert "Manager" not in told
    assert "by one of the team" in told
