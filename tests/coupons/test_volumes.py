"""Volumes: a million own codes, a million sessions in a list, the longest list of opt-outs.
Left to `make soak`."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.pools import pools
from tearoff.coupons.sessions import lists
from tearoff.coupons.sessions.minting import mint
from tearoff.hooks import endpoints
from tearoff.kit import clock
from tearoff.kit.tables.models import Asked
from tearoff.kit.tables.reading import opened
from tearoff.people import optout_lists
from tests.cast import open_shop

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
MILLION = 1_000_000


def write_codes(path, end):
    with path.open("w") as file:
        file.write("Gutscheincode;Wert\n")
        file.writelines(f"V-{i:07d};5,00\n" for i in range(end))
        file.write("V-0000007;5,00\n")
    return path


MEASURED = """
import atexit, re, sys
from pathlib import Path
from tearoff.cli.main import main

def tell():
    status = Path("/proc/self/status").read_text()
    print(re.search(r"VmHWM:\\s+([0-9]+)", status)[1], file=sys.stderr)

atexit.register(tell)
main(sys.argv[1:])
"""
"""A command, and the most memory that its process ever had, in KB."""


def import_file(settings, shop, path):
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("TEAROFF_")},
        "TEAROFF_DATABASE_URL": settings.database_url, "TEAROFF_SECRET_KEY": settings.secret_key,
        "TEAROFF_DATA": str(settings.data),
    }  # fmt: skip
    words = ["campaign", "import-codes", "--account", str(shop.account), "--campaign", shop.ref,
             str(path), "--json"]  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", MEASURED, *words],
        env=env, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


async def test_a_million_own_codes(services, settings, tmp_path):
    shop = await open_shop(services)
    one = import_file(settings, shop, write_codes(tmp_path / "one.csv", 1))
    many = import_file(settings, shop, write_codes(tmp_path / "many.csv", MILLION))
    assert many.returncode == 1
    assert "At most 1,000,000" in many.stderr
    all_of_them = import_file(settings, shop, write_codes(tmp_path / "all.csv", MILLION - 1))
    assert all_of_them.returncode == 0, all_of_them.stderr
    done = json.loads(all_of_them.stdout)
    assert (done["imported"], done["left_out"], done["rows"]) == (MILLION - 3, 3, MILLION)
    assert [x["why"] for x in done["lines"]] == [
        "already imported", "already imported", "twice in this list",
    ]  # fmt: skip
    # A lot of 20,000 as it is read, checked and sent, and nothing that grows with the list.
    least, most = (int(run.stderr.split()[-1]) for run in (one, all_of_them))
    assert most - least < 60_000, (least, most)
    print(f"peak {most // 1000} MB; for one code {least // 1000} MB")
    async with services.db.transaction() as db:
        campaign = await campaigns.campaign(db, shop.account, shop.campaign)
        await mint(db, campaign, 100_000, datetime.now(UTC))
    assert await pools.left(services.db, shop.campaign) == MILLION - 100_001
    taken = await services.db.fetchval(
        "SELECT count(DISTINCT validation_code) FROM sessions WHERE campaign_id = $1",
        shop.campaign,
    )
    assert taken == 100_000


async def test_any_page_of_a_million(services):
    shop = await open_shop(services)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    for lot in range(10):
        async with services.db.transaction() as db:
            campaign = await campaigns.campaign(db, shop.account, shop.campaign)
            await mint(db, campaign, MILLION // 10, begin + timedelta(days=lot))
    async with services.db.transaction() as db:
        assert await lists.set_anchors(db, shop.campaign, datetime.now(UTC)) == 200
    seen = set()
    for number in (1, 2, 4_999, 5_000, 5_001, 9_999, 10_000):
        page = await lists.page(services.db, shop.campaign, "created", number)
        assert (page.total, len(page.sessions)) == (MILLION, 100)
        assert page.sessions[0].created_at == begin + timedelta(days=(number - 1) // 1_000)
        seen |= {session.id for session in page.sessions}
    assert len(seen) == 700
    assert (await lists.page(services.db, shop.campaign, "created", 10_001)).sessions == []


async def test_the_longest_list_of_opt_outs_and_a_webhook(services, tmp_path):
    shop = await open_shop(services)
    kinds = ("contact_opted_out",)
    async with services.db.transaction() as db:
        await endpoints.create(
            db, services.vault, shop.account, url="https://example.com/", kinds=kinds,
            description="", now=clock.now(),
        )  # fmt: skip
    file = tmp_path / "optouts.csv"
    file.write_text("phone\n" + "".join(f"+3247{i:07d}\n" for i in range(100_000)))
    for added in (100_000, 0):
        async with opened(file, optout_lists.COLUMN, Asked(numeric=True)) as table:
            done = await optout_lists.import_list(
                services.db, shop.account, table, country="BE", reason="", now=clock.now()
            )
        assert (done.added, done.already, done.bad) == (added, 100_000 - added, 0)
    told = await services.db.fetchrow(
        "SELECT count(*), count(DISTINCT e.thread), count(*) FILTER (WHERE d.thread = e.thread)"
        " FROM hook_events e JOIN hook_deliveries d ON d.event_id = e.id WHERE e.account_id = $1",
        shop.account,
    )
    assert tuple(told) == (100_000, 100_000, 100_000)
    in_order = await services.db.fetchval(
        "SELECT array_agg(thread ORDER BY id) = array_agg(thread ORDER BY thread)"
        " FROM hook_events WHERE account_id = $1",
        shop.account,
    )
    assert in_order, "their sequences rise as they stand in the list"
