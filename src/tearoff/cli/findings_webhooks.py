"""What `tearoff doctor` says of webhooks that are told without TLS."""

from __future__ import annotations

from urllib.parse import urlsplit

from tearoff.cli.findings import Finding
from tearoff.hooks import queries
from tearoff.kit.services import Services

MOST = 20


async def of_webhooks(services: Services) -> list[Finding]:
    """Their host alone: what is behind it may be a secret."""
    return [
        Finding(
            f"webhook {one.ref} (account {one.account_id})", True,
            f"http://{urlsplit(one.url).netloc} is told without TLS",
            "Ask its owner for an https address (docs/webhooks.md).",
        )
        for one in await queries.without_tls(services.db, MOST)
    ]  # fmt: skip
