"""Public links in somebody else's page: they may be framed, with or without `&web=true`, by any
site or by those that the account lists. Personal pages and everything with a form of the staff are
never framed."""

from __future__ import annotations

from typing import Any

from litestar import Request

from tearoff.accounts.queries import frame_hosts
from tearoff.coupons.models import Campaign
from tearoff.kit.services import services_of
from tearoff.web.paper.reading import header, patiently

NOBODY = "'none'"


_IN_FRAMES = frozenset({"iframe", "frame", "embed", "object"})


def is_framed(request: Request[Any, Any, Any]) -> bool:
    """Whether a public link is to stand in a frame: with `&web=true`, glued to the code as well as
    in the query, or because the browser says so (Fetch Metadata). The form on such a page must
    lead out of the frame."""
    if _fetched_for(request) in _IN_FRAMES or "&web=true" in request.scope["path"].lower():
        return True
    return bool(request.scope["query_string"]) and request.query_params.get("web") == "true"


async def frames_of(request: Request[Any, Any, Any], campaign: Campaign) -> str:
    """Who may frame this public page, as the policy says it (`frame-ancestors`). What a browser
    says it will show as a page of its own is in nobody's frame; that spares asking."""
    if _fetched_for(request) == "document" and not is_framed(request):
        return NOBODY
    hosts = await patiently(frame_hosts(services_of(request).db, campaign.account_id))
    if hosts is None:
        return "*"
    return " ".join(hosts) or NOBODY


def _fetched_for(request: Request[Any, Any, Any]) -> str:
    return header(request, b"sec-fetch-dest")
