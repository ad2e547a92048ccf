"""Passes for Apple Wallet: a signed archive.

Sources: Apple, "Wallet Passes" (pass.json, manifest.json, signature); RFC 5652 for the signature.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs7

from tearoff.config import Settings
from tearoff.errors import Invalid
from tearoff.kit.times import told_end

MEDIA_TYPE = "application/vnd.apple.pkpass"
FIELD = "TEAROFF_APPLE_CERTIFICATE"
BARCODES = {
    "qr": "PKBarcodeFormatQR",
    "pdf417": "PKBarcodeFormatPDF417",
    "aztec": "PKBarcodeFormatAztec",
    "code128": "PKBarcodeFormatCode128",
}
"""All that Apple draws."""

_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.S)


class Apple(msgspec.Struct, frozen=True):
    """Checked credentials; `chain` is without the certificate itself."""

    pass_type: str
    team: str
    certificate: x509.Certificate
    key: RSAPrivateKey | EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]
    push_url: str


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a coupon in the wallet. Colours are `#rrggbb`; `barcode` is a key of
    `BARCODES` or "" for none; `ends` is on the shop's clock; `service` is where the wallet asks for
    a newer one, with `token`. `images` are PNG files by their name in the archive."""

    serial: str
    organization: str
    description: str
    value_label: str
    value: str
    ends_label: str
    ends: datetime | None
    code_label: str
    code: str
    back: tuple[tuple[str, str, str], ...]
    message_label: str
    message: str
    color: str
    barcode: str
    content: str
    is_void: bool
    service: str
    token: str
    images: Mapping[str, bytes]


@lru_cache(4)
def apple_of(settings: Settings) -> Apple | None:
    """None when there are no passes of Apple. Raises `Invalid` for what cannot be used."""
    if not settings.apple_pass_type:
        return None
    if not settings.apple_team:
        raise Invalid("It goes with TEAROFF_APPLE_PASS_TYPE.", field="TEAROFF_APPLE_TEAM")
    pem = settings.apple_certificate
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
        private = _KEY.search(pem)
        if private is None:
            raise ValueError("there is no private key in it")
        key = serialization.load_pem_private_key(private[0].encode(), None)
    except (ValueError, TypeError) as error:
        raise Invalid(f"It cannot be read: {error}", field=FIELD) from None
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise Invalid("The private key is neither RSA nor of an elliptic curve.", field=FIELD)
    certificate = next((one for one in found if one.public_key() == key.public_key()), None)
    if certificate is None:
        raise Invalid("No certificate in it belongs to its private key.", field=FIELD)
    chain = tuple(one for one in found if one is not certificate)
    if not chain:
        text = (
            "Apple's intermediate certificate (WWDR) is missing: without it no phone takes a pass."
        )
        raise Invalid(text, field=FIELD)
    return Apple(
        settings.apple_pass_type, settings.apple_team, certificate, key, chain,
        settings.apple_push_url,
    )  # fmt: skip


def make_pass(apple: Apple, given: Pass) -> bytes:
    """The `.pkpass` file. Takes some milliseconds: not for the event loop."""
    files = {"pass.json": msgspec.json.encode(describe(apple, given)), **given.images}
    manifest = msgspec.json.encode(
        # SHA-1 is what the format asks for; the manifest itself is signed with SHA-256.
        {name: hashlib.sha1(data).hexdigest() for name, data in files.items()}  # noqa: S324
    )
    signing = pkcs7.PKCS7SignatureBuilder().set_data(manifest)
    signing = signing.add_signer(apple.certificate, apple.key, hashes.SHA256())
    for certificate in apple.chain:
        signing = signing.add_certificate(certificate)
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    signature = signing.sign(serialization.Encoding.DER, options)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (files | {"manifest.json": manifest, "signature": signature}).items():
            archive.writestr(name, data)
    return out.getvalue()


def describe(apple: Apple, given: Pass) -> dict[str, Any]:
    """`pass.json`."""
    ends = [] if given.ends is None else [
        {"key": "ends", "label": given.ends_label, "value": told_end(given.ends).isoformat(),
         "dateStyle": "PKDateStyleMedium", "timeStyle": "PKDateStyleShort", "ignoresTimeZone": True}
    ]  # fmt: skip
    news = {"key": "news", "label": given.message_label, "value": given.message,
            "changeMessage": "%@"}  # fmt: skip
    back = [{"key": key, "label": label, "value": text} for key, label, text in given.back]
    described: dict[str, Any] = {
        "formatVersion": 1,
        "passTypeIdentifier": apple.pass_type,
        "teamIdentifier": apple.team,
        "serialNumber": given.serial,
        "organizationName": given.organization,
        "description": given.description,
        "logoText": given.organization,
        "backgroundColor": _rgb(given.color),
        "foregroundColor": "rgb(255,255,255)",
        "labelColor": "rgb(255,255,255)",
        "sharingProhibited": True,
        "voided": given.is_void,
        "coupon": {
            "primaryFields": [{"key": "value", "label": given.value_label, "value": given.value}],
            "secondaryFields": ends,
            "auxiliaryFields": (
                [{"key": "code", "label": given.code_label, "value": given.code}]
                if given.code
                else []
            ),
            "backFields": [news, *back],
        },
    }
    if given.ends is not None:
        described["expirationDate"] = given.ends.isoformat()
    if given.service:
        described |= {"webServiceURL": given.service, "authenticationToken": given.token}
    if given.barcode:
        described["barcodes"] = [
            {"format": BARCODES[given.barcode], "message": given.content,
             "messageEncoding": "utf-8", "altText": given.code}
        ]  # fmt: skip
    return described


def _rgb(color: str) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgb({red},{green},{blue})"
