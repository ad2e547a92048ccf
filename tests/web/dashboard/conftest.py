from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import pytest

from tearoff.accounts import members, sign_ins
from tearoff.accounts.members import NewMember
from tearoff.kit import clock
from tearoff.kit.services import Services
from tests.cast import Shop
from tests.web.conftest import PHONE, Page

COOKIE = "__Host-tearoff_sign_in"


@dataclass
class Person:
    """Somebody who is signed in to a shop's dashboard, with a browser of their own."""

    shop: Shop
    role: str
    secret: str
    http: aiohttp.ClientSession
    url: str
    person_id: int = 0

    @property
    def cookie(self) -> dict[str, Any]:
        """For a real browser."""
        host = urlsplit(self.url).hostname
        return {"name": COOKIE, "value": self.secret, "url": f"https://{host}", "secure": True}

    def address(self, path: str = "") -> str:
        return f"/a/{self.shop.account}{path}"

    async def get(self, path: str = "", **headers: str) -> Page:
        return await self._ask("GET", path, None, headers)

    async def post(
        self,
        path: str,
        values: Any = (),
        *,
        token: str | None = None,
        page: str = "",
        **headers: str,
    ) -> Page:
        """A form as a browser sends it: its token is that of `page` (else of Home)."""
        if token is None:
            token = await self.token_of(page)
        pairs = list(values.items()) if isinstance(values, dict) else list(values)
        body = urlencode([("t", token), *pairs])
        return await self._ask("POST", path, body, headers)

    async def token_of(self, page: str = "") -> str:
        """That of this page's forms; the one of "Sign out" is another."""
        found = re.search(r'data-token="([^"]+)"', (await self.get(page)).text)
        return found[1] if found else ""

    async def _ask(self, method: str, path: str, body: str | None, headers: Any) -> Page:
        names = {
            "user-agent": PHONE,
            "sec-fetch-site": "same-origin",
            "cookie": f"{COOKIE}={self.secret}",
            "x-forwarded-proto": "https",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        if body is not None:
            names.setdefault("content-type", "application/x-www-form-urlencoded")
        address = path if path.startswith("/a/") else self.address(path)
        async with self.http.request(
            method, self.url + address, data=body, headers=names, allow_redirects=False
        ) as answer:
            return Page(answer.status, await answer.text(errors="replace"), answer.headers)


def text_of(page: Page) -> str:
    """What a reader sees, on one line."""
    plain = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", page.text, flags=re.S)
    return " ".join(html.unescape(plain).split())


@pytest.fixture
def sign_in(services: Services, http, server):
    """Somebody with a role in a shop, as `await sign_in(shop, "manager")`. `confirmed`: they have
    just typed their password."""

    async def make(
        shop: Shop, role: str = "owner", *, language: str = "en", confirmed: bool = True
    ):
        now = clock.now()
        async with services.db.transaction() as db:
            member_id = await members.create_member(
                db,
                shop.account,
                NewMember(
                    email=f"{role}.{shop.account}.{now.timestamp()}@example.com",
                    first_name=role.title(),
                    role=role,
                    language=language,
                ),
            )
            ticket = await sign_ins.use_ticket(
                db,
                await sign_ins.issue_ticket(
                    db, "sso", shop.account, member_id=member_id,
                    expires_at=now + sign_ins.SSO_LIVES,
                ),
                "sso",
                now,
            )  # fmt: skip
            secret = await sign_ins.sign_in(db, ticket, now, is_trusted=confirmed)
        return Person(shop, role, secret, http, server.url)

    return make
