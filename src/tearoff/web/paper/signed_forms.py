"""Forms of people who are signed in: each carries a token made from what only their browser has,
and is taken only from a page of this site."""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

from tearoff.kit.services import Services
from tearoff.web.paper.reading import AnyRequest, header

_PURPOSE = "signed-in-form"


def make_form_token(services: Services, token: str) -> str:
    """Ties a form to a sign-in: another site knows neither."""
    mark = services.vault.mark(_PURPOSE, token.encode())
    return base64.urlsafe_b64encode(mark).decode().rstrip("=")


def is_form_token(services: Services, token: str, given: str) -> bool:
    try:
        mark = base64.urlsafe_b64decode(given[:120].encode() + b"==")
    except ValueError:
        return False
    return services.vault.is_marked(_PURPOSE, token.encode(), mark)


def is_from_here(request: AnyRequest) -> bool:
    """Whether a form was sent by a page of this site, as far as the browser says it. One that says
    nothing is judged by its token alone."""
    site = header(request, b"sec-fetch-site")
    if site and site not in ("same-origin", "none"):
        return False
    origin = header(request, b"origin")
    if not origin:
        return True
    return urlsplit(origin).netloc.lower() == header(request, b"host").lower()
