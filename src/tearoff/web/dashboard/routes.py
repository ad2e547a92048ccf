"""All screens of the dashboard, file by file."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, Router, route
from litestar.params import FromPath

from tearoff.web.dashboard import (
    alerts,
    api_keys,
    api_pages,
    audit_log,
    campaign_new,
    campaigns,
    campaigns_chosen,
    coupon,
    coupon_acts,
    coupons_export,
    coupons_list,
    devices,
    editor,
    editor_asides,
    editor_drafts,
    editor_uploads,
    first_steps,
    forgetting,
    gallery,
    home,
    integration,
    integration_form,
    integrations,
    keeping,
    leaving,
    locations,
    messages,
    optout_import,
    optouts,
    pages,
    preview,
    profile,
    profile_codes,
    profile_passkeys,
    replies,
    scans,
    send,
    settings,
    settings_address,
    share,
    sign_in_settings,
    team,
    webhook_log,
    webhooks,
)
from tearoff.web.dashboard.screens import Screen, handler
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import READ, AnyRequest, reads_gzip

FILES = (
    home,
    first_steps,
    campaigns,
    campaigns_chosen,
    campaign_new,
    share,
    editor,
    editor_asides,
    editor_drafts,
    editor_uploads,
    preview,
    send,
    messages,
    coupons_list,
    coupons_export,
    coupon,
    coupon_acts,
    replies,
    optouts,
    optout_import,
    integrations,
    integration_form,
    integration,
    locations,
    devices,
    scans,
    team,
    settings,
    settings_address,
    sign_in_settings,
    keeping,
    forgetting,
    profile,
    profile_codes,
    leaving,
    profile_passkeys,
    gallery,
    api_keys,
    api_pages,
    audit_log,
    alerts,
    webhooks,
    webhook_log,
)

SCREENS: tuple[Screen, ...] = tuple(screen for file in FILES for screen in file.SCREENS)

_SHELVES = (pages.OURS, pages.HTMX, pages.PASSKEY, pages.SWAGGER)


@route("/a/static/{version:str}/{path:path}", http_method=READ)
async def static_file(request: AnyRequest, version: FromPath[str], path: FromPath[Any]) -> Answer:
    name = str(path).lstrip("/")
    for shelf in _SHELVES:
        # In a thread: what is large takes a moment to be compressed, once.
        found = await asyncio.to_thread(shelf.print, version, name, reads_gzip=reads_gzip(request))
        if found is not None:
            return found
    return pages.not_found(request)


def trouble(request: AnyRequest, error: Exception) -> Response[bytes]:
    """Something broke: the reference is in the log too."""
    return pages.trouble(request, error).as_response()


ROUTES = [
    Router(
        path="/",
        route_handlers=[static_file, *map(handler, SCREENS)],
        exception_handlers={Exception: trouble},
        include_in_schema=False,
    )
]
