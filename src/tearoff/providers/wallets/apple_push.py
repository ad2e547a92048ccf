"""The push that says that a pass of Apple has changed.

Source: Apple, "Sending notification requests to APNs".
"""

from __future__ import annotations

import ssl
import tempfile
from typing import Literal

import httpx
from cryptography.hazmat.primitives import serialization

from tearoff.providers.wallets.apple import Apple

Told = Literal["told", "gone", "later"]
"""What a push came to: `gone`: the phone has no such pass any more."""

_GONE = ("BadDeviceToken", "Unregistered", "DeviceTokenNotForTopic")


class Pushes:
    """A connection to Apple, as `async with Pushes(apple) as pushes`."""

    def __init__(self, apple: Apple) -> None:
        self._apple = apple
        context = ssl.create_default_context()
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(_leaf_first(apple))
            file.flush()
            context.load_cert_chain(file.name)
        self._client = httpx.AsyncClient(http2=True, verify=context, timeout=10, trust_env=False)

    async def __aenter__(self) -> Pushes:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def push(self, token: str) -> Told:
        """Say that something changed; the phone then asks for it."""
        try:
            answer = await self._client.post(
                f"{self._apple.push_url}/3/device/{token}",
                content=b"{}",
                headers={"apns-topic": self._apple.pass_type},
            )
        except httpx.HTTPError:
            return "later"
        if answer.status_code == 200:
            return "told"
        reason = answer.text[:200]
        is_gone = answer.status_code == 410 or any(word in reason for word in _GONE)
        return "gone" if is_gone else "later"


def _leaf_first(apple: Apple) -> str:
    """Key and certificates for a connection, which takes the first one for its own, whatever
    their order in the operator's file."""
    key = apple.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = (apple.certificate, *apple.chain)
    files = [key, *(one.public_bytes(serialization.Encoding.PEM) for one in chain)]
    return b"".join(files).decode()
