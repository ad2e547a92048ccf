"""The paths of the v3 dialect."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, route
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from tearoff.api.v3 import (
    account,
    campaign,
    coupon,
    couponsession,
    emailtool,
    push,
    reservation,
    send_email,
    send_sms,
    signin,
    singleuse,
    smstool,
    subaccount,
    webhook,
)
from tearoff.api.v3.endpoint import Endpoint, answer
from tearoff.api.v3.errors import ComesLater, PostOnly, UnknownPath, failure_body, failure_of
from tearoff.errors import NotFound

NOUNS = (
    send_sms,
    send_email,
    singleuse,
    couponsession,
    reservation,
    campaign,
    coupon,
    push,
    webhook,
    smstool,
    emailtool,
    account,
    subaccount,
    signin,
)
"""The files of this dialect, in the order in which the API reference shows them."""

ENDPOINTS: tuple[Endpoint, ...] = tuple(e for noun in NOUNS for e in noun.ENDPOINTS)

LATER = ("/v3/directory", "/v3/loyalty")


def _handler(endpoint: Endpoint) -> HTTPRouteHandler:
    @route(endpoint.path, http_method=endpoint.methods, status_code=200)
    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        return await answer(request, endpoint)

    return handle


ROUTES = [_handler(endpoint) for endpoint in ENDPOINTS]


def unknown_path(path: str, error: HTTPException) -> Response[bytes]:
    failure = failure_of(_unknown(path, error))
    return Response(failure_body(failure), status_code=404, media_type="application/json")


def _unknown(path: str, error: HTTPException) -> NotFound:
    if path.startswith(LATER):
        return ComesLater()
    return PostOnly() if error.status_code == 405 else UnknownPath()
