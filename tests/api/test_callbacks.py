"""The address at which a service reports back is a secret: it is kept nowhere in the clear."""

import asyncio
import base64
import json

import pytest_asyncio
from yarl import URL

from tearoff.api.callbacks import REPLIES_AT_ONCE
from tearoff.kit import clock
from tearoff.messages import callbacks
from tearoff.people import optouts
from tests.api.caller import Caller
from tests.cast import open_shop
from tests.running import PATIENCE

SERVICE = {
    "url": "http://127.0.0.1:9/send",
    "body": '{"to": "{to}", "text": "{text}"}',
    "reply_from_path": "from",
    "reply_text_path": "words",
}


@pytest_asyncio.fixture
async def caller(http, server, services):
    """With a service that signs nothing: its address is all that it proves itself by."""
    return Caller(http, server.url, await open_shop(services, kind="http", settings=SERVICE))


async def report(caller, token, body=b"{}", query="", **headers):
    url = URL(f"{caller.url}/callbacks/http/{token}{query}", encoded=True)
    async with caller.http.post(url, data=body, headers=headers) as answer:
        return answer.status


async def kept(services, shop):
    """All that stands in the tables of connections and reports, with what bytes hold."""
    rows = await services.db.fetch(
        "SELECT c::text FROM connections c WHERE account_id = $1"
        " UNION ALL SELECT convert_from(raw, 'UTF8') FROM arrivals WHERE account_id = $1",
        shop.account,
    )
    text = "\n".join(row[0] for row in rows)
    bodies = [word for word in text.split('"') if len(word) % 4 == 0]
    return text + "".join(_opened(word) for word in bodies)


def _opened(word):
    try:
        return base64.b64decode(word, validate=True).decode("utf-8", "replace")
    except ValueError:
        return ""


async def test_a_token_is_found_and_never_kept(caller, services):
    shop = caller.shop
    echo = {"Referer": f"https://coupons.example.com/callbacks/http/{shop.token}"}
    body = b'{"callback": "%s"}' % shop.token.encode()
    assert await report(caller, shop.token, body, f"?m=1&to={shop.token}", **echo) == 200
    encoded = "%" + shop.token.encode()[:1].hex() + shop.token[1:]
    assert await report(caller, encoded, b"encoded") == 200
    everything = await kept(services, shop)
    assert '"callback": "-"' in everything and "/callbacks/http/-?m=1&to=-" in everything
    assert shop.token not in everything and shop.token[1:] not in everything
    hashed = callbacks.hash_token(shop.token)
    for wrong in (hashed.hex(), shop.token + "x", shop.token[:-1], "None"):
        assert await report(caller, wrong) == 404, wrong


async def test_a_token_of_an_older_version_goes_on_working(caller, services):
    shop, db = caller.shop, services.db
    await db.execute(
        "UPDATE connections SET callback_token = $2, callback_sha256 = NULL,"
        " callback_sealed = NULL WHERE account_id = $1",
        shop.account,
        shop.token,
    )
    assert await report(caller, shop.token, b"before") == 200
    assert await callbacks.seal_clear_tokens(db, services.vault, clock.now()) >= 1
    assert await report(caller, shop.token, b"after") == 200
    assert shop.token not in await kept(services, shop)


async def test_nothing_goes_out_after_a_stop_was_acknowledged(caller):
    """Not even in the same moment, and whatever else the worker has to do."""
    for end in range(20):
        phone = f"+324700019{end:02}"
        body = json.dumps({"from": phone, "words": "STOP"}).encode()
        assert await report(caller, caller.shop.token, body) == 200
        answer = await caller.send(phone)
        assert (answer.status, answer.codes) == (422, [605]), answer.text


async def test_many_stops_in_one_report_are_all_heard(caller, services):
    """More than are taken in at once: the worker has them."""
    phones = [f"+3360000{end:04}" for end in range(REPLIES_AT_ONCE + 50)]
    body = json.dumps([{"from": phone, "words": "STOP"} for phone in phones]).encode()
    assert await report(caller, caller.shop.token, body) == 200
    async with asyncio.timeout(PATIENCE):
        while not await optouts.is_opted_out(services.db, caller.shop.account, phones[-1]):
            await asyncio.sleep(0.1)
    count = "SELECT count(*) FROM opt_outs WHERE account_id = $1"
    assert await services.db.fetchval(count, caller.shop.account) == len(phones)


async def test_reports_of_the_same_people_in_any_order(caller, services):
    """None is refused because it waits for another in a ring."""
    phones = [f"+3360000{end:04}" for end in range(20)]
    bodies = [
        json.dumps([{"from": p, "words": f"STOP {n}"} for p in turned]).encode()
        for n in range(10) for turned in (phones, phones[::-1])
    ]  # fmt: skip
    told = await asyncio.gather(*(report(caller, caller.shop.token, body) for body in bodies))
    assert told == [200] * 20
