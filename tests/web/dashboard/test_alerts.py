"""The bell, its page, and what somebody chooses to get by mail."""

import asyncio

from tearoff.accounts import queries as accounts
from tearoff.alerts import models, queries
from tearoff.kit import clock
from tests.alerts.test_mails import begin
from tests.cast import open_shop
from tests.web.dashboard.conftest import text_of


async def test_the_bell_counts_what_stands_and_the_page_says_what_to_do(sign_in, shop, services):
    await begin(
        services, shop.account, models.POOL_LOW, str(shop.campaign), name="Summer", n=3, of=9
    )
    await begin(services, shop.account, models.PIN_GUESSED, "", n=50)
    owner, editor = await sign_in(shop, "owner"), await sign_in(shop, "editor")
    staff = await sign_in(shop, "staff")
    assert "2 alerts" in text_of(await owner.get("/campaigns"))
    assert "1 alert" in text_of(await editor.get("/campaigns"))
    assert "No alerts" in text_of(await staff.get("/profile"))
    page = await owner.get("/alerts")
    assert "Summer has 3 codes left" in text_of(page)
    assert f"/a/{shop.account}/campaigns/{shop.campaign}/validation" in page.text
    assert "guesses PINs" not in text_of(await editor.get("/alerts")).partition("Your mails")[0]


async def test_home_says_what_it_does_not_see_for_itself(sign_in, shop, services):
    now = clock.now()
    await begin(services, shop.account, models.CAMPAIGN_ENDS, "100001", name="Summer", at=now)
    await begin(
        services, shop.account, models.BUDGET_NEAR, "spend-day", n=8 * 10**6, of=10**7, at=now
    )
    told = text_of(await (await sign_in(shop, "owner")).get("/"))
    assert "Summer ends soon" in told
    assert "€8.00 of the day's €10.00 are spent" in told
    assert "are spent" not in text_of(await (await sign_in(shop, "editor")).get("/"))


async def test_what_is_put_away_stands_but_does_not_ring(sign_in, shop, services):
    await begin(services, shop.account, models.PIN_GUESSED, "", n=50)
    person = await sign_in(shop, "manager")
    (alert,) = await queries.page(services.db, shop.account, models.KINDS, is_standing=True)
    path = f"/alerts/{alert.id}/put-away"
    answers = await asyncio.gather(*(person.post(path) for _ in range(3)))
    assert {answer.status for answer in answers} == {303}
    page = text_of(await person.get("/alerts"))
    assert "No alerts" in page
    assert "Put away Somebody guesses PINs" in page


async def test_nobody_puts_away_what_is_not_theirs(sign_in, shop, services):
    other = await open_shop(services)
    await begin(services, other.account, models.PIN_GUESSED, "", n=50)
    await begin(services, shop.account, models.PIN_GUESSED, "", n=50)
    (theirs,) = await queries.page(services.db, other.account, models.KINDS, is_standing=True)
    (own,) = await queries.page(services.db, shop.account, models.KINDS, is_standing=True)
    owner, editor = await sign_in(shop, "owner"), await sign_in(shop, "editor")
    assert (await owner.post(f"/alerts/{theirs.id}/put-away")).status == 404
    assert (await editor.post(f"/alerts/{own.id}/put-away")).status == 404
    for alert in (theirs, own):
        row = await services.db.fetchrow("SELECT * FROM alerts WHERE id = $1", alert.id)
        assert row["put_away_at"] is None


async def test_each_chooses_for_themselves(sign_in, shop, services):
    person, other = await sign_in(shop, "owner"), await sign_in(shop, "owner")
    await person.post("/alerts/mails", [("kinds", "pool_low"), ("kinds", "nonsense")])
    db, account = services.db, shop.account
    found = {one.email: one.kinds for one in await queries.receivers(db, account)}
    assert sorted(found.values(), key=len)[0] == ("pool_low",)
    assert models.MAILED in found.values()
    page = await person.get("/alerts")
    assert 'value="pool_low" checked' in page.text
    assert 'value="pin_guessed" checked' not in page.text
    assert 'value="pin_guessed" checked' in (await other.get("/alerts")).text
    await person.post("/alerts/mails", [])
    assert "checked" not in (await person.get("/alerts")).text
    assert await accounts.account(db, account)
