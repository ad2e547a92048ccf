"""Which addresses may be told: judged when they are given, and again at every delivery by the
address that is then connected to."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

from yarl import URL

from tearoff.config import Settings
from tearoff.errors import Invalid
from tearoff.kit.http import PrivateAddress, as_given, resolve_public
from tearoff.kit.words import phrase

LOOK_UP_WITHIN = 3


def read_address(text: str) -> str:
    """The address as it is written in requests. Raises `Invalid` saying what would be right."""
    try:
        url = as_given(text.strip())
        is_fine = url.scheme in ("http", "https") and bool(url.host) and url.port is not None
        has_user = bool(urlsplit(text).username or urlsplit(text).password)
    except ValueError:
        is_fine, has_user = False, False
    if not is_fine:
        raise Invalid(phrase("Use an address such as https://example.com/webhooks."), field="url")
    if has_user or url.user or url.password:
        raise Invalid(
            phrase("Leave user and password out; check the signature instead."), field="url"
        )
    return str(url.with_fragment(None))


def inside(problem: PrivateAddress) -> str:
    """Why an address is not called: where its name leads, and who could allow it by what."""
    leads = "is" if problem.host.strip("[]") == problem.address.strip("[]") else "leads to"
    found = "" if leads == "is" else f"{problem.address}, "
    return (
        f"{problem.host} {leads} {found}a private or special address. Whoever runs the server can"
        " allow it with TEAROFF_ALLOWED_HOSTS."
    )


async def check_host(address: str, settings: Settings) -> None:
    """Raises `Invalid` when the host is private or does not exist. One that cannot be looked up
    just now passes: every delivery asks again."""
    url = URL(address)
    try:
        async with asyncio.timeout(LOOK_UP_WITHIN):
            await resolve_public(
                url.host or "",
                url.port or 443,
                allowed_hosts=settings.allowed_hosts,
                allow_loopback=settings.allow_loopback,
            )
    except PrivateAddress as error:
        raise Invalid(inside(error), field="url") from None
    except TimeoutError:
        return
    except socket.gaierror as error:
        if error.errno != socket.EAI_AGAIN:
            raise Invalid(phrase("The host cannot be found."), field="url") from None
