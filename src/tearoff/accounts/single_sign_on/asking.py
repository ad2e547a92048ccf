"""Asking a provider: how one signs in there, its keys, and who has just done so. Through our own
gate (`kit/http.py`), never in a transaction; whatever comes back is bounded and may be anything."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import msgspec

from tearoff.accounts.single_sign_on import claims as claimed
from tearoff.accounts.single_sign_on import tokens
from tearoff.accounts.single_sign_on.models import Provider, ProviderTrouble, Trouble
from tearoff.config import Settings
from tearoff.kit import http
from tearoff.kit.http import Answer

WITHIN = 12
"""Seconds for all that is asked at one sign-in: somebody waits."""
KEPT_FOR = 600
"""Seconds that a description and keys are remembered; a key that is not among them is looked for
at once."""
_MOST_KEPT = 200
_DESCRIPTION = "/.well-known/openid-configuration"
_CLIENT_ERRORS = frozenset({"invalid_client", "unauthorized_client"})
_LONGEST_WORD = 60


class Described(msgspec.Struct, frozen=True):
    """How one signs in at a provider. `names_itself`: its answers carry `iss` (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    is_basic: bool
    names_itself: bool


class _Kept(msgspec.Struct):
    described: Described
    at: float
    keys: Sequence[tokens.Key] = ()


_kept: OrderedDict[str, _Kept] = OrderedDict()


def open_session(settings: Settings) -> aiohttp.ClientSession:
    """For one sign-in or one test. To be closed by its owner."""
    return http.open_session(
        allowed_hosts=settings.allowed_hosts,
        allow_loopback=settings.allow_loopback,
        connections=4,
        headers={"User-Agent": "Tearoff-Sign-In/1", "Accept": "application/json"},
    )


async def try_out(settings: Settings, issuer: str) -> Described:
    """Ask anew for all that can be asked without a person. Raises `ProviderTrouble`."""
    _kept.pop(issuer, None)
    async with open_session(settings) as session, _bounded():
        kept = await _known(session, settings, issuer)
        await _renew_keys(session, settings, kept)
        return kept.described


async def describe(settings: Settings, issuer: str) -> Described:
    """Raises `ProviderTrouble`."""
    async with open_session(settings) as session, _bounded():
        return (await _known(session, settings, issuer)).described


class Code(msgspec.Struct, frozen=True):
    """What came back with the browser, and what it was begun with. `issuer`: who says so."""

    code: str
    verifier: str
    nonce: str
    redirect_url: str
    issuer: str = ""


async def who_came(
    settings: Settings, provider: Provider, secret: str, code: Code, now: datetime
) -> Mapping[str, Any]:
    """The claims about whoever signed in. Raises `ProviderTrouble`."""
    async with open_session(settings) as session, _bounded():
        kept = await _known(session, settings, provider.issuer)
        _check_issuer(kept.described, code)
        given = await _tokens(session, settings, kept.described, provider, secret, code)
        expected = tokens.Expected(kept.described.issuer, provider.client_id, code.nonce)
        token = given.get("id_token")
        if not isinstance(token, str):
            raise ProviderTrouble(Trouble.GARBAGE, "id_token")
        found = await _checked(session, settings, kept, token, expected, now)
        return await _with_more(session, settings, kept.described, provider, given, found)


def _check_issuer(described: Described, code: Code) -> None:
    if (described.names_itself or code.issuer) and code.issuer != described.issuer:
        raise ProviderTrouble(Trouble.TOKEN, "iss")


async def _checked(
    session: aiohttp.ClientSession,
    settings: Settings,
    kept: _Kept,
    token: str,
    expected: tokens.Expected,
    now: datetime,
) -> dict[str, Any]:
    """Keys are changed from time to time: those of now are asked for once."""
    if kept.keys:
        try:
            return tokens.check(token, kept.keys, expected, now)
        except tokens.UnknownKey:
            pass
    await _renew_keys(session, settings, kept)
    try:
        return tokens.check(token, kept.keys, expected, now)
    except tokens.UnknownKey as error:
        raise ProviderTrouble(Trouble.TOKEN, str(error)) from None


async def _with_more(
    session: aiohttp.ClientSession,
    settings: Settings,
    described: Described,
    provider: Provider,
    given: Mapping[str, Any],
    found: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Some providers say the address and the groups only to whoever asks once more. What a token
    says stands before that; and it must be about the same person."""
    access, address = given.get("access_token"), described.userinfo_endpoint
    if not (claimed.lacks(found, provider.role_claim) and address and isinstance(access, str)):
        return found
    headers = {"Authorization": f"Bearer {access}"}
    answer = await _ask(session, settings, "GET", address, headers=headers)
    more = _object(answer) if answer.status == 200 else {}
    return _together(found, more) if more.get("sub") == found["sub"] else found


def _together(found: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """That an address was verified is said of that address, and of no other."""
    both = {**more, **found}
    if "email_verified" not in found and both.get("email") != more.get("email"):
        both.pop("email_verified", None)
    return both


async def _tokens(
    session: aiohttp.ClientSession,
    settings: Settings,
    described: Described,
    provider: Provider,
    secret: str,
    code: Code,
) -> Mapping[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code.code,
        "redirect_uri": code.redirect_url,
        "code_verifier": code.verifier,
        "client_id": provider.client_id,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if described.is_basic:
        headers["Authorization"] = _basic(provider.client_id, secret)
    else:
        form["client_secret"] = secret
    data = urlencode(form).encode()
    answer = await _ask(
        session, settings, "POST", described.token_endpoint, headers=headers, data=data
    )
    if answer.status != 200:
        raise _refused(answer)
    return _object(answer)


def _basic(client_id: str, secret: str) -> str:
    """Each is written as in a form before they are put together (RFC 6749, 2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _refused(answer: Answer) -> ProviderTrouble:
    try:
        word = _object(answer).get("error")
    except ProviderTrouble:
        word = None
    if answer.status == 401 or word in _CLIENT_ERRORS:
        return ProviderTrouble(Trouble.CLIENT)
    if answer.status >= 500:
        return ProviderTrouble(Trouble.AWAY)
    return ProviderTrouble(Trouble.REFUSED, _word(word) or f"HTTP {answer.status}")


def _word(given: Any) -> str:
    """A provider's word, such as `invalid_grant`: it may be shown and stand in a log."""
    text = given if isinstance(given, str) else ""
    return "".join(c for c in text if c.isascii() and (c.isalnum() or c in "_-."))[:_LONGEST_WORD]


# its description and its keys -----------------------------------------------------------------


async def _known(session: aiohttp.ClientSession, settings: Settings, issuer: str) -> _Kept:
    kept = _kept.get(issuer)
    if kept is not None and time.monotonic() - kept.at < KEPT_FOR:
        return kept
    address = issuer.rstrip("/") + _DESCRIPTION
    answer = await _ask(session, settings, "GET", address)
    if answer.status != 200:
        trouble = Trouble.AWAY if answer.status >= 500 else Trouble.NOT_FOUND
        raise ProviderTrouble(trouble, f"HTTP {answer.status}")
    kept = _Kept(_described(settings, issuer, _object(answer)), time.monotonic())
    _kept[issuer] = kept
    while len(_kept) > _MOST_KEPT:
        _kept.popitem(last=False)
    return kept


async def _renew_keys(session: aiohttp.ClientSession, settings: Settings, kept: _Kept) -> None:
    answer = await _ask(session, settings, "GET", kept.described.jwks_uri)
    if answer.status != 200:
        raise ProviderTrouble(Trouble.NO_KEYS, f"HTTP {answer.status}")
    kept.keys = tokens.read_keys(_object(answer))


def _described(settings: Settings, issuer: str, found: Mapping[str, Any]) -> Described:
    own = found.get("issuer")
    if not isinstance(own, str):
        raise ProviderTrouble(Trouble.GARBAGE, "issuer")
    if own.rstrip("/") != issuer.rstrip("/"):  # what stands behind it is no name of its own
        raise ProviderTrouble(Trouble.OTHER_ISSUER, _printable(own))
    methods = _words(found, "token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" not in methods and "client_secret_post" not in methods:
        raise ProviderTrouble(Trouble.NO_METHOD)
    if "code" not in (_words(found, "response_types_supported") or ["code"]):
        raise ProviderTrouble(Trouble.NO_CODE)
    return Described(
        issuer=own,
        authorization_endpoint=_address(settings, found, "authorization_endpoint"),
        token_endpoint=_address(settings, found, "token_endpoint"),
        jwks_uri=_address(settings, found, "jwks_uri"),
        userinfo_endpoint=(
            _address(settings, found, "userinfo_endpoint") if "userinfo_endpoint" in found else ""
        ),
        is_basic="client_secret_basic" in methods,
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _words(found: Mapping[str, Any], name: str) -> list[Any]:
    listed = found.get(name)
    return listed if isinstance(listed, list) else []


def _address(settings: Settings, found: Mapping[str, Any], name: str) -> str:
    address = found.get(name)
    is_readable = isinstance(address, str) and address.isascii() and address.isprintable()
    if not isinstance(address, str) or not is_readable or " " in address:
        raise ProviderTrouble(Trouble.GARBAGE, name)
    if not is_safe(settings, address):
        raise ProviderTrouble(Trouble.PLAIN, name)
    return address


def is_safe(settings: Settings, address: str) -> bool:
    """By https; by http only to hosts inside that whoever runs the server has allowed."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not (address.isascii() and address.isprintable()) or " " in address:
        return False
    if not host or parts.username is not None or parts.password is not None:
        return False
    is_inside = settings.allow_loopback and host in ("localhost", "127.0.0.1", "::1")
    is_allowed = {host, f"{host}:{port}"} & set(settings.allowed_hosts)
    return parts.scheme == "https" or (parts.scheme == "http" and bool(is_inside or is_allowed))


# the network ------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _bounded() -> AsyncIterator[None]:
    """All of a sign-in's questions together end in time."""
    try:
        async with asyncio.timeout(WITHIN):
            yield
    except TimeoutError:
        raise ProviderTrouble(Trouble.AWAY) from None


async def _ask(
    session: aiohttp.ClientSession,
    settings: Settings,
    method: str,
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    data: bytes | None = None,
) -> Answer:
    if not is_safe(settings, address):
        raise ProviderTrouble(Trouble.PLAIN)
    try:
        return await http.fetch(session, method, address, headers=headers, data=data)
    except http.PrivateAddress:
        raise ProviderTrouble(Trouble.PRIVATE) from None
    except http.AnswerTooLarge:
        raise ProviderTrouble(Trouble.GARBAGE) from None
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
        raise ProviderTrouble(Trouble.AWAY) from None


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProviderTrouble(Trouble.GARBAGE)
    return found


def _printable(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())[:255]
