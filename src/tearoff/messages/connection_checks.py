"""Whether a connection would work, asked of its service: never in a transaction, for it takes
seconds."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping

from yarl import URL

from tearoff.errors import Invalid
from tearoff.kit.http import PrivateAddress, resolve_public
from tearoff.messages.connections import country_in
from tearoff.providers import registry
from tearoff.providers.base import IN_USE, BadSettings, Field, Surroundings

LOOK_UP_WITHIN = 3
CHECK_WITHIN = 15
"""Seconds that a service has to say whether it takes the credentials."""
SILENT = "The service did not answer in time."


async def check_hosts(
    kind: str, settings: Mapping[str, str | None], surroundings: Surroundings
) -> None:
    """Raises `Invalid` when a host that the settings name is private or does not exist. One that
    cannot be looked up just now passes: every call asks again."""
    for field in registry.fields_of(kind):
        given = settings.get(field.name) if field.leads else None
        place = _place(field, given or "", settings)
        if place is not None:
            await _check_host(field.name, *place, surroundings)


async def ask(kind: str, settings: Mapping[str, str], surroundings: Surroundings) -> str:
    """ "" when the service takes the credentials, else what is wrong, for people. Raises `Invalid`
    when the settings cannot be used at all."""
    country_in(settings)
    try:
        provider = registry.open_provider(kind, settings, surroundings)
    except BadSettings as error:
        raise Invalid(str(error), field=error.field) from None
    try:
        async with asyncio.timeout(CHECK_WITHIN):
            return await provider.check()
    except TimeoutError:
        return SILENT
    finally:
        await provider.close()


def is_in_use(kind: str, problem: str) -> bool:
    """Whether the service only says that as many links as it allows are up: with credentials that
    it has taken."""
    return registry.keeps_link(kind) and IN_USE in problem


def _place(field: Field, given: str, settings: Mapping[str, str | None]) -> tuple[str, int] | None:
    """Host and port; None when there is none to look at: what cannot be read is told by the
    adapter."""
    given = given.strip()
    if not given:
        return None
    port = (settings.get("port") or "").strip()
    if field.leads == "host":
        return given, int(port[:5]) if port.isascii() and port.isdigit() else 0
    with contextlib.suppress(ValueError):
        url = URL(given)
        if url.host and "{" not in url.host:
            return url.host, url.port or 0
    return None


async def _check_host(name: str, host: str, port: int, surroundings: Surroundings) -> None:
    try:
        async with asyncio.timeout(LOOK_UP_WITHIN):
            await resolve_public(
                host,
                port,
                allowed_hosts=surroundings.allowed_hosts,
                allow_loopback=surroundings.allow_loopback,
            )
    except PrivateAddress:
        raise Invalid("It leads to a private or special address.", field=name) from None
    except TimeoutError:
        return
    except socket.gaierror as error:
        if error.errno != socket.EAI_AGAIN:
            raise Invalid("The host cannot be found.", field=name) from None
    except (OSError, ValueError, OverflowError):
        raise Invalid("This is no host.", field=name) from None
