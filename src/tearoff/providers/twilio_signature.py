"""`X-Twilio-Signature`: HMAC-SHA1 with the Auth Token over the address and the form's fields
(twilio.com/docs/usage/security), or over the address alone when that carries the body's
SHA-256 digest."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import urlsplit

from tearoff.providers.base import Callback
from tearoff.providers.reading import form_pairs, is_form, query_of

HEADER = "x-twilio-signature"
USUAL_PORTS = {"https": 443, "http": 80}


def is_signed(callback: Callback, token: str) -> bool:
    """Whether the callback is signed with this Auth Token and nothing in it was changed."""
    given = callback.headers.get(HEADER, "").encode("utf-8", "replace")
    fields = _signed_fields(callback)
    if not given or fields is None:
        return False
    return any(
        hmac.compare_digest(sign(url + fields, token), given) for url in _spellings(callback.url)
    )


def sign(text: str, token: str) -> bytes:
    digest = hmac.new(token.encode(), text.encode("utf-8", "replace"), hashlib.sha1).digest()
    return base64.b64encode(digest)


def _signed_fields(callback: Callback) -> str | None:
    """What is signed behind the address: the form's fields by name, or nothing for a body
    whose digest is in the address. None when the signature does not cover the body."""
    if not callback.body:
        return ""
    if is_form(callback):
        pairs = form_pairs(callback.body)
        return None if pairs is None else "".join(k + v for k, v in sorted(set(pairs)))
    told = query_of(callback.url).get("bodySHA256", [""])[0].lower()
    digest = hashlib.sha256(callback.body).hexdigest()
    return "" if hmac.compare_digest(digest.encode(), told.encode("utf-8", "replace")) else None


def _spellings(url: str) -> set[str]:
    """The address as it is, and without and with its port: Twilio is not constant about the
    usual ones."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return {url}
    bare = parts.netloc.removesuffix(f":{port}") if port else parts.netloc
    usual = port or USUAL_PORTS.get(parts.scheme)
    hosts = (bare, f"{bare}:{usual}")
    return {url, *(parts._replace(netloc=host).geturl() for host in hosts)}
