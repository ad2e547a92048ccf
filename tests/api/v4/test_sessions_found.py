"""`GET /v4/sessions`: each way to search, each filter, page by page."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from tearoff.coupons.models import NewSession
from tearoff.coupons.sessions import actions
from tearoff.kit import clock
from tests.api.v4.client import client_of
from tests.cast import open_place, open_shop


@pytest.fixture
async def v4(caller, services, shop):
    await services.db.execute("UPDATE accounts SET country = 'BE' WHERE id = $1", shop.account)
    return client_of(caller)


@pytest.fixture
def make(services, shop):
    """A session of the shop, made a while ago; gives its code."""
    turns = itertools.count()

    async def make(campaign=None, ago=None, **known):
        campaign_id = campaign or shop.campaign
        now = clock.now() - timedelta(minutes=next(turns) if ago is None else ago)
        async with services.db.transaction() as db:
            found = await actions_campaign(db, shop, campaign_id)
            made = await actions.issue_session(db, found, NewSession(**known), now=now)
        return made.code

    return make


async def actions_campaign(db, shop, campaign_id):
    from tearoff.coupons.campaigns.campaigns import campaign

    found = await campaign(db, shop.account, campaign_id)
    assert found is not None
    return found


async def codes(v4, **query):
    answer = await v4.get("/v4/sessions", params=query)
    assert answer.status == 200, answer.text
    return [row["code"] for row in answer.body["data"]]


PEOPLE = {
    "ann": {"firstname": "Ann-Sophie", "lastname": "Peeters", "phone": "+32470001234",
            "email": "Ann.P@example.com", "customid": "42"},
    "zoe": {"firstname": "Zoë", "lastname": "van den Berg", "phone": "+32470005678"},
    "isik": {"firstname": "Işık", "lastname": "Öztürk", "email": "isik@oz.example"},
    "brien": {"firstname": "Conor", "lastname": "O'Brien", "customid": "zo"},
    "strasse": {"firstname": "Jørgen", "lastname": "Großmann"},
    "none": {},
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # a number in any spelling, and by its end
        ("0470 00 12 34", "ann"), ("+32470001234", "ann"), ("0032 470/00.12.34", "ann"),
        ("1234", "ann"), ("00 12 34", "ann"), ("٥٦٧٨", "zoe"), ("234", ""),
        # an address as a whole, in another case, and by its end
        ("ann.p@EXAMPLE.com", "ann"), (".example", "isik"), ("P@example.com", "ann"),
        ("ple", ""),
        # words of a name by their beginning, in any letters
        ("zoe", "zoe"), ("ZOË", "zoe"), ("zo", "zoe brien"), ("berg", "zoe"), ("den be", "zoe"),
        ("isik", "isik"), ("IŞIK", "isik"), ("ISIK", "isik"), ("ışık ozt", "isik"),
        ("İşık", "isik"), ("ozturk isik", "isik"), ("brien", "brien"), ("obrien", "brien"),
        ("o’brien conor", "brien"), ("annsophie", "ann"), ("ann-sophie", "ann"),
        ("sophie p", "ann"), ("jorgen grossm", "strasse"), ("großm", "strasse"),
        ("peeters zoe", ""), ("eeters", ""), ("p", ""), ("x y", ""),
        # what a shop calls it
        ("42", "ann"), ("043", ""),
    ],
)  # fmt: skip
async def test_search_finds_by_each_way(v4, make, text, found):
    made = {name: await make(**known) for name, known in PEOPLE.items()}
    expected = [made[name] for name in PEOPLE if name in found.split()]
    assert await codes(v4, search=text) == expected


async def test_search_finds_by_code(v4, make, shop):
    await make()
    code = await make(validation_code="OWN-778 K")
    link = f" https://coupons.example.com/p/{shop.code}/{code.upper()}?x=1 "
    for text in (code, code[:6], f"{code[:3]} {code[3:6]}".upper(), link, "own778k"):
        assert await codes(v4, search=text) == [code], text


async def test_names_follow_their_changes(v4, make, services, shop):
    code = await make(firstname="Ann", lastname="Peeters")
    done = await v4.patch(f"/v4/sessions/{code}", {"firstname": "Bea"})
    assert done.status == 200
    assert await codes(v4, search="bea peeters") == [code]
    assert await codes(v4, search="ann") == []
    # whoever takes a name away, by whatever statement, takes its words
    await services.db.execute(
        "UPDATE sessions SET firstname = NULL, lastname = NULL WHERE code = $1", code
    )
    assert await codes(v4, search="bea") == []
    words = "SELECT count(*) FROM session_words WHERE account_id = $1"
    assert await services.db.fetchval(words, shop.account) == 0
    other = await make(firstname="Cas")
    await services.db.execute("DELETE FROM sessions WHERE code = $1", other)
    assert await services.db.fetchval(words, shop.account) == 0


async def test_a_name_that_a_message_carried_is_found(v4, shop):
    sent = await v4.post("/v4/messages", {
        "campaign": shop.campaign, "phone": "+32470001299", "firstname": "Marie-Ève",
    })  # fmt: skip
    assert sent.status < 300, sent.text
    (row,) = (await v4.get("/v4/sessions?search=marie+eve")).body["data"]
    assert (row["code"], row["channel"]) == (sent.body["session"], "sms")
    assert row["campaign_name"] == "Two for one"


async def test_pages_are_the_whole_list(v4, make):
    made = [await make(firstname="Ann" if n % 2 else None) for n in range(9)]
    for query in ({}, {"search": "ann"}, {"state": "created"}):
        found, cursor = [], None
        for _ in range(20):
            told = {**query, "limit": "2", **({"cursor": cursor} if cursor else {})}
            page = (await v4.get("/v4/sessions", params=told)).body
            found += [row["code"] for row in page["data"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert found == (made[1::2] if "search" in query else made)


async def test_what_cannot_be_read_is_refused(v4, shop, services):
    other = await open_shop(services)
    for query, status in (
        ("state=used", 400), ("channel=none", 400), ("from=yesterday", 400), ("campaign=x", 400),
        ("campaign=99999999", 404), (f"campaign={other.campaign}", 404), ("location=99999999", 404),
        (f"location={other.location}", 404), ("cursor=nonsense", 400), ("statee=opened", 400),
        ("differs=perhaps", 400), ("search=" + "x" * 301, 400),
    ):  # fmt: skip
        answer = await v4.get(f"/v4/sessions?{query}")
        assert answer.status in (status, 422 if status == 400 else status), (query, answer.text)


async def test_another_account_finds_nothing(v4, make, other_caller):
    code = await make(**PEOPLE["ann"])
    other = client_of(other_caller)
    for text in ("", code, "1234", "ann", "42", "ann.p@example.com", ".com"):
        assert await codes(other, **({"search": text} if text else {})) == [], text


class TestFilters:
    """Every filter, alone and with each other one: what is found is what a look at each says."""

    @pytest.fixture
    async def many(self, v4, make, shop, services):
        second = await services.db.fetchval(
            "INSERT INTO campaigns (account_id, code, status, name, title, created_at)"
            " SELECT account_id, 'second', status, 'Second', title, now() FROM campaigns"
            " WHERE id = $1 RETURNING id", shop.campaign,
        )  # fmt: skip
        place = await open_place(services, shop.account, "Antwerp")
        sent = await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": "+32470001298"})
        made = [sent.body["session"]]
        for n in range(24):
            code = await make(campaign=second if n % 3 == 0 else None, ago=n * 60,
                              firstname=("Ann", "Bob")[n % 2])  # fmt: skip
            made.append(code)
            if n % 5 == 1:
                await v4.post(f"/v4/sessions/{code}/validated", {
                    "location": shop.location if n % 2 or n % 3 == 0 else place,
                })  # fmt: skip
            if n % 5 == 2:
                await v4.post(f"/v4/sessions/{code}/voided")
            if n % 5 == 3:
                await v4.post(f"/v4/sessions/{code}/opened")
            if n % 7 == 4:
                await v4.post(f"/v4/sessions/{code}/locked")
            if n % 4 == 0:
                await services.db.execute(
                    "INSERT INTO counter_scans (account_id, location_id, device_id, key, code,"
                    " session_id, verdict, was_offline, scanned_at, at) SELECT account_id, $2, 1,"
                    " code, short_code, id, 'no', true, now(), now() FROM sessions WHERE code = $1",
                    code, place,
                )  # fmt: skip
        since = (clock.now() - timedelta(hours=15, minutes=30)).isoformat()
        until = (clock.now() - timedelta(hours=2, minutes=30)).isoformat()
        return {
            "search": {"search": "ann"}, "campaign": {"campaign": str(second)},
            "state": {"state": "validated"}, "void": {"state": "voided"},
            "locked": {"state": "locked"}, "link": {"channel": "link"}, "sms": {"channel": "sms"},
            "location": {"location": str(shop.location)}, "from": {"from": since},
            "until": {"until": until}, "differs": {"differs": "true"},
        }  # fmt: skip

    async def test_alone_and_together(self, v4, many):
        rows = (await v4.get("/v4/sessions?limit=200")).body["data"]
        assert len(rows) == 25
        alone = {name: set(await codes(v4, **query)) for name, query in many.items()}
        for row in rows:
            code = row["code"]
            for name in ("state", "void", "locked"):
                assert (code in alone[name]) == (row["state"] == many[name]["state"])
            assert (code in alone["sms"]) == (row["channel"] == "sms")
            assert (code in alone["link"]) == (row["channel"] == "link")
            assert (code in alone["campaign"]) == (row["campaign_name"] == "Second")
            assert (code in alone["location"]) == (row["location_name"] == "Ghent")
            assert (code in alone["search"]) == (row["customer"]["firstname"] == "Ann")
        assert len(alone["from"]) == 17
        assert len(alone["until"]) == 21
        assert len(alone["differs"]) == 6
        assert all(alone.values())
        order = [row["code"] for row in rows]
        for one, other in itertools.combinations(many, 2):
            if many[one].keys() & many[other].keys():
                continue
            expected = [code for code in order if code in alone[one] & alone[other]]
            assert await codes(v4, **many[one], **many[other]) == expected, (one, other)
