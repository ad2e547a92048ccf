"""The list of campaigns, what is done to one or several of them, and what a new one begins with."""

import json
import re
from datetime import timedelta
from urllib.parse import quote

import pytest

from tearoff.accounts import queries as accounts
from tearoff.api.call import Call
from tearoff.api.deps import open_doors
from tearoff.api.v4 import campaigns as v4
from tearoff.api.v4 import campaigns_together as together
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.campaigns.campaigns import NewCampaign
from tearoff.kit import clock
from tests.api.test_statements import Counting
from tests.web.browsing import axe_finds_nothing, in_browser
from tests.web.dashboard.conftest import text_of

SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'


@pytest.fixture
async def person(shop, sign_in):
    return await sign_in(shop, "editor")


async def make(services, shop, name, status="active", **more):
    async with services.db.transaction() as db:
        new = NewCampaign(name=name, title=more.pop("title", name), brand="B", status=status,
                          language="en", timezone="Europe/Brussels", **more)  # fmt: skip
        return (await campaigns.create_campaign(db, shop.account, new)).id


async def statuses(services, shop):
    rows = await services.db.fetch(
        "SELECT name, status FROM campaigns WHERE account_id = $1 AND NOT is_template ORDER BY id",
        shop.account,
    )
    return {row["name"]: row["status"] for row in rows}


def shown(page):
    """Names in the order of the rows."""
    return re.findall(r'<th scope="row"><a [^>]*><bdi>([^<]*)', page.text)


async def test_searched_filtered_and_sorted_by_the_address(person, shop, services):
    soon = clock.now() + timedelta(days=2)
    await make(services, shop, "Été à Gand", "paused", expires_at=soon)
    await make(services, shop, SCRIPT, "draft", title=IMAGE)
    await make(services, shop, "Put away", "archived")
    await make(services, shop, "Later", starts_at=soon)
    page = await person.get("/campaigns")
    assert shown(page) == ["Later", "&lt;script&gt;alert(1)&lt;/script&gt;", "Été à Gand",
                           "Two for one"]  # fmt: skip
    assert "<img src=x" not in page.text and "4 campaigns" in text_of(page)
    assert shown(await person.get("/campaigns?search=ete")) == ["Été à Gand"]
    assert shown(await person.get("/campaigns?state=archived")) == ["Put away"]
    assert shown(await person.get("/campaigns?state=scheduled")) == ["Later"]
    assert shown(await person.get("/campaigns?sort=ends"))[0] == "Été à Gand"
    by_name = await person.get("/campaigns?sort=name")
    assert 'aria-sort="ascending"' in by_name.text
    assert "sort=-name" in by_name.text
    odd = await person.get(f"/campaigns?state=every&sort=x&search={quote(IMAGE + 'zz')}")
    assert odd.status == 200
    assert "Nothing for “" in text_of(odd) and "<img src=x" not in odd.text
    assert "Clear the search" in text_of(odd)
    assert (await person.get("/campaigns?cursor=x")).status == 303


async def test_a_part_is_the_found_rows_and_their_number(person, shop):
    """Complaints 35 and 39: the whole page for the browser's history; a status says the result."""
    part = await person.get("/campaigns?search=two", hx_request="true")
    assert part.text.lstrip().startswith("<div hx-swap-oob")
    assert "1 campaign" in part.text and 'id="found"' in part.text
    assert "search=two&amp;state=paused" in part.text  # the filters go on with what was typed
    whole = await person.get(
        "/campaigns?search=two", hx_request="true", hx_history_restore_request="true"
    )
    assert whole.text.startswith("<!doctype html>")
    assert "HX-Request" in whole.headers["vary"]


async def cost(services, shop):
    """Statements of what the page reads."""
    caller = await accounts.caller(services.db, shop.client_id)
    counting = Counting(services.db)
    for operation in (v4.LIST, together.COUNT):
        call = Call(open_doors(services), caller, {"state": "live"}, clock.now())
        await operation.act(call, counting)
    return counting.statements


async def test_counts_and_pages_in_a_constant_number_of_statements(person, shop, services):
    few = await cost(services, shop)
    for n in range(60):
        await make(services, shop, f"Offer {n:02}")
    assert await cost(services, shop) == few
    first = await person.get("/campaigns?search=offer")
    assert len(shown(first)) == 50
    assert "All 60 that this list finds" in text_of(first)
    after = re.search(r'href="([^"]*cursor=[^"]*)"', first.text)[1].replace("&amp;", "&")
    second = await person.get(after)
    assert len(shown(second)) == 10
    assert not set(shown(first)) & set(shown(second))


async def test_all_that_match_are_those_and_no_other(person, shop, services):
    """Complaint 37: the confirmation repeats number and filter."""
    for n in range(60):
        await make(services, shop, f"Summer {n}")
        await make(services, shop, f"Winter {n}")
    matching = json.dumps({"state": "live", "search": "summer"})
    asked = await person.post(
        "/campaigns/chosen", {"status": "archived", "all": "1", "matching": matching}
    )
    told = text_of(asked)
    assert "Archive 60 campaigns?" in told and "match “summer” under “All”" in told
    values = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
    values["matching"] = matching
    await make(services, shop, "Summer more")
    late = await person.post("/campaigns/chosen", values)
    assert (late.status, "Archive 61 campaigns?" in text_of(late)) == (409, True)
    done = await person.post("/campaigns/chosen", {**values, "count": "61", "once": "z"})
    assert "61 campaigns are archived" in text_of(await person.get(done.headers["location"]))
    found = await statuses(services, shop)
    assert {name for name, status in found.items() if status == "archived"} == {
        name for name in found if name.startswith("Summer")
    }


@pytest.mark.parametrize("matching", ["", "{}", "all", "[]", '{"state":"every"}',
                                      '{"search":"two"}', '{"state":"live","x":"y"}'])  # fmt: skip
async def test_a_filter_that_is_missing_or_unreadable_is_never_all(
    person, shop, services, matching
):
    """Complaint 37."""
    for more in ({}, {"sure": "1", "count": "1"}):
        page = await person.post(
            "/campaigns/chosen", {"status": "archived", "all": "1", "matching": matching, **more}
        )
        assert page.status == 303
        assert "could not be read" in text_of(await person.get(page.headers["location"]))
    assert await statuses(services, shop) == {"Two for one": "active"}


async def test_no_row_and_no_bulk_act_causes_a_message(person, shop, other_shop, services):
    """Complaint 14: with a service connected, nothing leaves, whatever is pressed."""
    at = f"/campaigns/{shop.campaign}"
    acts = [f"{at}/pause", f"{at}/resume", f"{at}/archive", f"{at}/bring-back", f"{at}/resume",
            f"{at}/copy", f"{at}/template", "/campaigns/examples/percent-off"]  # fmt: skip
    done = []
    for n, path in enumerate(acts):
        page = await person.post(path, {"once": str(n)})
        assert page.status == 303, (path, text_of(page))
        done.append((await statuses(services, shop))["Two for one"])
    assert done[:5] == ["paused", "active", "archived", "paused", "active"]
    for status in ("paused", "archived"):
        await person.post("/campaigns/chosen", {
            "status": status, "campaigns": str(shop.campaign), "sure": "1", "once": status,
        })  # fmt: skip
    assert (await statuses(services, shop))["Two for one"] == "archived"
    messages = await services.db.fetchval(
        "SELECT count(*) FROM messages WHERE account_id = $1", shop.account
    )
    jobs = await services.db.fetchval(
        "SELECT count(*) FROM sessions WHERE account_id = $1", shop.account
    )
    assert (messages, jobs) == (0, 0)
    theirs = f"/campaigns/{other_shop.campaign}"
    for name in ("pause", "resume", "archive", "bring-back", "copy", "template"):
        assert (await person.post(f"{theirs}/{name}")).status == 404
    assert (await person.get(f"{theirs}/share")).status == 404
    await person.post(
        "/campaigns/chosen",
        {"status": "archived", "campaigns": str(other_shop.campaign), "sure": "1"},
    )
    assert await statuses(services, other_shop) == {"Two for one": "active"}


async def test_a_finished_campaign_copied_three_times(person, shop, services):
    """Complaint 11: three drafts; dates that lie in the past are told for a decision."""
    over = clock.now() - timedelta(days=3)
    old = await make(services, shop, "Old", starts_at=over - timedelta(days=9), expires_at=over)
    for n in range(3):
        done = await person.post(f"/campaigns/{old}/copy", {"once": f"copy {n}"})
        assert done.status == 303
    again = await person.post(f"/campaigns/{old}/copy", {"once": "copy 2"})
    assert again.headers["location"] == person.address("/campaigns")
    found = await statuses(services, shop)
    assert {n: s for n, s in found.items() if n.startswith("Old")} == {
        "Old": "active", "Old (copy)": "draft", "Old (copy 2)": "draft", "Old (copy 3)": "draft",
    }  # fmt: skip
    told = text_of(await person.get("/campaigns?" + done.headers["location"].partition("?")[2]))
    assert "Now empty, because it lay in the past: the first day" in told
    assert "the last day" in told


async def test_what_a_new_campaign_begins_with(person, shop, services):
    page = await person.get("/campaigns/new")
    told = text_of(page)
    assert "Start from an example" in told and "Copy one of your campaigns" in told
    picture = await person.get("/campaigns/examples/two-for-one")
    assert picture.headers["content-type"] == "image/webp"
    assert (await person.get("/campaigns/examples/none")).status == 404
    assert (await person.post("/campaigns/examples/none")).status == 404
    empty = await person.post("/campaigns/new", {"title": "", "name": ""})
    assert (empty.status, "This is needed" in text_of(empty)) == (422, True)
    blank = await person.post("/campaigns/new", {"title": SCRIPT, "name": "", "once": "n"})
    assert blank.status == 303
    assert (await statuses(services, shop))[SCRIPT] == "draft"
    await person.post(f"/campaigns/{shop.campaign}/template", {})
    page = await person.get("/campaigns/new")
    assert SCRIPT not in page.text
    own = int(re.search(r"campaigns/templates/(\d+)\"", page.text)[1])
    started = await person.post(f"/campaigns/templates/{own}", {"once": "t"})
    assert started.status == 303
    assert "Two for one" not in shown(await person.get("/campaigns?state=archived"))
    assert (await person.post(f"/campaigns/templates/{own}/remove")).status == 303
    assert (await person.post(f"/campaigns/templates/{own}", {"once": "u"})).status == 404


async def test_who_may_only_look_sees_no_act(shop, sign_in):
    reader = await sign_in(shop, "reader")
    page = await reader.get("/campaigns")
    assert shown(page) == ["Two for one"]
    assert "/archive" not in page.text and "New campaign" not in text_of(page)
    for path in (f"/campaigns/{shop.campaign}/pause", "/campaigns/chosen", "/campaigns/new"):
        assert (await reader.post(path, {"title": "x"})).status == 403


async def test_an_empty_list_says_how_to_begin(person, shop, services):
    await services.db.execute(
        "UPDATE campaigns SET status = 'archived' WHERE account_id = $1", shop.account
    )
    told = text_of(await person.get("/campaigns"))
    assert "No campaign yet" in told and "Start from an example" in told
    assert "Archived campaigns" in told


@pytest.mark.parametrize(
    "path",
    ["/campaigns?search=%00", "/campaigns/new?search=%00", "/campaigns?cursor=%F0%9F%98%80",
     "/locations?cursor=x", "/locations/{place}/scans?cursor=x", "/locations/{place}?seen=%00"],
)  # fmt: skip
async def test_no_address_breaks_a_page(shop, sign_in, path):
    owner = await sign_in(shop)
    page = await owner.get(path.format(place=shop.location))
    assert page.status < 500, text_of(page)


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/campaigns/chosen", {"status": "paused", "campaigns": "²"}),
        ("/campaigns/chosen", {"status": "paused", "campaigns": "9" * 5_000}),
        ("/campaigns/chosen", {"status": "paused", "campaigns": "9" * 18, "sure": "1"}),
        ("/campaigns/chosen", {"status": "paused", "all": "1", "sure": "1", "count": "9" * 18,
                               "matching": '{"state":"live","search":"\\u0000"}'}),
        ("/campaigns/{campaign}/copy", {"once": "é"}),
        ("/campaigns/new", {"title": "\0\ud800", "once": "é" * 90}),
        ("/campaigns/examples/" + "x" * 90, {}),
        ("/locations/{place}/pin", {"once": "é"}),
        ("/locations/{place}/pair", {"device": "9" * 18}),
        ("/locations/{place}/out", {"devices": "²"}),
        ("/locations/{place}/details", {"name": "x", "h1.0.from": "99:99", "h1.0.to": "²"}),
        ("/locations/{place}/details", {"name": "x", "h1.0.from": "09:00", "h1.0.to": "09:00"}),
    ],
)  # fmt: skip
async def test_no_form_breaks_a_page(shop, sign_in, path, values):
    owner = await sign_in(shop)
    path = path.format(place=shop.location, campaign=shop.campaign)
    values = {name: value.encode("utf-8", "surrogatepass") for name, value in values.items()}
    page = await owner.post(path, values)
    assert page.status < 500, text_of(page)


@pytest.mark.parametrize("width", [320, 1366])
class TestInABrowser:
    pytestmark = in_browser

    async def test_each_page_is_whole(self, visit, shop, sign_in, services, width):
        for n in range(52):
            await make(services, shop, f"Offer {n:02}")
        person = await sign_in(shop)
        at = person.address("/campaigns")
        async with visit(at, width=width, cookies=[person.cookie]) as page:
            await axe_finds_nothing(page)
            await page.keyboard.press("/")
            await page.keyboard.type("offer 01")
            await page.get_by_text("1 campaign", exact=True).wait_for()
            assert await page.evaluate("document.activeElement.id") == "search"
            assert "search=offer" in page.url
            await axe_finds_nothing(page)
            await page.locator("main details.more summary").first.click()
            await page.get_by_role("button", name="Pause", exact=True).click()
            await page.get_by_text("is paused: its coupons").wait_for()
            assert "search=offer" in page.url
            await page.locator("input[name=campaigns]").first.check()
            await page.get_by_role("button", name="Archive those chosen").click()
            await page.get_by_role("heading", name="Archive 1 campaign?").wait_for()
            await axe_finds_nothing(page)
            await page.get_by_role("button", name="Archive 1").click()
            await page.get_by_text("1 campaign is archived.").wait_for()
            await page.goto(page.url.partition("?")[0] + "/new")
            await axe_finds_nothing(page)
