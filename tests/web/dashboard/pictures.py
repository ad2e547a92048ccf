"""`make pictures`, the dashboard: every screen of a shop at work, on a desktop and on a phone, in
docs/pictures/dashboard/, and the page docs/dashboard.md that shows them."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from PIL import Image
from playwright.async_api import Page, expect

from tearoff.accounts import beginning, kept_lists, sign_ins
from tearoff.accounts.passwords import hash_password
from tearoff.alerts import models
from tearoff.alerts.models import Facts
from tearoff.coupons.campaigns import campaigns, pictures
from tearoff.coupons.campaigns.campaigns import NewCampaign
from tearoff.coupons.models import NewSession
from tearoff.kit import clock
from tearoff.messages import replies
from tearoff.people import optouts
from tearoff.people.keywords import read_keyword
from tests.api.caller import Caller
from tests.api.v4.client import Client
from tests.cast import Shop, open_place, open_shop
from tests.hooks.receiver import open_receiver
from tests.providers.dialects import ACCOUNT, TOKEN, Twilio
from tests.providers.standin import running_standin
from tests.web.browsing import in_browser
from tests.web.conftest import PHONE, do, in_days, prepared_picture
from tests.web.dashboard.conftest import Person, text_of
from tests.web.pictures import DOCS
from tests.web.tills import new_key, open_till

pytestmark = in_browser

FOLDER = DOCS / "pictures" / "dashboard"
QUALITY = 70
WIDTHS = {"": 1366, "-phone": 390}
HEIGHTS = {1366: (720, 900), 390: (720, 960)}
"""Pixels that a picture has at least and at most."""

DOORS = "Getting in"
PARTS: dict[str, dict[str, tuple[str, str]]] = {
    DOORS: {
        "begin": ("/begin", "The link to begin"),
        "first-steps": ("/first-steps", "First steps: the shop, and the address that phones open"),
        "home-new": ("/", "Home of a shop that begins"),
        "sign-in": ("/sign-in", "Signing in"),
        "forgot": ("/forgot", "A forgotten password, where no mail is set up"),
    },
    "Home": {"home": ("/", "What runs, and what needs attention")},
    "Integrations": {
        "integrations": ("/integrations", "The services that carry messages"),
        "integration-new": ("/integrations/new?kind=smpp", "Connecting one"),
        "integration": (
            "/integrations/{service}",
            "One that is connected, and a test that arrived",
        ),
    },
    "Campaigns": {
        "campaigns": ("/campaigns", "The list"),
        "campaign-new": ("/campaigns/new", "A new one: empty, an example, a copy"),
        "editor": ("/campaigns/{campaign}", "Content, with the phone beside it"),
        "editor-validity": ("/campaigns/{campaign}/validity", "Validity & limits"),
        "editor-validation": ("/campaigns/{campaign}/validation", "Validation"),
        "editor-look": ("/campaigns/{campaign}/look", "Look"),
        "editor-languages": ("/campaigns/{campaign}/languages", "Languages"),
        "editor-message": ("/campaigns/{campaign}/message", "Message, with the counter"),
        "editor-form": ("/campaigns/{draft}/form", "Form"),
        "editor-extras": ("/campaigns/{scratch}/extras", "Extras"),
        "publish": ("/campaigns/{draft}/publish", "What is missing before it is published"),
        "share": ("/campaigns/{campaign}/share", "Share: link, QR code, poster"),
    },
    "To one person": {
        "send": ("/send?campaign={campaign}", "Send a coupon to one person"),
        "refused": ("/send?campaign={campaign}", "Somebody who wants no messages"),
        "message": ("/messages/{message}", "A message, from written to arrived"),
        "coupons-all": ("/coupons", "The coupons of all campaigns"),
        "coupons": ("/campaigns/{campaign}/coupons", "A campaign's coupons"),
        "coupon": ("/coupons/{coupon}", "One coupon, and what happened to it"),
    },
    "Replies and opt-outs": {
        "replies": ("/replies", "What people answered, and what waits for a decision"),
        "opt-outs": ("/opt-outs", "Who gets nothing, since when and why"),
        "opt-out-new": ("/opt-outs/new", "One more"),
        "opt-out-remove": (
            "/opt-outs/remove?address=%2B32470009999",
            "Before somebody is taken off the list",
        ),
        "opt-outs-import": ("/opt-outs/import", "A list from another system"),
        "opt-outs-look": ("/opt-outs/import/{list}", "What importing it would do"),
    },
    "Locations": {
        "locations": ("/locations", "The places"),
        "location-new": ("/locations/new", "A new one"),
        "location": ("/locations/{location}", "The devices of one, and its PIN"),
        "pair": ("/locations/{location}", "Pairing a phone"),
        "own-pin": ("/locations/{location}/own-pin", "A PIN of one's own choice"),
        "scans": ("/locations/{location}/scans", "What was scanned"),
        "location-details": ("/locations/{location}/details", "Name, hours, the counter"),
    },
    "Team": {
        "team": ("/team", "Who is in, who is invited, and what each role may do"),
        "team-new": ("/team/new", "Inviting somebody"),
        "team-invited": ("/team/new", "The link of an invitation, and where its mail stands"),
        "team-member": ("/team/{member}", "One of them: role, second step, removal"),
    },
    "API": {
        "api": ("/api", "Keys, and the client id to copy"),
        "api-new": ("/api/new", "A new key and what it may do"),
        "api-key": ("/api/keys/{key}", "One key: scopes, a new secret, signing, revoking"),
        "api-reference": ("/api/reference", "The reference, with this server's address"),
        "api-try": ("/api/try", "Trying a call"),
    },
    "Webhooks": {
        "webhooks": ("/webhooks", "Who is told what"),
        "webhook-new": ("/webhooks/new", "A new one: its address and its events"),
        "webhook": ("/webhooks/{webhook}", "One that was switched off, and what it missed"),
        "webhook-details": ("/webhooks/{webhook}/details", "Changing it"),
        "delivery": ("/webhooks/{told}/deliveries/{event}", "One event: request and answer"),
        "replay-sure": (
            "/webhooks/{webhook}/replay?since=2020-01-01T00:00",
            "How many are sent again",
        ),
        "replay": ("/webhooks/{told}/replays/{replay}", "How far it has come"),
    },
    "Oneself and the account": {
        "profile": ("/profile", "Profile: language, password, second step, sign-ins"),
        "second-step": ("/profile/second-step", "The second step is switched on"),
        "settings": ("/settings", "Settings"),
        "settings-address": ("/settings/address?check=1", "The address of the links, checked"),
        "audit": ("/audit", "Who changed what"),
        "alerts": ("/alerts", "The bell: what needs attention, and mails of it"),
        "settings-sign-in": ("/settings/sign-in", "Single sign-on, set up"),
        "keeping": ("/settings/keeping?days=30", "How long people are remembered, what would go"),
        "forget": ("/settings/forget", "Erasing a person by number or mail address"),
        "forget-coupon": ("/coupons/{coupon}/forget", "What erasing a person takes and leaves"),
    },
}
UNSEEN = {
    "/components",  # for those who build screens
    "/profile/passkeys/new",  # is whole by https only
    "/campaigns/{}/preview",  # stands in the editor
    "/campaigns/examples/{}", "/campaigns/{}/share/qr.svg", "/campaigns/{}/share/qr.png",
    "/campaigns/{}/share/poster.pdf",  # files
    "/opt-outs/export.csv", "/audit/export.csv", "/opt-outs/import/{}/lines.csv",  # files
    "/locations/{}/pairings/{}",  # comes after a button of "pair"
}  # fmt: skip


def shown_paths() -> set[str]:
    """Of the dashboard's screens, with `{}` for what changes."""
    found = {path for screens in PARTS.values() for path, _ in screens.values()}
    return {re.sub(r"{\w+}", "{}", path.partition("?")[0]) for path in found} - {
        "/begin", "/sign-in", "/forgot"
    }  # fmt: skip


@dataclass
class Work:
    """A shop at work: whose dashboard it is, and what stands in the addresses of its screens."""

    person: Person
    ids: dict[str, object]
    test: int
    """The message that was sent to try the service."""


@pytest_asyncio.fixture
async def standin():
    async with running_standin() as running:
        yield running


@pytest_asyncio.fixture
async def receiver():
    async with open_receiver() as receiver:
        receiver.answer = lambda got: web.Response(text="thank you", headers={"Server": "till"})
        yield receiver


@pytest_asyncio.fixture
async def work(services, sign_in, make_coupon, standin, http, server, receiver):
    """A café with three campaigns that run, a service that reports, and a staff's phone."""
    shop = await open_shop(
        services, kind=None,
        account={"country": "BE", "currency": "EUR", "hides_first_steps": True},
        campaign={"expires_at": _end(30)},
    )  # fmt: skip
    await services.db.execute(
        "UPDATE api_keys SET name = 'Web shop', scopes = '{read,send,manage,validate}'"
        " WHERE account_id = $1", shop.account,
    )  # fmt: skip
    person = await _named(services, await sign_in(shop))
    draft, scratch = await _campaigns(services, person, shop)
    service, test = await _connected(person, standin, http, server)
    ids = {
        "campaign": shop.campaign, "draft": draft, "scratch": scratch, "service": service,
        "message": await _sent(person, shop, standin, http, server),
        "coupon": (await _coupons(make_coupon, shop))[:6], "location": shop.location,
        "key": shop.client_id,
    }  # fmt: skip
    ids |= await _webhooks(services, person, shop, receiver)
    await _places(services, http, server, make_coupon, shop)
    ids["list"] = await _opted_out(services, shop)
    await _answered(services, shop, service)
    await _alerted(services, shop)
    ids["member"] = await _team(services, person, shop)
    await person.post("/profile/second-step/start", {})
    await person.post("/settings/sign-in", {
        "issuer": "https://login.example.com/bean-leaf", "client_id": "coupons",
        "client_secret.secret": "s3cret", "name": "Bean & Leaf ID", "role_claim": "groups",
        "roles": "coupon-managers = manager\nshop-staff = staff",
    })  # fmt: skip
    return Work(person, ids, test)


@pytest.mark.timeout(900)
async def test_screens(work, visit):
    shown = {
        name: path.format(**work.ids)
        for part, screens in PARTS.items()
        if part != DOORS
        for name, (path, _) in screens.items()
    }
    shown["integration"] += f"?test={work.test}"
    for name, path in shown.items():
        for suffix, width in WIDTHS.items():
            async with visit(
                work.person.address("" if path == "/" else path), width=width,
                cookies=[work.person.cookie], scale=1.5, fine=(422,),
                timezone_id="Europe/Brussels",
            ) as page:  # fmt: skip
                await _act(page, name)
                await keep(page, f"{name}{suffix}")


@pytest.mark.timeout(300)
async def test_doors(services, sign_in, visit):
    shop = await open_shop(services, account={"country": "BE"})
    person = await _named(services, await sign_in(shop), "bea@example.com")
    empty = await open_shop(services)
    async with services.db.transaction() as db:
        token = await beginning.issue_link(db, empty.account, clock.now())
    real = {"/": person.address(), "/first-steps": person.address("/first-steps"),
            "/begin": f"/begin/{token}"}  # fmt: skip
    for name, (shown, _) in PARTS[DOORS].items():
        path = real.get(shown, shown)
        cookies = [person.cookie] if path.startswith("/a/") else []
        for suffix, width in WIDTHS.items():
            async with visit(path, width=width, cookies=cookies, scale=1.5) as page:
                await keep(page, f"{name}{suffix}")


def test_first_of_the_readme():
    """Editor, Home and a coupon, beside each other."""
    desks = [Image.open(FOLDER / f"{name}.webp") for name in ("editor", "home")]
    phone = Image.open(DOCS / "pictures" / "page" / "ready.webp")
    high, gap = 560, 20
    shots = [shot.resize((shot.width * high // shot.height, high), Image.Resampling.LANCZOS)
             for shot in (*desks, phone.crop((0, 0, phone.width, phone.width * 2)))]  # fmt: skip
    sheet = Image.new("RGB", (sum(s.width + gap for s in shots) + gap, high + 2 * gap), "#dfe3e0")
    left = gap
    for shot in shots:
        sheet.paste(shot, (left, gap))
        left += shot.width + gap
    sheet.save(DOCS / "pictures" / "editor-home-coupon.webp", "WEBP", quality=QUALITY, method=6)


def test_the_page_that_shows_them():
    lines = [
        "# The dashboard in pictures",
        "Every screen, on a desktop and on a phone. `make pictures` takes these pictures anew, with"
        " the real server and a real browser. What they are for stands in"
        " [For marketers](marketers.md).",
    ]
    for title, screens in PARTS.items():
        lines.append(f"## {title}")
        lines.extend(_shown(name, caption) for name, (_, caption) in screens.items())
    (DOCS / "dashboard.md").write_text("\n\n".join(lines) + "\n", "utf-8")


def _shown(name: str, caption: str) -> str:
    for suffix in WIDTHS:
        assert (FOLDER / f"{name}{suffix}.webp").is_file(), f"{name}{suffix} was not taken"
    where = f"pictures/dashboard/{name}"
    return (
        f'<span class="screen desk">![{caption}]({where}.webp)<br>{caption}<br></span>\n'
        f'<span class="screen">![{caption}, on a phone]({where}-phone.webp)<br></span>'
    )


async def keep(page: Page, name: str) -> None:
    """What the window shows, as high as the page is within `HEIGHTS`: bars that stick to its edges
    would stand in the middle of a longer one."""
    await page.wait_for_load_state("networkidle")
    width = page.viewport_size["width"]
    low, high = HEIGHTS[width]
    needed = await page.evaluate("document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": width, "height": max(low, min(needed, high))})
    shot = Image.open(io.BytesIO(await page.screenshot()))
    FOLDER.mkdir(parents=True, exist_ok=True)
    shot.convert("RGB").save(FOLDER / f"{name}.webp", "WEBP", quality=QUALITY, method=6)


async def _act(page: Page, name: str) -> None:
    """What somebody does on a screen before its picture is taken."""
    if name == "send":
        await page.get_by_label("Phone number or e-mail address").fill("0470 00 12 34")
        await page.get_by_label("First name (if you know it)").fill("Ann")
        await expect(page.locator("aside, .shown").first).to_contain_text("+32 470 00 12 34")
    if name == "refused":
        await page.get_by_label("Phone number or e-mail address").fill("+32 470 00 99 99")
        await page.get_by_label("First name (if you know it)").fill("Bob")
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(page.get_by_text("Nothing was sent: this receiver wants")).to_be_visible()
    if name == "pair":
        await page.get_by_role("button", name="Show the code").click()
        await expect(page.get_by_text("Or open this link on it")).to_be_visible()
    if name == "team-invited":
        address = f"finn{page.viewport_size['width']}@example.com"
        await page.get_by_label("E-mail").fill(address)
        await page.get_by_label("First name").fill("Finn")
        await page.get_by_role("button", name="Invite", exact=True).click()
        await expect(page.get_by_label("Link of the invitation")).to_be_visible()
    if name == "api-try":
        await expect(page.get_by_role("button", name="Authorize").first).to_be_visible()


def _end(days: int) -> datetime:
    """The very end of a day."""
    there = (clock.now() + timedelta(days=days)).astimezone(ZoneInfo("Europe/Brussels"))
    return there.replace(hour=23, minute=59, second=59, microsecond=0)


# the shop -----------------------------------------------------------------------------------


async def _named(services, person: Person, email: str = "ann@example.com") -> Person:
    """Ann, as if she had signed in by her password."""
    password_hash = await hash_password("four plain words here", ())
    async with services.db.transaction() as db:
        person_id = await db.fetchval(
            "UPDATE members SET email = $2, first_name = 'Ann', last_name = 'Peeters',"
            " accepted_at = now() WHERE account_id = $1 RETURNING person_id",
            person.shop.account, email,
        )  # fmt: skip
        await db.execute(
            "UPDATE people SET email = $2, first_name = 'Ann', last_name = 'Peeters',"
            " password_hash = $3 WHERE id = $1", person_id, email, password_hash,
        )  # fmt: skip
        source = sign_ins.From("203.0.113.7", PHONE)
        person.secret = await sign_ins.sign_in_person(
            db, person_id, clock.now(), source, second_step_due=False
        )
    return person


async def _team(services, person: Person, shop: Shop) -> int:
    """Bob, who manages; Chloé at the counter; Dirk, whose mail was refused. Gives Bob's id."""
    names = {"Bob Claes": "manager", "Chloé Dubois": "staff", "Dirk Maes": "editor"}
    for name, role in names.items():
        first, last = name.split()
        address = f"{first.lower().replace('é', 'e')}@beanleaf.example"
        given = {"email": address, "first_name": first, "last_name": last, "role": role}
        made = await person.post("/team/new", {**given, "once": role})
        assert made.status == 200, text_of(made)
    db, account = services.db, shop.account
    await db.execute(
        "UPDATE members SET accepted_at = now(), last_sign_in_at = now() WHERE account_id = $1"
        " AND role IN ('manager', 'staff')", account,
    )  # fmt: skip
    await db.execute(
        "UPDATE invitations SET mail_state = 'failed',"
        " mail_reason = '550 5.1.1 No such user here' WHERE account_id = $1", account,
    )  # fmt: skip
    await db.execute(
        "UPDATE people SET totp_secret_sealed = 'x' WHERE id IN"
        " (SELECT person_id FROM members WHERE account_id = $1 AND role = 'manager')", account,
    )  # fmt: skip
    found: int = await db.fetchval(
        "SELECT id FROM members WHERE account_id = $1 AND role = 'manager'", account
    )
    return found


async def _campaigns(services, person: Person, shop: Shop) -> tuple[int, int]:
    """Cappuccino and a scratch card that run, and a cake that is a draft with a form."""
    await services.db.execute(
        "UPDATE campaigns SET name = 'Cappuccino, two for one', terms = 'One for each visit.',"
        " description = 'Buy any cappuccino and get the second one free. Any size, in all our"
        " shops.', subtitle = 'The second cup is on us', message_text = 'Bean & Leaf: {first_name},"
        " your second cappuccino is on us. Show this at the bar: {link}' WHERE id = $1",
        shop.campaign,
    )
    async with services.db.transaction() as db:
        await pictures.put_picture(
            db, shop.account, shop.campaign, prepared_picture(), "Two cups of cappuccino"
        )
    texts = {"nl": {"title": "Cappuccino, 1+1 gratis", "value": "Tweede kop gratis"}}
    form = {"fields": [{"name": "firstname"}, {"name": "email", "required": True}],
            "consents": [{"key": "news", "text": {"en": "Send me your offers."}}]}  # fmt: skip
    draft = await _made(
        services, shop, "A slice of cake, on your birthday", "draft", {"form": form}
    )
    await _made(services, shop, "Lunch before Christmas", "active", {}, starts_at=in_days(5))
    await services.db.execute(
        "UPDATE campaigns SET raw_options = $2 WHERE id = $1", shop.campaign,
        json.dumps({"texts": texts}),
    )  # fmt: skip
    made = await person.post("/campaigns/examples/scratch-card", {"once": "s"})
    scratch = int(re.search(r"/campaigns/(\d+)", made.headers["location"])[1])
    await services.db.execute("UPDATE campaigns SET status = 'active' WHERE id = $1", scratch)
    percent = await _made(services, shop, "10 % off beans", "active", {})
    await services.db.execute(
        "UPDATE campaigns SET has_pool = true, pool_low = 5 WHERE id = $1", percent
    )
    await _figures(services, shop, {shop.campaign: 230, scratch: 412, percent: 94})
    return draft, scratch


async def _made(services, shop, name, status, options, **more) -> int:
    new = NewCampaign(
        name=name, title=name, brand="Bean & Leaf", status=status, expires_at=_end(45),
        timezone="Europe/Brussels", raw_options=json.dumps(options), **more,
    )  # fmt: skip
    async with services.db.transaction() as db:
        return (await campaigns.create_campaign(db, shop.account, new)).id


async def _figures(services, shop: Shop, busy: dict[int, int]) -> None:
    """What was handed out, today and in all: ten times as much."""
    names = "issued, sent, opened, redeemed"
    values = "$3::int, $3::int, $3::int * 3 / 5, $3::int / 4"
    for campaign, number in busy.items():
        await services.db.execute(
            f"INSERT INTO campaign_days (campaign_id, day, account_id, {names})"
            f" VALUES ($1, (now() AT TIME ZONE 'Europe/Brussels')::date, $2, {values})",
            campaign, shop.account, number,
        )  # fmt: skip
        await services.db.execute(
            f"INSERT INTO campaign_totals (campaign_id, account_id, {names})"
            f" VALUES ($1, $2, {values})",
            campaign, shop.account, number * 10,
        )  # fmt: skip


async def _connected(person: Person, standin, http, server) -> tuple[int, int]:
    """A service that is connected, and a test message that arrived over it, by their ids."""
    form = {
        "kind": "twilio", "settings.account_sid": ACCOUNT, "settings.auth_token.secret": TOKEN,
        "settings.sender": "+12015550100", "settings.base_url": standin.url,
        "price.default": "0.06",
    }  # fmt: skip
    made = await person.post("/integrations/new", form)
    assert made.status == 303, text_of(made)
    path = urlsplit(made.headers["location"]).path
    sent = await person.post(f"{path}/message", {"to": "+32470001913", "once": "t"})
    await _arrived(standin, http, server, "+32470001913")
    service, test = re.findall(r"\d+", sent.headers["location"].removeprefix(person.address()))
    return int(service), int(test)


async def _arrived(standin, http, server, number: str) -> None:
    written = Twilio().receipt(standin.taken_for(number)[-1], "delivered")
    to = urlsplit(written.url)
    headers = {"Content-Type": written.content_type, **written.headers}
    async with http.post(
        f"{server.url}{to.path}?{to.query}", data=written.body, headers=headers
    ) as answer:
        assert answer.status == 200


async def _sent(person, shop, standin, http, server) -> int:
    number = "+32470001914"
    given = {"campaign": shop.campaign, "once": "m", "to": number, "firstname": "Ann"}
    sent = await person.post("/send", given)
    assert sent.status == 303, text_of(sent)
    await _arrived(standin, http, server, number)
    return int(sent.headers["location"].rpartition("/")[2])


async def _coupons(make_coupon, shop: Shop) -> str:
    """In several states; the code of one that was redeemed."""
    people = [("Ann", "Peeters"), ("Bob", "Claes"), ("Chloé", "Dubois"), ("Dirk", "Maes"),
              ("Eva", "Smit"), ("Finn", "Jacobs")]  # fmt: skip
    made = [
        await make_coupon(
            shop,
            new=NewSession(
                firstname=first, lastname=last, phone=f"+3247000{5600 + n}",
                email=f"{first[:3].lower().replace('é', 'e')}@example.com", customid=f"K-{17 + n}",
            ),
        )
        for n, (first, last) in enumerate(people)
    ]  # fmt: skip
    for coupon in made[:4]:
        await coupon.get()
    await do(made[0], "validated")
    await do(made[1], "voided")
    await do(made[2], "locked")
    await made[3].redeem(shop.pin)
    return made[3].code


async def _places(services, http, server, make_coupon, shop: Shop) -> None:
    """Two more places; phones of the staff, and a scan that came too late."""
    hours = '[{"days":[1,2,3,4,5,6],"start":"08:00","end":"18:30"}]'
    await services.db.execute(
        "UPDATE locations SET name = 'Ghent, Korenmarkt', street = 'Korenmarkt 1', zip = '9000',"
        " city = 'Ghent', country = 'BE', raw_hours = $2::jsonb WHERE id = $1",
        shop.location, hours,
    )  # fmt: skip
    for name, pin in (("Antwerp, Central Station", "582146"), ("Market stand", None)):
        await open_place(services, shop.account, name, pin)
    till = await open_till(services, http, server.url, shop)
    await open_till(services, http, server.url, shop)
    coupon = await make_coupon(shop, new=NewSession(firstname="Gert", phone="+32470005699"))
    await till.redeem(coupon.code)
    late = {"key": new_key(), "code": coupon.code, "scanned_at": clock.now().isoformat()}
    await till.call("sync", {"scans": [late]})
    for name in ("Sam's phone", "Till 1"):
        await services.db.execute(
            "UPDATE devices SET name = $2 WHERE id = (SELECT max(id) FROM devices WHERE"
            " account_id = $1 AND name = 'Sam')", shop.account, name,
        )  # fmt: skip


async def _webhooks(services, person, shop, receiver) -> dict[str, object]:
    """One that is told everything, and one that was switched off a day ago and missed something."""
    v4, made = Client(Caller(person.http, person.url, shop)), []
    for note in ("Till in Ghent", "Accounts"):
        body = {"url": receiver.url, "description": note, "events": ["coupon_distributed"]}
        made.append((await v4.post("/v4/webhooks", body)).body["id"])
    told, off = made
    event = (await v4.post(f"/v4/webhooks/{told}/test")).body["event"]
    await v4.patch(f"/v4/webhooks/{off}", {"active": False})
    for _ in range(3):
        await v4.caller.post("/v3/singleuse/create", {"campaign": shop.ref})
    await services.db.execute(
        "UPDATE hook_endpoints SET switched_off_at = now() - interval '1 day',"
        " switched_off_reason = 'It only failed for three days. HTTP 500.' WHERE id = $1", off,
    )  # fmt: skip
    replay = await v4.post(f"/v4/webhooks/{told}/replays", {"since": "2020-01-01T00:00:00Z"})
    return {"webhook": off, "told": told, "event": event, "replay": replay.body["id"]}


LIST = """Naam;GSM-nummer
Ann;0470 00 12 01
Bob;+32 470 00 12 02
Cas;3,247E+10
Bob;0032 470 00 12 02
"""


async def _opted_out(services, shop: Shop) -> str:
    """Some who get nothing, and a list that waits to be put there: the word of it."""
    for address, source, reason, ago in (
        ("+32470009999", "reply", "", "12 days"),
        ("bob@example.com", "link", "", "9 days"),
        ("+32470004410", "shop", "Asked by phone", "5 days"),
        ("+32470004417", "provider", "", "1 day"),
    ):
        await services.db.execute(
            "INSERT INTO opt_outs (account_id, address, channel, source, reason, created_at)"
            " VALUES ($1, $2, $3, $4, $5, now() - $6::text::interval)",
            shop.account, address, optouts.channel_of(address), source, reason, ago,
        )  # fmt: skip
    sealed = kept_lists.seal(services.vault, LIST.encode())
    return await kept_lists.keep(services.db, shop.account, sealed, clock.now())


async def _alerted(services, shop: Shop) -> None:
    now = clock.now()
    for kind, subject, facts in (
        (models.BUDGET_NEAR, "spend-day", Facts(n=41_500_000, of=50_000_000, at=now)),
        (models.CAMPAIGN_ENDS, str(shop.campaign), Facts("Two for one", at=_end(2))),
    ):
        await services.db.execute(
            "INSERT INTO alerts (account_id, kind, subject, facts, began_at)"
            " VALUES ($1, $2, $3, $4, now() - interval '20 minutes')",
            shop.account, kind, subject, msgspec.json.encode(facts).decode(),
        )  # fmt: skip


async def _answered(services, shop: Shop, service: int) -> None:
    """The oldest first."""
    for minutes, phone, text in (
        (3_000, "+32470009999", "STOP"),
        (200, "+32470005611", "Merci! Until what time are you open?"),
        (90, "+32470005623", "Can you stop these messages when I am on holiday?"),
        (12, "+32470005634", "I do not want this"),
    ):
        arriving = replies.Arriving(
            shop.account, service, phone, phone, "+12015550100", text,
            read_keyword(text), "", clock.now() - timedelta(minutes=minutes),
        )  # fmt: skip
        await replies.keep(services.db, arriving)
