"""A calendar entry (RFC 5545) for the first day of a coupon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tearoff.coupons.models import Campaign

_LINE = 73
"""Octets of a line before it is folded; the standard allows 75 with the line end apart."""


def calendar(campaign: Campaign, starts_at: datetime, link: str, now: datetime) -> str:
    title = " · ".join(part for part in (campaign.title or campaign.value, campaign.brand) if part)
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tearoff//Coupon//EN", "BEGIN:VEVENT",
        f"UID:{campaign.code}-{int(starts_at.timestamp())}@tearoff",
        f"DTSTAMP:{_utc(now)}",
        f"DTSTART:{_utc(starts_at)}",
        f"DTEND:{_utc(starts_at + timedelta(hours=1))}",
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
