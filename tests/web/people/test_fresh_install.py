"""From an empty database to somebody who has forgotten the password, by plain http."""

from __future__ import annotations

import asyncio
import re

import msgspec
import pytest_asyncio

from tearoff.accounts import sign_ins
from tearoff.kit import clock
from tearoff.kit.db import Database
from tests.running import PATIENCE, start_server
from tests.web.people.conftest import PASSWORD, Visitor, problem_of
from tests.web.people.test_links import with_mail  # noqa: F401 (a fixture)


@pytest_asyncio.fixture
async def empty(cluster, worker_id):
    name = f"tearoff_empty_{worker_id}"
    yield await cluster.create(name)
    await cluster.drop(name)


async def test_a_fresh_install(empty, settings, http, with_mail, tmp_path):  # noqa: F811
    opened, inbox = with_mail
    plain = msgspec.structs.replace(settings, database_url=empty, data=tmp_path, public_url="")
    environment = {
        "TEAROFF_SMTP_URL": opened.settings.smtp_url,
        "TEAROFF_MAIL_FROM": opened.settings.mail_from,
    }
    starting = start_server(plain, tmp_path, **environment)
    running = await asyncio.to_thread(starting.__enter__)
    try:
        browser = Visitor(http, running.url)
        await begin(browser, running.log.read_text())
        await ask_for_mail(browser, inbox)
    finally:
        await asyncio.to_thread(starting.__exit__, None, None, None)
    db = await Database.open(empty, size=1)
    secret = browser.cookies["tearoff_sign_in"]
    who = await sign_ins.signed_in(db, secret, clock.now())
    assert who.email == "ann@example.com" and who.memberships[0].role == "owner"
    await db.close()


async def begin(browser, log):
    """By the link that the server has printed."""
    door = await browser.get("/")
    assert "tearoff owner link<" in door.text and "<form" not in door.text
    link = re.search(r"Begin here.*\n\n +(http://127\.0\.0\.1:\d+)(/begin/\w{49})\n", log)
    assert link[1] == browser.url
    form = {"email": "ann@example.com", "password": PASSWORD}
    nameless = await browser.send(link[2], name=" ", **form)
    assert nameless.status == 422 and problem_of(nameless) == "Type a name."
    done = await browser.send(link[2], name="Corner Coffee", **form)
    place = re.fullmatch(r"/a/(\d+)/first-steps", done.headers["location"])
    cookie = next(c for c in done.headers.getall("set-cookie") if "sign_in" in c)
    assert cookie.startswith("tearoff_sign_in=") and "Secure" not in cookie
    assert await browser.home() == f"/a/{place[1]}/"


async def ask_for_mail(browser, inbox):
    """Whoever asks is told the same, and one address gets three mails an hour."""
    token = (await browser.get("/forgot")).token
    form = {"t": token, "email": "ann@example.com"}
    assert (await browser.post("/forgot", form, sec_fetch_site="cross-site")).status == 403
    assert (await browser.post("/forgot", form | {"t": "x"})).status == 403
    assert (await browser.post("/forgot", form | {"email": "x"})).status == 422
    told = {(await browser.post("/forgot", form | {"email": "bo@example.com"})).text}
    told |= {(await browser.post("/forgot", form)).text for _ in range(5)}
    assert len(told) == 1 and "/reset/" not in str(told)
    async with asyncio.timeout(PATIENCE):
        while len(inbox.mails) < 3:
            await asyncio.sleep(0.1)
    urls = {re.search(r"/reset/\w{49}", str(mail.get_body(["plain"])))[0] for mail in inbox.mails}
    assert {mail["To"] for mail in inbox.mails} == {"ann@example.com"} and len(urls) == 3
    assert (await browser.get(urls.pop())).status == 200
