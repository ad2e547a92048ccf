"""Passes for Google Wallet: a link that saves one, and the news that it has changed.

Sources: Google, "Google Wallet: Offers" (OfferClass, OfferObject, savetowallet tokens) and
"Using OAuth 2.0 for Server to Server Applications"; RFC 7523.
"""

from __future__ import annotations

import time
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import aiohttp
import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tearoff.config import Settings
from tearoff.errors import Invalid
from tearoff.kit.http import fetch
from tearoff.kit.times import told_end

SAVE = "https://pay.google.com/gp/v/save/"
FIELD = "TEAROFF_GOOGLE_ACCOUNT"
BARCODES = {
    "qr": "QR_CODE", "aztec": "AZTEC", "code128": "CODE_128", "datamatrix": "DATA_MATRIX",
    "ean13": "EAN_13", "itf": "ITF_14", "pdf417": "PDF_417", "upca": "UPC_A",
}  # fmt: skip
"""All that Google draws."""

LONGEST_LINK = 1_800
"""Characters; Google says that browsers may cut longer ones."""

State = Literal["ACTIVE", "COMPLETED", "EXPIRED", "INACTIVE"]
Told = Literal["saved", "told", "unknown", "later"]
"""What the news came to: `saved`: somebody has the pass; `unknown`: it was never saved."""

_SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
_TOKEN_LIVES = 3_600


class Google(msgspec.Struct, frozen=True):
    """Checked credentials."""

    issuer: str
    email: str
    key: RSAPrivateKey
    token_url: str
    wallet_url: str


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a coupon in the wallet. `barcode` is a key of `BARCODES` or ""."""

    serial: str
    campaign: str
    organization: str
    title: str
    details: str
    picture: str
    color: str
    barcode: str
    content: str
    code: str
    state: State
    starts: datetime | None
    ends: datetime | None
    link: str


class Update(msgspec.Struct, frozen=True):
    """What is told of a saved pass: `starts` and `ends` too, since they may have been moved."""

    state: State
    starts: datetime | None = None
    ends: datetime | None = None


@lru_cache(4)
def google_of(settings: Settings) -> Google | None:
    """None when there are no passes of Google. Raises `Invalid` for what cannot be used."""
    if not settings.google_issuer:
        return None
    if not settings.google_issuer.isdigit():
        raise Invalid("An issuer ID has digits only.", field="TEAROFF_GOOGLE_ISSUER")
    try:
        given = msgspec.json.decode(settings.google_account, type=dict[str, str])
        key = serialization.load_pem_private_key(given["private_key"].encode(), None)
        email, token_url = given["client_email"], given["token_uri"]
    except (msgspec.DecodeError, ValueError, TypeError, KeyError) as error:
        text = f"It is not the JSON key file of a service account: {error}"
        raise Invalid(text, field=FIELD) from None
    if not isinstance(key, RSAPrivateKey):
        raise Invalid("The private key is not RSA.", field=FIELD)
    return Google(settings.google_issuer, email, key, token_url, settings.google_wallet_url)


def save_link(google: Google, given: Pass) -> str:
    """Where the consumer saves the pass: the link carries all of it, signed."""
    claims = {
        "iss": google.email, "aud": "google", "typ": "savetowallet", "iat": int(time.time()),
        "origins": [],
        "payload": {"offerClasses": [_class(google, given)],
                    "offerObjects": [_object(google, given)]},
    }  # fmt: skip
    link = SAVE + jwt.encode(claims, google.key, algorithm="RS256")
    if len(link) > LONGEST_LINK and given.details:
        return save_link(google, msgspec.structs.replace(given, details=""))
    return link


def object_id(google: Google, serial: str) -> str:
    return f"{google.issuer}.{serial}"


class News:
    """Tells Google of changes: `session` is a guarded one (`kit.http.open_session`)."""

    def __init__(self, google: Google, session: aiohttp.ClientSession) -> None:
        self._google, self._session = google, session
        self._token, self._until = "", 0.0

    async def tell(self, serial: str, update: Update, message: str) -> Told:
        """Set the state and the time of a pass; the same news twice is the same state."""
        changes: dict[str, Any] = {"state": update.state}
        # In a PATCH null removes what was there.
        interval = {"start": _date(update.starts), "end": _end(update.ends)}
        changes["validTimeInterval"] = interval if any(interval.values()) else None
        if message:
            changes["messages"] = [
                {"id": "news", "header": " ", "body": message, "messageType": "TEXT_AND_NOTIFY"}
            ]
        path = f"walletobjects/v1/offerObject/{object_id(self._google, serial)}"
        try:
            answer = await fetch(
                self._session,
                "PATCH",
                f"{self._google.wallet_url}/{path}",
                headers={"authorization": f"Bearer {await self._bearer()}",
                         "content-type": "application/json"},
                data=msgspec.json.encode(changes),
            )  # fmt: skip
            if answer.status == 404:
                return "unknown"
            if answer.status != 200:
                return "later"
            has_users = msgspec.json.decode(answer.body, type=dict[str, Any]).get("hasUsers")
        except (TimeoutError, aiohttp.ClientError, OSError, msgspec.DecodeError):
            return "later"
        return "saved" if has_users else "told"

    async def _bearer(self) -> str:
        """A token of the service account, asked for once an hour."""
        now = time.time()
        if self._until > now + 60:
            return self._token
        google = self._google
        claims = {"iss": google.email, "scope": _SCOPE, "aud": google.token_url, "iat": int(now),
                  "exp": int(now) + _TOKEN_LIVES}  # fmt: skip
        given = {
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": jwt.encode(claims, google.key, algorithm="RS256"),
        }
        answer = await fetch(self._session, "POST", google.token_url, data=given)
        if answer.status != 200:
            raise aiohttp.ClientError(f"no token: {answer.status}")
        found = msgspec.json.decode(answer.body, type=dict[str, Any])
        self._token, self._until = str(found["access_token"]), now + _TOKEN_LIVES
        return self._token


def _class(google: Google, given: Pass) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": f"{google.issuer}.{given.campaign}",
        "issuerName": given.organization, "provider": given.organization, "title": given.title,
        "redemptionChannel": "BOTH", "reviewStatus": "UNDER_REVIEW",
        "hexBackgroundColor": given.color,
    }  # fmt: skip
    if given.details:
        described["details"] = given.details
    if given.picture.startswith("https://"):
        described["heroImage"] = {"sourceUri": {"uri": given.picture}}
    return described


def _object(google: Google, given: Pass) -> dict[str, Any]:
    described: dict[str, Any] = {
        "id": object_id(google, given.serial),
        "classId": f"{google.issuer}.{given.campaign}",
        "state": given.state,
        "linksModuleData": {"uris": [{"uri": given.link, "id": "coupon"}]},
    }
    if given.barcode:
        described["barcode"] = {"type": BARCODES[given.barcode], "value": given.content,
                                "alternateText": given.code}  # fmt: skip
    both = (("start", _date(given.starts)), ("end", _end(given.ends)))
    interval = {name: date for name, date in both if date}
    return described | ({"validTimeInterval": interval} if interval else {})


def _end(at: datetime | None) -> dict[str, str] | None:
    return None if at is None else _date(told_end(at))


def _date(at: datetime | None) -> dict[str, str] | None:
    return None if at is None else {"date": at.isoformat()}
