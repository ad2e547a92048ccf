"""`make bench`: every hot path against its floor, interleaved, medians, in one table."""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.cast import Shop, open_shop
from tests.journeys.conftest import smpp_settings, start_smsc

from bench.against import HOT, compare
from bench.rig import Load, Rig, median, open_rig, wrk
from bench.volumes import bench_lists, bench_many
from tearoff.accounts import devices
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.sessions.minting import mint
from tearoff.hooks import endpoints

PARTS = ("send", "smpp", "page", "validate", "till", "hooks", "mint", "beside", "many", "lists")
PAIR = "| {:<34} | {:>9} | {:>9} | {:>5} | {:>9} | {:>9} | {:>6} |"


def show(name: str, ours: Load, floor: Load | None) -> None:
    print(
        PAIR.format(
            name,
            f"{ours.per_second:,.0f}",
            f"{floor.per_second:,.0f}" if floor else "",
            f"{ours.per_second / floor.per_second:.2f}" if floor else "",
            f"{ours.p50:.1f}",
            f"{ours.p99:.1f}",
            ours.errors,
        ),
        flush=True,
    )


def send_script(shop: Shop, path: str = "/v3/send/sms") -> str:
    """Every request to another number of the three blocks that documents may use."""
    start = random.randrange(10_000_000)
    return f"""
local n = {start}
local heads = {{["X-Client-Id"]="{shop.client_id}", ["X-Client-Secret"]="{shop.client_secret}",
  ["Content-Type"]="application/json"}}
local blocks = {{"+3247000", "+3360000", "+1201555"}}
request = function()
  n = n + 1
  local phone = blocks[n % 3 + 1] .. string.format("%04d", math.floor(n / 3) % 10000)
  return wrk.format("POST", "{path}", heads,
    '{{"campaign":"{shop.ref}","phone":"' .. phone .. '","body":"Your coffee ' .. n .. '"}}')
end
"""


def codes_script(
    codes: list[str], method: str, path: str, body: str, shop: Shop, till: str = ""
) -> str:
    """One request for each code; `@` stands for it. `till` is the secret of a paired device."""
    listed = ",".join(f'"{c}"' for c in codes)
    return f"""
local codes = {{{listed}}}
local n = 0
local heads = {{["X-Client-Id"]="{shop.client_id}", ["X-Client-Secret"]="{shop.client_secret}",
  ["Content-Type"]="application/json", ["Accept-Encoding"]="gzip", ["X-Till"]="1",
  ["Cookie"]="tearoff_till={till}"}}
request = function()
  n = n % #codes + 1
  local path = string.gsub("{path}", "@", codes[n])
  local body = string.gsub('{body}', "@", codes[n])
  return wrk.format("{method}", path, heads, body ~= "" and body or nil)
end
"""


async def bench_send(rig: Rig, rounds: int, seconds: int) -> None:
    shop = await open_shop(rig.services)
    ours, floor = [], []
    for _ in range(rounds):
        floor.append(wrk(rig, send_script(shop, "/floor/send"), seconds))
        ours.append(wrk(rig, send_script(shop), seconds))
    show("send (log provider)", median(ours), median(floor))


async def bench_send_smpp(rig: Rig, rounds: int, seconds: int) -> None:
    """The same through SMPP to the npm SMSC, which answers at once."""
    with start_smsc(rig.folder) as smsc:
        settings = smpp_settings(smsc, window="64", max_binds="4")
        shop = await open_shop(rig.services, kind="smpp", settings=settings)
        ours, floor = [], []
        for _ in range(rounds):
            floor.append(wrk(rig, send_script(shop, "/floor/send"), seconds))
            ours.append(wrk(rig, send_script(shop), seconds))
    show("send (SMPP)", median(ours), median(floor))


async def bench_page(rig: Rig, rounds: int, seconds: int) -> None:
    shop = await open_shop(rig.services)
    codes = await make_codes(rig, shop, 2_000)
    ours, floor = [], []
    for _ in range(rounds):
        path = f"/floor/page/{shop.code}/@"
        floor.append(wrk(rig, codes_script(codes, "GET", path, "", shop), seconds))
        path = f"/p/{shop.code}/@"
        ours.append(wrk(rig, codes_script(codes, "GET", path, "", shop), seconds))
    show("page", median(ours), median(floor))


async def bench_validate(rig: Rig, rounds: int, seconds: int) -> None:
    shop = await open_shop(rig.services)
    ours, floor = [], []
    for _ in range(rounds):
        codes = await make_codes(rig, shop, 4_000 * seconds)
        await rig.services.db.execute(
            "INSERT INTO floor_coupons (code) SELECT unnest($1::text[])", codes
        )
        body = '{"couponsession":"@"}'
        floor.append(wrk(rig, codes_script(codes, "POST", "/floor/validate", body, shop), seconds))
        body = '{"couponsession":"@","operation":"validated"}'
        path = "/v3/couponsession/update"
        ours.append(wrk(rig, codes_script(codes, "POST", path, body, shop), seconds))
    show("validate (API)", median(ours), median(floor))


async def bench_till(rig: Rig, rounds: int, seconds: int) -> None:
    """A scan at the counter, and taking the coupon in."""
    shop, db, now = await open_shop(rig.services), rig.services.db, datetime.now(UTC)
    pairing = await devices.make_pairing(db, shop.account, shop.location, now)
    _device, till = await devices.pair(db, pairing.token, name="Sam", pin="2468", now=now)
    for name in ("check", "redeem"):
        ours, floor = [], []
        for _ in range(rounds):
            codes = await make_codes(rig, shop, 4_000 * seconds)
            await db.execute("INSERT INTO floor_coupons (code) SELECT unnest($1::text[])", codes)
            body = '{"couponsession":"@"}'
            script = codes_script(codes, "POST", "/floor/validate", body, shop)
            floor.append(wrk(rig, script, seconds))
            body, path = f'{{"key":"{name}-@","code":"@"}}', f"/till/api/{name}"
            ours.append(wrk(rig, codes_script(codes, "POST", path, body, shop, till), seconds))
        show(f"till, {name}", median(ours), median(floor))


async def bench_hooks(rig: Rig, rounds: int, seconds: int) -> None:
    """Sending and taking in where a webhook wants all events, against the same without one. No
    worker runs, so this is what writing the events costs, not what delivering them does."""
    plain, told = await open_shop(rig.services), await open_shop(rig.services)
    async with rig.services.db.transaction() as db:
        await endpoints.create(
            db, rig.services.vault, told.account, url="http://127.0.0.1:9/", kinds=None,
            description="", now=datetime.now(UTC),
        )  # fmt: skip
    ours, floor = [], []
    for _ in range(rounds):
        floor.append(wrk(rig, send_script(plain), seconds))
        ours.append(wrk(rig, send_script(told), seconds))
    show("send, a webhook for everything", median(ours), median(floor))
    body, path = '{"couponsession":"@","operation":"validated"}', "/v3/couponsession/update"
    ours, floor = [], []
    for _ in range(rounds):
        for shop, loads in ((plain, floor), (told, ours)):
            codes = await make_codes(rig, shop, 4_000 * seconds)
            loads.append(wrk(rig, codes_script(codes, "POST", path, body, shop), seconds))
    show("validate, a webhook for everything", median(ours), median(floor))


async def make_codes(rig: Rig, shop: Shop, amount: int) -> list[str]:
    db = rig.services.db
    campaign = await campaigns.campaign(db, shop.account, shop.campaign)
    assert campaign is not None
    last = await db.fetchval("SELECT coalesce(max(id), 0) FROM sessions")
    async with db.transaction() as transaction:
        await mint(transaction, campaign, amount, datetime.now(UTC))
    rows = await db.fetch(
        "SELECT code FROM sessions WHERE campaign_id = $1 AND id > $2", campaign.id, last
    )
    return [row["code"] for row in rows]


async def bench_mint(rig: Rig, amount: int) -> None:
    """Minting against a bare COPY of the same rows into a table with the same indexes."""
    db = rig.services.db
    shop = await open_shop(rig.services)
    campaign = await campaigns.campaign(db, shop.account, shop.campaign)
    assert campaign is not None
    started = time.perf_counter()
    async with db.transaction() as transaction:
        await mint(transaction, campaign, amount, datetime.now(UTC))
    ours = time.perf_counter() - started
    rows = await db.fetch(
        "SELECT account_id, campaign_id, code, created_at FROM sessions WHERE campaign_id = $1",
        campaign.id,
    )
    async with db.connection() as connection:
        await connection.execute("CREATE TABLE floor_copy (LIKE sessions INCLUDING ALL)")
        started = time.perf_counter()
        await connection.copy_records_to_table(
            "floor_copy", records=[tuple(r) for r in rows],
            columns=["account_id", "campaign_id", "code", "created_at"],
        )  # fmt: skip
        floor = time.perf_counter() - started
        await connection.execute("DROP TABLE floor_copy")
    print(f"mint {amount:,}: {ours:.1f} s, bare COPY {floor:.1f} s, ratio {ours / floor:.2f}")


async def bench_send_beside(rig: Rig, amount: int, rounds: int, seconds: int) -> None:
    """The same send rate when the account already has many sessions."""
    small, large = await open_shop(rig.services), await open_shop(rig.services)
    campaign = await campaigns.campaign(rig.services.db, large.account, large.campaign)
    assert campaign is not None
    for done in range(0, amount, 500_000):
        async with rig.services.db.transaction() as db:
            await mint(db, campaign, min(500_000, amount - done), datetime.now(UTC))
    await rig.checkpoint()
    ours, base = [], []
    for _ in range(rounds):
        base.append(wrk(rig, send_script(small), seconds))
        ours.append(wrk(rig, send_script(large), seconds))
    show(f"send beside {amount:,} sessions", median(ours), median(base))


def idle_memory(rig: Rig) -> None:
    total = 0
    for status in Path("/proc").glob("[0-9]*/smaps_rollup"):
        try:
            command = (status.parent / "cmdline").read_bytes()
            if b"bench.app" in command or (b"postgres" in command and b"devpg" not in command):
                text = status.read_text()
                total += int(text.partition("Pss:")[2].split()[0])
        except (OSError, IndexError):
            continue
    print(f"idle memory, web processes and PostgreSQL, proportional: {total / 1024:.0f} MB")


async def run(options: argparse.Namespace) -> None:
    async with open_rig() as rig:
        await asyncio.sleep(2)
        idle_memory(rig)
        head = ("hot path", "ours/s", "floor/s", "ratio", "p50 ms", "p99 ms", "errors")
        print(PAIR.format(*head))
        print(PAIR.format("---", "---", "---", "---", "---", "---", "---"))
        wanted = options.only or list(PARTS)
        if "send" in wanted:
            await bench_send(rig, options.rounds, options.seconds)
        if "smpp" in wanted:
            await bench_send_smpp(rig, options.rounds, options.seconds)
        if "page" in wanted:
            await bench_page(rig, options.rounds, options.seconds)
        if "validate" in wanted:
            await bench_validate(rig, options.rounds, options.seconds)
        if "till" in wanted:
            await bench_till(rig, options.rounds, options.seconds)
        if "hooks" in wanted:
            await bench_hooks(rig, options.rounds, options.seconds)
        if "mint" in wanted:
            await bench_mint(rig, options.mint)
        if "beside" in wanted:
            await bench_send_beside(rig, options.beside, options.rounds, options.seconds)
        if "many" in wanted:
            await bench_many(rig, 100_000)
        if "lists" in wanted:
            await bench_lists(rig, options.listed)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--mint", type=int, default=1_000_000)
    parser.add_argument("--beside", type=int, default=5_000_000)
    parser.add_argument("--listed", type=int, default=5_000_000)
    parser.add_argument("--only", nargs="*", choices=PARTS)
    parser.add_argument("--against", metavar="COMMIT", help="compare the hot paths with a commit")
    if shutil.which("wrk") is None:
        sys.exit("The load generator wrk is missing (Debian: apt-get install wrk).")
    options = parser.parse_args()
    if options.against:
        compare(options.against, tuple(options.only or HOT), options.rounds, options.seconds)
    else:
        asyncio.run(run(options))


if __name__ == "__main__":
    main()
