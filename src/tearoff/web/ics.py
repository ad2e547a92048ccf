"""Calendar entries (RFC 5545) for the first and the last day of a coupon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tearoff.coupons.models import Campaign
from tearoff.kit.times import clock_of

_LINE = 73
"""Octets of a line before it is folded; the standard allows 75 with the line end apart."""


def first_day(campaign: Campaign, starts_at: datetime, link: str, now: datetime) -> str:
    times = [f"DTSTART:{_utc(starts_at)}", f"DTEND:{_utc(starts_at + timedelta(hours=1))}"]
    return _calendar(campaign, int(starts_at.timestamp()), times, link, now)


def last_day(campaign: Campaign, ends: datetime, link: str, now: datetime) -> str:
    """The whole day, on the shop's calendar, in which the coupon can be used for the last
    time."""
    day = clock_of(ends - timedelta(seconds=1), campaign.timezone).date()
    times = [f"DTSTART;VALUE=DATE:{day:%Y%m%d}"]
    return _calendar(campaign, int(ends.timestamp()), times, link, now)


def _calendar(campaign: Campaign, mark: int, times: list[str], link: str, now: datetime) -> str:
    title = " · ".join(part for part in (campaign.title or campaign.value, campaign.brand) if part)
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tearoff//Coupon//EN", "BEGIN:VEVENT",
        f"UID:{campaign.code}-{mark}@tearoff",
        f"DTSTAMP:{_utc(now)}",
        *times,
        f"SUMMARY:{_text(title)}",
        f"DESCRIPTION:{_text(link)}",
        f"URL:{link}",
        "TRANSP:TRANSPARENT", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r", ""), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return text


def _fold(line: str) -> list[str]:
    """Pieces of at most 75 octets; all but the first begin with a space."""
    pieces, piece = [], ""
    for letter in line:
        if len((piece + letter).encode()) > _LINE:
            pieces.append(piece)
            piece = " "
        piece += letter
    return [*pieces, piece]
