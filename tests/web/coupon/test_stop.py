"""Stopping messages from the coupon's page."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons.models import NewSession
from tearoff.kit import clock
from tearoff.kit.words import LANGUAGES, words_in
from tearoff.people import optout_pages, optouts
from tearoff.web.coupon import stop
from tearoff.web.paper import forms
from tests.web.agents import PEOPLE, ROBOTS

PHONE = "+32470001234"
MAIL = "Ann@Example.com"


@pytest.fixture
async def texted(make_coupon):
    return await make_coupon(new=NewSession(phone=PHONE))


async def listed(coupon):
    found = await optout_pages.list_all(coupon.services.db, coupon.shop.account)
    return [(entry.address, entry.source) for entry in found]


async def evidence(coupon):
    return [
        tuple(row)
        for row in await coupon.services.db.fetch(
            "SELECT address, kind, source, words, received_by FROM consent_events"
            " WHERE account_id = $1 ORDER BY id",
            coupon.shop.account,
        )
    ]


async def press(coupon, path="/stop", **headers):
    page = await coupon.get(f"{coupon.path}/stop")
    return await coupon.post(path, {"t": page.token}, **headers)


async def test_asked_done_and_undone(texted):
    coupon = texted
    asked = await coupon.get(f"{coupon.path}/stop")
    assert asked.status == 200
    assert "Stop messages?" in asked.text
    assert ">234<" in asked.text
    assert "Bean &amp; Leaf" in asked.text
    assert PHONE not in asked.text
    assert await listed(coupon) == []
    done = await press(coupon)
    assert (done.status, done.headers["location"]) == (303, f"{coupon.path}/stop")
    assert await listed(coupon) == [(PHONE, "link")]
    shown = await coupon.get(f"{coupon.path}/stop")
    assert "You get no more messages" in shown.text
    assert ">Undo<" in shown.text
    undone = await press(coupon, "/stop/undo")
    assert (undone.status, undone.headers["location"]) == (303, f"{coupon.path}/stop?again=1")
    assert "You get messages again" in (await coupon.get(undone.headers["location"])).text
    assert await listed(coupon) == []
    path = f"{coupon.path}/stop"
    assert await evidence(coupon) == [
        (PHONE, "opted_out", "link",
         "You will get no more messages from Bean & Leaf. [Stop messages]", path),
        (PHONE, "opted_in", "link", "Undo", path),
    ]  # fmt: skip


async def test_many_times_is_once(texted):
    page = await texted.get(f"{texted.path}/stop")
    answers = await asyncio.gather(*(texted.post("/stop", {"t": page.token}) for _ in range(12)))
    assert {answer.status for answer in answers} == {303}
    assert await listed(texted) == [(PHONE, "link")]
    assert len(await evidence(texted)) == 1


async def test_a_number_and_an_address_are_both_stopped(make_coupon):
    coupon = await make_coupon(new=NewSession(phone=PHONE, email=MAIL))
    asked = await coupon.get(f"{coupon.path}/stop")
    assert ">234<" in asked.text
    assert "A•••@E•••.com" in asked.text
    await press(coupon)
    assert await listed(coupon) == [(PHONE, "link"), (MAIL.lower(), "link")]
    await press(coupon, "/stop/undo")
    assert await listed(coupon) == []


async def test_else_it_is_whom_the_last_message_went_to(make_coupon, services):
    coupon = await make_coupon()
    row = await coupon.row()
    sent = await services.db.fetchval(
        "INSERT INTO messages (account_id, connection_id, about, recipient, text, encoding,"
        " segments, state, created_at) VALUES ($1, 1, $2, $3, '', 'GSM-7', 1, 'sent', now())"
        " RETURNING id",
        coupon.shop.account,
        row["id"],
        "+33600001987",
    )
    await services.db.execute(
        "UPDATE sessions SET last_message_id = $2 WHERE id = $1", row["id"], sent
    )
    assert ">987<" in (await coupon.get(f"{coupon.path}/stop")).text
    await press(coupon)
    assert await listed(coupon) == [("+33600001987", "link")]


async def test_a_coupon_of_nobody_says_what_to_do(coupon):
    page = await coupon.get(f"{coupon.path}/stop")
    assert page.status == 200
    assert "Answer STOP" in page.text
    assert "<form" not in page.text
    assert (await coupon.post("/stop", {"t": "x"})).status == 422


async def test_undoing_never_takes_back_a_stop_that_was_answered(texted, services):
    db, account = services.db, texted.shop.account
    await optouts.add(db, account, PHONE, source="reply", now=datetime.now(UTC))
    page = await texted.get(f"{texted.path}/stop")
    assert "You get no more messages" in page.text
    assert "ask \u2068Bean &amp; Leaf\u2069" in page.text
    assert "<form" not in page.text
    token = forms.make_token(services.vault, f"stop:{texted.code}", 0, clock.now())
    await texted.post("/stop/undo", {"t": token})
    assert await listed(texted) == [(PHONE, "reply")]


@pytest.mark.parametrize("path", ["/stop", "/stop/undo"])
async def test_without_a_true_token_nothing_happens(texted, make_coupon, services, path):
    other = await make_coupon(texted.shop, new=NewSession(phone="+32470001999"))
    if path == "/stop/undo":
        await press(texted)
    before = await listed(texted)
    old = clock.now() - timedelta(hours=20)
    tokens = [
        "", "x.y.z", (await texted.get()).token, (await other.get(f"{other.path}/stop")).token,
        forms.make_token(services.vault, f"stop:{texted.code}", 0, old),
    ]  # fmt: skip
    for token in tokens:
        page = await texted.post(path, {"t": token})
        assert page.status == 422
        assert "open for too long" in page.text
    assert await listed(texted) == before


@pytest.mark.parametrize("agent", [a for a in ROBOTS.values() if a.strip()])
async def test_a_robot_stops_nothing_and_the_page_says_so(texted, agent):
    """A person may use a program with a robot's name, and must not believe that it is done."""
    pressed = await press(texted, user_agent=agent)
    assert pressed.status == 303
    page = await texted.get(pressed.headers["location"], user_agent=agent)
    assert (page.status, "Nothing was done" in page.text) == (200, True)
    assert await listed(texted) == []


@pytest.mark.parametrize("agent", [PEOPLE["iphone"], PEOPLE["opera_mini"], ""])
async def test_people_do_whatever_their_browser_says_of_itself(texted, agent):
    assert (await press(texted, user_agent=agent)).status == 303
    assert await listed(texted) == [(PHONE, "link")]


async def test_it_stops_sending(make_coupon, services, http, server):
    """The next send to that number by the same account is refused."""
    coupon = await make_coupon(new=NewSession(phone=PHONE))
    await press(coupon)
    assert await optouts.is_opted_out(services.db, coupon.shop.account, PHONE)
    other = await make_coupon(new=NewSession(phone=PHONE))
    assert await listed(other) == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_in_every_language(texted, language):
    for name, title in (
        ("ask", "Stop messages?"),
        ("done", "You get no more messages"),
        ("again", "You get messages again"),
    ):
        if name != "ask":
            await press(texted, "/stop" if name == "done" else "/stop/undo")
        query = f"?lang={language}&again=1" if name == "again" else f"?lang={language}"
        page = await texted.get(f"{texted.path}/stop{query}")
        assert f'lang="{language}"' in page.text
        assert words_in("coupon", language)(title) in page.text
        assert "{" not in page.text.partition("<body>")[2]
        assert f'href="{texted.path}?lang={language}"' in page.text


@pytest.mark.parametrize(
    ("mail", "shown"),
    [
        ("ann@example.com", "a•••@e•••.com"),
        ("x@mail.shop.example", "x•••@m•••.example"),
        ("a@localhost", "a•••@l•••"),
    ],
)
def test_addresses_are_masked(mail, shown):
    assert stop.mask(mail) == shown


async def test_a_link_that_nobody_knows(coupon):
    for path in ("/stop", "/stop/undo"):
        assert (await coupon.post("x" + path, {})).status == 404
    assert (await coupon.get(f"{coupon.path}x/stop")).status == 404


async def test_a_form_does_what_its_page_said_to_whom_it_named(texted):
    """The number was corrected while the page was open; a form of one act does no other."""
    page = await texted.get(f"{texted.path}/stop")
    crossed = await texted.post("/stop/undo", {"t": page.token})
    assert (crossed.status, await listed(texted)) == (422, [])
    await texted.services.db.execute(
        "UPDATE sessions SET phone = '+32470009999' WHERE account_id = $1", texted.shop.account
    )
    late = await texted.post("/stop", {"t": page.token})
    assert (late.status, await listed(texted)) == (422, [])
    await press(texted)
    assert await listed(texted) == [("+32470009999", "link")]
