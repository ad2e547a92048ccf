"""The token in a page's forms, and reading what a form sends.

No cookie is involved: the token is signed, dated, and tied to the state that the page showed,
so that it works in any browser and two phones that show one coupon cannot both use it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from tearoff.coupons.models import Session
from tearoff.kit.bodies import read_body
from tearoff.kit.vault import Vault

FORM_HOURS = 12
ACCEPTED_SECONDS = 300

_MOST_FIELDS = 20
_MOST_BYTES = 16_384


class Form(msgspec.Struct, frozen=True):
    """What somebody typed; every field is trimmed and may be empty. `sure` is the answer to a
    second question; `fields` are all of them."""

    token: str = ""
    pin: str = ""
    place: str = ""
    amount: str = ""
    receipt: str = ""
    sure: str = ""
    fields: Mapping[str, str] = {}


async def read_form(request: Request[Any, Any, Any]) -> Form:
    """The fields of an urlencoded body. What cannot be read is as if it were not there: the
    missing token then gives a clear answer."""
    body = await read_body(request, _MOST_BYTES)
    if body is None:
        return Form()
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return Form()
    fields = {name: value.strip() for name, value in pairs}
    return Form(
        token=fields.get("t", ""),
        pin=western(fields.get("pin", "")),
        place=fields.get("place", ""),
        amount=western(fields.get("validation_value", "")),
        receipt=fields.get("receipt", "")[:50],
        sure=fields.get("sure", ""),
        fields=fields,
    )


def is_from_elsewhere(request: Request[Any, Any, Any]) -> bool:
    """Whether the browser says that another site's page sent this. The token says it too; this
    one also stops a site that has fetched a token for itself."""
    return bool(request.headers.get("sec-fetch-site") == "cross-site")


def western(text: str) -> str:
    """Digits of any script as 0-9, and the Arabic decimal sign as a point: an Arabic keyboard
    types its own."""
    return "".join(str(unicodedata.decimal(c, c)) for c in text[:40]).replace("\u066b", ".")


def make_token(vault: Vault, session_code: str, uses: int, now: datetime) -> str:
    """`hour.uses.mark.once`: for this session as long as it has been used this often. `once` is
    of this showing of the page alone."""
    hour, once = int(now.timestamp()) // 3600, secrets.token_urlsafe(6)
    data = f"{session_code}:{uses}:{hour}:{once}"
    return f"{hour}.{uses}.{_mark(vault, 'form', data)}.{once}"


def once_of(token: str) -> str:
    """Which showing of a page a token is of; by it a form that is sent again is known. "" for the
    token of an older version's page."""
    return "".join(token[:120].split(".")[3:4])


def make_begin_token(vault: Vault, campaign_code: str, shown: str, now: datetime) -> str:
    """`hour.nonce.mark`: for the form of one public page that was shown once, with these words
    to agree to."""
    hour, nonce = int(now.timestamp()) // 3600, secrets.randbelow(10**12)
    return f"{hour}.{nonce}.{_mark(vault, 'begin', f'{campaign_code}:{nonce}:{hour}:{shown}')}"


def begun_by(vault: Vault, token: str, campaign_code: str, shown: str, now: datetime) -> str | None:
    """The name of the form with this token; None when the token is not ours, too old, or of a
    page that showed other words."""
    hour, nonce, mark = _split(token)
    if hour is None or nonce is None or not _is_recent(hour, now):
        return None
    if not _is_marked(vault, "begin", f"{campaign_code}:{nonce}:{hour}:{shown}", mark):
        return None
    return f"{hour}.{nonce}"


def shown_uses(vault: Vault, token: str, session_code: str, now: datetime) -> int | None:
    """How often the session had been used when the page with this token was shown; None when
    the token is not ours, belongs to another session, or is older than twelve hours."""
    hour, uses, mark = _split(token)
    if hour is None or uses is None:
        return None
    if not _is_recent(hour, now):
        return None
    once = once_of(token)
    data = f"{session_code}:{uses}:{hour}" + (f":{once}" if once else "")
    return uses if _is_marked(vault, "form", data, mark) else None


def _is_recent(hour: int, now: datetime) -> bool:
    return 0 <= int(now.timestamp()) // 3600 - hour <= FORM_HOURS


def make_receipt(vault: Vault, session: Session) -> str:
    """What the address of the page says after a use: `second.uses.mark`. It can be forwarded, so
    it proves nothing without the browser that did it: see `make_proof`."""
    at = _used_at(session)
    return f"{int(at)}.{session.uses}.{_mark(vault, 'accepted', _last_use(session))}"


def accepted_second(vault: Vault, receipt: str, session: Session, now: datetime) -> int | None:
    """When the session was accepted (seconds since 1970), if the receipt is of its last use and
    at most five minutes old."""
    second, _, mark = _split(receipt)
    if second is None or second != int(_used_at(session)):
        return None
    if not 0 <= now.timestamp() - second < ACCEPTED_SECONDS:
        return None
    return second if _is_marked(vault, "accepted", _last_use(session), mark) else None


def _last_use(session: Session) -> str:
    """To the microsecond: a use that follows one that was undone has its number, not its moment."""
    return f"{session.code}:{session.uses}:{_used_at(session):.6f}"


def _used_at(session: Session) -> float:
    """Seconds since 1970; 0 for never."""
    return session.used_at.timestamp() if session.used_at else 0


def make_proof(vault: Vault, receipt: str) -> str:
    """What the browser that was just served keeps in a cookie: only with it the page shows
    "Accepted", and another one with the same address is no proof of anything."""
    return _mark(vault, "served", receipt)


def is_proof(vault: Vault, receipt: str, proof: str) -> bool:
    try:
        mark = base64.urlsafe_b64decode(proof[:120].encode() + b"=")
    except (ValueError, binascii.Error):
        return False
    return _is_marked(vault, "served", receipt, mark)


def _split(token: str) -> tuple[int | None, int | None, bytes]:
    first, second, mark = (*token[:120].split("."), "", "", "")[:3]
    try:
        return _whole(first), _whole(second), base64.urlsafe_b64decode(mark.encode() + b"=")
    except (ValueError, binascii.Error):
        return None, None, b""


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None


def _mark(vault: Vault, purpose: str, data: str) -> str:
    return base64.urlsafe_b64encode(vault.mark(purpose, data.encode())).decode().rstrip("=")


def _is_marked(vault: Vault, purpose: str, data: str, mark: bytes) -> bool:
    return vault.is_marked(purpose, data.encode(), mark)
