"""Screens for how long people are remembered, and for erasing one."""

import re

import pytest

from tearoff.coupons.models import NewSession
from tests.web.dashboard.conftest import text_of

PHONE, MAIL = "+33600002211", "ann@petrova.example"


@pytest.fixture
async def coupon(make_coupon, shop):
    return await make_coupon(shop, new=NewSession(phone=PHONE, email=MAIL, firstname="Annushka"))


async def person_of(services, coupon):
    return await services.db.fetchrow(
        "SELECT firstname, phone, email FROM sessions WHERE account_id = $1 AND code = $2",
        coupon.shop.account, coupon.code,
    )  # fmt: skip


async def test_a_person_is_erased_from_their_coupon(services, sign_in, shop, coupon):
    person = await sign_in(shop, "manager")
    path = f"/coupons/{coupon.code[:6]}"
    assert f"{path}/forget" in (await person.get(path)).text
    page = await person.get(f"{path}/forget")
    assert "What goes" in page.text
    assert "What stays" in page.text
    asked = await person.post(f"{path}/forget", {})
    assert "It cannot be taken back." in asked.text
    assert (await person_of(services, coupon))["firstname"] == "Annushka"
    once = {"sure": "1", "once": "word"}
    done = await person.post(f"{path}/forget", once)
    assert (done.status, done.headers["location"].partition("?")[0][-6:]) == (303, coupon.code[:6])
    assert tuple(await person_of(services, coupon)) == (None, None, None)
    twice = await person.post(f"{path}/forget", once)
    assert twice.status == 303
    audit = "SELECT count(*) FROM audit_entries WHERE account_id = $1 AND verb = 'person.erase'"
    assert await services.db.fetchval(audit, shop.account) == 1


async def test_the_coupon_says_that_its_person_was_erased(services, sign_in, shop, coupon):
    """In place of facts that are gone; a link has nobody to go to."""
    person = await sign_in(shop, "manager")
    path = f"/coupons/{coupon.code[:6]}"
    before = await person.get(path)
    assert "Send the link again" in text_of(before)
    assert "was erased" not in text_of(before)
    await person.post(f"{path}/forget", {"sure": "1", "once": "word"})
    for one in (person, await sign_in(shop, "reader")):
        told = text_of(await one.get(path))
        assert "The person was erased on" in told
        assert "Phone number" not in told
        assert "Send the link again" not in told
    await services.db.execute(
        "UPDATE sessions SET phone = $2 WHERE account_id = $1", shop.account, PHONE
    )
    told = text_of(await person.get(path))
    assert "was erased" not in told, "somebody else has it by now"
    assert "Send the link again" in told


async def test_by_number_it_is_shown_first_and_typed_again(services, sign_in, shop, coupon):
    person = await sign_in(shop, "owner")
    await services.db.execute("UPDATE accounts SET country = 'FR' WHERE id = $1", shop.account)
    path, national = "/settings/forget", "06 00 00 22 11"
    shown = await person.post(path, {"address": national})
    assert "Coupons: 1" in text_of(shown)
    wrong = await person.post(path, {"address": national, "sure": "1", "again": "0600002212"})
    assert (wrong.status, "This is not the same" in wrong.text) == (422, True)
    assert (await person_of(services, coupon))["phone"] == PHONE
    done = await person.post(path, {"address": national, "sure": "1", "again": PHONE, "once": "x"})
    assert done.status == 303
    assert tuple(await person_of(services, coupon)) == (None, None, None)
    nothing = await person.post(path, {"address": MAIL})
    assert "Nothing is known under this number or mail address." in nothing.text


async def test_what_is_no_whole_number_erases_nobody_and_leads_to_the_coupons(
    sign_in, shop, services, coupon
):
    person = await sign_in(shop, "manager")
    refused = await person.post("/settings/forget", {"address": "2211"})
    assert refused.status == 422
    told = text_of(refused)
    assert "Nothing was erased." in told
    assert "not saved" not in told
    assert f'href="{person.address("/coupons?search=2211")}"' in refused.text
    assert "Erase the person" in text_of(await person.get(f"/coupons/{coupon.code[:6]}"))
    other = await person.post("/settings/forget", {"address": "nobody"})
    assert (other.status, "search=" in other.text) == (422, False)
    typed = {"address": PHONE, "sure": "1", "again": "x"}
    again = text_of(await person.post("/settings/forget", typed))
    assert ("Nothing was erased." in again, "not saved" in again) == (True, False)


@pytest.mark.parametrize("role", ["editor", "sender", "staff", "reader"])
async def test_only_owner_and_manager_see_the_way_there(sign_in, shop, coupon, role):
    person = await sign_in(shop, role)
    page = await person.get(f"/coupons/{coupon.code[:6]}")
    assert "/forget" not in page.text
    assert (await person.get(f"/coupons/{coupon.code[:6]}/forget")).status == 403


async def test_a_shorter_time_is_asked_for_once_more_with_what_would_go(
    services, sign_in, shop, coupon
):
    person, path = await sign_in(shop, "owner"), "/settings/keeping"
    await services.db.execute(
        "UPDATE sessions SET created_at = now() - interval '60 days', expires_at ="
        " now() - interval '50 days' WHERE account_id = $1", shop.account,
    )  # fmt: skip
    looked = await person.get(f"{path}?days=30")
    assert re.search(r"Coupons</dt><dd>1<", looked.text)
    asked = await person.post(path, {"retention_days": "30"})
    assert "Coupons whose person is forgotten: 1" in asked.text
    days = "SELECT retention_days FROM accounts WHERE id = $1"
    assert await services.db.fetchval(days, shop.account) is None
    assert (await person.post(path, {"retention_days": "30", "sure": "1"})).status == 303
    assert await services.db.fetchval(days, shop.account) == 30
    longer = await person.post(path, {"retention_days": "90"})
    assert longer.status == 303
    assert (await person.post(path, {"retention_days": ""})).status == 303
    assert await services.db.fetchval(days, shop.account) is None


@pytest.mark.parametrize("days", ["3", "x", "99999", "-1"])
async def test_days_that_cannot_be_are_told_at_the_field(sign_in, shop, days):
    person = await sign_in(shop, "owner")
    page = await person.post("/settings/keeping", {"retention_days": days})
    assert page.status == 422
    assert 'aria-describedby="w-retention_days' in page.text
    looked = await person.get(f"/settings/keeping?days={days}")
    assert (looked.status, 'id="w-days"' in looked.text) == (422, True)
    assert f'name="days" value="{days}"' in looked.text, "what was typed stands beside it"
