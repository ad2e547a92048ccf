"""Credentials of wallets that a test makes itself: Apple's certificates with a root and an
intermediate of their own, Google's service account."""

from __future__ import annotations

import datetime
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PASS_TYPE, TEAM, ISSUER = "pass.com.example.coupon", "A1B2C3D4E5", "3388000000012345678"
ACCOUNT = "tearoff@example.iam.gserviceaccount.com"


@dataclass
class Signed:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()


@dataclass
class AppleKeys:
    """`own` is what an operator sets; `root` and `server` are the other side's."""

    root: Signed
    middle: Signed
    mine: Signed
    server: Signed

    @property
    def own(self) -> str:
        return self.mine.pem + self.mine.key_pem + self.middle.pem

    def write(self, folder: Path) -> None:
        for name, text in {
            "root.pem": self.root.pem,
            "ca.pem": self.root.pem + self.middle.pem,
            "server.pem": self.server.pem,
            "server.key": self.server.key_pem,
        }.items():
            (folder / name).write_text(text)


def make_apple() -> AppleKeys:
    root = sign("Root of a test")
    middle = sign("Intermediate of a test", root, is_authority=True)
    mine = sign(PASS_TYPE, middle)
    server = sign("127.0.0.1", root, address="127.0.0.1")
    return AppleKeys(root, middle, mine, server)


def make_weak(keys: AppleKeys) -> str:
    """What an operator may set, and no connection takes: its key is too short."""
    weak = sign(PASS_TYPE, keys.middle, bits=1024)
    return weak.pem + weak.key_pem + keys.middle.pem


def sign(
    name: str,
    by: Signed | None = None,
    *,
    is_authority: bool = False,
    address: str = "",
    bits: int = 2048,
) -> Signed:
    key = rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    issuer = subject if by is None else by.certificate.subject
    made = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + 100 * day)
        .add_extension(
            x509.BasicConstraints(ca=by is None or is_authority, path_length=None), critical=True
        )
    )
    if address:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        made = made.add_extension(names, critical=False)
    return Signed(made.sign(key if by is None else by.key, hashes.SHA256()), key)


def make_google(token_url: str) -> tuple[str, rsa.RSAPrivateKey]:
    """The key file of a service account, and its key."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    given: dict[str, Any] = {
        "type": "service_account", "client_email": ACCOUNT, "private_key": pem,
        "token_uri": token_url,
    }  # fmt: skip
    return json.dumps(given), key
