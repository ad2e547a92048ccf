"""A request as its owner sees it in the log: what was sent, without what would let another sign."""

from __future__ import annotations

from yarl import URL

from tearoff.hooks import attempt, retry_schedule
from tearoff.hooks.models import Endpoint, Logged

TRIES = retry_schedule.TRIES
MASK = attempt.MASK


def request_head(endpoint: Endpoint, logged: Logged) -> list[str]:
    """The first line and the headers of the last try; empty where there was none. The address is
    the one of now."""
    at = logged.delivery.last_at
    if at is None:
        return []
    url = URL(endpoint.url, encoded=True)
    return [
        f"POST {url.raw_path_qs}",
        f"Host: {url.authority}",
        "Content-Type: application/json",
        f"User-Agent: {attempt.USER_AGENT}",
        f"webhook-id: {logged.ref}",
        f"webhook-timestamp: {int(at.timestamp())}",
        f"webhook-signature: v1,{MASK}",
        f"X-Hmac: {MASK}",
    ]
