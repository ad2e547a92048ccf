"""Passes for wallets: what is in them, who gets them, and that their wallets hear of changes.

Apple's push service is served by granian over HTTP/2, with certificates made here; Google's
interface is a small server. No phone and no service of theirs was asked."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import jwt
import msgspec
import pytest
import pytest_asyncio
from aiohttp import web

from tearoff.config import read_settings
from tearoff.coupons.models import NewSession
from tearoff.coupons.sessions import actions
from tearoff.coupons.wallets import pass_updates, passes
from tearoff.errors import Invalid
from tearoff.kit import clock
from tearoff.kit.services import Services
from tearoff.providers.wallets import apple, apple_push, google
from tests.cast import open_shop
from tests.listening import listening
from tests.providers.wallet_keys import ISSUER, PASS_TYPE, TEAM, make_apple, make_google, make_weak
from tests.running import PATIENCE, free_port, start_server
from tests.web.conftest import PHONE, Coupon, do, in_days
from tests.web.coupon.test_ends import ENDS, ending
from tests.web.coupon.test_states import ROBOT

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


@pytest.fixture(scope="module")
def apple_keys(tmp_path_factory):
    keys = make_apple()
    keys.folder = tmp_path_factory.mktemp("apple")
    keys.write(keys.folder)
    return keys


@pytest.fixture(scope="module")
def push_service(apple_keys) -> Iterator[SimpleNamespace]:
    """granian with `tests.providers.apns`, which lets in whoever has a certificate of the root."""
    folder, port = apple_keys.folder, free_port()
    log = folder / "pushes"
    log.touch()
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--http", "2",
        "--host", "127.0.0.1", "--port", str(port), "--ssl-certificate", folder / "server.pem",
        "--ssl-keyfile", folder / "server.key", "--ssl-ca", folder / "ca.pem",
        "--ssl-client-verify", "tests.providers.apns:app",
    ]  # fmt: skip
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        command, env=os.environ | {"APNS_LOG": str(log)}, cwd=root, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def pushes(token=""):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return [line for line in lines if line["path"].endswith(token)]

    yield SimpleNamespace(url=f"https://127.0.0.1:{port}", pushes=pushes)
    process.terminate()
    process.wait(PATIENCE)


class Wallet:
    """Google's interface: who may ask, which objects somebody has, what was told of them."""

    def __init__(self):
        self.port, self.saved, self.told, self.tokens = 0, set(), [], 0
        self.public_key = None

    async def token(self, request):
        given = await request.post()
        claims = jwt.decode(
            given["assertion"], self.public_key, ["RS256"], audience=f"{self.url}/token"
        )
        assert claims["scope"].endswith("wallet_object.issuer")
        self.tokens += 1
        return web.json_response({"access_token": "ya29.test", "expires_in": 3600})

    async def patch(self, request):
        if request.headers.get("authorization") != "Bearer ya29.test":
            return web.json_response({}, status=401)
        name = request.match_info["name"]
        if name not in self.saved:
            return web.json_response({"error": {"code": 404}}, status=404)
        self.told.append((name, await request.json()))
        return web.json_response({"id": name, "hasUsers": True})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def google_service():
    service, app = Wallet(), web.Application()
    app.router.add_post("/token", service.token)
    app.router.add_patch("/walletobjects/v1/offerObject/{name}", service.patch)
    async with listening(web.AppRunner(app)) as service.port:
        service.file, key = make_google(f"{service.url}/token")
        service.public_key = key.public_key()
        yield service


@pytest.fixture(scope="module")
def credentials(apple_keys, push_service, google_service):
    return {
        "apple_pass_type": PASS_TYPE, "apple_team": TEAM, "apple_certificate": apple_keys.own,
        "apple_push_url": push_service.url, "google_issuer": ISSUER,
        "google_account": google_service.file, "google_wallet_url": google_service.url,
    }  # fmt: skip


@pytest.fixture(scope="module")
def site(settings, credentials, apple_keys, tmp_path_factory):
    """A server of an operator who has set up both wallets."""
    named = {f"TEAROFF_{name.upper()}": value for name, value in credentials.items()}
    folder = tmp_path_factory.mktemp("wallets")
    root = str(apple_keys.folder / "root.pem")
    with start_server(settings, folder, SSL_CERT_FILE=root, **named) as running:
        yield running


@pytest.fixture
def make(make_coupon, site):
    async def make(shop=None, **values) -> Coupon:
        coupon = await make_coupon(shop, **values)
        coupon.url = site.url
        return coupon

    return make


async def fetch(coupon, path="/wallet/apple", **headers):
    async with coupon.http.get(
        f"{coupon.url}{coupon.path}{path}" if path.startswith("/wallet/") else path,
        headers={"user-agent": PHONE, "accept-language": "en", **headers}, allow_redirects=False,
    ) as answer:  # fmt: skip
        return answer.status, answer.headers, await answer.read()


async def to_google(coupon, **more):
    """Press the button; gives the status and where it leads."""
    page = await coupon.get()
    answer = await coupon.post("/wallet/google", {"t": page.token} | more.pop("values", {}), **more)
    return answer.status, answer.headers.get("location", "")


def opened(file: bytes) -> tuple[dict, dict[str, bytes]]:
    archive = zipfile.ZipFile(io.BytesIO(file))
    files = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(files["pass.json"]), files


async def until(check, seconds=PATIENCE):
    async with asyncio.timeout(seconds):
        while not (found := await check()):
            await asyncio.sleep(0.2)
    return found


# the page ------------------------------------------------------------------------------


async def test_buttons_in_the_order_of_the_phone(make):
    coupon = await make()
    for agent, first in ((PHONE, "google"), (IPHONE, "apple")):
        page = await coupon.get(user_agent=agent)
        found = re.findall(r'/wallet/(\w+)"', page.text)
        assert found[0] == first
        assert set(found) == {"apple", "google"}
    assert "Add to Apple Wallet" in page.text
    assert "إضافة إلى Google Wallet" in (await coupon.get(f"{coupon.path}?lang=ar")).text


@pytest.mark.parametrize(
    "values",
    [{"status": "paused"}, {"expires_at": in_days(-1)}, {"raw_options": '{"wallet": false}'}],
)
async def test_no_buttons_and_no_passes_where_there_are_none(make, values):
    coupon = await make(**values)
    assert "/wallet/" not in (await coupon.get()).text
    for name in ("apple", "google"):
        page = await coupon.get(f"{coupon.path}/wallet/{name}?lang=nl")
        assert (page.status, page.headers["location"]) == (303, f"{coupon.path}?lang=nl")


async def test_hidden_without_credentials(coupon):
    assert "/wallet/" not in (await coupon.get()).text
    for name in ("apple", "google"):
        assert (await coupon.get(f"{coupon.path}/wallet/{name}")).status == 404
    for method, path in (
        ("POST", f"/wallet/v1/devices/d/registrations/{PASS_TYPE}/1-{'a' * 24}"),
        ("GET", f"/wallet/v1/passes/{PASS_TYPE}/1-{'a' * 24}"),
        ("GET", f"/wallet/v1/devices/d/registrations/{PASS_TYPE}"),
    ):
        async with coupon.http.request(
            method, coupon.url + path, json={"pushToken": "ab"}
        ) as answer:
            assert answer.status in (401, 404)


async def test_the_page_keeps_its_budget(make):
    coupon = await make(picture=True, terms="Terms", new=NewSession(phone="+32470001234"))
    for language in ("en", "ar"):
        page = await coupon.get(accept_language=language)
        assert int(page.headers["content-length"]) <= 6 * 1024


# Apple ----------------------------------------------------------------------------------


async def test_a_pass_of_apple(make, apple_keys, tmp_path):
    coupon = await make(picture=True, terms="One for each visit.", brand_color="#b3261e")
    status, headers, file = await fetch(coupon)
    assert (status, headers["content-type"]) == (200, "application/vnd.apple.pkpass")
    assert headers["cache-control"] == "private, no-store"
    told, files = opened(file)
    assert (told["passTypeIdentifier"], told["teamIdentifier"]) == (PASS_TYPE, TEAM)
    assert told["organizationName"] == "Bean & Leaf"
    assert told["coupon"]["primaryFields"][0]["value"] == "Second cup free"
    assert told["barcodes"] == [
        {"format": "PKBarcodeFormatQR", "messageEncoding": "utf-8",
         "message": f"https://coupons.example.com{coupon.path}", "altText": coupon.short.upper()}
    ]  # fmt: skip
    assert datetime.fromisoformat(told["expirationDate"]).utcoffset() is not None
    assert told["voided"] is False
    assert told["webServiceURL"] == "https://coupons.example.com/wallet"
    assert "One for each visit." in json.dumps(told["coupon"]["backFields"])
    assert coupon.code not in told["serialNumber"]
    assert {"icon.png", "icon@2x.png", "logo.png", "strip@2x.png"} <= files.keys()
    manifest = json.loads(files["manifest.json"])
    assert manifest == {
        name: hashlib.sha1(data).hexdigest()
        for name, data in files.items() if name not in ("manifest.json", "signature")
    }  # fmt: skip
    assert await is_signed(files, apple_keys, tmp_path)
    files["manifest.json"] = files["manifest.json"].replace(b"a", b"b", 1)
    assert not await is_signed(files, apple_keys, tmp_path)
    row = await coupon.row()
    assert row["saved_to_apple_at"] is None  # it was fetched, and nobody has said more


async def is_signed(files, keys, folder) -> bool:
    """As OpenSSL sees it, which knows the test's root only."""
    for name in ("manifest.json", "signature"):
        (folder / name).write_bytes(files[name])
    process = await asyncio.create_subprocess_exec(
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", folder / "signature",
        "-content", folder / "manifest.json", "-CAfile", keys.folder / "root.pem",
        "-purpose", "any", "-out", os.devnull, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait() == 0


async def test_a_code_that_may_not_be_seen_is_in_no_pass(make):
    coupon = await make(activation_seconds=900)
    told, _ = opened((await fetch(coupon))[2])
    assert "barcodes" not in told
    assert coupon.short.upper() not in json.dumps(told)


SCRATCH = {"prizes": [{"key": "cup", "title": {"en": "A cup"}, "weight": 1}]}


@pytest.mark.parametrize("more", [{"activation_seconds": 900}, {"scratch": SCRATCH}])
async def test_what_comes_first_comes_before_the_code_whenever_it_is(make, more):
    """A coupon of tomorrow has its code in the wallet today; not so if it is to be activated or
    scratched first, nor outside of the hours."""
    more = {**more}
    activation = more.pop("activation_seconds", None)
    coupon = await make(
        starts_at=in_days(1),
        activation_seconds=activation,
        new=NewSession(validation_code="AB-12"),
        raw_options=json.dumps({"code": "own", **more}),
    )
    phone = await phone_of(coupon)
    await coupon.services.db.execute(
        "UPDATE campaigns SET starts_at = NULL, raw_options = raw_options || $2 WHERE id = $1",
        coupon.shop.campaign, json.dumps({"hours": hours_of_another_day()}),
    )  # fmt: skip
    for told in (phone.told, opened((await phone.newest())[2])[0]):
        assert "barcodes" not in told
        assert "AB-12" not in json.dumps(told)


def hours_of_another_day():
    return [{"days": [(clock.now().isoweekday() + 2) % 7 + 1], "start": "09:00", "end": "10:00"}]


async def test_a_pass_has_a_token_of_its_own_where_the_code_turns(make):
    coupon = await make(raw_options='{"rotating_code": true}')
    told, _ = opened((await fetch(coupon))[2])
    assert "?k=" in told["barcodes"][0]["message"]


class Phone:
    """A phone of Apple's that has the pass."""

    def __init__(self, coupon, told, device="phone-1", token="ab12"):
        self.coupon, self.told, self.device, self.token = coupon, told, device, token
        self.serial = told["serialNumber"]
        self.base = f"{coupon.url}/wallet/v1"
        self.name = f"devices/{device}/registrations/{PASS_TYPE}"

    async def ask(self, method, path, *, auth=True, body=None, **headers):
        if auth:
            token = self.told["authenticationToken"] if auth is True else auth
            headers["authorization"] = f"ApplePass {token}"
        async with self.coupon.http.request(
            method, f"{self.base}/{path}", json=body, headers=headers
        ) as answer:
            return answer.status, answer.headers, await answer.read()

    async def register(self, **more):
        body = {"pushToken": self.token}
        return (await self.ask("POST", f"{self.name}/{self.serial}", body=body, **more))[0]

    async def changed(self, tag=""):
        query = f"?passesUpdatedSince={tag}" if tag else ""
        status, _, body = await self.ask("GET", f"{self.name}{query}", auth=False)
        return status, json.loads(body) if body else None

    async def newest(self, **headers):
        return await self.ask("GET", f"passes/{PASS_TYPE}/{self.serial}", **headers)


async def phone_of(coupon, **more) -> Phone:
    told, _ = opened((await fetch(coupon))[2])
    return Phone(coupon, told, **more)


async def test_a_phone_hears_of_a_redemption(make, push_service):
    coupon = await make()
    phone = await phone_of(coupon, device="phone-a", token="aa01")
    assert await phone.register() == 201
    assert await phone.register() == 200
    assert (await coupon.row())["saved_to_apple_at"] is not None
    await until(lambda: pushed(push_service, "aa01", 1))  # once for what changed meanwhile
    status, first = await phone.changed()
    assert (status, first["serialNumbers"]) == (200, [phone.serial])
    assert (await phone.changed(first["lastUpdated"]))[0] == 204
    _, headers, _ = await phone.newest()
    assert (await phone.newest(**{"if-modified-since": headers["last-modified"]}))[0] == 304
    await asyncio.sleep(1)
    assert (await coupon.redeem(coupon.shop.pin)).status == 303
    (push,) = (await until(lambda: pushed(push_service, "aa01", 2)))[1:]
    assert push == {
        "version": "2", "path": "/3/device/aa01", "body": "{}", "topic": PASS_TYPE,
    }  # fmt: skip
    status, then = await phone.changed(first["lastUpdated"])
    assert (status, then["serialNumbers"]) == (200, [phone.serial])
    status, _, file = await phone.newest(**{"if-modified-since": headers["last-modified"]})
    assert status == 200
    told, _ = opened(file)
    assert told["voided"] is True
    assert "barcodes" not in told
    assert told["authenticationToken"] == phone.told["authenticationToken"]
    await asyncio.sleep(4)
    assert len(push_service.pushes("aa01")) == 2


async def pushed(service, token, amount):
    found = service.pushes(token)
    return found if len(found) >= amount else None


async def test_a_changed_campaign_reaches_the_passes(make, push_service):
    coupon = await make()
    phone = await phone_of(coupon, device="phone-b", token="bb02")
    await phone.register()
    await until(lambda: pushed(push_service, "bb02", 1))
    await coupon.services.db.execute(
        "UPDATE campaigns SET value = 'Third cup free' WHERE id = $1", coupon.shop.campaign
    )
    await until(lambda: pushed(push_service, "bb02", 2))
    told, _ = opened((await phone.newest())[2])
    assert told["coupon"]["primaryFields"][0]["value"] == "Third cup free"


async def is_void(phone):
    return opened((await phone.newest())[2])[0]["voided"]


async def test_an_activation_that_is_over_reaches_the_pass(make, push_service):
    coupon = await make(activation_seconds=900)
    phone = await phone_of(coupon, device="phone-g", token="aa07")
    await phone.register()
    await coupon.services.db.execute(
        "UPDATE sessions SET claimed_at = now(), active_until = now() + interval '5 seconds'"
        " WHERE code = $1",
        coupon.code,
    )
    assert not await is_void(phone)
    await until(lambda: pushed(push_service, "aa07", 1))
    await until(lambda: pushed(push_service, "aa07", 2))
    assert await is_void(phone)


async def test_a_deleted_coupon_is_void_in_the_wallet(make, push_service):
    coupon = await make(picture=True)
    phone = await phone_of(coupon, device="phone-h", token="aa08")
    await phone.register()
    await until(lambda: pushed(push_service, "aa08", 1))
    await remove(coupon)
    await until(lambda: pushed(push_service, "aa08", 2))
    assert (await phone.changed())[1]["serialNumbers"] == [phone.serial]
    told, files = opened((await phone.newest())[2])
    assert (told["voided"], told["serialNumber"]) == (True, phone.serial)
    assert "barcodes" not in told
    assert coupon.code not in json.dumps(told)
    assert "strip.png" in files
    assert (await phone.newest(auth="00"))[0] == 401
    assert await phone.register() == 401
    assert (await phone.ask("DELETE", f"{phone.name}/{phone.serial}"))[0] == 200
    assert (await phone.changed())[0] == 204


async def remove(coupon):
    async with coupon.services.db.transaction() as db:
        found = await actions.find_session(db, coupon.shop.account, coupon.code)
        await actions.remove_session(db, found, clock.now())


async def test_a_limit_that_is_reached_reaches_the_pass(make, push_service):
    first = await make(limit_validations=1)
    second = await make(first.shop)
    phone = await phone_of(second, device="phone-i", token="aa09")
    await phone.register()
    await until(lambda: pushed(push_service, "aa09", 1))
    assert (await first.redeem(first.shop.pin)).status == 303
    await until(lambda: pushed(push_service, "aa09", 2))
    assert await is_void(phone)
    await first.services.db.execute(
        "UPDATE campaigns SET limit_validations = 2 WHERE id = $1", first.shop.campaign
    )
    await until(lambda: pushed(push_service, "aa09", 3))
    assert not await is_void(phone)


async def test_a_phone_that_is_gone_is_forgotten(make, push_service):
    coupon = await make()
    phone = await phone_of(coupon, device="phone-c", token="dead01")
    await phone.register()
    await until(lambda: forgotten(coupon))


async def forgotten(coupon):
    rows = await coupon.services.db.fetch(
        "SELECT 1 FROM wallet_registrations r JOIN wallet_passes p ON p.id = r.pass_id"
        " JOIN sessions s ON s.id = p.session_id WHERE s.code = $1", coupon.code,
    )  # fmt: skip
    return not rows


async def test_what_could_not_be_told_is_told_later(make, push_service):
    coupon = await make()
    phone = await phone_of(coupon, device="phone-d", token="5103")
    await phone.register()
    await until(lambda: pushed(push_service, "5103", 1))
    row = await until(lambda: waiting(coupon))
    assert row["tries"] == 1
    assert row["next_at"] > clock.now()


async def waiting(coupon):
    return await coupon.services.db.fetchrow(
        "SELECT p.tries, p.next_at FROM wallet_passes p JOIN sessions s ON s.id = p.session_id"
        " WHERE s.code = $1 AND p.told_at IS NULL AND p.tries > 0"
        " AND p.next_at < now() + interval '61 seconds'", coupon.code,
    )  # fmt: skip


async def test_a_phone_leaves(make, push_service):
    coupon = await make()
    phone = await phone_of(coupon, device="phone-e", token="ee05")
    await phone.register()
    path = f"{phone.name}/{phone.serial}"
    assert (await phone.ask("DELETE", path))[0] == 200
    assert (await phone.changed())[0] == 204
    assert await forgotten(coupon)


async def test_a_pass_is_on_so_many_phones_only(make):
    first = await phone_of(await make(), device="many-0", token="cc00")
    others = [Phone(first.coupon, first.told, f"many-{n}", f"cc{n:02}") for n in range(1, 30)]
    answers = await asyncio.gather(*(phone.register() for phone in (first, *others)))
    assert sorted(answers) == [201] * passes.MOST_PHONES + [429] * 10
    known = others[answers.index(201, 1) - 1]
    assert await known.register() == 200


async def test_nobody_elses_pass(make):
    mine, theirs = await phone_of(await make()), await phone_of(await make(), device="other")
    wrong = theirs.told["authenticationToken"]
    assert await mine.register(auth=wrong) == 401
    assert await mine.register(auth=False) == 401
    assert await mine.register(auth="zz") == 401
    assert (await mine.newest(auth=wrong))[0] == 401
    assert (await mine.ask("DELETE", f"{mine.name}/{mine.serial}", auth=wrong))[0] == 401
    for serial in ("1-" + "0" * 24, "x", "1" * 500, "ffffffffffffffff-" + "0" * 24):
        assert (await mine.ask("GET", f"passes/{PASS_TYPE}/{serial}"))[0] == 401
    assert (await mine.ask("GET", f"passes/pass.other/{mine.serial}"))[0] == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"pushToken": 1}', b'{"pushToken": "x y"}',
                                  b"x" * 20_000])  # fmt: skip
async def test_bad_registrations(make, body):
    phone = await phone_of(await make())
    async with phone.coupon.http.post(
        f"{phone.base}/{phone.name}/{phone.serial}", data=body,
        headers={"authorization": f"ApplePass {phone.told['authenticationToken']}"},
    ) as answer:  # fmt: skip
        assert answer.status == 400
    assert (await phone.coupon.row())["saved_to_apple_at"] is None


async def test_what_phones_log(make):
    phone = await phone_of(await make())
    assert (await phone.ask("POST", "log", body={"logs": ["odd"]}, auth=False))[0] == 200


# Google ---------------------------------------------------------------------------------


async def test_a_pass_of_google(make, google_service):
    coupon = await make(description="Any size.", expires_at=in_days(9))
    status, link = await to_google(coupon)
    assert status == 303
    assert link.startswith("https://pay.google.com/gp/v/save/")
    assert len(link) <= google.LONGEST_LINK
    claims = jwt.decode(
        link.rpartition("/")[2], google_service.public_key, ["RS256"], audience="google"
    )
    (kind,), (thing,) = claims["payload"]["offerClasses"], claims["payload"]["offerObjects"]
    assert (kind["title"], kind["provider"]) == ("Second cup free", "Bean & Leaf")
    assert thing["classId"] == kind["id"] == f"{ISSUER}.{coupon.shop.code}"
    assert thing["state"] == "ACTIVE"
    assert thing["barcode"]["value"] == f"https://coupons.example.com{coupon.path}"
    assert "end" in thing["validTimeInterval"]
    google_service.saved.add(thing["id"])
    db = coupon.services.db
    await db.execute(
        "UPDATE wallet_passes SET next_at = now() WHERE serial = $1", thing["id"].partition(".")[2]
    )
    await until(lambda: db.fetchval(
        "SELECT saved_to_google_at FROM sessions WHERE code = $1", coupon.code
    ))  # fmt: skip
    await do(coupon, "validated")
    await until(lambda: state_told(google_service, thing["id"], "COMPLETED"))
    assert google_service.tokens >= 1


async def saved_to_google(coupon, service, now=None) -> str:
    """The coupon is in somebody's wallet; gives its name there."""
    db, vault, now = coupon.services.db, coupon.services.vault, now or clock.now()
    found = await actions.find_session(db, coupon.shop.account, coupon.code)
    serial = passes.serial_of(vault, found.session.id)
    await passes.saved(db, await passes.keep(db, found, "google", serial, now), now)
    service.saved.add(f"{ISSUER}.{serial}")
    return f"{ISSUER}.{serial}"


@pytest.mark.parametrize("name", ENDS)
async def test_passes_name_the_last_moment_of_use(make, google_service, name):
    """On the shop's clock, whatever the phone's is."""
    coupon, told = await ending(make, name)
    (field,) = opened((await fetch(coupon))[2])[0]["coupon"]["secondaryFields"]
    _, link = await to_google(coupon)
    claims = jwt.decode(link.rpartition("/")[2], options={"verify_signature": False})
    (thing,) = claims["payload"]["offerObjects"]
    for value in (field["value"], thing["validTimeInterval"]["end"]["date"]):
        end = datetime.fromisoformat(value)
        assert f"{end.day} {end:%B %Y, %H:%M}" == told
    assert field["ignoresTimeZone"] is True


async def test_google_hears_of_an_end_that_was_moved(make, google_service):
    coupon = await make(expires_at=in_days(9))
    name = await saved_to_google(coupon, google_service)
    (first, *_) = await until(lambda: state_told(google_service, name, "ACTIVE"))
    later = in_days(20).replace(hour=12)
    await set_end(coupon, later)
    moved = await until(lambda: told_after(google_service, name, first))
    assert datetime.fromisoformat(moved["validTimeInterval"]["end"]["date"]) == later
    await set_end(coupon, None)
    assert (await until(lambda: told_after(google_service, name, moved)))[
        "validTimeInterval"
    ] is None


async def set_end(coupon, ends):
    await coupon.services.db.execute(
        "UPDATE campaigns SET expires_at = $2 WHERE id = $1", coupon.shop.campaign, ends
    )


async def told_after(service, name, known):
    last = [body for told, body in service.told if told == name][-1]
    return last if last != known else None


async def test_google_hears_of_limits_and_of_deletion(make, google_service):
    first = await make(limit_validations=1)
    second = await make(first.shop)
    name = await saved_to_google(second, google_service)
    await until(lambda: state_told(google_service, name, "ACTIVE"))
    assert (await first.redeem(first.shop.pin)).status == 303
    await until(lambda: state_told(google_service, name, "INACTIVE"))
    other = await make()
    name = await saved_to_google(other, google_service)
    await until(lambda: state_told(google_service, name, "ACTIVE"))
    await remove(other)
    await until(lambda: state_told(google_service, name, "INACTIVE"))


def in_another_order(keys):
    return keys.middle.pem + keys.mine.key_pem + keys.mine.pem


async def test_certificates_in_any_order(services, credentials, apple_keys):
    given = credentials | {"apple_certificate": in_another_order(apple_keys)}
    async with apple_push.Pushes(apple.apple_of(read_settings({}, **given))) as pushes:
        assert await pushes.push("aa10") == "later"  # the test's server is nobody to this process


async def test_a_certificate_that_fails_does_not_keep_google_from_being_told(
    make_coupon, services, credentials, apple_keys, google_service, capsys
):
    coupon, later = await make_coupon(), in_days(1)
    name = await saved_to_google(coupon, google_service, later)
    found = await actions.find_session(services.db, coupon.shop.account, coupon.code)
    serial = passes.serial_of(services.vault, found.session.id)
    kept = await passes.keep(services.db, found, "apple", serial, later)
    weak = credentials | {"apple_certificate": make_weak(apple_keys)}
    settings = msgspec.structs.replace(services.settings, **weak)
    served = msgspec.structs.replace(services, settings=settings)
    await pass_updates.tell_wallets(served, later + timedelta(minutes=2))
    assert await state_told(google_service, name, "ACTIVE")
    assert "wallet.not_told" in capsys.readouterr().out
    still = await services.db.fetchval("SELECT told_at FROM wallet_passes WHERE id = $1", kept.id)
    assert still is None


async def state_told(service, name, state):
    return [body for told, body in service.told if told == name and body["state"] == state]


async def test_looking_leaves_no_trace(make):
    """Only a person who presses the button of this page goes on to Google."""
    coupon = await make()
    for method in ("GET", "HEAD"):
        page = await coupon.get(f"{coupon.path}/wallet/google?lang=nl", method)
        assert (page.status, page.headers["location"]) == (303, f"{coupon.path}?lang=nl")
    assert (await to_google(coupon, user_agent=ROBOT))[0] == 200
    assert (await to_google(coupon, sec_fetch_site="cross-site"))[0] == 200
    assert (await to_google(coupon, values={"t": "1.0.x"}))[0] == 422
    await fetch(coupon, "/wallet/apple", **{"user-agent": ROBOT})
    await fetch(coupon, "/wallet/apple")
    count = (
        "SELECT count(*) FROM wallet_passes p JOIN sessions s ON s.id = p.session_id"
        " WHERE s.code = $1"
    )
    assert await coupon.services.db.fetchval(count, coupon.code) == 0
    assert (await to_google(coupon))[0] == 303
    assert await coupon.services.db.fetchval(count, coupon.code) == 1


async def test_forms_lead_to_google_only_where_its_button_is(make):
    coupon = await make()
    for page, leads in (
        (await coupon.get(), "'self' https://pay.google.com;"),
        (await coupon.get(f"{coupon.path}/save"), "'self';"),
        (await coupon.get(f"/p/{coupon.shop.code}"), "'self';"),
    ):
        assert f"form-action {leads}" in page.headers["content-security-policy"]
    await do(coupon, "validated")
    policy = (await coupon.get()).headers["content-security-policy"]
    assert "form-action 'self';" in policy


async def test_a_long_text_does_not_make_a_long_link(make):
    coupon = await make(description="A long story. " * 200)
    link = (await to_google(coupon))[1]
    assert link.startswith("https://pay.google.com/")
    assert len(link) <= google.LONGEST_LINK


# messages -------------------------------------------------------------------------------


async def test_a_message_reaches_the_pass(make, push_service):
    coupon = await make()
    headers = coupon.shop.headers
    given = {"campaign": coupon.shop.ref, "couponsession": coupon.code, "message": "Last days!"}

    async def push(verb, values):
        async with coupon.http.post(
            f"{coupon.url}/v3/coupon/pushnotification/{verb}", json=values, headers=headers
        ) as answer:
            return answer.status, await answer.json()

    status, body = await push("single", given)
    assert (status, body["errors"]["error_code"]) == (422, [602])
    phone = await phone_of(coupon, device="phone-f", token="ff06")
    await phone.register()
    await until(lambda: pushed(push_service, "ff06", 1))
    assert await push("single", given) == (200, {"status": {"status": "OK"}})
    await until(lambda: pushed(push_service, "ff06", 2))
    told, _ = opened((await phone.newest())[2])
    news = told["coupon"]["backFields"][0]
    assert (news["value"], news["changeMessage"]) == ("Last days!", "%@")
    to_all = {"campaign": coupon.shop.ref, "message": "Today only"}
    assert await push("all", to_all) == (200, {"status": {"status": "OK"}})
    told, _ = opened((await phone.newest())[2])
    assert told["coupon"]["backFields"][0]["value"] == "Today only"
    other = await open_shop(coupon.services, kind=None)
    kept = await passes.of_session(coupon.services.db, (await coupon.row())["id"], "apple")
    assert await passes.say(coupon.services.db, other.campaign, None, "x", clock.now()) == 0
    assert kept.message == "Today only"


# credentials ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "told"),
    [
        ({"apple_team": ""}, "TEAROFF_APPLE_TEAM", "goes with"),
        ({"apple_certificate": ""}, "TEAROFF_APPLE_CERTIFICATE", "cannot be read"),
        ({"apple_certificate": "root"}, "TEAROFF_APPLE_CERTIFICATE", "private key"),
        ({"apple_certificate": "short"}, "TEAROFF_APPLE_CERTIFICATE", "WWDR"),
        ({"apple_certificate": "other"}, "TEAROFF_APPLE_CERTIFICATE", "belongs to"),
        ({"google_issuer": "x"}, "TEAROFF_GOOGLE_ISSUER", "digits"),
        ({"google_account": "{}"}, "TEAROFF_GOOGLE_ACCOUNT", "service account"),
        ({"google_account": "["}, "TEAROFF_GOOGLE_ACCOUNT", "service account"),
    ],
)
def test_wrong_credentials_are_told_at_the_start(credentials, apple_keys, change, field, told):
    pems = {"root": apple_keys.root.pem, "short": apple_keys.mine.pem + apple_keys.mine.key_pem,
            "other": apple_keys.root.pem + apple_keys.mine.key_pem}  # fmt: skip
    change = {name: pems.get(value, value) for name, value in change.items()}
    settings = read_settings({}, **(credentials | change))
    with pytest.raises(Invalid, match=told) as found:
        apple.apple_of(settings)
        google.google_of(settings)
    assert found.value.field == field


async def test_without_credentials_nothing_is_asked_of_the_database(services):
    broken = msgspec.structs.replace(services, db=None)
    assert isinstance(broken, Services)
    assert await pass_updates.tell_wallets(broken, clock.now()) == 0


def test_serials_are_nobodys_guess(services):
    serial = passes.serial_of(services.vault, 123_456)
    assert passes.session_of_serial(services.vault, serial) == 123_456
    for wrong in (serial[:-1] + "x", "1" + serial, serial + "0", "", "-", "z" * 40):
        assert passes.session_of_serial(services.vault, wrong) is None
