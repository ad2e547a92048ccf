"""Home: the first steps, what runs, what needs attention."""

import pytest

from tearoff.accounts.rights import ROLES
from tearoff.kit import clock, signs_of_life
from tests.cast import open_shop
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of


async def test_first_steps_lead_to_where_they_are_done(shop, sign_in):
    page = await (await sign_in(shop)).get()
    told = text_of(page)
    assert "1 of 4 done" in told
    assert "Done: Make your first campaign" in told
    for path in ("/integrations", "/send", "/locations", "/first-steps"):
        assert f'href="/a/{shop.account}{path}"' in page.text


async def test_the_list_of_steps_can_be_hidden_once_all_are_done(
    shop, sign_in, services, make_coupon
):
    coupon = await make_coupon(shop)
    await coupon.redeem(shop.pin)
    await services.db.execute(
        "INSERT INTO campaign_days (campaign_id, day, account_id, sent) VALUES ($1, '2026-01-01',"
        " $2, 1)",
        shop.campaign,
        shop.account,
    )
    person = await sign_in(shop)
    assert "3 of 4 done" in text_of(await person.get())
    await services.db.execute(
        "UPDATE connections SET kind = 'twilio' WHERE account_id = $1", shop.account
    )
    assert "You are ready to go" in text_of(await person.get())
    reader = await sign_in(shop, "reader")
    assert "You are ready to go" not in text_of(await reader.get())
    assert (await person.post("/hide-first-steps", {})).status == 303
    told = text_of(await person.get())
    assert "You are ready to go" not in told
    assert "Redeemed today 1" in told


async def test_staff_works_at_the_counter(shop, sign_in):
    person = await sign_in(shop, "staff")
    page = await person.get()
    assert (page.status, page.headers["location"]) == (303, person.address("/profile"))
    told = await person.get("/profile")
    assert 'href="/till"' in told.text


async def test_no_worker_is_told_on_home(shop, sign_in, services):
    """Complaint 19."""
    await services.db.execute("DELETE FROM signs_of_life")
    owner, reader = await sign_in(shop), await sign_in(shop, "reader")
    assert "tearoff work" in text_of(await owner.get())
    assert "tearoff work" not in text_of(await reader.get())
    await signs_of_life.note(services.db, signs_of_life.WORKER, clock.now())
    assert "tearoff work" not in text_of(await owner.get())


async def test_what_a_provider_said_is_shown_as_text(shop, sign_in, services):
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    await services.db.execute(
        "UPDATE connections SET failing_since = now(), last_error = $2, name = $2"
        " WHERE account_id = $1",
        shop.account,
        evil,
    )
    await services.db.execute(
        "UPDATE campaigns SET name = $2, has_pool = true, pool_low = 5 WHERE id = $1",
        shop.campaign,
        evil,
    )
    for role in ROLES:
        page = await (await sign_in(shop, role)).get()
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        if role != "staff":
            assert "takes no messages" in page.text
            assert "Since <time" in page.text
        if role == "reader":
            assert "Whoever looks after the integrations sees why." in text_of(page)


async def test_the_twenty_emptiest_pools_are_told(services, sign_in):
    few, many = await open_shop(services), await open_shop(services)
    await services.db.execute(
        "INSERT INTO campaigns (account_id, code, name, has_pool, pool_low)"
        " SELECT account_id, 'h' || n || substr(code, 1, 8), 'Campaign ' || n, true, 3"
        " FROM campaigns, generate_series(1, 60) AS n WHERE id = $1",
        many.campaign,
    )
    page = await (await sign_in(many)).get()
    assert page.status == 200
    assert text_of(page).count("has no codes left") == 20
    assert (await (await sign_in(few)).get()).status == 200


@pytest.mark.parametrize("width", [320, 1366])
class TestInABrowser:
    pytestmark = in_browser

    async def test_home_with_trouble(self, visit, shop, sign_in, services, width):
        await services.db.execute(
            "UPDATE connections SET failing_since = now(), last_error = 'The service says: 20003'"
            " WHERE account_id = $1",
            shop.account,
        )
        person = await sign_in(shop)
        async with visit(person.address(), width=width, cookies=[person.cookie]) as page:
            await axe_finds_nothing(page)
