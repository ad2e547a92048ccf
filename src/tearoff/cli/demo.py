"""The demo: a shop, a campaign, and the first coupon on its way."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import msgspec

from tearoff.accounts import actions as accounts
from tearoff.accounts import beginning, locations
from tearoff.cli.common import audited, id_of, services
from tearoff.config import Settings
from tearoff.coupons.campaigns import campaigns, pictures
from tearoff.coupons.campaigns.campaigns import NewCampaign
from tearoff.kit import clock
from tearoff.kit.services import Services
from tearoff.messages import connections
from tearoff.messages.connections import NewConnection
from tearoff.messages.open_connections import surroundings_of
from tearoff.providers.log import Written, read_outbox

FILE = "demo.json"
PHONE = "+32470001234"
PIN = "471108"
ZONE = ZoneInfo("Europe/Brussels")


class Shop(msgspec.Struct, frozen=True):
    """What the demo remembers. The secret is kept, mode 0600, so that the curl line can be
    printed again: this is a shop with nothing to lose."""

    account: int
    client_id: str
    client_secret: str
    campaign: str
    code: str


async def prepare(settings: Settings) -> Shop:
    """The demo's shop, made at the first start."""
    path = settings.data / FILE
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=Shop)
    async with services(settings) as opened:
        shop = await _make(opened)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(shop))
    return shop


class Door(msgspec.Struct, frozen=True):
    """How coupons are taken in: the PIN in words, and the options that name the shop's place."""

    pin: str
    place: str


async def door_of(settings: Settings, shop: Shop) -> Door:
    """The PIN of the shop's staff as far as it is known: an older version set another one, and so
    may whoever tries things out, who may have made more places too. Only its mark is kept."""
    campaign_id = id_of(shop.campaign, "cam", "campaign")
    async with services(settings) as opened:
        found = await locations.find_of_pin(opened.db, opened.vault, shop.account, campaign_id, PIN)
        places = await locations.of_campaign(opened.db, shop.account, campaign_id)
    place = f"--account {shop.account}"
    if places:
        place += f" --location loc_{(found or places[0]).id}"
    if found is not None:
        return Door(f'{PIN}  (under "For staff" on the coupon)', place)
    set_one = f"{command('location set', settings)} {place} --pin new"
    return Door(f"as it was set earlier; this sets a new one:\n\n      {set_one}", place)


async def _make(opened: Services) -> Shop:
    async with opened.db.transaction() as db:
        key = await accounts.create_account(
            db, opened.vault, name="Bean & Leaf", email="hello@example.com",
            timezone="Europe/Brussels", country="BE",
        )  # fmt: skip
        await audited(db, key.account_id, "account.create", key.account_id)
        made = await campaigns.create_campaign(db, key.account_id, _campaign(clock.now()))
        place = await locations.create(
            db, opened.vault, key.account_id, locations.Changes(name="Bean & Leaf, Ghent", pin=PIN)
        )
        await campaigns.open_at(db, key.account_id, made.id, place.id)
        await pictures.set_picture(
            db, key.account_id, made.id, _picture(), "Two cups of cappuccino on a wooden bar"
        )
        await connections.add_connection(
            db, opened.vault, key.account_id,
            NewConnection(kind="log", settings={"sender": "BeanLeaf", "receipts": "true"}),
            surroundings_of(opened),
        )  # fmt: skip
    return Shop(key.account_id, key.client_id, key.client_secret, made.ref, made.code)


def _campaign(now: datetime) -> NewCampaign:
    end = (now.astimezone(ZONE) + timedelta(days=30)).replace(
        hour=23, minute=59, second=59, microsecond=0
    )
    return NewCampaign(
        name="Cappuccino, two for one",
        title="2-for-1 cappuccino",
        value="Second cup free",
        description="Buy any cappuccino and get the second one free. Any size, in all our shops.",
        terms="One coupon per visit. Not together with other offers. Not for cash.",
        brand="Bean & Leaf",
        message_text="Bean & Leaf: your second cappuccino is on us. Show this at the bar: {link}",
        timezone="Europe/Brussels",
        expires_at=end,
    )


def _picture() -> bytes:
    return (files("tearoff.cli") / "demo-coupon.webp").read_bytes()


async def sign_in_link(settings: Settings, shop: Shop) -> str:
    """A fresh one at each start, for twelve hours: it signs the shop's owner in at once."""
    async with services(settings) as opened, opened.db.transaction() as db:
        token = await beginning.issue_demo_link(db, shop.account, clock.now())
    return f"{settings.link_host}/demo/{token}"


def greet(settings: Settings, shop: Shop, door: Door, sign_in: str = "") -> None:
    """Once the server answers: send the first coupon and say what there is to try."""
    base = settings.link_host
    if not _wait_for(base):
        return
    if _first_message(settings) is None:
        _send(base, shop)
    message = _first_message(settings)
    if message is None:
        return
    # It may have been sent when the server had another address.
    sent = next((w for w in message.text.split() if w.startswith("http")), "")
    link = base + urllib.parse.urlsplit(sent).path
    told = _WELCOME.format(
        base=base, shop=shop, message=message, link=link, door=door, data=settings.data,
        next=PHONE[:-1] + "5", outbox=command("outbox", settings),
        pair=command("location pair", settings), sign_in=sign_in,
    )  # fmt: skip
    print(told, flush=True)


def command(name: str, settings: Settings) -> str:
    """A command line that works where this one was typed."""
    program = sys.argv[0]
    if program.endswith(".py"):
        program = f"{sys.executable} -m tearoff"
    return f"{program} {name} --data {shlex.quote(str(settings.data))}"


_WELCOME = """
  Tearoff is running at {base}

  Sign in as the shop's owner (once; each start prints another one):

      {sign_in}

  The message as it arrives on {message.to}, from {message.sender}:

      {message.text}

  Open the coupon:   {link}
  The staff's PIN:   {door.pin}

  Take coupons in at a counter: pair a phone, or this PC (a link and its QR code):

      TEAROFF_PUBLIC_URL={base} \\
        {pair} {door.place}

  Text somebody the next one:

      curl {base}/v3/send/sms \\
        -H 'X-Client-Id: {shop.client_id}' \\
        -H 'X-Client-Secret: {shop.client_secret}' \\
        -d campaign={shop.campaign} -d phone={next}

  Nothing really leaves this machine: messages go to the outbox:

      {outbox}

  Data lies in {data}.
  Stop with Ctrl-C.
"""


def _first_message(settings: Settings) -> Written | None:
    found = read_outbox(settings.data, 100_000)
    return next((message for message in found if message.to == PHONE), None)


def _wait_for(base: str, seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=2):  # noqa: S310 (our own)
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False


def _send(base: str, shop: Shop) -> None:
    request = urllib.request.Request(  # noqa: S310 (our own)
        f"{base}/v3/send/sms",
        json.dumps({"campaign": shop.campaign, "phone": PHONE}).encode(),
        {"X-Client-Id": shop.client_id, "X-Client-Secret": shop.client_secret},
    )
    with urllib.request.urlopen(request, timeout=20):  # noqa: S310
        pass
