"""What the doors for programs share in one process, and who a caller is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from litestar import Request

from tearoff.accounts.actions import AccountExpired, WrongCredentials, check_caller
from tearoff.accounts.key_uses import Uses
from tearoff.accounts.models import Caller
from tearoff.accounts.rate_limits import Buckets, Quota, TooManyCalls
from tearoff.accounts.wrong_credentials import Refusals, Source, TooManyFailures
from tearoff.distribution.context import Contexts
from tearoff.distribution.send import Sender
from tearoff.kit import doorbook
from tearoff.kit.doorbook import Event
from tearoff.kit.proxies import client_address, host_of
from tearoff.kit.services import Services
from tearoff.messages.open_connections import Links


class Doors(msgspec.Struct, frozen=True):
    services: Services
    contexts: Contexts
    links: Links
    sender: Sender
    buckets: Buckets
    refusals: Refusals
    uses: Uses


def doors_of(request: Request[Any, Any, Any]) -> Doors:
    doors: Doors = request.app.state.doors
    return doors


def open_doors(services: Services) -> Doors:
    contexts, links = Contexts(), Links(services)
    return Doors(
        services,
        contexts,
        links,
        Sender(services, links, contexts),
        Buckets(),
        Refusals(services.settings.wrong_credentials),
        Uses(),
    )


async def authenticate(
    doors: Doors,
    request: Request[Any, Any, Any],
    values: Mapping[str, Any],
    now: datetime,
    *,
    from_memory: bool = False,
) -> Caller:
    """The caller by any of the three credential styles; what stands beside a valid pair does
    not matter. `from_memory` spares a read where the caller's version is checked later.

    Raises `WrongCredentials`, `AccountExpired` and `TooManyFailures`.
    """
    address = client_address(request.scope, doors.services.settings.trusted_proxies)
    caller, wrong = None, []
    reason: AccountExpired | TooManyFailures | None = None
    for client_id, secret in dict.fromkeys(_pairs(request.headers, values)):
        try:
            caller = await _check(doors, client_id, secret, now, from_memory)
        except WrongCredentials as error:
            wrong.append((client_id, error.account_id))
        except AccountExpired as error:
            reason = reason or error
        else:
            break
    # Every wrong pair counts, also beside a right one: else one's own key hides the guesses.
    for client_id, account_id in wrong:
        too_many = await _failed(doors, Source(host_of(address), client_id), account_id, now)
        reason = reason or too_many
    if caller is None:
        raise reason or WrongCredentials
    return caller


async def _failed(
    doors: Doors, source: Source, account_id: int | None, now: datetime
) -> TooManyFailures | None:
    """Count a wrong pair. A client id that is nobody's is not written down: it may be a secret
    in the wrong place."""
    known = None if account_id is None else source.client_id
    doorbook.note(
        Event.CREDENTIALS_WRONG, address=source.address, account=account_id, client_id=known
    )
    try:
        await doors.refusals.failed(doors.services.db, source, now)
    except TooManyFailures as error:
        return error
    return None


async def spend(doors: Doors, caller: Caller, now: datetime, headers: dict[str, str]) -> None:
    """Count a call of this key. What is left goes into `headers` (names of the IETF's draft
    "RateLimit header fields for HTTP"). Raises `TooManyCalls`."""
    try:
        quota = await doors.buckets.spend(doors.services.db, caller, now)
    except TooManyCalls as full:
        headers |= _told(full.quota)
        raise
    if quota is not None:
        headers |= _told(quota)
    await doors.uses.note(doors.services.db, caller, now)


def _told(quota: Quota) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(quota.limit),
        "RateLimit-Remaining": str(quota.remaining),
        "RateLimit-Reset": str(quota.reset),
    }


async def _check(
    doors: Doors, client_id: str, secret: str, now: datetime, from_memory: bool
) -> Caller:
    remembered = doors.contexts.remembered_caller(client_id) if from_memory else None
    if remembered is not None:
        try:
            return check_caller(remembered, secret, now)
        except (WrongCredentials, AccountExpired):
            pass  # memory may be old: ask again
    found = await doors.contexts.caller(doors.services.db, client_id)
    return check_caller(found, secret, now)


def _pairs(headers: Mapping[str, str], values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for names, source in (
        (("x-client-id", "x-client-secret"), headers),
        (("x-api-key", "x-api-secret"), headers),
        (("client_id", "client_secret"), values),
    ):
        client_id, secret = (_word(source.get(name)) for name in names)
        if client_id and secret:
            yield client_id, secret


def _word(given: Any) -> str:
    """Only what could be a credential: ASCII without control characters."""
    text = str(given).strip() if isinstance(given, str | int) else ""
    return text if text.isascii() and text.isprintable() and len(text) <= 128 else ""
