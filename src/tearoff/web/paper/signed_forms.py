"""Forms of ours and forms of other sites: how a POST is told to come from a page that we made.

A form carries a token that is made of the browser's secret and our key: another site knows neither.
And browsers say where a request comes from: what they say comes from elsewhere is refused,
whatever it carries.
"""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

from tearoff.kit.services import Services, services_of
from tearoff.web.paper.reading import AnyRequest, header

_PURPOSE = "signed-form"


def make_form_token(services: Services, token: str) -> str:
    """`token` is the secret that the browser has in its cookie."""
    mark = services.vault.mark(_PURPOSE, token.encode())
    return base64.urlsafe_b64encode(mark).decode().rstrip("=")


def is_form_token(services: Services, token: str, given: str) -> bool:
    try:
        mark = base64.urlsafe_b64decode(given.encode() + b"=")
    except ValueError:
        return False
    return bool(token) and services.vault.is_marked(_PURPOSE, token.encode(), mark)


def is_foreign(request: AnyRequest) -> bool:
    """Whether the browser says that another site's page sent this. Where it says nothing it is a
    program or an old browser, and the form's token decides. Pages with forms are sent with the
    referrer policy `same-origin`: with `no-referrer` their own forms come from "null"."""
    if header(request, b"sec-fetch-site") in ("cross-site", "same-site"):
        return True
    origin = header(request, b"origin")
    if not origin:
        return False
    if origin == "null":
        return header(request, b"sec-fetch-site") not in ("same-origin", "none")
    return _host_of(origin) not in _own_hosts(request)


def _own_hosts(request: AnyRequest) -> set[str]:
    """A proxy may hand on another name than the browser's, or the port that browsers leave out."""
    public, host = services_of(request).settings.public_url, header(request, b"host").lower()
    return {host, host.removesuffix(":443").removesuffix(":80"), _host_of(public)} - {""}


def _host_of(url: str) -> str:
    """With the port only where browsers write it: not where it is the scheme's own."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    own = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return parts.netloc.lower().removesuffix(own)
