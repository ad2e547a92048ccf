"""What was scanned at a location: what the device showed, and what the server decided when it heard
of it. Neither is rewritten."""

from __future__ import annotations

from datetime import datetime

from tearoff.accounts.rights import Right
from tearoff.api.v4 import devices as v4
from tearoff.kit import times
from tearoff.kit.words import phrase
from tearoff.web.dashboard.locations import AT, place_of
from tearoff.web.dashboard.pages import page
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

VERDICTS = {
    "good": ("info", phrase("Could be used")),
    "used": ("ok", phrase("Taken in")),
    "undone": ("dull", phrase("Taken back")),
    "no": ("no", phrase("Refused")),
    "wait": ("warn", phrase("Had to wait")),
}
REASONS = {
    "already_used": phrase("It was used already."),
    "expired": phrase("It had expired."),
    "not_yet": phrase("It was not valid yet."),
    "time_over": phrase("Its time at the counter was over."),
    "not_again_yet": phrase("It could not be used again yet."),
    "wrong_place": phrase("It is not valid at this place."),
    "wrong_time": phrase("It was not valid at this hour."),
    "withdrawn": phrase("It was withdrawn, or its campaign was not running."),
    "limit": phrase("The campaign had reached a limit."),
    "reserved": phrase("Another till was taking it in."),
    "screenshot": phrase("It was a picture of the code."),
    "not_played": phrase("The card was not scratched yet."),
    "no_prize": phrase("The card won nothing."),
    "unknown": phrase("It is none of your coupons."),
    "ambiguous": phrase("Several codes look like this."),
    "too_late": phrase("It came too late."),
    "too_late_undo": phrase("It was too late to take it back."),
    "used_since": phrase("It was used again since."),
}


async def show(visit: Visit) -> Answer:
    """`days=all` shows older ones too, `conflicts=true` only what was promised without connection
    and could not be kept."""
    place, query = await place_of(visit), visit.query
    is_today, only = query.get("days") != "all", query.get("conflicts") == "true"
    asked = {
        "conflicts": "true" if only else None,
        "since": midnight(visit).isoformat() if is_today else None,
        "cursor": query.get("cursor"),
    }
    found = await visit.read(v4.LIST_SCANS, id=place.id, **asked)
    devices = await visit.read(v4.LIST_DEVICES, id=place.id, forgotten="true")
    return await page(
        visit,
        "location_scans",
        title=place.name,
        at=AT,
        tab="scans",
        place=place,
        scans=[(scan, *_decided(visit, scan), _showed(visit, scan)) for scan in found.data],
        names={device.id: device.name for device in devices.data},
        next_cursor=found.next_cursor,
        is_first="cursor" not in query,
        is_today=is_today,
        only_conflicts=only,
    )


def midnight(visit: Visit) -> datetime:
    """At which today began, on the account's clock."""
    clock = times.clock_of(visit.now, visit.account.timezone)
    return clock.replace(hour=0, minute=0, second=0, microsecond=0)


def _decided(visit: Visit, scan: v4.Scan) -> tuple[str, str, str]:
    """Kind of badge, word, and why."""
    kind, word = VERDICTS.get(scan.verdict, ("dull", scan.verdict))
    return (
        kind,
        visit.words(word),
        visit.words(REASONS[scan.reason]) if (scan.reason in REASONS) else "",
    )


def _showed(visit: Visit, scan: v4.Scan) -> tuple[str, str]:
    """Kind of badge and word of what the staff saw at the moment of the scan."""
    if not scan.was_offline:
        return "", visit.words("The same")
    if scan.asked:
        return "warn", visit.words("Not checked: kept, to be taken in later")
    return "warn", visit.words("Not checked")


SCREENS = (Screen(path="/locations/{id:int}/scans", right=Right.PLACES, act=show),)
