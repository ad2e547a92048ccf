"""What a provider signed, checked: by one of its own keys, for us, just now, for this sign-in."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from tearoff.accounts.single_sign_on.models import ProviderTrouble, Trouble

ALGORITHMS = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
}
"""Which are taken, and the kind of key of each. None that a secret signs with, for whoever knows a
public key could take that for the secret; and never `none`."""
LEEWAY = timedelta(seconds=60)
"""Clocks of two machines are not quite the same."""
LONGEST_SUBJECT = 255
"""OpenID Connect Core 1.0, section 2."""
_MOST_KEYS = 50
_MOST_BITS = 8192
_TRIES = 4

Key = RSAKey | ECKey
_KINDS: dict[str, type[RSAKey] | type[ECKey]] = {"RSA": RSAKey, "EC": ECKey}


class UnknownKey(Exception):
    """None of the keys that the provider has shown made it; it may have others by now. The text is
    the check that failed: `kid` or `signature`."""


class Expected(msgspec.Struct, frozen=True):
    issuer: str
    client_id: str
    nonce: str


def read_keys(listed: Any) -> list[Key]:
    """Of a list of keys (JWKS) those that can be used. Raises `ProviderTrouble` for none."""
    keys = listed.get("keys") if isinstance(listed, Mapping) else None
    if not isinstance(keys, list):
        raise ProviderTrouble(Trouble.NO_KEYS)
    found = [key for one in keys[:_MOST_KEYS] if (key := _read_key(one)) is not None]
    if not found:
        raise ProviderTrouble(Trouble.NO_KEYS)
    return found


def _read_key(one: Any) -> Key | None:
    """None for what is no key, or of a kind that we do not use."""
    if not isinstance(one, dict) or one.get("use", "sig") != "sig":
        return None
    kind = _KINDS.get(str(one.get("kty")))
    public = {name: one[name] for name in ("kty", "n", "e", "crv", "x", "y", "kid") if name in one}
    try:
        key = kind.import_key(public) if kind else None
        if isinstance(key, RSAKey) and not 2048 <= key.raw_value.key_size <= _MOST_BITS:
            return None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return key


def check(token: str, keys: Sequence[Key], expected: Expected, now: datetime) -> dict[str, Any]:
    """The claims of a token. Raises `UnknownKey` and `ProviderTrouble`, which names the check."""
    header = _header(token)
    algorithm, named = header.get("alg"), header.get("kid")
    kind = ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if kind is None or header.get("typ", "JWT") != "JWT" or not isinstance(algorithm, str):
        raise _wrong("alg" if kind is None else "typ")
    fitting = [k for k in keys if k.key_type == kind and (named is None or k.kid == named)]
    if not fitting:
        raise UnknownKey("kid")
    claims = _signed(token, fitting, algorithm)
    _check_claims(claims, expected, now)
    return claims


def _header(token: str) -> Mapping[str, Any]:
    try:
        return jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise _wrong("form") from None


def _signed(token: str, keys: Sequence[Key], algorithm: str) -> dict[str, Any]:
    for key in keys[:_TRIES]:
        try:
            return jwt.decode(token, key, algorithms=[algorithm]).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            continue
    raise UnknownKey("signature")


def _check_claims(claims: Mapping[str, Any], expected: Expected, now: datetime) -> None:
    """OpenID Connect Core 1.0, section 3.1.3.7."""
    at, leeway = now.timestamp(), LEEWAY.total_seconds()
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    ours, nonce, subject = expected.client_id, claims.get("nonce"), claims.get("sub")
    checks = {
        "iss": claims.get("iss") == expected.issuer,
        "aud": isinstance(audiences, list) and ours in audiences,
        "azp": claims.get("azp", ours if audiences == [ours] else None) == ours,
        "exp": _seconds(claims.get("exp"), -1) > at - leeway,
        "iat": 0 <= _seconds(claims.get("iat"), -1) <= at + leeway,
        "nbf": _seconds(claims.get("nbf", 0), at + leeway + 1) <= at + leeway,
        "nonce": isinstance(nonce, str) and hmac.compare_digest(
            nonce.encode("utf-8", "replace"), expected.nonce.encode()
        ),
        "sub": isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT,
    }  # fmt: skip
    for name, is_right in checks.items():
        if not is_right:
            raise _wrong(name)


def _seconds(given: Any, otherwise: float) -> float:
    """What is no number is not right."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return float(given) if is_number and abs(given) < 10**12 else otherwise


def _wrong(check: str) -> ProviderTrouble:
    return ProviderTrouble(Trouble.TOKEN, check)
