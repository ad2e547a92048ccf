"""What `tearoff doctor` says of replies that wait for a person, and of contacts that are one."""

from __future__ import annotations

from datetime import timedelta

from tearoff.cli.findings import Finding
from tearoff.kit import clock
from tearoff.kit.services import Services
from tearoff.messages import reply_pages
from tearoff.people import queries

MOST = 20
MOST_REPORTS = 10_000


async def of_replies(services: Services) -> list[Finding]:
    return [
        Finding(
            f"account {account_id}", False, f"{n} replies may mean STOP and wait for a person",
            f"`tearoff optout review --account {account_id}` lists them.",
        )
        for account_id, n in await reply_pages.count_open(services.db, MOST)
    ]  # fmt: skip


async def of_reports(services: Services) -> list[Finding]:
    """Somebody's STOP may be among them."""
    since = clock.now() - timedelta(days=7)
    return [
        Finding(
            f"provider {connection_id}", True,
            f"{n} reports of a week had no receipt and no reply that could be read",
            "Compare what it sends with its settings (docs/providers.md).",
        )
        for connection_id, n in await reply_pages.count_unreadable(services.db, since, MOST_REPORTS)
    ][:MOST]  # fmt: skip


async def of_twins(services: Services) -> list[Finding]:
    """They are never joined by themselves: each may have what the other has not."""
    return [
        Finding(
            f"account {account_id}", True, f"con_{one} and con_{other} have the same number in two"
            " spellings", "Keep one of them: `smstool/removecontact` takes the other out.",
        )
        for account_id, one, other in await queries.twins(services.db, MOST)
    ]  # fmt: skip
