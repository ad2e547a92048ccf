"""Both signatures of a delivery.

`X-Hmac`, which receivers of the field know: lower-case hex HMAC-SHA256 of the raw body with the
account's API client secret. And those of Standard Webhooks (standardwebhooks.com), with a secret
of the endpoint's own; while an old one lives after rolling, one signature by each.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime

PREFIX = "whsec_"


def new_secret() -> str:
    """`whsec_` and 24 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def standard_headers(
    ref: str, body: bytes, endpoint_secrets: Iterable[str], now: datetime
) -> dict[str, str]:
    """The headers of Standard Webhooks; the timestamp is that of this try."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((ref.encode(), timestamp.encode(), body))
    return {
        "webhook-id": ref,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_sign(secret, signed) for secret in endpoint_secrets),
    }


def hmac_header(body: bytes, client_secret: str) -> dict[str, str]:
    return {"X-Hmac": hmac.digest(client_secret.encode(), body, "sha256").hex()}


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
