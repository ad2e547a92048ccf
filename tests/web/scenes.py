"""Every state of the coupon's page, made in the database and by the page's own POSTs: what the
tests in a browser walk through, and what `make pictures` takes pictures of."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tearoff.accounts import locations
from tearoff.accounts.locations import Changes
from tearoff.coupons.models import NewSession
from tearoff.kit.hours import Hours
from tests.cast import PIN
from tests.web.conftest import Coupon, MakeCoupon, do, in_days

CARD = {"prizes": [{"key": "cup", "title": {"en": "A free cup", "ar": "فنجان مجاني"}, "weight": 1}]}
NO_LUCK = {
    "prizes": [{"key": "cup", "title": {"en": "A free cup"}, "weight": 1, "amount": 0}],
    "blank_weight": 1,
}
FORM = {
    "fields": [
        {"name": "firstname"},
        {"name": "email", "required": True},
    ],
    "consents": [
        {"key": "news", "text": {"en": "Send me offers of Bean & Leaf by e-mail, once a month."}},
        {"key": "rules", "text": {"en": "I accept the rules of this offer."}, "required": True},
    ],
}
ARABIC = {"texts": {"ar": {"title": "كابتشينو ١+١", "value": "الفنجان الثاني مجاني"}}}
PERSON = NewSession(phone="+32470001234", email="ann@example.com")
LINKS = {"help_url": "https://shop.example/help", "privacy_url": "https://shop.example/privacy"}
DESCRIPTION = "Buy any cappuccino and get the second one free. Any size, in all our shops."

Act = Callable[[Coupon], Awaitable[Any]]
Path = Callable[[Coupon], str]


@dataclass(frozen=True)
class Scene:
    """A state and what it is called. `values` are the campaign's, `options` its options; `act`
    happens before the page is opened at `path`; `press` are what is pressed on it then. `fine`
    are statuses that the browser may complain about; `badge` is what must be on the page."""

    caption: str
    badge: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    new: NewSession = field(default_factory=NewSession)
    act: Act | None = None
    path: Path = lambda coupon: coupon.path
    typed: dict[str, str] = field(default_factory=dict)
    press: str = ""
    fine: tuple[int, ...] = ()
    picture: bool = True

    async def make(self, make_coupon: MakeCoupon) -> tuple[Coupon, str]:
        """The coupon, and the address to open."""
        coupon = await make_coupon(
            new=self.new,
            picture=self.picture,
            **{
                "description": DESCRIPTION,
                "terms": "One for each visit.",
                "raw_options": json.dumps(self.options),
                **self.values,
            },
        )
        if self.act:
            await self.act(coupon)
        return coupon, self.path(coupon)


async def _post(coupon: Coupon, name: str) -> None:
    answer = await coupon.post(f"/{name}", {"t": (await coupon.get()).token})
    assert answer.status == 303


async def _claim(coupon: Coupon) -> None:
    await _post(coupon, "claim")


async def _scratch(coupon: Coupon) -> None:
    await _post(coupon, "scratch")


async def _use_long_ago(coupon: Coupon) -> None:
    await do(coupon, "validated")
    await _set(coupon, "used_at = used_at - interval '2 hours'")
    await coupon.services.db.execute(
        "UPDATE session_events SET at = at - interval '2 hours' WHERE kind = 'validated'"
        " AND session_id = (SELECT id FROM sessions WHERE code = $1)",
        coupon.code,
    )


async def _let_time_pass(coupon: Coupon) -> None:
    await _claim(coupon)
    await _set(coupon, "active_until = active_until - interval '1 hour'")


async def _use_twice(coupon: Coupon) -> None:
    for _ in range(2):
        await do(coupon, "validated")


async def _lock(coupon: Coupon) -> None:
    for _ in range(5):
        await coupon.redeem("9999")


async def _reserve(coupon: Coupon) -> None:
    await _set(
        coupon,
        "reservation = 'r-1', reserved_by = 'till', reserved_until = now() + interval '5 minutes'",
    )


async def _give_hours(coupon: Coupon) -> None:
    given = Changes(
        street="Korenmarkt 1", zip="9000", city="Ghent", phone="+32470001234",
        hours=(Hours(days=(1, 2, 3, 4, 5), start="08:00", end="18:00"),
               Hours(days=(6,), start="09:00", end="17:00")),
    )  # fmt: skip
    shop, services = coupon.shop, coupon.services
    async with services.db.transaction() as db:
        await locations.change(db, services.vault, shop.account, shop.location, given)


async def _open_ten_more(coupon: Coupon) -> None:
    """More than ten places: the page asks for the place first."""
    shop, services = coupon.shop, coupon.services
    streets = ["Veldstraat 3", "Bondgenotenlaan 12", "Meir 40", "Steenstraat 8", "Nieuwstraat 21"]
    cities = ["Ghent", "Leuven", "Antwerp", "Bruges", "Brussels"]
    async with services.db.transaction() as db:
        await db.execute("DELETE FROM campaign_locations WHERE campaign_id = $1", shop.campaign)
        for i in range(10):
            city, street = cities[i % 5], streets[i % 5]
            name = f"{city} {'centre' if i < 5 else 'station'}"
            given = Changes(name=name, street=street, city=city, pin=f"{204815 + i}")
            await locations.create(db, services.vault, shop.account, given)


async def _fetch(coupon: Coupon) -> None:
    """Somebody in this network takes a coupon of the public link."""
    token = (await coupon.get(_public(coupon))).token
    answer = await coupon._ask("POST", _public(coupon), {}, {"t": token, "press": "1"})
    assert answer.status == 303


async def _set(coupon: Coupon, change: str) -> None:
    done = await coupon.services.db.execute(
        f"UPDATE sessions SET {change} WHERE code = $1", coupon.code
    )
    assert done == "UPDATE 1"


def _another_day() -> list[dict[str, Any]]:
    day = datetime.now(UTC) + timedelta(days=3)
    return [{"days": [day.isoweekday()], "start": "09:00", "end": "17:00"}]


def _public(coupon: Coupon) -> str:
    return f"/p/{coupon.shop.code}"


def _below(name: str) -> Path:
    return lambda coupon: f"{coupon.path}/{name}"


SCENES: dict[str, Scene] = {
    "ready": Scene("Ready", "Ready to use", options=LINKS, new=PERSON),
    "bare": Scene("With as little as there can be", "Ready to use", picture=False,
                  values={"description": "", "terms": "", "value": "", "brand": ""}),
    "barcode": Scene("A barcode of the shop's own", "Ready to use", values={"uses": 1},
                     options={"barcode": "ean13", "code": "fixed", "fixed_code": "4006381333931"}),
    "webshop": Scene("A code for the webshop", "Ready to use",
                     options={"methods": ["webshop"], "fixed_code": "AUTUMN26",
                              "webshop_url": "https://shop.example/{code}"}),
    "pressing": Scene("Ends soon: the time left", "Ready to use",
                      values={"expires_at": in_days(0.13)}),
    "staff": Scene("The staff's section: PIN, amount, receipt", "Ready to use",
                   options={"methods": ["code", "pin", "button"], "ask_amount": "required",
                            "ask_receipt": "optional"}, press=".staff summary"),
    "wrong-pin": Scene("A wrong PIN", "Ready to use", typed={"#pin": "9999"},
                       press=".staff form button", fine=(422,)),
    "place": Scene("More than ten places: the staff says first which one", act=_open_ten_more,
                   path=_below("place")),
    "locked": Scene("Too many wrong PINs", "Ready to use", act=_lock),
    "confirm": Scene("The button's second page", options={"methods": ["code", "button"]},
                     path=_below("confirm")),
    "accepted": Scene("Just used: for five minutes", "Used", typed={"#pin": PIN},
                      press=".staff form button"),
    "used": Scene("Used", "Used", act=_use_long_ago, options={"offers_url": "https://shop.example"}),
    "stamps": Scene("Some uses left", "3 of 5 left", values={"uses": 5}, act=_use_twice),
    "resting": Scene("Usable again later", values={"uses": 5, "pause_seconds": 86_400},
                     act=lambda coupon: do(coupon, "validated")),
    "claimable": Scene("To be activated first", "Ready to activate",
                       values={"activation_seconds": 900}),
    "active": Scene("Active", "Active", values={"activation_seconds": 900}, act=_claim),
    "time-over": Scene("Time is over", "Time is over", values={"activation_seconds": 900},
                       act=_let_time_pass),
    "again": Scene("Time is over, and may begin again", "Time is over",
                   values={"activation_seconds": 900}, options={"reactivates": True},
                   act=_let_time_pass),
    "not-yet": Scene("Not valid yet", "Not yet valid", values={"starts_at": in_days(2)}),
    "closed": Scene("Not at this hour", options={"hours": _another_day()}),
    "held": Scene("Held by a till", "Ready to use", act=_reserve),
    "expired": Scene("Expired", "Expired", values={"expires_at": in_days(-1)},
                     options={"offers_url": "https://shop.example"}),
    "withdrawn": Scene("Withdrawn", "Not available", values={"status": "paused"}),
    "full": Scene("The offer is used up", "Not available",
                  values={"uses": 5, "limit_validations": 1},
                  act=lambda coupon: do(coupon, "validated")),
    "scratch": Scene("A scratch card", options={"scratch": CARD}),
    "won": Scene("A prize", "Ready to use", options={"scratch": CARD}, act=_scratch),
    "lost": Scene("No prize", "No prize", options={"scratch": NO_LUCK}, act=_scratch),
    "public": Scene("The offer behind a public link", options={"begins": "pressed"}, path=_public),
    "network-full": Scene("This network has fetched too many", path=_public, act=_fetch,
                          options={"begins": "pressed", "limit_network": 1},
                          press="form button", fine=(429,)),
    "form": Scene("A form before the coupon", options={"form": FORM}, path=_public),
    "form-wrong": Scene("A form with mistakes", options={"form": FORM}, path=_public,
                        typed={"[name=email]": "ann@"}, press="form button.go", fine=(422,)),
    "save": Scene("Save or send", path=_below("save")),
    "where": Scene("Where it is taken in", act=_give_hours, path=_below("where")),
    "stop": Scene("Stop messages", new=PERSON, path=_below("stop")),
    "stopped": Scene("Messages are stopped", new=PERSON, path=_below("stop"),
                     press="form button"),
    "unknown": Scene("An unknown coupon", path=lambda coupon: "/p/zzzzzz/" + "z" * 21,
                     fine=(404,)),
}  # fmt: skip
