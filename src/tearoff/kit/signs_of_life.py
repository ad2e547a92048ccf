"""When something of the whole installation last happened."""

from __future__ import annotations

from datetime import datetime, timedelta

from tearoff.kit.db import Handle

WORKER = "worker"
BACKUP = "backup"
TELLS_EVERY = 5.0
"""Seconds between two words of a worker."""
GONE_AFTER = timedelta(seconds=20)
"""Without a word of any worker. A busy one is late by some seconds."""


async def note(db: Handle, name: str, now: datetime) -> None:
    await db.execute(
        "INSERT INTO signs_of_life AS s (name, at) VALUES ($1, $2)"
        " ON CONFLICT (name) DO UPDATE SET at = greatest(s.at, excluded.at)",
        name,
        now,
    )


async def last(db: Handle) -> dict[str, datetime]:
    """By name; what never happened is not in it."""
    return {row["name"]: row["at"] for row in await db.fetch("SELECT name, at FROM signs_of_life")}
