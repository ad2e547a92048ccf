"""When our side fails, the coupon's page says that the coupon is safe."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import urlencode

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from litestar import Litestar, Request
from litestar.datastructures import State

from tearoff.kit.db import Database
from tearoff.kit.services import Services
from tearoff.web.paper import notes, reading
from tearoff.web.routes import COUPON_PAGES
from tests.web.conftest import PHONE, Page

WORDS = "Your coupon is safe."


class Site:
    """The pages with a database connection of their own, which a test may break."""

    def __init__(self, services: Services, db: Database) -> None:
        mine = Services(services.settings, db, services.vault, services.database_url)
        self.app = Litestar([COUPON_PAGES], state=State({"services": mine}), openapi_config=None)
        self.db = db

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Page:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
            "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
            "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()],
        }  # fmt: skip
        await self.app(scope, receive, send)
        answer = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
        text = b"".join(m.get("body", b"") for m in sent[1:]).decode()
        return Page(sent[0]["status"], text, answer)


@pytest_asyncio.fixture
async def site(services: Services) -> AsyncIterator[Site]:
    db = await Database.open(services.settings.database_url, size=2)
    yield Site(services, db)
    await db.close()


async def test_database_away(site, coupon):
    assert (await site.ask("GET", coupon.path)).status == 200
    await site.db.close()
    for method, path in (
        ("GET", f"/p/{coupon.shop.code}"),
        ("GET", coupon.path),
        ("POST", f"{coupon.path}/redeem"),
    ):
        page = await site.ask(method, path)
        assert page.status == 503
        assert page.headers["retry-after"] == "2"
        assert page.headers["cache-control"] == "private, no-store"
        assert WORDS in page.text
        assert ">Try again</a>" in page.text
    assert f'href="{coupon.path}"' in page.text


async def test_what_was_typed_is_sent_again(site, coupon):
    """Whoever filled in a form while the database was away presses one button more."""
    path = f"/p/{coupon.shop.code}"
    typed = {"t": (await coupon.get(path)).token, "press": "1", "firstname": 'Ann "A" <b>'}
    good, site.db = site.db, await Database.open(coupon.services.settings.database_url, size=2)
    site.app.state.services = msgspec.structs.replace(site.app.state.services, db=site.db)
    await site.db.close()
    page = await site.ask("POST", path, urlencode(typed).encode())
    assert page.status == 503 and WORDS in page.text
    assert f'<form method="post" action="{path}">' in page.text
    sent = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
    assert {name: unescape(value) for name, value in sent} == typed
    site.db, site.app.state.services = (
        good,
        msgspec.structs.replace(site.app.state.services, db=good),
    )
    headers = {"user_agent": PHONE, "sec_fetch_site": "same-origin"}
    done = await site.ask("POST", path, urlencode(typed).encode(), **headers)
    assert done.status == 303 and done.headers["location"].startswith(f"{path}/")


async def test_database_does_not_answer(site, coupon, services, monkeypatch):
    monkeypatch.setattr(reading, "PATIENCE", 0.3)
    blocker = await asyncpg.connect(services.database_url)
    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE campaigns IN ACCESS EXCLUSIVE MODE")
            page = await site.ask("GET", coupon.path, accept_language="nl")
    finally:
        await blocker.close()
    assert page.status == 503
    assert "Je coupon is veilig." in page.text
    assert (await site.ask("GET", coupon.path)).status == 200


async def test_our_own_fault_has_a_reference_that_is_in_the_log(site, coupon, capsys):
    site.app.state.services = msgspec.structs.replace(site.app.state.services, vault=None)
    page = await site.ask("GET", coupon.path)
    assert page.status == 500
    assert WORDS in page.text
    reference = re.search(r"<small dir=\"ltr\">([0-9a-f]{12})</small>", page.text)[1]
    assert reference in capsys.readouterr().out


@pytest.mark.parametrize(("status", "words"), [(404, "We do not know"), (405, "We do not know"),
                                               (500, WORDS), (503, WORDS)])  # fmt: skip
async def test_page_for_errors_that_no_handler_has_met(site, status, words):
    request = Request({"type": "http", "headers": [], "query_string": b"", "path": "/elsewhere"})
    answer = notes.error_page(request, status)
    assert answer.status_code == status
    assert words in answer.content.decode()
