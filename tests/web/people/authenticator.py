"""An authenticator in software: it keeps keys by ES256 and answers as a browser would, or as
somebody would who forges."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

USER_PRESENT, USER_VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "==")


@dataclass
class Authenticator:
    """One passkey for one site. `origin`: the page's, as the browser says it. `counts`: whether
    its signatures are counted; `flags`: without `USER_VERIFIED` it asks for no PIN."""

    origin: str = "https://coupons.example.com"
    counts: bool = True
    flags: int = USER_PRESENT | USER_VERIFIED
    count: int = 0
    handle: bytes = b""
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, question: dict[str, Any], **changed: Any) -> str:
        """The answer to a page that asks for a new passkey."""
        self.handle = decode(question["user"]["id"])
        point = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        )
        data = self._data(question["rp"]["id"], HAS_KEY) + bytes(16)
        data += len(self.credential_id).to_bytes(2, "big") + self.credential_id + public
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": encode(self._client("webauthn.create", question)),
            "attestationObject": encode(attestation),
            "transports": ["internal", "unheard-of"],
        }
        return self._told({**response, **changed})

    def use(self, question: dict[str, Any], **changed: Any) -> str:
        """The answer to a page that asks for a passkey. `changed`: what a forger sends instead."""
        if self.counts:
            self.count += 1
        data = self._data(question["rpId"], 0)
        client = self._client("webauthn.get", question)
        signed = data + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": encode(client),
            "authenticatorData": encode(data),
            "signature": encode(self.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            "userHandle": encode(self.handle),
        }
        return self._told({**response, **changed})

    def _data(self, site: str, flags: int) -> bytes:
        return (
            hashlib.sha256(site.encode()).digest()
            + bytes([self.flags | flags])
            + self.count.to_bytes(4, "big")
        )

    def _client(self, kind: str, question: dict[str, Any]) -> bytes:
        told = {
            "type": kind, "challenge": question["challenge"], "origin": self.origin,
            "crossOrigin": False,
        }  # fmt: skip
        return json.dumps(told).encode()

    def _told(self, response: dict[str, Any]) -> str:
        name = encode(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
