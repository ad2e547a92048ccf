"""What somebody typed is text, on every screen: neither script nor a template's code nor an address
that runs something. One account in which everything that can be typed is an attack."""

from __future__ import annotations

import re

import pytest_asyncio

from tests.web.browsing import in_browser
from tests.web.dashboard.filled import fill, own_all, pages

pytestmark = in_browser

ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}'
BITS = ("<script>alert", "<img src=x", "onerror=alert(2)>{")
ADDRESSES = re.compile(r"""(?:href|src|action)=["']?\s*(?:javascript|vbscript):[^ >]*""", re.I)
AGENT = '"><script>alert(3)</script> Mozilla/5.0 Chrome/130.0'


def attack(text: str) -> str:
    """What makes it different from others stays."""
    return f"{text[:12]}{ATTACK}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def attacked(services, http, server):
    filled = await fill(services, http, server.url, say=attack)
    db, account = services.db, filled.shop.account
    await db.execute("UPDATE campaigns SET picture_alt = $2 WHERE account_id = $1", account, ATTACK)
    return filled


async def dirty(services, person) -> None:
    """Their own name, and the browser that they came with."""
    await services.db.execute(
        "UPDATE people SET first_name = $2, last_name = $2 WHERE id ="
        " (SELECT person_id FROM members WHERE account_id = $1 ORDER BY id DESC LIMIT 1)",
        person.shop.account, ATTACK,
    )  # fmt: skip
    await services.db.execute("UPDATE sign_ins SET user_agent = $1", AGENT)


async def test_no_text_is_more_than_text(attacked, services, sign_in, phone, guarded, server):
    person = await sign_in(attacked.shop)
    await dirty(services, person)
    await own_all(services, person, lambda _: ATTACK)
    wrong = []
    async with phone(width=1366, cookies=[person.cookie]) as page:
        page.on("dialog", lambda dialog: wrong.append(f"{page.url} {dialog.message}"))
        page.on(
            "console", lambda m: wrong.append(f"{page.url} {m.text}") if m.type == "error" else 0
        )
        for address in pages(attacked):
            answer = await person.get(address)
            if "attachment" in answer.headers.get("content-disposition", ""):
                assert answer.headers["x-content-type-options"] == "nosniff"
                continue  # a file to keep: nothing of it is a page
            wrong += [f"{address}: {bit}" for bit in BITS if bit in answer.text]
            wrong += [
                f"{address}: 49" for _ in re.findall(r"onerror=alert\(2\)&gt;49", answer.text)
            ]
            wrong += [f"{address}: {found}" for found in ADDRESSES.findall(answer.text)]
            if answer.status not in (200, 204) and "/pairings/" not in address:
                wrong.append(f"{address}: {answer.status}")
            if "<html" in answer.text:
                await page.goto(server.url + person.address(address))
    assert not wrong, "\n".join(wrong)
