"""The staff's phones and tills at a location: who is paired, pairing another one, throwing out."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta

import msgspec

from tearoff.accounts.devices import PAIRING_LIVES, DeviceNotFound
from tearoff.accounts.pairings import PairingNotFound
from tearoff.accounts.rights import Right
from tearoff.api.v4 import devices as v4
from tearoff.errors import TearoffError
from tearoff.web.dashboard import sure
from tearoff.web.dashboard.forms import whole_number
from tearoff.web.dashboard.locations import AT, place_of
from tearoff.web.dashboard.pages import page, part, to
from tearoff.web.dashboard.saying import problems_of
from tearoff.web.dashboard.scans import midnight
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer, answer

LONG_UNSEEN = timedelta(days=7)
_STOP_ASKING = 286
"""htmx asks no more once it is answered so."""


class Shown(msgspec.Struct, frozen=True):
    """`standing`: here, unseen (for long) or forgotten (its PIN was not typed for a month)."""

    device: v4.Device
    standing: str


async def show(visit: Visit) -> Answer:
    """`seen=recent` hides those that nobody has seen for long."""
    place = await place_of(visit)
    found = await visit.read(v4.LIST_DEVICES, id=place.id, forgotten="true")
    links = await visit.read(v4.LIST_PAIRINGS, id=place.id)
    conflicts = await visit.read(
        v4.LIST_SCANS, id=place.id, conflicts="true", since=midnight(visit).isoformat(), limit=200
    )
    everybody = [Shown(device, _standing(visit.now, device)) for device in found.data]
    hides = visit.query.get("seen") == "recent"
    return await page(
        visit,
        "location",
        title=place.name,
        at=AT,
        tab="devices",
        place=place,
        devices=[one for one in everybody if one.standing == "here" or not hides],
        unseen=sum(one.standing != "here" for one in everybody),
        hides=hides,
        names={one.device.id: one.device.name for one in everybody},
        links=links.data,
        conflicts=len(conflicts.data),
        once=secrets.token_urlsafe(9),
    )


def _standing(now: datetime, device: v4.Device) -> str:
    if device.expires_at <= now:
        return "forgotten"
    return "here" if now - (device.last_seen_at or device.created_at) < LONG_UNSEEN else "unseen"


async def pair(visit: Visit) -> Answer:
    """The link is shown on the page that answers, and nowhere else."""
    place, device = await place_of(visit), whole_number(visit.typed.text("device"))
    given = {"id": place.id, **({} if device is None else {"device": device})}
    try:
        made = await visit.do(v4.CREATE_PAIRING, given, once=visit.typed.text("once"))
    except TearoffError as error:
        return to(visit, f"{AT}/{place.id}", said=problems_of(visit.words, error).without())
    if made is None:
        return to(visit, f"{AT}/{place.id}")
    return await page(
        visit,
        "location_pair",
        title=visit.words("Pair a device"),
        at=AT,
        place=place,
        pairing=made,
        picture=base64.b64encode(made.qr.encode()).decode(),
        minutes=PAIRING_LIVES // timedelta(minutes=1),
    )


async def show_pairing(visit: Visit) -> Answer:
    """What became of a link, for the page that shows it: nothing new as long as it waits."""
    if not visit.is_part:
        return to(visit, f"{AT}/{visit.path['id']}")
    links = await visit.read(v4.LIST_PAIRINGS, id=visit.path["id"])
    if any(one.id == visit.path["pairing"] for one in links.data):
        return answer(204, [("cache-control", "no-store")])
    found = await visit.read(v4.LIST_DEVICES, id=visit.path["id"])
    newest = max(found.data, key=lambda one: one.last_seen_at or one.created_at, default=None)
    is_new = newest and visit.now - (newest.last_seen_at or newest.created_at) < PAIRING_LIVES
    return part(
        visit,
        "location_paired",
        status=_STOP_ASKING,
        name=newest.name if newest and is_new else "",
        place_id=visit.path["id"],
    )


async def withdraw(visit: Visit) -> Answer:
    words, back = visit.words, f"{AT}/{visit.path['id']}"
    try:
        await visit.do(v4.WITHDRAW_PAIRING, {"id": visit.path["pairing"]})
    except PairingNotFound:
        return to(visit, back, said=words("This link was used already, or its time was over."))
    return to(visit, back, said=words("The link is withdrawn: it pairs nothing any more."))


async def throw_out(visit: Visit) -> Answer:
    """Several at once, after they were named."""
    place, words, typed = await place_of(visit), visit.words, visit.typed
    only = typed.texts("only") or typed.texts("devices")
    chosen = {whole_number(one) for one in only}
    found = await visit.read(v4.LIST_DEVICES, id=place.id, forgotten="true")
    devices = [device for device in found.data if device.id in chosen]
    back = f"{AT}/{place.id}"
    if not devices:
        return to(visit, back, said=words("Tick the devices that are to go."))
    if not typed.text(sure.YES):
        return await _ask(visit, place.name, devices, back)
    for device in devices:
        try:
            await visit.do(v4.REMOVE_DEVICE, {"id": device.id})
        except DeviceNotFound:  # somebody was faster
            continue
    n = len(devices)
    return to(visit, back, said=words.ngettext("{n} device is out.", "{n} devices are out.", n))


async def _ask(visit: Visit, place: str, devices: list[v4.Device], back: str) -> Answer:
    words, n = visit.words, len(devices)
    return await sure.ask(
        visit,
        title=words.ngettext("Throw out {n} device?", "Throw out {n} devices?", n),
        text=words(
            "At {place}. Each can do nothing any more from its next tap on. What it took in stays,"
            " and paired again it comes back under its name.",
            place=place,
        ),
        names=[device.name for device in devices],
        values=[("devices", device.id) for device in devices],
        button=words.ngettext("Throw {n} out", "Throw {n} out", n),
        action=f"{back}/out",
        back=visit.address(back),
        at=AT,
    )


SCREENS = (
    Screen(path="/locations/{id:int}", right=Right.PLACES, act=show),
    Screen(method="POST", path="/locations/{id:int}/pair", right=Right.PLACES, act=pair),
    Screen(path="/locations/{id:int}/pairings/{pairing:int}", right=Right.PLACES, act=show_pairing),
    Screen(
        method="POST",
        path="/locations/{id:int}/pairings/{pairing:int}/withdraw",
        right=Right.PLACES,
        act=withdraw,
    ),
    Screen(method="POST", path="/locations/{id:int}/out", right=Right.PLACES, act=throw_out),
)
