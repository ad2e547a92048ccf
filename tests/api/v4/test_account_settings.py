"""An account changes its own settings over v4, and is told what needs somebody."""

import io
import re
from datetime import timedelta

import pytest
from PIL import Image
from yarl import URL

from tearoff.accounts import queries as accounts
from tearoff.accounts import tallies
from tearoff.api.call import Call
from tearoff.api.deps import open_doors
from tearoff.api.v4 import attention
from tearoff.coupons.sessions.pin_tries import ALARM, ALARM_TRIES, LOCKS
from tearoff.kit import clock, signs_of_life
from tests.api.v4.client import client_of
from tests.api.v4.test_campaign_parts import bomb

ALL = {
    "name": "Leaf & Bean", "email": "Owner@example.com", "timezone": "Europe/Paris",
    "country": "FR", "allowed_countries": ["FR", "BE"], "currency": "CHF", "language": "fr",
    "quiet_from": "22:00", "quiet_until": "08:00", "link_host": "https://c.shop.example",
    "frame_hosts": ["shop.example", "*.shop.example"], "smart_typography": False,
    "brand": "Leaf", "brand_color": "#aa0011", "sender": "LeafBean",
    "messages_per_number_hour": 3, "messages_per_number_day": 0, "messages_per_block_hour": None,
    "spend_day": 5_000_000, "spend_month": None, "hides_first_steps": True,
    "retention_days": 90,
}  # fmt: skip


@pytest.fixture
def v4(caller):
    return client_of(caller)


async def test_what_is_changed_is_what_is_shown(v4, shop, services):
    answer = await v4.patch("/v4/account", ALL)
    assert answer.status == 200, answer.text
    assert (await v4.get("/v4/account")).body == answer.body
    shown = {**answer.body, **answer.body["limits"]}
    assert {name: shown[name] for name in ALL} == ALL
    row = await services.db.fetchrow(
        "SELECT verb, after::text FROM audit_entries WHERE account_id = $1", shop.account
    )
    assert row["verb"] == "account.change"
    assert "Leaf & Bean" in row["after"]


async def test_what_is_left_out_stays_and_null_empties(v4):
    await v4.patch("/v4/account", ALL)
    later = (await v4.patch("/v4/account", {"quiet_until": "07:30"})).body
    assert (later["quiet_from"], later["quiet_until"]) == ("22:00", "07:30")
    emptied = ("country", "allowed_countries", "link_host", "frame_hosts", "brand", "sender")
    gone = (await v4.patch("/v4/account", dict.fromkeys(emptied))).body
    assert [gone[name] for name in emptied if name != "link_host"] == [None, None, None, "", ""]
    assert gone["link_host"] != "https://c.shop.example"
    gone = (await v4.patch("/v4/account", {"quiet_from": None, "quiet_until": None})).body
    assert (gone["quiet_from"], gone["quiet_until"]) == (None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "), ("name", "x" * 201), ("name", None), ("email", "x"), ("country", "Belgium"),
        ("timezone", "Brussels"), ("currency", "XXQ"), ("currency", "euro"), ("language", "xx"),
        ("allowed_countries", ["BE", "F"]), ("allowed_countries", []), ("quiet_from", "25:00"),
        ("quiet_from", "9:00"), ("quiet_from", "22:00"), ("link_host", "shop.example"),
        ("link_host", "https://shop.example/x"), ("frame_hosts", ["a b"]), ("brand", "x" * 101),
        ("brand_color", "red"), ("sender", "<b>x</b>"), ("sender", "TwelveLetters"),
        ("messages_per_number_hour", -1), ("messages_per_number_hour", 2**31),
        ("spend_day", 2**60), ("calls_per_second", 5), ("hides_first_steps", "yes"),
    ],
)  # fmt: skip
async def test_a_wrong_value_is_named_and_changes_nothing(v4, field, value):
    before = (await v4.get("/v4/account")).body
    answer = await v4.patch("/v4/account", {"brand": "Other", field: value})
    assert answer.status == 422, answer.text
    named = "quiet_until" if (field, value) == ("quiet_from", "22:00") else field
    assert answer.body["errors"][0]["field"] == named
    assert (await v4.get("/v4/account")).body == before


async def test_new_campaigns_begin_with_the_brand(v4):
    made = (await v4.post("/v4/campaigns", {"name": "A"})).body
    assert (made["brand"], made["brand_color"]) == ("Bean & Leaf", "#0b5d4b")
    await v4.patch("/v4/account", {"brand": "Leaf", "brand_color": "#aa0011"})
    made = (await v4.post("/v4/campaigns", {"name": "B"})).body
    assert (made["brand"], made["brand_color"]) == ("Leaf", "#aa0011")
    made = (await v4.post("/v4/campaigns", {"name": "C", "brand": "Own"})).body
    assert made["brand"] == "Own"


def logo():
    out = io.BytesIO()
    Image.new("RGBA", (900, 300), (170, 0, 17, 128)).save(out, "PNG")
    return out.getvalue()


async def test_coupons_show_the_logo_also_those_that_are_out(v4, shop, caller):
    put = await v4.call("PUT", "/v4/account/logo", data=logo())
    assert (put.status, put.body["has_logo"]) == (200, True), put.text
    made = (await v4.post("/v4/campaigns", {"name": "New"})).body
    old = (await v4.get(f"/v4/campaigns/{shop.campaign}")).body
    for campaign in (old, made):
        session = (await v4.post(f"/v4/campaigns/{campaign['id']}/sessions")).body
        headers = {"user-agent": "Mozilla/5.0", "accept-language": "en"}
        async with caller.http.get(
            caller.url + URL(session["url"]).path, headers=headers, allow_redirects=True
        ) as page:
            text = await page.text()
        address = text.partition('class="shop"><img src="')[2].partition('"')[0]
        async with caller.http.get(caller.url + address) as picture:
            image = Image.open(io.BytesIO(await picture.read()))
            assert (picture.content_type, image.size) == ("image/webp", (288, 96))
    assert (await v4.delete("/v4/account/logo")).status == 204
    assert not (await v4.get("/v4/account")).body["has_logo"]


@pytest.mark.parametrize(
    "image",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a<script>", bomb()],
    ids=["nothing", "svg", "gif", "bomb"],
)
async def test_what_is_no_logo(v4, image):
    answer = await v4.call("PUT", "/v4/account/logo", data=image)
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "logo")


async def test_a_logo_carries_nothing_of_the_file_it_came_in(v4, shop, services):
    """Neither where it was taken, nor what a script had hidden behind it."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "51.05 N 3.72 E"
    Image.new("RGB", (300, 100), "#aa0011").save(out, "JPEG", exif=exif)
    polyglot = out.getvalue() + b"<script>alert(1)</script>"
    assert (await v4.call("PUT", "/v4/account/logo", data=polyglot)).status == 200
    kept = await services.db.fetchval(
        "SELECT p.webp FROM accounts a JOIN pictures p ON p.id = a.logo_id WHERE a.id = $1",
        shop.account,
    )
    assert b"script" not in kept
    assert b"51.05" not in kept
    assert kept[8:12] == b"WEBP"


class TestAttention:
    async def test_first_steps_are_told_by_what_was_done(self, v4, shop, services):
        steps = (await v4.get("/v4/attention")).body["first_steps"]
        assert steps == {
            "has_sms": False, "has_campaign": True, "has_sent": False, "has_redeemed": False
        }  # fmt: skip
        sent = await v4.post("/v4/messages", {"campaign": shop.campaign, "phone": "+32470001234"})
        taken = await v4.post(
            f"/v4/sessions/{sent.body['session']}/validated", {"location": shop.location}
        )
        assert taken.status == 200, taken.text
        await services.db.execute(
            "UPDATE connections SET kind = 'twilio' WHERE account_id = $1", shop.account
        )
        steps = (await v4.get("/v4/attention")).body["first_steps"]
        assert steps == dict.fromkeys(steps, True)

    async def test_what_goes_wrong(self, v4, shop, services):
        now = clock.now()
        await services.db.execute(
            "UPDATE connections SET failing_since = $2, last_error = 'Authenticate'"
            " WHERE account_id = $1",
            shop.account,
            now,
        )
        await services.db.execute(
            "UPDATE campaigns SET has_pool = true, pool_low = 5 WHERE id = $1", shop.campaign
        )
        await services.db.execute(
            "INSERT INTO pool_codes (campaign_id, code) SELECT $1, 'low' || n"
            " FROM generate_series(1, 3) AS n",
            shop.campaign,
        )
        async with services.db.transaction() as db:
            await tallies.count(db, shop.account, [LOCKS], now)
        for _ in range(ALARM_TRIES):
            await tallies.count(services.db, shop.account, [ALARM], now)
        told = (await v4.get("/v4/attention")).body
        assert [(f["provider"], f["error"]) for f in told["failing"]] == [
            (shop.connection, "Authenticate")
        ]
        assert told["pools"] == [{"campaign": shop.campaign, "left": 3}]
        assert told["pins"] == {"wrong": ALARM_TRIES, "locked": 1, "alarm": True}

    async def test_no_worker_is_told_with_since_when(self, v4, services):
        """Complaint 19."""
        now = clock.now()
        await services.db.execute("DELETE FROM signs_of_life")
        assert (await v4.get("/v4/attention")).body["server"]["works"] is False
        await signs_of_life.note(services.db, signs_of_life.WORKER, now)
        assert (await v4.get("/v4/attention")).body["server"]["works"] is True
        await services.db.execute("UPDATE signs_of_life SET at = $1", now - timedelta(seconds=25))
        told = (await v4.get("/v4/attention")).body["server"]
        assert told["works"] is False
        assert told["worker_seen_at"] is not None

    async def test_a_subaccount_hears_nothing_of_the_server(self, v4, shop, other_shop, services):
        await services.db.execute(
            "UPDATE accounts SET parent_id = $2 WHERE id = $1", shop.account, other_shop.account
        )
        assert (await v4.get("/v4/attention")).body["server"] is None

    async def test_no_coupon_message_or_event_is_looked_at(self, v4, shop, services):
        """Home asks this at each visit: a handful of statements, whatever the account has."""
        await services.db.execute(
            "INSERT INTO campaigns (account_id, code, name, has_pool, pool_low)"
            " SELECT account_id, 'q' || n || substr(code, 1, 8), 'Campaign ' || n, true, 3"
            " FROM campaigns, generate_series(1, 40) AS n WHERE id = $1",
            shop.campaign,
        )
        asked = Recording(services.db)
        caller = await accounts.caller(services.db, shop.client_id)
        call = Call(open_doors(services), caller, {}, clock.now())
        assert len((await attention.get_attention(call, asked)).pools) == 20
        assert len(asked.statements) == 7
        found = re.findall(r"(?:FROM|JOIN) (\w+)", " ".join(asked.statements))
        assert not {"sessions", "messages", "session_events", "hook_events"} & set(found)


class Recording:
    """A database handle that keeps what goes through it."""

    def __init__(self, db):
        self._db, self.statements = db, []

    def __getattr__(self, name):
        def run(statement, *values):
            self.statements.append(statement)
            return getattr(self._db, name)(statement, *values)

        return run
