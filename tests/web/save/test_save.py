"""Taking a coupon along: PDF, mail to oneself, calendar."""

import asyncio
import json
import re

import pypdfium2
import pytest
import pytest_asyncio
import zxingcpp

from tearoff.coupons.counter import qr_tokens
from tearoff.coupons.models import NewSession
from tearoff.kit.words import words_in
from tests.api.caller import Caller
from tests.providers.postoffice import connect_mail, open_post_office
from tests.web.conftest import do, in_days
from tests.web.coupon.test_ends import brussels
from tests.web.coupon.test_states import ROBOT
from tests.web.scenes import CARD

LINK = "https://coupons.example.com"


def options(**values):
    return json.dumps(values)


async def pdf_of(coupon, **headers):
    answer = await coupon.http.get(
        f"{coupon.url}{coupon.path}/coupon.pdf", headers=headers, allow_redirects=False
    )
    return answer.status, answer.headers, await answer.read()


def picture_of(pdf):
    """The only page, as a printer would print it at 150 dots an inch."""
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    return document[0].render(scale=150 / 72).to_pil()


def ink_of(picture):
    """How wide the title is."""
    head = picture.convert("L").crop((0, 40, picture.width, 110))
    return head.point(lambda level: 255 * (level < 100)).getbbox()


def text_of(pdf):
    return pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()


@pytest_asyncio.fixture
async def office():
    async with open_post_office() as opened:
        yield opened


@pytest_asyncio.fixture
async def mailed(make_coupon, services, office):
    """A coupon of a shop that can send mail."""
    coupon = await make_coupon()
    await connect_mail(services, coupon.shop.account, office)
    return coupon


async def mail(coupon, address="ann@example.com", token=None, **headers):
    token = token or (await coupon.get(f"{coupon.path}/save")).token
    return await coupon.post("/save", {"t": token, "email": address}, **headers)


async def test_the_paper_holds_the_coupon(make_coupon):
    coupon = await make_coupon(picture=True, terms="One for each visit.", brand_color="#b3261e")
    status, headers, pdf = await pdf_of(coupon)
    assert (status, headers["content-type"]) == (200, "application/pdf")
    assert headers["cache-control"] == "private, no-store"
    assert len(pdf) < 200_000
    (found,) = zxingcpp.read_barcodes(picture_of(pdf))
    assert found.text == f"{LINK}{coupon.path}"
    text = text_of(pdf)
    for words in ("2-for-1 cappuccino", "Second cup free", coupon.short.upper(), "Valid until",
                  "One for each visit.", "A coupon from Bean & Leaf"):  # fmt: skip
        assert words in text


async def test_paper_says_what_the_page_says(make_coupon):
    """The description, from when and until when with the days, and at which hours."""
    hours = [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "17:00"}]
    coupon = await make_coupon(
        picture=True, description="Any size.\nIn all our shops, and at the fair.",
        starts_at=brussels("2031-01-04 00:00"), expires_at=brussels("2031-02-01 00:00"),
        raw_options=options(hours=hours), terms="One for each visit.",
    )  # fmt: skip
    text = text_of((await pdf_of(coupon))[2])
    for words in ("Any size.", "In all our shops, and at the fair.",
                  "Valid from 6 January 2031, 09:00", "Valid until 31 January 2031, 17:00",
                  "This coupon can be used: Mon–Fri 09:00–17:00"):  # fmt: skip
        assert words in text


async def test_paper_for_now_says_the_day_as_well(make_coupon):
    """The page counts hours down, and names a window's end by its hour: paper is read later."""
    coupon = await make_coupon(uses=2, pause_seconds=7200, expires_at=in_days(1))
    await do(coupon, "validated")
    dates = re.findall(r"[0-9]{1,2} [A-Z][a-z]+ 20[0-9]{2}, [0-9]{2}:[0-9]{2}",
                       text_of((await pdf_of(coupon))[2]))  # fmt: skip
    assert len(dates) == 2  # used again from, valid until


async def test_paper_of_a_prize_says_the_prize_at_any_hour(make_coupon):
    coupon = await make_coupon(raw_options=options(scratch=CARD))
    await coupon.post("/scratch", {"t": (await coupon.get()).token})
    given = options(scratch=CARD, hours=OTHER_DAY)
    await coupon.services.db.execute(
        "UPDATE campaigns SET raw_options = $2, version = version + 1 WHERE id = $1",
        coupon.shop.campaign, given,
    )  # fmt: skip
    assert "A free cup" in text_of((await pdf_of(coupon))[2])


async def test_paper_has_a_token_of_its_own_where_the_code_turns(make_coupon, services):
    coupon = await make_coupon(raw_options=options(rotating_code=True))
    (found,) = zxingcpp.read_barcodes(picture_of((await pdf_of(coupon))[2]))
    link, _, token = found.text.partition("?k=")
    assert link == f"{LINK}{coupon.path}"
    assert token == qr_tokens.print_token(services.vault, coupon.code)


@pytest.mark.parametrize(
    ("kind", "content"),
    [("ean13", "4006381333931"), ("code128", "AUTUMN-26"), ("databar", "00123456789050"),
     ("aztec", "Autumn 26"), ("pdf417", "Autumn 26"), ("datamatrix", "Autumn 26")],
)  # fmt: skip
async def test_other_barcodes_are_read_back_from_paper(make_coupon, kind, content):
    given = options(barcode=kind, code="fixed", fixed_code=content)
    coupon = await make_coupon(raw_options=given)
    (found,) = zxingcpp.read_barcodes(picture_of((await pdf_of(coupon))[2]))
    assert found.valid
    assert found.format != zxingcpp.BarcodeFormat.QRCode
    assert content.lstrip("0") in found.text


async def test_arabic_is_shaped_and_runs_from_the_right(make_coupon):
    texts = {"ar": {"title": "كابتشينو مجاني", "terms": "قسيمة واحدة لكل زيارة في Bean & Leaf."}}
    coupon = await make_coupon(raw_options=options(texts=texts))
    _status, _headers, pdf = await pdf_of(coupon, **{"accept-language": "ar"})
    assert zxingcpp.read_barcodes(picture_of(pdf))
    ink = picture_of(pdf).convert("L").point(lambda level: 255 * (level < 100))
    brand, title = (ink.crop((0, at, ink.width, at + 60)).getbbox() for at in (40, 100))
    for left, _, right, _ in (brand, title):
        assert right > ink.width - 90
        assert left > ink.width / 3
    # Letters that are joined are other glyphs than those that stand alone.
    alone = await make_coupon(brand="", raw_options=options(texts={"ar": {"title": "ك ا ب"}}))
    joined = await make_coupon(brand="", raw_options=options(texts={"ar": {"title": "كاب"}}))
    shots = [
        picture_of((await pdf_of(one, **{"accept-language": "ar"}))[2]) for one in (alone, joined)
    ]
    widths = [right - left for left, _, right, _ in map(ink_of, shots)]
    assert widths[1] < widths[0] / 2 or widths[1] < widths[0] - 20


async def test_much_text_stays_on_one_page(make_coupon):
    long = "Not together with other offers, and never for cash. " * 200
    coupon = await make_coupon(picture=True, title="T" * 200, terms=long, description=long)
    _status, _headers, pdf = await pdf_of(coupon)
    assert zxingcpp.read_barcodes(picture_of(pdf))
    assert "All terms are on the coupon" in text_of(pdf)


WEBSHOP = options(methods=["webshop"], fixed_code="A1", webshop_url="https://shop.example/{code}")
OTHER_DAY = [{"days": [in_days(3).isoweekday()], "start": "09:00", "end": "17:00"}]


@pytest.mark.parametrize(
    ("values", "act", "kept"),
    [
        ({}, None, "paper, calendar"),
        ({"starts_at": in_days(2)}, None, "paper, calendar"),
        ({"raw_options": options(hours=OTHER_DAY)}, None, "paper, calendar"),
        ({"uses": 3, "pause_seconds": 3600}, "validated", "paper, calendar"),
        ({"activation_seconds": 900}, None, "calendar"),
        ({"activation_seconds": 900, "starts_at": in_days(2)}, None, "calendar"),
        ({"raw_options": options(scratch=CARD)}, None, "calendar"),
        ({"raw_options": options(scratch=CARD), "starts_at": in_days(2)}, None, "calendar"),
        ({"raw_options": WEBSHOP}, None, "paper, calendar"),
        ({"raw_options": WEBSHOP, "starts_at": in_days(2)}, None, "calendar"),
        ({"expires_at": None}, None, "paper"),
        ({"expires_at": in_days(-1)}, None, ""),
        ({"status": "paused"}, None, ""),
        ({"raw_options": options(saves=False)}, None, ""),
        ({}, "validated", ""),
        ({}, "voided", ""),
        ({}, "locked", ""),
    ],
)  # fmt: skip
async def test_what_is_kept_in_which_state(make_coupon, values, act, kept):
    """Links from the page, and old ones: what is not there any more leads to the coupon."""
    coupon = await make_coupon(**values)
    if act:
        await do(coupon, act)
    offered = f'href="{coupon.path}/save"' in (await coupon.get()).text
    assert offered == bool(kept)
    page = await coupon.get(f"{coupon.path}/save")
    for name, file in (("paper", "coupon.pdf"), ("calendar", "coupon.ics")):
        for method in ("GET", "HEAD"):
            answer = await coupon.get(f"{coupon.path}/{file}?lang=nl", method)
            if name in kept:
                assert answer.status == 200
            else:
                assert (answer.status, answer.headers["location"]) == (
                    303,
                    f"{coupon.path}?lang=nl",
                )
        assert (file in page.text) == (name in kept)
    if not kept:
        assert (page.status, page.headers["location"]) == (303, coupon.path)


async def test_many_printers_wait_for_each_other(coupon):
    found = await asyncio.gather(*(pdf_of(coupon) for _ in range(12)))
    assert {status for status, _, _ in found} == {200}


async def test_a_mail_to_oneself(mailed, office):
    page = await mailed.get(f"{mailed.path}/save")
    assert 'type="email"' in page.text
    before = await mailed.row()
    answer = await mail(mailed)
    assert answer.status == 200
    assert "ann@example.com" in answer.text
    (taken,) = office.taken
    assert taken.to == "ann@example.com"
    assert f"{LINK}{mailed.path}" in taken.part("plain")
    row = await mailed.row()
    assert {name for name in row if row[name] != before[name]} <= {"last_message_id", "version"}


async def test_who_plans_mails_it_before_the_first_day(mailed, office, services):
    """And outside its hours; with what the page says."""
    hours = options(hours=OTHER_DAY)
    await services.db.execute(
        "UPDATE campaigns SET description = 'Any size.', starts_at = $2, raw_options = $3,"
        " version = version + 1 WHERE id = $1",
        mailed.shop.campaign, in_days(1), hours,
    )  # fmt: skip
    assert (await mail(mailed)).status == 200
    (taken,) = office.taken
    for words in (f"{LINK}{mailed.path}", "Any size.", "Valid from", "Valid until", "Can be used:"):
        assert words in taken.part("plain")
    # The shop's own sends wait for the first day.
    owner = Caller(mailed.http, mailed.url, mailed.shop)
    given = {"campaign": mailed.shop.ref, "email": "eve@example.com"}
    assert "has not started yet" in (await owner.post("/v3/send/email", given)).text


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("{first_name}, your coffee", "your coffee"),
        ("Coffee for {customfield3}", "Coffee for"),
        ("{email}: coffee {link}", "ann@example.com: coffee"),
    ],
)
async def test_a_title_that_tells_what_nobody_knows_is_mailed_without_it(
    mailed, office, services, title, subject
):
    await services.db.execute(
        "UPDATE campaigns SET title = $2, version = version + 1 WHERE id = $1",
        mailed.shop.campaign, title,
    )  # fmt: skip
    assert (await mail(mailed)).status == 200
    assert [taken.mail["Subject"] for taken in office.taken] == [subject]


async def test_pressed_twice_it_is_one_mail(mailed, office):
    token = (await mailed.get(f"{mailed.path}/save")).token
    office.pause = 0.5
    answers = await asyncio.gather(*(mail(mailed, token=token) for _ in range(6)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert len(office.taken) == 1


async def test_sent_already_is_said_with_the_time_of_the_next_one(mailed, office):
    token = (await mailed.get(f"{mailed.path}/save")).token
    assert (await mail(mailed, token=token)).status == 200
    for again in (token, None):  # a reload, and the same address on a new page
        answer = await mail(mailed, token=again)
        assert answer.status == 200, "sent stays sent"
        assert re.search(r'class="alert ok" role="status"><b>Sent to <bdi[^>]*>ann@', answer.text)
        assert re.search(r"sent to this address already. It can be sent again at [0-9:]{5}\.",
                         answer.text)  # fmt: skip
    assert len(office.taken) == 1


async def test_three_mails_a_day(mailed, office):
    token = (await mailed.get(f"{mailed.path}/save")).token
    names = [f"ann{n}@example.com" for n in range(8)]
    answers = await asyncio.gather(*(mail(mailed, name, token) for name in names))
    assert sorted(answer.status for answer in answers) == [200] * 3 + [429] * 5
    assert len(office.taken) == 3
    assert "three times today" in (await mail(mailed, "eve@example.com")).text


async def test_who_asks_for_many_mails_stops_nobody_beside(mailed, make_coupon, services, office):
    """A network with more than its mails gets the first one of each coupon, and what guests ask
    for leaves the account's own mails to an address alone."""
    db, shop = services.db, mailed.shop
    await db.execute("UPDATE accounts SET limit_number_day = 1 WHERE id = $1", shop.account)
    network = "save:network:127.0.0.0/24"
    await db.execute("DELETE FROM tallies WHERE scope = $1", network)
    try:
        assert (await mail(mailed)).status == 200
        await db.execute("UPDATE tallies SET n = 20 WHERE scope = $1", network)
        second = await mail(mailed, "eve@example.com")
        assert second.status == 429 and "from this network" in second.text
        assert 0 < int(second.headers["retry-after"]) <= 3601
        guest = await make_coupon(shop)
        assert (await mail(guest, "ben@example.com")).status == 200
        # The address that a guest has used up for guests: the shop itself still writes to it.
        assert (await mail(await make_coupon(shop))).status == 429
    finally:
        await db.execute("DELETE FROM tallies WHERE scope = $1", network)
    owner = Caller(mailed.http, mailed.url, shop)
    given = {"campaign": shop.ref, "email": "ann@example.com"}
    assert (await owner.post("/v3/send/email", given)).status == 200
    assert [taken.to for taken in office.taken] == [
        "ann@example.com", "ben@example.com", "ann@example.com",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "address",
    ["", "ann", "ann@", "a@b\r\nBcc: c@example.com", "x" * 400,
     "=?utf-8?q?x=0d=0aX-Evil:_1=0d=0a=0d=0a?=@example.com",
     "=?utf-8?b?eA0KWC1FdmlsOiAxDQo?=@example.com"],
)  # fmt: skip
async def test_a_bad_address_is_told(mailed, office, address):
    answer = await mail(mailed, address)
    assert answer.status == 422
    assert "Type an address such as" in answer.text
    assert office.taken == []


async def test_every_answer_to_the_form_is_a_redirect(mailed, office):
    """So that Back never asks whether to send it again; what was typed stays. It outlives a
    reload, but not the wait that it names."""
    token = (await mailed.get(f"{mailed.path}/save?lang=nl")).token
    for name, status, said in (
        ("ann@@b", 422, "Type an address such as anna@example.com."),
        ("nobody@example.com", 503,
         "The mail could not be sent. Try again later, or save the coupon as a PDF."),
    ):  # fmt: skip
        form = {"t": token, "email": name}
        answer = await mailed._ask("POST", f"{mailed.path}/save?lang=nl", {}, form)
        to = answer.headers["location"]
        assert answer.status == 303 and to.startswith(f"{mailed.path}/save?lang=nl&tried=")
        for page in (await mailed.get(to), await mailed.get(to)):
            assert page.status == status
            assert words_in("coupon", "nl")(said) in page.text and f'value="{name}"' in page.text


async def test_who_wants_nothing_gets_nothing(make_coupon, services, office):
    coupon = await make_coupon(new=NewSession(email="ann@example.com"))
    await connect_mail(services, coupon.shop.account, office)
    token = (await coupon.get(f"{coupon.path}/stop")).token
    await coupon.post("/stop", {"t": token})
    answer = await mail(coupon)
    assert answer.status == 409
    assert "does not want messages" in answer.text
    assert office.taken == []


async def test_a_failure_is_told_and_may_be_tried_again(mailed, office):
    answer = await mail(mailed, "nobody@example.com")
    assert answer.status == 503
    assert "could not be sent" in answer.text
    again = await mail(mailed, "nobody@example.com")
    assert again.status == 503


async def test_what_never_left_is_none_of_the_three(mailed, office):
    for _ in range(4):
        assert (await mail(mailed, "nobody@example.com")).status == 503
    assert (await mail(mailed, "ann@example.com")).status == 200
    assert len(office.taken) == 1


async def test_a_full_day_is_said_before_an_hour_that_does_not_hold(mailed, office):
    for name in ("ann", "bob", "eve"):
        assert (await mail(mailed, f"{name}@example.com")).status == 200
    answer = await mail(mailed, "ann@example.com")
    assert answer.status == 429
    assert "three times today" in answer.text


async def test_nobody_else_mails_it(mailed, office):
    for headers in ({"user_agent": ROBOT}, {"sec_fetch_site": "cross-site"}):
        assert (await mail(mailed, **headers)).status == 200
    stale = await mailed.post("/save", {"t": "1.2.x", "email": "ann@example.com"})
    assert stale.status == 422
    # A token of the redeem form is none of this one.
    page = await mailed.get()
    assert (await mail(mailed, token=page.token)).status == 422
    assert office.taken == []


async def test_without_mail_there_is_no_form(coupon):
    page = await coupon.get(f"{coupon.path}/save")
    assert page.status == 200
    assert "<form" not in page.text
    assert "<h1>Save</h1>" in page.text
    assert "coupon.pdf" in page.text
    assert (await coupon.post("/save", {"t": "x", "email": "ann@example.com"})).status == 422


async def test_looking_changes_nothing(coupon):
    before = await coupon.row()
    for name in ("save", "coupon.pdf", "coupon.ics"):
        for method in ("GET", "HEAD"):
            assert (await coupon.http.request(
                method, f"{coupon.url}{coupon.path}/{name}")).status == 200  # fmt: skip
    assert await coupon.row() == before
    assert await coupon.events() == []
