"""The paths of the v3 dialect."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, route
from litestar.handlers import HTTPRouteHandler

from tearoff.api.v3.couponsession import SESSION_DATA, UPDATE_SESSION
from tearoff.api.v3.endpoint import Endpoint, answer
from tearoff.api.v3.errors import UnknownPath, failure_body, failure_of
from tearoff.api.v3.send import SEND_SMS
from tearoff.api.v3.singleuse import CREATE_SINGLE_USE

ENDPOINTS: tuple[Endpoint, ...] = (SEND_SMS, CREATE_SINGLE_USE, SESSION_DATA, UPDATE_SESSION)


def _handler(endpoint: Endpoint) -> HTTPRouteHandler:
    @route(endpoint.path, http_method=endpoint.methods, status_code=200)  # type: ignore[arg-type]
    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await answer(request, endpoint)

    return handle


ROUTES = [_handler(endpoint) for endpoint in ENDPOINTS]


def unknown_path() -> Response[bytes]:
    failure = failure_of(UnknownPath())
    return Response(failure_body(failure), status_code=404, media_type="application/json")
