"""The paths of the v4 dialect."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, route
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from tearoff.api.v4 import (
    account,
    account_address,
    account_limits,
    account_logo,
    alerts,
    attention,
    audit,
    campaign_parts,
    campaigns,
    campaigns_together,
    devices,
    events,
    groups,
    keeping,
    keys,
    locations,
    members,
    messages,
    pool,
    providers,
    replies,
    sessions,
    sessions_found,
    shelves,
    single_sign_on,
    starting,
    suppression_lists,
    suppressions,
    templates,
    timeline,
    webhook_log,
    webhooks,
)
from tearoff.api.v4.fields import Unknown
from tearoff.api.v4.operation import Operation, answer, told
from tearoff.api.v4.problems import MEDIA_TYPE

NOUNS = (
    campaigns,
    campaigns_together,
    shelves,
    campaign_parts,
    templates,
    starting,
    pool,
    locations,
    devices,
    sessions,
    sessions_found,
    events,
    timeline,
    messages,
    replies,
    suppressions,
    suppression_lists,
    groups,
    webhooks,
    webhook_log,
    providers,
    account,
    account_limits,
    account_address,
    account_logo,
    attention,
    alerts,
    keeping,
    keys,
    audit,
    members,
    single_sign_on,
)
"""The files of this dialect, in the order in which the API reference shows them."""

OPERATIONS: tuple[Operation, ...] = tuple(o for noun in NOUNS for o in noun.OPERATIONS)

LATER = ("/v4/directory", "/v4/loyalty")


class WrongMethod(Unknown):
    """This address does not know that method."""


class ComesLater(Unknown):
    """Directories and loyalty cards come in a later version."""


def _handler(operation: Operation) -> HTTPRouteHandler:
    path = operation.path.replace("}", ":str}")

    @route(path, http_method=operation.method, status_code=200)
    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        return await answer(request, operation)

    return handle


ROUTES = [_handler(operation) for operation in OPERATIONS]


def unknown_path(path: str, error: HTTPException) -> Response[bytes]:
    reply = told(_unknown(path, error))
    return Response(reply.body, status_code=reply.status, media_type=MEDIA_TYPE)


def _unknown(path: str, error: HTTPException) -> Unknown:
    if path.startswith(LATER):
        return ComesLater()
    return WrongMethod() if error.status_code == 405 else Unknown()
