"""`/v4/account/address`: whether the address in coupon links leads to this server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from tearoff.accounts import tallies
from tearoff.accounts.actions import read_link_host
from tearoff.accounts.rights import Right
from tearoff.accounts.tallies import Tally, TallyFull
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4.account import TAG
from tearoff.api.v4.operation import Operation
from tearoff.kit import address_check
from tearoff.kit.address_check import AddressStep, Way
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.db import Handle

MOST = 10
WINDOW = timedelta(minutes=5)


class CheckedOften(TooBusy):
    """The address was checked ten times within five minutes."""


class AddressCheck(msgspec.Struct, frozen=True):
    """`is_fine`: phones open coupons there. `steps` end at the first that failed."""

    address: str
    is_fine: bool
    steps: list[AddressStep]
    addresses: list[str]
    certificate_until: datetime | None


async def check_address(call: Call, db: Handle) -> AddressCheck:
    given = call.given.get("link_host")
    address = read_link_host(given) if given else call.link_host
    try:
        await tallies.count(db, call.account.id, [Tally("address-check", MOST, WINDOW)], call.now)
    except TallyFull:
        raise CheckedOften(after=WINDOW.total_seconds()) from None
    services = call.doors.services
    settings = services.settings
    way = Way(allowed_hosts=settings.allowed_hosts, allow_loopback=settings.allow_loopback)
    found = await address_check.check(address, services.vault, way)
    return AddressCheck(
        address, found.is_fine, found.steps, found.addresses, found.certificate_until
    )


CHECK = Operation(
    method="POST",
    path="/v4/account/address/check",
    tag=TAG,
    right=Right.SETTINGS,
    summary="Whether an address leads to this server: its name, a connection, the certificate,"
    " and who answers. Asked from the server, at most ten times in five minutes.",
    body=(
        f.text_field("link_host", p.text(255), "Scheme and host; left out, those in use.",
                     "https://coupons.example.com"),
    ),
    act=check_address,
    errors=(201, 300, 301, 302),
    answers={200: ("What each step met.", AddressCheck)},
    example=AddressCheck(
        "https://coupons.example.com", True, [AddressStep(name) for name in address_check.STEPS],
        ["203.0.113.7"], datetime(2027, 2, 1, tzinfo=UTC),
    ),
)  # fmt: skip

OPERATIONS = (CHECK,)
