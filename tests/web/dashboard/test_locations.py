"""Locations, the staff's devices, and what was scanned."""

import re
from datetime import timedelta

import pytest

from tearoff.accounts import devices, locations
from tearoff.kit import clock
from tearoff.web.dashboard.saying import SAID_BELOW
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of
from tests.web.tills import new_key, open_till

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'


@pytest.fixture
async def person(shop, sign_in):
    return await sign_in(shop, "manager")


@pytest.fixture
def base(shop):
    return f"/locations/{shop.location}"


def week(**times):
    """A form's fields for every day, with two spans each."""
    fields = {f"h{day}.{n}.{end}": "" for day in range(1, 8) for n in (0, 1)
              for end in ("from", "to")}  # fmt: skip
    return fields | times


async def row(services, location):
    return await services.db.fetchrow("SELECT * FROM locations WHERE id = $1", location)


async def test_a_location_from_beginning_to_end(person, services):
    """Hours are typed day by day; the same span of several days is one line; what is typed stands
    there again when something is wrong; script in each text is text."""
    hours = {"h1.0.from": "08:00", "h1.0.to": "12:00", "h1.1.from": "13:00", "h1.1.to": "00:00",
             "h2.0.from": "08:00", "h2.0.to": "12:00"}  # fmt: skip
    values = {**week(**hours), "name": SCRIPT, "street": IMAGE, "zip": "9000", "city": "Ghent",
              "country": "BE", "phone": "0470 00 12 34", "website": "shop", "once": "a",
              "has.redeems_at_once": "1", "redeems_at_once": "1"}  # fmt: skip
    wrong = await person.post("/locations/new", values)
    assert wrong.status == 422
    assert "begins with https://" in text_of(wrong)
    assert 'value="13:00"' in wrong.text and SCRIPT not in wrong.text
    values["website"] = "https://example.com"
    made = await person.post("/locations/new", values)
    assert made.status == 303, text_of(made)
    path = made.headers["location"].partition("?")[0].removeprefix(person.address())
    stored = await row(services, int(path.rpartition("/")[2]))
    assert (stored["name"], stored["phone"]) == (SCRIPT, "+32470001234")
    assert (stored["redeems_at_once"], stored["trusts_offline"]) == (True, False)
    assert re.sub(r"\s", "", stored["raw_hours"]) in (
        '[{"days":[1,2],"start":"08:00","end":"12:00"},{"days":[1],"start":"13:00","end":"24:00"}]',
        '[{"end":"12:00","days":[1,2],"start":"08:00"},{"end":"24:00","days":[1],"start":"13:00"}]',
    )
    again = await person.post("/locations/new", values)
    assert again.headers["location"] == person.address("/locations")
    for page in ("/locations", path, f"{path}/details", f"{path}/scans"):
        shown = await person.get(page)
        assert shown.status == 200
        assert SCRIPT not in shown.text and "<img src=x" not in shown.text
    details = (await person.get(f"{path}/details")).text
    assert 'name="h1.1.to" value="00:00"' in details
    half = await person.post(f"{path}/details", {**values, "h3.0.from": "09:00"})
    assert (half.status, "Wednesday: give both" in text_of(half)) == (422, True)
    kept = await person.post(f"{path}/remove", {"confirm": "another"})
    assert (kept.status, "Type the name" in text_of(kept)) == (422, True)
    gone = await person.post(f"{path}/remove", {"confirm": SCRIPT})
    assert gone.status == 303
    assert (await person.get(path)).status == 404


async def test_a_pin_is_shown_once_and_drawn_once(person, base, shop, services):
    before = (await row(services, shop.location))["pin_mac"]
    drawn = await person.post(f"{base}/pin", {"once": "x"})
    pin = re.search(r'id="pin-shown">(\d{6})<', drawn.text)[1]
    after = (await row(services, shop.location))["pin_mac"]
    assert after != before
    again = await person.post(f"{base}/pin", {"once": "x"})
    assert (again.status, (await row(services, shop.location))["pin_mac"]) == (303, after)
    assert pin not in (await person.get(base)).text
    log = await services.db.fetch("SELECT * FROM audit_entries WHERE account_id = $1", shop.account)
    assert pin not in str([dict(one) for one in log])
    short = await person.post(f"{base}/own-pin", {"pin": "1234"})
    assert (short.status, "6 to 8 digits" in text_of(short), "1234" in short.text) == (
        422, True, True,
    )  # fmt: skip
    assert (await person.post(f"{base}/own-pin", {"pin": "86421357"})).status == 303
    assert (await person.post(f"{base}/own-pin", {"none": "1", "pin": ""})).status == 303
    assert (await row(services, shop.location))["pin_mac"] is None


async def test_a_pairing_link_is_shown_once_and_can_be_withdrawn(person, base, services):
    """Complaint 21."""
    page = await person.post(f"{base}/pair", {"once": "p"})
    link = re.search(r'value="(https?://[^"]*/till/pair/\w{49})"', page.text)[1]
    number = re.search(r"pairings/(\d+)\"", page.text)[1]
    assert (await person.post(f"{base}/pair", {"once": "p"})).status == 303
    listed = await person.get(base)
    assert link not in listed.text and "Waiting for a device" in text_of(listed)
    asked = await person.get(f"{base}/pairings/{number}", hx_request="true")
    assert (asked.status, asked.text) == (204, "")
    gone = await person.post(f"{base}/pairings/{number}/withdraw")
    assert gone.status == 303
    asked = await person.get(f"{base}/pairings/{number}", hx_request="true")
    assert (asked.status, "This link is over" in asked.text) == (286, True)
    assert "Waiting for a device" not in text_of(await person.get(base))
    assert await devices.find_pairing(services.db, link[-49:], clock.now()) is None
    twice = await person.post(f"{base}/pairings/{number}/withdraw")
    assert "used already" in text_of(await person.get(twice.headers["location"]))


async def test_the_page_that_shows_a_link_says_who_was_paired(person, base, services):
    page = await person.post(f"{base}/pair", {"once": "p"})
    token = re.search(r"/till/pair/(\w{49})", page.text)[1]
    number = re.search(r"pairings/(\d+)\"", page.text)[1]
    await devices.pair(services.db, token, name=SCRIPT[:40], pin="2468", now=clock.now())
    asked = await person.get(f"{base}/pairings/{number}", hx_request="true")
    assert asked.status == 286
    assert "&lt;script&gt;" in asked.text and "is paired" in asked.text


async def test_devices_are_thrown_out_several_at_a_time(
    person, base, shop, other_shop, services, http, server
):
    """Complaint 21: after they were named; nobody else's with them."""
    tills = [await open_till(services, http, server.url, shop) for _ in range(3)]
    theirs = await open_till(services, http, server.url, other_shop)
    chosen = [("devices", str(till.device)) for till in (*tills[:2], theirs)]
    asked = await person.post(f"{base}/out", chosen)
    assert (asked.status, "Throw out 2 devices?" in text_of(asked)) == (200, True)
    assert [(await till.call("state"))[0] for till in tills] == [200] * 3
    done = await person.post(f"{base}/out", [*chosen, ("sure", "1")])
    assert done.status == 303
    assert [(await till.call("state"))[0] for till in (*tills, theirs)] == [401, 401, 200, 200]
    single = await person.post(f"{base}/out", {"only": str(tills[2].device)})
    assert "Throw out 1 device?" in text_of(single)
    none = await person.post(f"{base}/out")
    assert "Tick the devices" in text_of(await person.get(none.headers["location"]))


async def test_those_long_unseen_are_marked_and_can_be_hidden(
    person, base, shop, services, http, server
):
    """Complaint 21."""
    tills = [await open_till(services, http, server.url, shop) for _ in range(3)]
    now = clock.now()
    names = ("Here", "Away", "Forgotten")
    for till, name, days in zip(tills, names, (0, 10, 60), strict=True):
        await services.db.execute(
            "UPDATE devices SET name = $2, last_seen_at = $3, expires_at = $4 WHERE id = $1",
            till.device, name, now - timedelta(days=days), now + timedelta(days=30 - days),
        )  # fmt: skip
    shown = text_of(await person.get(base))
    assert all(name in shown for name in names)
    assert "Long unseen" in shown
    hidden = await person.get(f"{base}?seen=recent")
    assert "Show 2 more, long unseen" in text_of(hidden)
    assert "Away" not in hidden.text
    again = await person.post(f"{base}/pair", {"device": str(tills[2].device)})
    token = re.search(r"/till/pair/(\w{49})", again.text)[1]
    device, _ = await devices.pair(services.db, token, name="Forgotten", pin="2468", now=now)
    assert device.id == tills[2].device


async def test_what_the_device_showed_stands_beside_what_was_decided(
    person, base, shop, services, http, server, make_coupon
):
    """Complaint 22: neither is rewritten, and those where the two differ are a list of their
    own."""
    till = await open_till(services, http, server.url, shop)
    code = (await make_coupon(shop)).code
    await till.redeem(code)
    late = {"key": new_key(), "code": code, "scanned_at": clock.now().isoformat()}
    await till.call("sync", {"scans": [late]})
    page = await person.get(f"{base}/scans?conflicts=true")
    shown = text_of(page)
    assert "Not checked: kept, to be taken in later" in shown
    assert "Refused It was used already." in shown
    assert "Taken in" in text_of(await person.get(f"{base}/scans"))
    assert "handed out without a connection" in text_of(await person.get(base))
    assert "The same" not in shown
    assert code not in re.sub(r'href="[^"]*"', "", page.text)


async def test_nobody_elses_and_nobody_below(person, shop, other_shop, sign_in):
    theirs = f"/locations/{other_shop.location}"
    for path in (theirs, f"{theirs}/details", f"{theirs}/scans", f"{theirs}/own-pin"):
        assert (await person.get(path)).status == 404
    for path in ("pair", "pin", "out", "details", "own-pin", "remove", "pairings/1/withdraw"):
        assert (await person.post(f"{theirs}/{path}", week())).status in (303, 404)
    editor = await sign_in(shop, "editor")
    assert (await editor.get("/locations")).status == 403
    assert (await editor.post("/locations/new", {"name": "x"})).status == 403


@pytest.mark.parametrize("width", [320, 1366])
class TestInABrowser:
    pytestmark = in_browser

    async def test_each_page_is_whole(self, visit, shop, sign_in, services, http, server, width):
        person = await sign_in(shop)
        await open_till(services, http, server.url, shop)
        at = f"/locations/{shop.location}"
        async with visit(person.address(at), width=width, cookies=[person.cookie]) as page:
            await axe_finds_nothing(page)
            await page.locator("main details.more summary").first.click()
            await page.get_by_role("button", name="Throw out", exact=True).click()
            await axe_finds_nothing(page)
            await page.get_by_role("link", name="Cancel").click()
            await page.get_by_role("button", name="Show the code").click()
            await page.get_by_text("Waiting for the device").wait_for()
            await axe_finds_nothing(page)
            for path in ("/locations", f"{at}/details", f"{at}/scans"):
                await page.goto(page.url.partition("/locations")[0] + path)
                await axe_finds_nothing(page)


def test_what_is_said_below_stands_in_the_catalogs_as_it_is_said():
    """Numbers in these sentences are those of the rooms that say them."""
    said = [
        f"A PIN has {locations.PIN_LENGTHS[0]} to {locations.PIN_LENGTHS[-1]} digits.",
        locations._CAP.text,
        devices._CAP.text,
        str(devices.DeviceNotFound()),
    ]
    assert set(said) <= set(SAID_BELOW)
