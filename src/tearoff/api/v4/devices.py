"""The staff's devices at a location: pairing them, throwing them out, and what they scanned."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO

import msgspec
import segno

from tearoff.accounts import devices, locations, pairings
from tearoff.accounts.devices import PAIRING_LIVES
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4.locations import LOCATION_ID, TAG
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.shapes import AT
from tearoff.coupons.counter import scan_lists
from tearoff.kit.db import Handle


class Pairing(msgspec.Struct, frozen=True):
    """A link that pairs one device with the location, once, within 15 minutes. `qr` is the
    link as an SVG picture. By its `id` it can be withdrawn as long as nobody has used it."""

    id: int
    url: str
    qr: str
    expires_at: datetime


class OpenPairing(msgspec.Struct, frozen=True):
    """A link that waits for a device; the link itself is never shown again. `device`: the one that
    it pairs anew."""

    id: int
    device: int | None
    expires_at: datetime


class Device(msgspec.Struct, frozen=True):
    """A phone or a till of the staff. It is forgotten at `expires_at`, 30 days after its PIN was
    typed last."""

    id: int
    location: int
    name: str
    created_at: datetime
    last_seen_at: datetime | None
    expires_at: datetime


class Scan(msgspec.Struct, frozen=True):
    """A code that was looked at. `verdict`: good (it could be used), used, undone, no (and why:
    `reason`) or wait; `detail`: which, where a reason has several: the limit, the campaign's state
    or locked, the places that would be right; `code`: what tells it apart: the first six
    characters of a link or of a session's code, short codes and a shop's own up to forty;
    `session`: the coupon's, when one was found. `was_offline`: it was kept on the device and
    checked later; `asked`: people asked to take it in. `scanned_at` is when the device read it, by
    the server's clock, `at` when the server heard of it."""

    id: int
    device: int
    code: str
    session: str | None
    verdict: str
    reason: str
    was_offline: bool
    scanned_at: datetime
    at: datetime
    undone_at: datetime | None
    detail: str
    asked: bool


async def create_pairing(call: Call, db: Handle) -> Pairing:
    device = call.given.get("device")
    made = await devices.make_pairing(db, call.account.id, call.given["id"], call.now, device)
    url = pairing_url(call.doors.services.settings.link_host, made.token)
    return Pairing(made.id, url, _drawn(url), made.expires_at)


async def list_pairings(call: Call, db: Handle) -> Page[OpenPairing]:
    """All of them: with its devices a place has at most 500."""
    await locations.find(db, call.account.id, call.given["id"])
    found = await pairings.open_at(db, call.account.id, call.given["id"], call.now)
    return Page([OpenPairing(one.pairing_id, one.device_id, one.expires_at) for one in found])


async def withdraw_pairing(call: Call, db: Handle) -> None:
    await pairings.withdraw(db, call.account.id, call.given["id"], call.now)


async def list_devices(call: Call, db: Handle) -> Page[Device]:
    """All of them: a place has at most 500."""
    await locations.find(db, call.account.id, call.given["id"])
    found = await devices.of_location(
        db,
        call.account.id,
        call.given["id"],
        call.now,
        or_forgotten=call.given.get("forgotten", False),
    )
    return Page(
        [
            Device(d.id, d.location_id, d.name, d.created_at, d.last_seen_at, d.expires_at)
            for d in found
        ]
    )


async def delete_device(call: Call, db: Handle) -> None:
    await devices.remove(db, call.account.id, call.given["id"], call.now)


async def list_scans(call: Call, db: Handle) -> Page[Scan]:
    given = call.given
    await locations.find(db, call.account.id, given["id"])
    limit = given.get("limit", DEFAULT_LIMIT)
    (before,) = given.get("cursor", (None,))
    found = await scan_lists.of_location(
        db,
        call.account.id,
        given["id"],
        before=before,
        limit=limit + 1,
        only_conflicts=given.get("conflicts", False),
        since=given.get("since"),
    )
    return page_of("scans", found, limit, _scan, lambda one: (one.id,))


def pairing_url(host: str, token: str) -> str:
    return f"{host}/till/pair/{token}"


def _drawn(url: str) -> str:
    out = BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="svg", xmldecl=False, border=4, scale=6)
    return out.getvalue().decode()


def _scan(row: scan_lists.LoggedScan) -> Scan:
    verdict = "undone" if row.undone_at else row.verdict
    return Scan(
        row.id, row.device_id, row.code, row.session, verdict, row.reason, row.was_offline,
        row.scanned_at, row.at, row.undone_at, row.detail, row.takes,
    )  # fmt: skip


_SINCE = f.moment_field("since", "Only what the server heard of from then on.",
                        "2026-11-23T00:00:00Z")  # fmt: skip
_DEVICE_ID = f.path_id("id", "dev", "Id of the device.", 100001)
_PAIRING_ID = f.path_id("id", "pai", "Id of the link.", 100001)
_FORGOTTEN = f.Field(
    name="forgotten", read=p.flag, example="true",
    help="true: with those that were forgotten in the last half year.", schema={"type": "boolean"},
)  # fmt: skip
_URL = "https://coupons.example.com/till/pair/" + "k3" * 24 + "9"
_CONFLICTS = f.Field(
    name="conflicts", read=p.flag, example="true",
    help="true: only what was to be taken in without connection and came to NO.",
    schema={"type": "boolean"},
)  # fmt: skip

CREATE_PAIRING = Operation(
    method="POST",
    path="/v4/locations/{id}/pairings",
    tag=TAG,
    right=Right.PLACES,
    verb="location.pair",
    personal=True,
    summary="Make a link that pairs one device of the staff with the location: used once,"
    f" within {PAIRING_LIVES // timedelta(minutes=1)} minutes.",
    path_fields=(LOCATION_ID,),
    body=(
        f.integer_field(
            "device",
            "A device of the account that is paired anew: it keeps its"
            " name and what it did, and its old pairing ends when the link is"
            " used.",
        ),
    ),
    act=create_pairing,
    errors=(201, 300, 301, 404, 409, 422, 501, 516),
    answers={201: ("The link and its QR code.", Pairing)},
    example=Pairing(100001, _URL, "<svg …></svg>", AT),
)
LIST_PAIRINGS = Operation(
    method="GET",
    path="/v4/locations/{id}/pairings",
    tag=TAG,
    right=Right.PLACES,
    summary="The links that wait for a device of the location, on one page.",
    path_fields=(LOCATION_ID,),
    act=list_pairings,
    errors=(404, 501),
    answers={200: ("The links.", Page[OpenPairing])},
    example=Page([OpenPairing(100001, None, AT)]),
)
WITHDRAW_PAIRING = Operation(
    method="DELETE",
    path="/v4/pairings/{id}",
    tag=TAG,
    right=Right.PLACES,
    verb="location.unpair",
    summary="Withdraw a link that nobody has used yet: it pairs nothing any more.",
    path_fields=(_PAIRING_ID,),
    act=withdraw_pairing,
    errors=(404, 409, 422, 501),
    answers={204: ("It is over.", None)},
)
LIST_DEVICES = Operation(
    method="GET",
    path="/v4/locations/{id}/devices",
    tag=TAG,
    right=Right.LOOK,
    summary="The devices that are paired with the location, on one page.",
    path_fields=(LOCATION_ID,),
    query=(_FORGOTTEN,),
    act=list_devices,
    errors=(201, 302, 404, 501),
    answers={200: ("The devices.", Page[Device])},
    example=Page([Device(100001, 100001, "Sam", AT, AT, AT)]),
)
REMOVE_DEVICE = Operation(
    method="DELETE",
    path="/v4/devices/{id}",
    tag=TAG,
    right=Right.PLACES,
    verb="device.remove",
    summary="Throw a device out: its next request is refused.",
    path_fields=(_DEVICE_ID,),
    act=delete_device,
    errors=(404, 409, 422, 501),
    answers={204: ("It is out.", None)},
)
LIST_SCANS = Operation(
        method="GET",
        path="/v4/locations/{id}/scans",
        tag=TAG,
        right=Right.LOOK,
        summary="The codes that were looked at at the location, newest first.",
        path_fields=(LOCATION_ID,),
        query=(LIMIT, cursor_field("scans", int), _CONFLICTS, _SINCE),
        act=list_scans,
        errors=(201, 300, 301, 302, 303, 404, 501),
        answers={200: ("A page of scans.", Page[Scan])},
        example=Page([
            Scan(
                1, 100001, "k4m9xr", "k4m9xr3h6d2c7q8w5e1tz", "used", "", False, AT, AT, None, "",
                True,
            ),
        ]),
)  # fmt: skip
OPERATIONS = (
    CREATE_PAIRING, LIST_PAIRINGS, WITHDRAW_PAIRING, LIST_DEVICES, REMOVE_DEVICE, LIST_SCANS,
)  # fmt: skip
