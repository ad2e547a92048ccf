"""The hot paths, each beside its floors: in turns, medians, in one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from math import ceil

import httpx
from tests.cast import Shop, open_shop
from tests.journeys.conftest import smpp_settings, start_smsc

from bench import load, table
from bench.load import asks, median, sends, wrk
from bench.recorded import TRIES, Call, Keys, keep, open_tape
from bench.rig import Rig
from tearoff.accounts import devices
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.sessions.minting import mint, read_batch
from tearoff.hooks import endpoints

SAME, BARE = "the same statements, bare", "bare"
UPDATE = "/v3/couponsession/update"

_ACCOUNTS = 8
"""A new account may make 500 calls a second; so many take more than this machine has."""
_A_SECOND = 4_000
"""Keys for each second: more than are used up."""

Script = Callable[[], Awaitable[str]]
"""A script for wrk, with keys that were never used where that matters."""


async def show(rig: Rig, name: str, ours: Script, floors: Mapping[str, Script]) -> None:
    ways = {name: ours, **floors}
    if rig.as_before:  # it would warm up the path itself
        ways.pop(SAME, None)
    loads: dict[str, list[load.Load]] = {way: [] for way in ways}
    for way in () if rig.as_before else ways:  # plans and templates are made once
        wrk(rig, await ways[way](), seconds=1)
    for _ in range(rig.rounds):
        for way in reversed(ways):
            loads[way].append(wrk(rig, await ways[way]()))
    medians = {way: median(some) for way, some in loads.items()}
    table.show(name, medians.pop(name), medians)


async def open_shops(
    rig: Rig, kind: str = "log", settings: dict[str, str] | None = None
) -> list[Shop]:
    """So many accounts, as new ones are, that none of their limits is reached."""
    if rig.as_before:
        return [await open_shop(rig.services, kind=kind, settings=settings)]
    sent = 2 * (rig.rounds + 2) * rig.seconds * _A_SECOND
    return [
        await open_shop(rig.services, kind=kind, settings=settings, unlimited=False)
        for _ in range(max(_ACCOUNTS, ceil(sent / len(load.FICTION))))
    ]


# sending -----------------------------------------------------------------------------------


class Sending:
    """Sends of some accounts, each to another number."""

    def __init__(self, rig: Rig, shops: Sequence[Shop]) -> None:
        self._rig, self._shops = rig, shops
        self._numbers = load.UNLIMITED if rig.as_before else load.FICTION
        self._next = 0

    def script(self, path: str = "/v3/send/sms", body: str = "") -> Script:
        body = body or '{"campaign":"@ref","phone":"@phone","body":"Your coffee @n"}'

        async def make() -> str:
            first = self._take(self._rig.seconds * _A_SECOND)
            return sends(self._shops, self._numbers, first, path, body)

        return make

    def call(self, shop: Shop) -> Call:
        """The same, once, to be recorded."""
        first = self._take(TRIES * len(self._shops)) // len(self._shops)

        async def call(http: httpx.AsyncClient, n: int) -> Keys:
            phone, body = self._numbers.phone(first + n), f"Your coffee {'abcdefgh'[n]}"
            asked = {"campaign": shop.ref, "phone": phone, "body": body}
            answer = await http.post("/v3/send/sms", json=asked, headers=load.heads_of_send(shop))
            code = answer.raise_for_status().json()["single_use_code"]
            return {"phone": phone, "block": phone[:-4], "body": body, "code": code}

        return call

    def _take(self, amount: int) -> int:
        """The first of so many numbers, the first account's turn."""
        first = self._next
        self._next += ceil(amount / len(self._shops)) * len(self._shops)
        return first


async def bench_send(rig: Rig) -> None:
    await _bench_send(rig, "send (log provider)", await open_shops(rig))


async def bench_send_smpp(rig: Rig) -> None:
    """The same through SMPP to the npm SMSC, which answers at once."""
    with start_smsc(rig.folder) as smsc:
        settings = smpp_settings(smsc, window="64", max_binds="1")
        await _bench_send(rig, "send (SMPP)", await open_shops(rig, "smpp", settings))


async def _bench_send(rig: Rig, name: str, shops: Sequence[Shop]) -> None:
    sending = Sending(rig, shops)
    await _record(rig, "send", [sending.call(shop) for shop in shops])
    same = '{"phone":"@phone","block":"@block","body":"Your coffee @n"}'
    await show(
        rig, name, sending.script(),
        {SAME: sending.script("/same/send/#", same), BARE: sending.script("/floor/send")},
    )  # fmt: skip


async def _record(rig: Rig, name: str, calls: Sequence[Call]) -> None:
    """One for each account."""
    if rig.as_before:
        return
    async with open_tape(rig.services.settings) as tape:
        for i, call in enumerate(calls):
            keep(rig.recordings, f"{name}-{i}", await tape.record(call))


# showing and taking in ---------------------------------------------------------------------


async def bench_page(rig: Rig) -> None:
    shop = (await open_shops(rig))[0]
    codes = await make_codes(rig, [shop], 2_000)

    async def call(http: httpx.AsyncClient, n: int) -> Keys:
        path = f"/p/{shop.code}/{codes[n]}"
        (await http.get(path, headers=load.heads_of_ask(shop))).raise_for_status()
        return {"code": codes[n]}

    def script(path: str) -> Script:
        async def make() -> str:
            return asks([shop], codes, "GET", path, "")

        return make

    await _record(rig, "page", [call])
    await show(
        rig, "page", script(f"/p/{shop.code}/@"),
        {SAME: script("/same/page/#/@"), BARE: script(f"/floor/page/{shop.code}/@")},
    )  # fmt: skip


class TakingIn:
    """Calls about coupons of some accounts, each about another one."""

    def __init__(self, rig: Rig, shops: Sequence[Shop], till: str = "") -> None:
        self._rig, self._shops, self._till = rig, shops, till

    def script(self, path: str, body: str) -> Script:
        """`@` stands for the code."""

        async def make() -> str:
            codes = await make_codes(self._rig, self._shops, self._rig.seconds * _A_SECOND)
            if path.startswith("/floor/"):
                await self._rig.services.db.execute(
                    "INSERT INTO floor_coupons (code) SELECT unnest($1::text[])", codes
                )
            return asks(self._shops, codes, "POST", path, body, self._till)

        return make

    async def record(self, name: str, path: str, body: str) -> None:
        await _record(self._rig, name, [await self._call(s, path, body) for s in self._shops])

    async def _call(self, shop: Shop, path: str, body: str) -> Call:
        codes = await make_codes(self._rig, [shop], TRIES)

        async def call(http: httpx.AsyncClient, n: int) -> Keys:
            asked, heads = body.replace("@", codes[n]), load.heads_of_ask(shop, self._till)
            (await http.post(path, content=asked, headers=heads)).raise_for_status()
            return {"code": codes[n]}

        return call


async def bench_validate(rig: Rig) -> None:
    taking_in = TakingIn(rig, await open_shops(rig))
    body = '{"couponsession":"@","operation":"validated"}'
    await _bench_taking_in(rig, taking_in, "validate (API)", "validate", UPDATE, body)


async def bench_till(rig: Rig) -> None:
    """A scan at the counter, and taking the coupon in."""
    shop, db, now = (await open_shops(rig))[0], rig.services.db, datetime.now(UTC)
    pairing = await devices.make_pairing(db, shop.account, shop.location, now)
    _device, till = await devices.pair(db, pairing.token, name="Sam", pin="2468", now=now)
    taking_in = TakingIn(rig, [shop], till)
    for name in ("check", "redeem"):
        body, path = f'{{"key":"{name}-@","code":"@"}}', f"/till/api/{name}"
        await _bench_taking_in(rig, taking_in, f"till, {name}", name, path, body)


async def _bench_taking_in(
    rig: Rig, taking_in: TakingIn, told: str, name: str, path: str, body: str
) -> None:
    await taking_in.record(name, path, body)
    await show(
        rig, told, taking_in.script(path, body),
        {SAME: taking_in.script(f"/same/{name}/#", '{"code":"@"}'),
         BARE: taking_in.script("/floor/validate", '{"couponsession":"@"}')},
    )  # fmt: skip


async def make_codes(rig: Rig, shops: Sequence[Shop], amount: int) -> list[str]:
    """Coupons of these accounts, in turns."""
    some = [await _mint(rig, shop, ceil(amount / len(shops))) for shop in shops]
    return list(chain.from_iterable(zip(*some, strict=True)))


async def _mint(rig: Rig, shop: Shop, amount: int) -> list[str]:
    db = rig.services.db
    campaign = await campaigns.campaign(db, shop.account, shop.campaign)
    assert campaign is not None
    async with db.transaction() as transaction:
        batch = await mint(transaction, campaign, amount, datetime.now(UTC))
    # These alone: what callers of the round before had under way makes coupons still.
    return [made.code async for lot in read_batch(db, batch) for made in lot]


# announcing --------------------------------------------------------------------------------


async def bench_hooks(rig: Rig) -> None:
    """Sending and taking in where a webhook wants all events, against the same without one. No
    worker runs, so this is what writing the events costs, not what delivering them does."""
    plain, told = await open_shops(rig), await open_shops(rig)
    for shop in told:
        async with rig.services.db.transaction() as db:
            await endpoints.create(
                db, rig.services.vault, shop.account, url="http://127.0.0.1:9/", kinds=None,
                description="", now=datetime.now(UTC),
            )  # fmt: skip
    await show(
        rig, "send, a webhook for everything", Sending(rig, told).script(),
        {"without a webhook": Sending(rig, plain).script()},
    )  # fmt: skip
    body = '{"couponsession":"@","operation":"validated"}'
    await show(
        rig, "validate, a webhook for everything", TakingIn(rig, told).script(UPDATE, body),
        {"without a webhook": TakingIn(rig, plain).script(UPDATE, body)},
    )  # fmt: skip
