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
from tearoff.kit.services import Services
from tearoff.messages.connection_changes import check_secrets_stay, merged
from tearoff.messages.connections import country_in, of_account, open_settings
from tearoff.messages.models import Connection
from tearoff.messages.open_connections import surroundings_of
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


async def check_given(
    services: Services,
    account_id: int,
    given: Mapping[str, str | None],
    *,
    kind: str = "",
    connection_id: int | None = None,
) -> None:
    """What is asked before settings are stored: of a new connection of this `kind`, or of one that
    is changed, with those that stay. Raises `Invalid` (by the setting's name) and
    `ConnectionNotFound`."""
    stored: Mapping[str, str] = {}
    if connection_id is not None:
        one = await of_account(services.db, account_id, connection_id)
        kind = one.kind
        stored = open_settings(services.vault, one) if given else {}
    refuse_files(kind, given)
    if given.keys() & {"port", *(field.name for field in registry.fields_of(kind) if field.leads)}:
        check_secrets_stay(kind, stored, given)
        settings = merged(kind, stored, given)
        await check_hosts(kind, settings, surroundings_of(services))


async def try_out(
    services: Services,
    account_id: int,
    given: Mapping[str, str | None],
    *,
    kind: str = "",
    connection_id: int | None = None,
) -> str:
    """Ask the service about settings that are not stored; what is not given is taken from the
    connection that is named. "" or what is wrong, for people. Raises as `check_given` does."""
    stored: Mapping[str, str] = {}
    if connection_id is not None:
        one = await of_account(services.db, account_id, connection_id)
        kind, stored = one.kind, open_settings(services.vault, one)
    refuse_files(kind, given)
    check_secrets_stay(kind, stored, given)
    settings, surroundings = merged(kind, stored, given), surroundings_of(services)
    await check_hosts(kind, settings, surroundings)
    return await ask(kind, settings, surroundings)


async def ask_of_stored(services: Services, one: Connection) -> str:
    """Ask the service about a connection as it is stored: "" or what is wrong. Where it only says
    that as many links as it allows are up, with a password that it has taken, they are ours."""
    settings = open_settings(services.vault, one)
    problem = await ask(one.kind, settings, surroundings_of(services))
    is_ours = one.active and registry.keeps_link(one.kind) and IN_USE in problem
    return "" if is_ours else problem


def refuse_files(kind: str, given: Mapping[str, object]) -> None:
    """Errors about files of the server would tell which there are."""
    for field in registry.fields_of(kind):
        if field.on_server and field.name in given:
            text = "It names a file of the server: `tearoff provider set` sets it there."
            raise Invalid(text, field=field.name)


def _place(field: Field, given: str, settings: Mapping[str, str | None]) -> tuple[str, int] | None:
    """Host and port; None when there is none to look at: what cannot be read is told by the
    adapter."""
    given = given.strip()
    if not given:
        return None
    port = (settings.get("port") or "").strip()
    if field.leads == "host":
        is_port = port.isascii() and port.isdigit() and int(port[:6]) <= 65_535
        return given, int(port[:6]) if is_port else 0
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
