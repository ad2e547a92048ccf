from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any

import pyotp
import pytest
import pytest_asyncio

from tearoff.accounts import members, people
from tearoff.accounts.members import NewMember
from tearoff.accounts.passwords import hash_password
from tearoff.kit import clock
from tests.cast import open_shop
from tests.web.conftest import Page

PASSWORD = "seven brown horses"
_N = itertools.count(1)
_HASHED: list[str] = []


async def hashed() -> str:
    if not _HASHED:
        _HASHED.append(await hash_password(PASSWORD, []))
    return _HASHED[0]


def problem_of(page: Page) -> str:
    """What the page says is wrong."""
    found = re.search(r'role="alert">.*?<span>([^<]*)', page.text)
    return found[1] if found else ""


@pytest_asyncio.fixture(autouse=True)
async def fresh_tries(services):
    """All tests come from one network."""
    await services.db.execute("DELETE FROM tallies WHERE account_id = 0 AND scope LIKE 'try%'")


@dataclass
class Visitor:
    """A browser without a screen: it keeps cookies, and says where its requests come from."""

    http: Any
    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **headers: str) -> Page:
        return await self.ask("GET", path, None, headers)

    async def post(self, path: str, values: Any, **headers: str) -> Page:
        return await self.ask("POST", path, values, headers)

    async def ask(self, method: str, path: str, values: Any, headers: Any) -> Page:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        names.setdefault("sec-fetch-site", "same-origin")
        names["cookie"] = "; ".join(f"{n}={v}" for n, v in self.cookies.items())
        async with self.http.request(
            method, self.url + path, data=values, headers=names, allow_redirects=False
        ) as answer:
            for line in answer.headers.getall("set-cookie", []):
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            return Page(answer.status, await answer.text(errors="replace"), answer.headers)

    async def send(self, path: str, **values: str) -> Page:
        """Open the form, and send it."""
        page = await self.get(path)
        hidden = dict(re.findall(r'name="(t|next)" value="([^"]*)"', page.text))
        return await self.post(path.partition("?")[0], {**hidden, **values})

    async def sign_in(self, email: str, password: str = PASSWORD, query: str = "") -> Page:
        return await self.send(f"/sign-in{query}", email=email, password=password)

    @property
    def secret(self) -> str:
        return self.cookies.get("__Host-tearoff_sign_in", "")

    async def home(self) -> str:
        """Where `/` leads."""
        return (await self.get("/")).headers.get("location", "")


@pytest.fixture
def visitor(http, server):
    return lambda: Visitor(http, server.url)


@dataclass(frozen=True)
class Owner:
    account: int
    member: int
    person: int
    email: str


@pytest.fixture
def make_owner(services):
    """Somebody with a password who owns an account."""

    async def make(account: int | None = None, *, password: bool = True, email: str = "", **more):
        if account is None:
            account = (await open_shop(services, kind=None)).account
        email = email or f"person{next(_N)}.{account}@example.com"
        new = NewMember(email=email, password_hash=await hashed() if password else None, **more)
        async with services.db.transaction() as db:
            made = await members.create_member(db, account, new)
        known = await people.person_of_mail(services.db, email)
        return Owner(account, made, known.id, email)

    return make


@pytest.fixture
def with_second_step(services):
    """Give somebody a second step: its app and the recovery codes."""

    async def give(person: int) -> tuple[Any, list[str]]:
        db, vault = services.db, services.vault
        app = pyotp.TOTP(await people.start_second_step(db, vault, person))
        earlier = clock.now().timestamp() - 30
        codes = await people.confirm_second_step(db, vault, person, app.at(earlier), clock.now())
        return app, codes

    return give
