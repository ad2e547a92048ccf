from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tearoff.coupons import actions, campaigns
from tearoff.coupons.models import Doer, NewSession
from tearoff.kit.services import Services
from tests.cast import Shop, open_shop

PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Mobile Safari/537.36"
)
PICTURE = Path(campaigns.__file__).parents[1] / "web" / "static" / "demo-coupon.webp"


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@dataclass
class Page:
    status: int
    text: str
    headers: Any

    @property
    def token(self) -> str:
        found = re.search(r'name="t" value="([^"]+)"|data-t="([^"]+)"', self.text)
        assert found, "the page has no token"
        return found[1] or found[2]

    @property
    def message(self) -> str:
        """What the staff's section says about the last try."""
        found = re.search(r'(?:id="pin-error">.*?</svg>|role="alert">)([^<]*)', self.text)
        return found[1] if found else ""


@dataclass
class Coupon:
    """A coupon of a shop, as it is in the database, and its page, as a phone sees it."""

    shop: Shop
    code: str
    services: Services
    http: aiohttp.ClientSession
    url: str

    @property
    def path(self) -> str:
        return f"/p/{self.shop.code}/{self.code}"

    @property
    def short(self) -> str:
        return f"{self.code[:3]} {self.code[3:6]}"

    async def get(self, path: str = "", method: str = "GET", **headers: str) -> Page:
        return await self._ask(method, path or self.path, headers)

    async def post(self, path: str, values: Any, **headers: str) -> Page:
        return await self._ask("POST", self.path + path, headers, values)

    async def redeem(self, pin: str, token: str | None = None, **values: str) -> Page:
        token = (await self.get()).token if token is None else token
        return await self.post("/redeem", {"t": token, "pin": pin, **values})

    async def _ask(self, method: str, path: str, headers: Any, values: Any = None) -> Page:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        # Every browser of today tells where its request comes from; what has no such header and
        # no language is a program under a browser's name.
        names = {"user-agent": PHONE, "sec-fetch-site": "same-origin", **names}
        async with self.http.request(
            method, self.url + path, data=values, headers=names, allow_redirects=False
        ) as answer:
            return Page(answer.status, await answer.text(errors="replace"), answer.headers)

    async def row(self) -> dict[str, Any]:
        found = await self.services.db.fetchrow("SELECT * FROM sessions WHERE code = $1", self.code)
        return dict(found)

    async def events(self) -> list[tuple[str, ...]]:
        rows = await self.services.db.fetch(
            "SELECT e.kind, e.actor, e.channel, e.location_id FROM session_events e"
            " JOIN sessions s ON s.id = e.session_id WHERE s.code = $1 AND e.kind <> 'created'"
            " ORDER BY e.id",
            self.code,
        )
        return [tuple(row) for row in rows]


@pytest_asyncio.fixture(scope="session")
async def http():
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as session:
        yield session


MakeCoupon = Callable[..., Awaitable[Coupon]]


@pytest.fixture
def make_coupon(services, http, server) -> MakeCoupon:
    """A coupon of a new shop (or of `shop`), whose campaign has the given values."""

    async def make(
        shop: Shop | None = None, *, new: NewSession | None = None, picture: bool = False, **values
    ) -> Coupon:
        shop = shop or await open_shop(services, kind=None, campaign=values)
        db = services.db
        if picture:
            await campaigns.set_picture(
                db, shop.account, shop.campaign, PICTURE.read_bytes(), "Two cups"
            )
        campaign = await campaigns.campaign(db, shop.account, shop.campaign)
        async with db.transaction() as work:
            issued = await actions.issue_session(
                work, campaign, new or NewSession(), now=datetime.now(UTC)
            )
        return Coupon(shop, issued.code, services, http, server.url)

    return make


@pytest_asyncio.fixture
async def coupon(make_coupon) -> Coupon:
    return await make_coupon(picture=True, terms="One for each visit.")


async def do(coupon: Coupon, kind: str, **values: Any) -> None:
    """Void, lock or validate the coupon behind the page's back."""
    db, now = coupon.services.db, datetime.now(UTC)
    found = await actions.find_session(db, coupon.shop.account, coupon.code)
    async with db.transaction() as work:
        if kind == "validated":
            doer = Doer("staff", "api", location_id=coupon.shop.location)
            await actions.validate(work, found, doer=doer, now=now, **values)
        else:
            await actions.change(work, found, kind, doer=Doer(), now=now)
