"""Cookies that let somebody in, or prove something. By https their names begin with
`__Host-`: a browser then takes them from this host only and by https only, so that a neighbour
under the same domain cannot put one of its own in their place."""

from __future__ import annotations

from typing import Any

from litestar import Request

from tearoff.config import Settings
from tearoff.kit.services import services_of


def read_cookie(request: Request[Any, Any, Any], name: str) -> str:
    return str(request.cookies.get(_full_name(services_of(request).settings, name), ""))[:80]


def make_cookie(settings: Settings, name: str, value: str, seconds: int) -> str:
    """For the header `Set-Cookie`. No seconds: the browser forgets it."""
    return make_plain_cookie(settings, _full_name(settings, name), value, seconds)


def make_plain_cookie(settings: Settings, name: str, value: str, seconds: int) -> str:
    """One that lets nobody in, under its own name."""
    secure = "; Secure" if _is_https(settings) else ""
    return f"{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _full_name(settings: Settings, name: str) -> str:
    return f"__Host-{name}" if _is_https(settings) else name


def _is_https(settings: Settings) -> bool:
    return settings.public_url.startswith("https:")
