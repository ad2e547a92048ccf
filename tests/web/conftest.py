from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

import tearoff.cli
from tearoff.coupons.campaigns import campaigns, pictures
from tearoff.coupons.models import Doer, NewSession
from tearoff.coupons.sessions import actions
from tearoff.kit.services import Services
from tests.cast import Shop, open_shop
from tests.running import PATIENCE
from tests.web.browsing import CHROMIUM, OPTIONS, no_sideways_scroll
from tests.web.tills import open_till

# A busy machine is no fault: what comes is waited for.
expect.set_options(timeout=PATIENCE * 1000)

PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Mobile Safari/537.36"
)
PICTURE = Path(tearoff.cli.__file__).with_name("demo-coupon.webp")


@functools.cache
def prepared_picture() -> pictures.NewPicture:
    """Hundreds of tests have it on their page: it is cut and made small once."""
    return pictures.prepare_picture(PICTURE.read_bytes())


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@dataclass
class Page:
    status: int
    text: str
    headers: Any

    @property
    def token(self) -> str:
        names = 'data-token="([^"]+)"|name="t" value="([^"]+)"|data-t="([^"]+)"'
        found = re.search(names, self.text)
        assert found, "the page has no token"
        return found[1] or found[2] or found[3]

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
        return f"{self.code[:3]} {self.code[3:6]}".upper()

    async def get(self, path: str = "", method: str = "GET", **headers: str) -> Page:
        return await self._ask(method, path or self.path, headers)

    async def post(self, path: str, values: Any, **headers: str) -> Page:
        """What a browser shows then: the page that tells what the try came to. Where the coupon
        has become another one, it is the redirect to it."""
        page = await self._ask("POST", self.path + path, headers, values)
        to = page.headers.get("location", "") if page.status == 303 else ""
        is_told = "tried=" in to or "old=1" in to
        return await self._ask("GET", to, headers) if is_told else page

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
            ready = prepared_picture()
            await pictures.put_picture(db, shop.account, shop.campaign, ready, "Two cups")
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


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        await browser.close()


@pytest.fixture
def scale() -> float:
    """Dots of a phone's screen for each pixel of CSS. Real ones have two or three, which changes
    nothing but the time that it takes to draw them."""
    return 1


@pytest.fixture
def phone(browser, server, scale):
    """A device of somebody as `async with phone(width=…) as page`, with nothing on its screen.
    `more` goes to the browser's context."""

    @contextlib.asynccontextmanager
    async def phone(
        *, width=390, script=True, language="en-GB", scheme="light", cookies=(), scale=scale, **more
    ):
        context = await browser.new_context(
            viewport={"width": width, "height": 844 if width < 800 else 900},
            device_scale_factor=scale if width < 800 else 1,
            locale=language,
            color_scheme=scheme,
            java_script_enabled=script,
            user_agent=PHONE,
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(PATIENCE * 1000)
        await context.add_cookies([{"url": server.url, **cookie} for cookie in cookies])
        yield await context.new_page()
        await context.close()

    return phone


@pytest.fixture
def guarded(server):
    """While `async with guarded(page)` lasts, three guards stand over the page: no request to
    another host, no console error, no sideways scroll at its end. `fine` are the statuses of
    answers, or words, that the browser may complain about."""
    ours = (server.url, f"blob:{server.url}", "data:")

    @contextlib.asynccontextmanager
    async def guarded(page, fine=()):
        problems: list[str] = []
        guards = [
            (page.context, "request",
             lambda r: None if r.url.startswith(ours) else problems.append(r.url)),
            (page, "pageerror", lambda error: problems.append(f"error: {error}")),
            (page, "console", lambda m: problems.append(m.text) if m.type == "error" else None),
        ]  # fmt: skip
        for where, event, guard in guards:
            where.on(event, guard)
        yield
        await no_sideways_scroll(page)
        for where, event, guard in guards:
            where.remove_listener(event, guard)
        passed = [f"status of {one}" if isinstance(one, int) else one for one in fine]
        assert [p for p in problems if not any(one in p for one in passed)] == []

    return guarded


@pytest.fixture
def visit(phone, guarded, server):
    """Open a page as `async with visit(path, …) as page`, on a phone of its own, guarded until the
    phone is put away."""

    @contextlib.asynccontextmanager
    async def visit(path, *, fine=(), **more):
        async with phone(**more) as page, guarded(page, fine):
            await page.goto(server.url + path)
            yield page

    return visit


@pytest.fixture
def stand(visit, services, http, server):
    """Stand at the counter of a shop: `async with stand(shop, …) as page` is its page, on a
    device that was paired, as soon as it has heard of the server."""

    @contextlib.asynccontextmanager
    async def stand(shop, path="/till", **more):
        till = await open_till(services, http, server.url, shop)
        cookie = {"name": "tearoff_till", "value": till.secret}
        async with visit(path, cookies=[cookie], **more) as page:
            await expect(page.locator("[aria-busy]")).to_have_count(0)
            yield page

    return stand
