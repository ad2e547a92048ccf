"""A campaign's coupons: found, looked at, sent again."""

from __future__ import annotations

import pytest

from tearoff.coupons.models import NewSession
from tests.cast import open_shop
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.conftest import do
from tests.web.dashboard.conftest import text_of

ANN = NewSession(
    firstname="Ann", lastname="Peeters", phone="+32470005678", email="Ann@example.com",
    customid="K-17",
)  # fmt: skip
SCRIPT = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


@pytest.fixture
async def beach(services):
    return await open_shop(services, account={"country": "BE"})


def path_of(shop) -> str:
    return f"/campaigns/{shop.campaign}/coupons"


async def test_a_coupon_is_found_by_whatever_is_known(beach, make_coupon, sign_in):
    coupon = await make_coupon(beach, new=ANN)
    other = await make_coupon(beach, new=NewSession(phone="+32470009999"))
    person = await sign_in(beach, "sender")
    for known in (
        "0470 00 56 78", "+32470005678", "0032 470/00.56.78", "ann@EXAMPLE.com", "K-17",
        coupon.code, coupon.code[:6].upper(), f"{coupon.code[:6]}",
        f" https://coupons.example.com/p/{beach.code}/{coupon.code}?x=1 ",
    ):  # fmt: skip
        page = await person.get(f"{path_of(beach)}?q={known.replace('+', '%2B')}")
        assert f"/coupons/{coupon.code[:6]}" in page.text, known
        assert f"/coupons/{other.code[:6]}" not in page.text, known
    page = await person.get(f"{path_of(beach)}?q=nobody")
    assert "Nothing for “nobody”" in text_of(page)


async def test_pages_come_newest_first(beach, make_coupon, sign_in, services):
    await services.db.execute(
        "INSERT INTO sessions (account_id, campaign_id, code, created_at)"
        " SELECT $1, $2, substr(translate(md5(i::text), '01', 'xy'), 1, 21),"
        " now() - i * interval '1 minute' FROM generate_series(1, 60) i",
        beach.account, beach.campaign,
    )  # fmt: skip
    newest = await make_coupon(beach, new=ANN)
    person = await sign_in(beach)
    page = await person.get(path_of(beach))
    assert page.text.count("<tr>") == 51
    first = page.text.index(f"/coupons/{newest.code[:6]}")
    assert first < page.text.index("/coupons/", first + 20)
    following = page.text.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    page = await person.get(following.replace("&amp;", "&"))
    assert page.text.count("<tr>") == 12
    assert "Back to the first" in text_of(page)


async def test_none_yet_leads_to_sending_one(beach, sign_in):
    page = await (await sign_in(beach)).get(path_of(beach))
    assert "No coupon handed out yet" in text_of(page)
    assert "Send one" in text_of(page)
    assert "Send one" not in text_of(await (await sign_in(beach, "editor")).get(path_of(beach)))


async def test_a_coupon_tells_what_happened_to_it(beach, make_coupon, sign_in, services):
    coupon = await make_coupon(beach, new=ANN)
    await coupon.get()
    await coupon.post("/opened", {"t": (await coupon.get()).token})
    await do(coupon, "validated", value="12.50")
    await services.db.execute(
        "INSERT INTO session_events (account_id, campaign_id, session_id, kind, at, actor,"
        " channel, reason, verdict) SELECT account_id, campaign_id, id, 'opened', now(), 'robot',"
        " 'page', 'agent: WhatsApp', 'robot' FROM sessions WHERE code = $1",
        coupon.code,
    )
    person = await sign_in(beach)
    page = await person.get(f"/coupons/{coupon.code[:6]}")
    text = text_of(page)
    for told in ("Redeemed", "by staff", "Ghent", "Ann Peeters", "+32 470 00 56 78", "K-17"):
        assert told in text, told
    assert '<li class="robot"><b>Looked at by a program (not counted)</b>' in page.text
    assert coupon.path in page.text
    assert (await person.get(f"/coupons/{coupon.code}")).status == 200


async def test_its_link_is_sent_again(beach, make_coupon, sign_in, services):
    coupon = await make_coupon(beach, new=ANN)
    person = await sign_in(beach, "sender")
    assert f"/send?coupon={coupon.code[:6]}" in (await person.get(f"/coupons/{coupon.code}")).text
    page = await person.get(f"/send?coupon={coupon.code[:6]}")
    assert 'value="+32 470 00 56 78"' in page.text
    form = {"once": "x", "coupon": coupon.code[:6], "to": "+32 470 00 56 78"}
    assert (await person.post("/send", form)).status == 303
    text = await services.db.fetchval(
        "SELECT text FROM messages WHERE account_id = $1", beach.account
    )
    assert coupon.path in text
    assert await services.db.fetchval(
        "SELECT count(*) FROM sessions WHERE account_id = $1", beach.account
    ) == 1  # fmt: skip


async def test_a_reader_sees_no_names_numbers_or_links(beach, make_coupon, sign_in):
    coupon = await make_coupon(beach, new=ANN)
    reader = await sign_in(beach, "reader")
    for path in (path_of(beach), f"/coupons/{coupon.code[:6]}"):
        page = await reader.get(path)
        assert "…678" in text_of(page)
        for hidden in ("Peeters", "47000", "470 00 56 78", "ann@example", coupon.code, "K-17"):
            assert hidden.lower() not in page.text.lower(), hidden


async def test_another_accounts_coupons_are_not_there(make_coupon, sign_in, beach):
    coupon = await make_coupon(new=ANN)
    person = await sign_in(beach)
    assert (await person.get(path_of(coupon.shop))).status == 404
    assert (await person.get(f"/coupons/{coupon.code}")).status == 404


async def test_what_cannot_be_looked_for_is_told(beach, sign_in):
    person = await sign_in(beach)
    for query in ("q=" + "x" * 301, "q=%01", "cursor=nonsense"):
        page = await person.get(f"{path_of(beach)}?{query}")
        assert page.status == 422
        assert 'id="w-search"' in page.text


async def test_no_script_comes_through_a_field(beach, make_coupon, sign_in):
    new = NewSession(firstname=SCRIPT, lastname=SCRIPT, customid=SCRIPT[:50],
                     customfields=(SCRIPT[:50],))  # fmt: skip
    coupon = await make_coupon(beach, new=new)
    person = await sign_in(beach)
    for path in (path_of(beach), f"{path_of(beach)}?q={SCRIPT}", f"/coupons/{coupon.code[:6]}"):
        page = (await person.get(path)).text
        assert "<img src=x" not in page
        assert "<script>alert" not in page


class TestInABrowser:
    pytestmark = in_browser

    @pytest.mark.parametrize("width", [320, 1366])
    async def test_it_is_whole(self, visit, beach, make_coupon, sign_in, width):
        coupon = await make_coupon(beach, new=ANN)
        await make_coupon(beach)
        person = await sign_in(beach)
        address = person.address(path_of(beach))
        async with visit(address, width=width, cookies=[person.cookie]) as page:
            await axe_finds_nothing(page)
            await page.get_by_label("Find a coupon").fill("0470 00 56 78")
            await page.get_by_role("button", name="Find").click()
            await axe_finds_nothing(page)
            await page.locator("td a").click()
            await page.wait_for_url(f"**/coupons/{coupon.code[:6]}")
            await axe_finds_nothing(page)
