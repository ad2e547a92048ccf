"""The benchmark works, and what it says again is what the paths say."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_asyncio
from bench import table
from bench.against import row
from bench.load import FICTION, heads_of_ask, heads_of_send
from bench.recorded import CannotReplay, Replay, keep, load, open_tape
from bench.table import Rate

from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.sessions.minting import mint
from tearoff.kit import clock, codes
from tests.cast import open_shop
from tests.logs import reset_logs

ROOT = Path(__file__).parents[1]

EARLIER = """
idle memory, web processes and PostgreSQL, proportional: 240 MB
| hot path                           |    ours/s |   floor/s | ratio |    p50 ms |    p99 ms | errors |
| ---                                |       --- |       --- |   --- |       --- |       --- |    --- |
| send (log provider)                |     1,250 |     3,100 |  0.40 |      25.1 |      50.2 |      0 |
| page                               |     2,700 |     5,900 |  0.46 |      11.0 |      20.0 |      {errors} |
"""  # noqa: E501


@pytest.fixture
def tape(settings):
    """Opened by the test, whose task must also close it."""
    yield open_tape(settings)
    reset_logs()


@pytest_asyncio.fixture
async def newcomer(services):
    """An account as people get it."""
    return await open_shop(services, unlimited=False)


async def rows(services, shop):
    """How many rows the account has, by table."""
    tables = ("sessions", "messages", "tallies", "session_events")
    return [
        await services.db.fetchval(
            f"SELECT count(*) FROM {table} WHERE account_id = $1", shop.account
        )
        for table in tables
    ]


async def test_a_send_said_again_writes_what_a_send_writes(services, tape, newcomer, tmp_path):
    async def send(http, n):
        phone, body = FICTION.phone(n), f"Your coffee {n + 100}"
        asked = {"campaign": newcomer.ref, "phone": phone, "body": body}
        answer = await http.post("/v3/send/sms", json=asked, headers=heads_of_send(newcomer))
        code = answer.raise_for_status().json()["single_use_code"]
        return {"phone": phone, "block": phone[:-4], "body": body, "code": code}

    async with tape as recorder:
        keep(tmp_path, "send", await recorder.record(send))
        before = await rows(services, newcomer)
        await send(recorder.http, 50)
        after = await rows(services, newcomer)
    written = [b - a for a, b in zip(before, after, strict=True)]
    assert written == [1, 1, 3, 0]
    code = codes.session_code()
    replay = load(tmp_path, "send")
    await replay.say(
        services.db,
        {"phone": "+19075550149", "block": "+1907555", "body": "Your tea", "code": code},
    )
    assert [b - a for a, b in zip(after, await rows(services, newcomer), strict=True)] == written
    assert len(replay.queries) == 2
    sent = await services.db.fetchrow(
        "SELECT m.recipient, m.text, m.state FROM messages m JOIN sessions s ON s.id = m.about"
        " WHERE s.code = $1",
        code,
    )
    assert sent["text"].startswith("Your tea http")
    assert sent["text"].endswith(code)
    assert (sent["recipient"], sent["state"]) == ("+19075550149", "accepted")


async def test_a_use_said_again_takes_the_coupon_in(services, tape, newcomer):
    campaign = await campaigns.campaign(services.db, newcomer.account, newcomer.campaign)
    async with services.db.transaction() as db:
        await mint(db, campaign, 20, clock.now())
    found = await services.db.fetch(
        "SELECT code FROM sessions WHERE campaign_id = $1", newcomer.campaign
    )
    fresh = [record["code"] for record in found]

    async def validate(http, n):
        asked = {"couponsession": fresh[n], "operation": "validated"}
        path, heads = "/v3/couponsession/update", heads_of_ask(newcomer)
        (await http.post(path, json=asked, headers=heads)).raise_for_status()
        return {"code": fresh[n]}

    async def page(http, n):
        path, heads = f"/p/{newcomer.code}/{fresh[n]}", heads_of_ask(newcomer)
        (await http.get(path, headers=heads)).raise_for_status()
        return {"code": fresh[n]}

    async with tape as recorder:
        using = Replay(await recorder.record(validate))
        showing = Replay(await recorder.record(page))
    key = {"code": fresh[19]}
    assert len(showing.queries) == 1
    assert len(await showing.say(services.db, key)) == 1
    before = await rows(services, newcomer)
    await using.say(services.db, key)
    after = await rows(services, newcomer)
    assert [b - a for a, b in zip(before, after, strict=True)] == [0, 0, 0, 3]
    with pytest.raises(CannotReplay, match="came to nothing"):  # it was used once
        await using.say(services.db, key)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
@pytest.mark.soak
async def test_a_table_shows_every_path_beside_its_floors():
    command = [sys.executable, "-m", "bench", "--rounds", "1", "--seconds", "1",
               "--workers", "1", "--only", "send"]  # fmt: skip
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rates = table.read(done.stdout)
    assert list(rates) == ["send (log provider)"]
    assert all(rate.per_second > 0 and rate.processors > 0 for rate in rates.values())
    assert done.stdout.count("· the same statements, bare") == 1
    assert done.stdout.count("· bare") == 1


def test_the_table_of_an_earlier_version_is_read():
    assert table.read(EARLIER.format(errors=0)) == {
        "send (log provider)": Rate(1250, 0),
        "page": Rate(2700, 0),
    }
    with pytest.raises(ValueError, match="page: 7 answers"):
        table.read(EARLIER.format(errors=7))


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        ([Rate(1100, 1.2), Rate(1200, 1.4)], [Rate(1000, 0), Rate(1000, 0)], "+15%"),
        ([Rate(900, 1.2), Rate(1100, 1.4)], [Rate(1000, 1), Rate(1000, 1)], "none"),
        ([Rate(900, 1.2), Rate(1100, 1.4)], [Rate(1000, 1)], "new"),
    ],
)
def test_a_difference_counts_when_every_turn_shows_it(now, before, told):
    assert told in row("send", now, before)
