"""The reference of the API with the reader's own client id in its samples, and the page on which a
call is tried, which is Swagger UI."""

from __future__ import annotations

from tearoff.accounts.rights import Right
from tearoff.api.openapi import make_document
from tearoff.api.v4 import keys as v4
from tearoff.web.dashboard.pages import OURS, SWAGGER, printed, shared
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer, render
from tearoff.web.reference import reference

# Swagger UI draws with styles on elements and pictures in its style sheet; it asks nobody else.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline';"
    " img-src 'self' data: blob:; connect-src 'self'; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'none'"
)


async def show_reference(visit: Visit) -> Answer:
    client_id = await _client_id(visit)
    return reference.show_own(visit.request, make_document, visit.address("/api"), client_id)


async def try_out(visit: Visit) -> Answer:
    """The secret is typed in there and kept nowhere."""
    text = render(
        "dashboard/api_try.html",
        visit.words,
        client_id=await _client_id(visit),
        swagger_css=SWAGGER.address("swagger-ui.css"),
        swagger_js=SWAGGER.address("swagger-ui-bundle.js"),
        css=OURS.address("try.css"),
        js=OURS.address("try.js"),
        **shared(visit),
    )
    return printed(visit.request, text, policy=_POLICY)


async def _client_id(visit: Visit) -> str:
    """That of the key which the address names, else of the oldest; "" where there is none."""
    live = [k.client_id for k in (await visit.read(v4.LIST)).data if k.revoked_at is None]
    named = visit.query.get("key", "")
    return named if named in live else next(iter(live), "")


SCREENS = (
    Screen(path="/api/reference", right=Right.KEYS, act=show_reference),
    Screen(path="/api/try", right=Right.KEYS, act=try_out),
)
