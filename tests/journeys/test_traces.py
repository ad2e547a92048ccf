"""What a day full of trouble leaves behind in the logs: nothing of anybody."""

import asyncio
import re
import signal

import aiohttp
import asyncpg
import msgspec
import pytest

from tearoff.kit.db import Database
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tests.api.caller import Caller
from tests.cast import open_shop
from tests.journeys.test_web_processes import ends_with_all_its_children
from tests.running import launch
from tests.web.conftest import Coupon

FIRST, LAST, MAIL = "Wilhelmina", "Quackenbush", "wilhelmina@quackenbush.example"
BODY, OWN, WRONG_PIN = "zeppelin sandwich", "ZEPPELIN-77", "918273"
WRONG_SECRET = "wrong-Zq8Zq8Zq8Zq8Zq8Zq8Zq8Zq8Zq8"
TOKEN = "f00dF00Df00dF00Df00dF00D12"
NUMBERS = [f"+3247000{n}" for n in ("5501", "5502", "5503", "5504", "5610", "5211", "5429", "5500")]


@pytest.fixture
async def place(settings, tmp_path):
    """A server with its own PostgreSQL that tells everything, and its shop."""
    settings = msgspec.structs.replace(settings, database_url="", data=tmp_path / "data")
    server = await asyncio.to_thread(
        launch, settings, tmp_path, TEAROFF_LOG_LEVEL="debug", TEAROFF_PUBLIC_URL=""
    )
    try:
        url = EmbeddedServer(settings.data).url()
        db = await Database.open(url, size=4)
        settings = msgspec.structs.replace(settings, database_url=url)
        yield server, Services(settings, db, Vault(settings.secret_key), url)
        await db.close()
    finally:
        await asyncio.to_thread(server.stop)


@pytest.mark.timeout(400)
async def test_no_log_has_a_number_a_name_or_a_code(place, tmp_path):
    server, services = place
    shop = await open_shop(services, settings={"scripted": "true"}, unlimited=True)
    await services.db.execute(
        "UPDATE accounts SET limit_number_hour = 1 WHERE id = $1", shop.account
    )
    async with aiohttp.ClientSession() as http:
        caller = Caller(http, server.url, shop)
        codes = await refused_and_accepted(caller)
        await wrong_at_every_door(caller, services, codes)
        await broken_inside(caller, services)
        for address in (NUMBERS[0], MAIL):
            erased = await caller.post("/v4/people/erase", {"address": address})
            assert erased.status == 200, erased.text
    ends_with_all_its_children(server, signal.SIGINT)
    pg = EmbeddedServer(tmp_path / "data").home()
    database_log = "".join(f.read_text() for f in (pg / "log", pg / "log.old") if f.exists())
    for log in (server.log.read_text(), database_log):
        assert traces(log, [*codes, shop.client_secret, shop.token]) == []
    assert "NotNullViolationError: 23502" in server.log.read_text()
    assert 'violates unique constraint "broken"' in database_log
    assert len(database_log) < 100_000


async def refused_and_accepted(caller):
    """Sends of every outcome. Gives the codes of the coupons."""
    person = {"firstname": FIRST, "lastname": LAST, "email": MAIL, "body": BODY}
    good = await caller.send(NUMBERS[0], **person)
    assert good.status == 200, good.text
    limited = await caller.send(NUMBERS[0], **person | {"body": f"{BODY} again"})
    assert limited.codes == [602]
    await caller.post("/v3/smstool/optout/add", {"phone": NUMBERS[1]})
    assert (await caller.send(NUMBERS[1], **person)).codes == [605]
    for number in NUMBERS[4:8]:  # refused by the service in all its ways
        assert (await caller.send(number, **person)).status == 422
    assert (await caller.send("+3247000", **person)).codes == [301]
    assert (await caller.send(NUMBERS[2], **person | {"body": BODY + " {nonsense}"})).status == 422
    mail = {"campaign": caller.shop.ref, "email": MAIL, "body": BODY}
    assert (await caller.post("/v3/send/email", mail)).status == 422  # no service for mail
    once = {"campaign": caller.shop.ref, "phone": NUMBERS[3], "duplicate_check": "phone"}
    made = [await caller.post("/v3/singleuse/create", once | person) for _ in range(2)]
    return [good.body["single_use_code"], made[0].body["single_use_code"]]


async def wrong_at_every_door(caller, services, codes):
    shop, http = caller.shop, caller.http
    campaign = f"/v4/campaigns/{shop.campaign}"
    as_csv = {"Content-Type": "text/csv"}
    for body in (
        f"{OWN}\n{OWN}\n",
        f"{OWN}\x00\n{MAIL}\n",
        f"{OWN}\n{FIRST}\xff".encode("latin-1"),
    ):
        await caller.post(f"{campaign}/codes", data=body, extra=as_csv)
    odd = await caller.post(
        "/v4/messages/preview", {"text": f"{BODY} {{nonsense}}", "fields": BODY}
    )
    assert odd.status == 422
    for secret in (WRONG_SECRET, shop.client_secret[:-1]):
        keys = {"X-Client-Id": shop.client_id, "X-Client-Secret": secret}
        assert (await caller.post("/v3/folder/list", headers=keys)).status == 401
    coupon = Coupon(shop, codes[0], services, http, caller.url)
    for _ in range(6):
        await coupon.redeem(WRONG_PIN)
    for path in (f"/p/{shop.code}/{codes[0]}/nothing", f"/sso/{TOKEN}", f"/callbacks/log/{TOKEN}",
                 f"/till/pair/{TOKEN}", f"/password/{TOKEN}"):  # fmt: skip
        for method in ("GET", "POST"):
            async with http.request(method, caller.url + path, data={"pin": WRONG_PIN}) as answer:
                assert answer.status != 500


async def broken_inside(caller, services):
    """Errors that nobody foresaw, in which the database quotes the row."""
    owner = await asyncpg.connect(services.database_url)
    try:
        await owner.execute("CREATE UNIQUE INDEX broken ON sessions (phone, firstname)")
        await owner.execute("ALTER TABLE messages ADD odd text NOT NULL DEFAULT ''")
        await owner.execute("ALTER TABLE messages ALTER odd DROP DEFAULT")
    finally:
        await owner.close()
    person = {"firstname": FIRST, "lastname": LAST, "email": MAIL}
    again = {"campaign": caller.shop.ref, "phone": NUMBERS[3], **person}
    assert (await caller.post("/v3/singleuse/create", again)).status == 503  # tried anew
    assert (await caller.send(NUMBERS[2], body=BODY, **person)).status == 500


def traces(log, secrets):
    """What is found in a log that must not be there, with the line it is in."""
    wanted = [FIRST, LAST, "quackenbush", BODY, OWN, WRONG_PIN, WRONG_SECRET, TOKEN, *secrets]
    for number in NUMBERS:
        national = number.removeprefix("+32")
        wanted += [national, f"{national[:3]} {national[3:5]} {national[5:7]} {national[7:]}"]
        wanted += [national[:7]]  # its block
    lines = [line.lower() for line in log.splitlines()]
    found = [(one, line[-300:]) for one in wanted for line in lines if one.lower() in line]
    return found + [("pin", line) for line in lines if re.search(r"\bpin['\"=: ]+\d", line)]
