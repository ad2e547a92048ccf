"""How many calls a key may make, and what wrong credentials cost."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio

from tearoff.accounts.wrong_credentials import Source
from tests.api.caller import Caller
from tests.cast import Shop, open_shop
from tests.running import start_server


async def limited(http, url, services, rate, size):
    shop = await open_shop(services, account={"calls_per_second": rate, "calls_at_once": size})
    return Caller(http, url, shop)


async def test_the_quota_is_told(http, server, services):
    caller = await limited(http, server.url, services, 1, 5)
    answers = []
    while len(answers) < 30 and (not answers or answers[-1].status == 200):
        answers.append(await caller.post("/v3/coupon/list"))
    # One a second comes back while they run.
    assert len(answers) >= 6
    assert [a.status for a in answers] == [200] * (len(answers) - 1) + [429]
    left = [int(a.headers["RateLimit-Remaining"]) for a in answers]
    assert left[0] in (4, 5)
    assert left[-1] == 0
    assert all(a.headers["RateLimit-Limit"] == "5" for a in answers)
    refused = answers[-1]
    assert refused.codes == [429]
    assert refused.texts == ["Too many calls."]
    assert refused.headers["Retry-After"] == "1"
    assert 4 <= int(refused.headers["RateLimit-Reset"]) <= 5
    await asyncio.sleep(1.2)
    assert (await caller.post("/v3/coupon/list")).status == 200


async def test_an_answer_that_is_an_error_tells_the_quota_too(caller):
    answer = await caller.post("/v3/coupon/info", {"campaign": "x"})
    assert answer.status == 422
    assert "RateLimit-Remaining" in answer.headers


async def test_the_limit_holds_over_processes(http, server, strict, services):
    one = await limited(http, server.url, services, 1, 40)
    two = Caller(http, strict.url, one.shop)
    started = time.monotonic()
    answers = await asyncio.gather(*((one, two)[i % 2].post("/v3/coupon/list") for i in range(120)))
    statuses = Counter(a.status for a in answers)
    # One a second comes back while they run; lots of two may be given up.
    assert 36 <= statuses[200] <= 41 + time.monotonic() - started
    assert statuses[200] + statuses[429] == 120


async def test_without_a_limit_there_is_no_header(http, server, services):
    shop = await open_shop(services, account={"calls_per_second": None})
    answer = await Caller(http, server.url, shop).post("/v3/coupon/list")
    assert answer.status == 200
    assert "RateLimit-Limit" not in answer.headers


@dataclass
class Knocked:
    """What wrong secrets of many keys came to."""

    shops: list[Shop]
    statuses: Counter[int]
    told: str


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def knocked(http, services, settings, tmp_path_factory):
    """A server with the limits that operators get, where as the very first somebody has knocked
    with many keys: of each event it writes thirty lines at once, and is then silent for a while."""
    with start_server(
        settings, tmp_path_factory.mktemp("strict"), with_worker=False,
        TEAROFF_WRONG_CREDENTIALS="25", TEAROFF_TRUSTED_PROXIES="127.0.0.1",
    ) as running:  # fmt: skip
        shops = [await open_shop(services) for _ in range(7)]
        statuses = Counter()
        for i in range(30):
            statuses[(await knock(http, running, shops[i % 7], f"not-it-{i}", "10.2.0.1"))[0]] += 1
        yield running, Knocked(shops, statuses, running.log.read_text())


@pytest.fixture
def strict(knocked):
    return knocked[0]


async def knock(http, server, shop, secret, address):
    headers = {
        "X-Client-Id": shop.client_id, "X-Client-Secret": secret, "X-Forwarded-For": address,
    }  # fmt: skip
    async with http.post(f"{server.url}/v3/coupon/list", headers=headers) as answer:
        return answer.status, answer.headers.get("Retry-After")


async def test_wrong_secrets_of_a_pair_are_refused_and_right_ones_never(http, strict, services):
    shop, neighbour = await open_shop(services), await open_shop(services)
    statuses = [(await knock(http, strict, shop, f"wrong{i}", "10.1.0.1"))[0] for i in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    status, after = await knock(http, strict, shop, "wrong", "10.1.0.1")
    assert status == 429
    assert 200 < int(after) <= 300
    for known in (shop, neighbour):
        assert (await knock(http, strict, known, known.client_secret, "10.1.0.1"))[0] == 200
    assert (await knock(http, strict, shop, "wrong", "10.1.0.2"))[0] == 401


async def test_wrong_secrets_of_many_keys_do_not_stop_who_shares_the_address(
    http, knocked, services
):
    strict, came = knocked
    stranger = await open_shop(services)
    assert came.statuses == {401: 25, 429: 5}
    assert (await knock(http, strict, stranger, stranger.client_secret, "10.2.0.1"))[0] == 200
    assert (await knock(http, strict, stranger, "wrong", "10.2.0.1"))[0] == 429
    first, told = came.shops[0], came.told
    assert f'"account": {first.account}, "client_id": "{first.client_id}"' in told
    assert '"address": "10.2.0.1", "event": "credentials.slowed"' in told
    # Who knocks in a loop does not fill the disk, and no secret is written.
    assert told.count('"event": "credentials.wrong"') < 60
    assert "not-it-" not in strict.log.read_text()


async def test_a_machine_with_many_addresses_is_one(http, strict, services):
    shop = await open_shop(services)
    statuses = [
        (await knock(http, strict, shop, f"wrong{i}", f"2001:db8:7:1::{i}"))[0] for i in range(12)
    ]
    assert statuses == [401] * 10 + [429] * 2
    right = shop.client_secret
    assert (await knock(http, strict, shop, "wrong", "2001:db8:7:1::99"))[0] == 429
    assert (await knock(http, strict, shop, right, "2001:db8:7:1::99"))[0] == 200
    assert (await knock(http, strict, shop, "wrong", "2001:db8:7:2::1"))[0] == 401


async def test_the_wait_is_what_is_left_of_it(http, strict, services):
    """Also where another process counted."""
    shop = await open_shop(services)
    for i in range(10):
        await knock(http, strict, shop, f"wrong{i}", "10.8.0.1")
    scope = Source("10.8.0.1", shop.client_id).pair
    await services.db.execute(
        "UPDATE tallies SET until = now() + interval '100 seconds' WHERE scope = $1", scope
    )
    status, after = await knock(http, strict, shop, "wrong", "10.8.0.1")
    assert status == 429
    assert 80 < int(after) <= 100


async def test_calls_without_credentials_are_not_counted(strict, services):
    shop = await open_shop(services)
    async with aiohttp.ClientSession(headers={"X-Forwarded-For": "10.3.0.1"}) as http:
        for _ in range(40):
            async with http.post(f"{strict.url}/v3/coupon/list") as answer:
                assert answer.status == 401
        assert (await knock(http, strict, shop, shop.client_secret, "10.3.0.1"))[0] == 200


async def test_a_burst_spends_what_it_uses(http, server, services):
    caller = await limited(http, server.url, services, 100, 1000)
    answers = await asyncio.gather(*(caller.post("/v3/category/list") for _ in range(300)))
    assert Counter(a.status for a in answers) == {200: 300}
    left = await services.db.fetchval(
        "SELECT tokens FROM call_buckets WHERE client_id = $1", caller.shop.client_id
    )
    # A lot is ten; what came back meanwhile can only be more.
    assert left >= 1000 - 300 - 20


async def knock_twice(http, server, first, second, address):
    """Two pairs in one call: in headers and in the body."""
    headers = {
        "X-Client-Id": first[0], "X-Client-Secret": first[1], "X-Forwarded-For": address,
    }  # fmt: skip
    body = {"client_id": second[0], "client_secret": second[1]}
    async with http.post(f"{server.url}/v3/category/list", headers=headers, json=body) as answer:
        return answer.status


async def test_a_decoy_in_front_does_not_hide_guesses(http, strict, services):
    shop = await open_shop(services)
    for i in range(12):
        guess = (shop.client_id, f"wrong{i}")
        await knock_twice(http, strict, (f"{i:031d}", "x"), guess, "10.4.0.1")
    assert (await knock(http, strict, shop, "wrong", "10.4.0.1"))[0] == 429


async def test_a_right_pair_beside_does_not_hide_guesses(http, strict, services):
    shop, own = await open_shop(services), await open_shop(services)
    right = (own.client_id, own.client_secret)
    for i in range(12):
        guess = (shop.client_id, f"wrong{i}")
        await knock_twice(http, strict, guess, right, "10.5.0.1")
    assert (await knock(http, strict, shop, "wrong", "10.5.0.1"))[0] == 429
    # What stands beside a right pair does not make it fail.
    assert await knock_twice(http, strict, (shop.client_id, "wrong"), right, "10.5.0.1") == 200


async def test_a_block_holds_in_every_process(http, strict, server, services):
    """The common server believes no proxy: to both it is the caller's own address."""
    shop = await open_shop(services)
    for i in range(11):
        await knock(http, strict, shop, f"wrong{i}", "127.0.0.1")
    assert (await knock(http, server, shop, "wrong", "127.0.0.1"))[0] == 429
    assert (await knock(http, server, shop, shop.client_secret, "127.0.0.1"))[0] == 200
