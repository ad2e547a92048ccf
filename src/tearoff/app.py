"""What a server is made of: `create_app` puts the doors together.

Everything a process shares is opened when it starts and closed when it ends; sends that are
under way are finished first.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog
from litestar import Litestar, Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler

from tearoff.api import callbacks, openapi
from tearoff.api.deps import open_doors
from tearoff.api.v3 import routes as v3
from tearoff.api.v4 import routes as v4
from tearoff.config import Settings, read_settings
from tearoff.kit import clock, keys, logs, metrics
from tearoff.kit.bodies import TooSlow
from tearoff.kit.clients import Clients
from tearoff.kit.db import Database, DatabaseAway
from tearoff.kit.processes import end_with_parent
from tearoff.kit.proxies import is_from_here
from tearoff.kit.schema import is_up_to_date
from tearoff.kit.services import Services, services_of
from tearoff.kit.words import read_catalogs
from tearoff.messages.binds import Binds
from tearoff.messages.self_reports import SelfReports
from tearoff.web.dashboard import pages
from tearoff.web.paper import notes
from tearoff.web.paper.reading import patiently
from tearoff.web.routes import make_routes

log = structlog.get_logger()


def create_app(
    settings: Settings | None = None, more: Sequence[ControllerRouterHandler] = ()
) -> Litestar:
    """The whole server as an ASGI app. `more` are routes that a benchmark adds."""
    settings = settings or read_settings()
    logs.configure(settings)
    clock.set_offset(settings.clock_offset)
    read_catalogs()
    app = Litestar(
        route_handlers=[
            *v3.ROUTES,
            *v4.ROUTES,
            callbacks.callback,
            openapi.document,
            *make_routes(openapi.make_document),
            healthz,
            readyz,
            prometheus,
            *more,
        ],
        lifespan=[_lifespan(settings)],
        exception_handlers={HTTPException: _http_error, Exception: _broken},
        openapi_config=None,
        logging_config=None,
        state=State({"settings": settings}),
    )
    app.asgi_handler = Clients(app.asgi_handler, https=settings.public_url.startswith("https:"))
    return app


@get("/healthz", sync_to_thread=False)
def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@get("/readyz")
async def readyz(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    """The database answers and its schema is the one this version needs."""
    try:
        is_ready = await patiently(is_up_to_date(services_of(request).db))
    except DatabaseAway:
        return Response({"status": "database away"}, status_code=503, headers={"Retry-After": "2"})
    if not is_ready:
        return Response({"status": "migrations missing"}, status_code=503)
    return Response({"status": "ok"})


@get("/metrics")
async def prometheus(request: Request[Any, Any, Any]) -> Response[bytes]:
    services = services_of(request)
    if not _may_see_metrics(request, services.settings):
        return Response(b"", status_code=401, headers={"WWW-Authenticate": "Bearer"})
    with contextlib.suppress(DatabaseAway):
        await patiently(metrics.read_database(services.db, clock.now()))
    body = metrics.exposition(os.environ.get("PROMETHEUS_MULTIPROC_DIR"))
    return Response(body, media_type="text/plain; version=0.0.4")


def _may_see_metrics(request: Request[Any, Any, Any], settings: Settings) -> bool:
    if settings.metrics_token:
        return keys.is_same(
            request.headers.get("authorization", ""), f"Bearer {settings.metrics_token}"
        )
    return is_from_here(request.scope)


def _lifespan(settings: Settings) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
        vault = keys.open_vault(settings)
        db = await Database.open(
            settings.database_url,
            size=settings.pool_size,
            patience=30,
            statement_within=settings.statement_limit,
        )
        services = Services(settings, db, vault, settings.database_url)
        doors = open_doors(services)
        app.state.services, app.state.doors = services, doors
        binds = Binds(services, doors.links)
        doors.links.binds = binds
        reports = doors.links.reports = SelfReports(services)
        _spare_callers_the_collector()
        try:
            yield
        finally:
            await doors.sender.finish()
            reports.close()
            await binds.close()
            await doors.links.close()
            await db.close()

    return lifespan


def _spare_callers_the_collector() -> None:
    """Python's collector stops everything while it looks through all objects: with its usual
    settings one call in a hundred waited 120 ms instead of 40 (`make bench`)."""
    gc.collect()
    gc.freeze()  # what the program itself is made of is never garbage
    gc.set_threshold(20_000, 50, 50)


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Unknown paths and methods, in the words of the door they were meant for."""
    path = request.scope["path"]
    if path.startswith(("/v3/", "/v4/subaccount")):
        return v3.unknown_path(path, error)
    if path.startswith("/v4/"):
        return v4.unknown_path(path, error)
    if path.startswith(("/p/", "/z/")) or error.status_code >= 500:
        return notes.error_page(request, error.status_code)
    return pages.unknown(request, error.status_code).as_response()


def _broken(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    if isinstance(error, TooSlow):
        return notes.trouble(request, error)
    log.error("request.broke", route=logs.route_of(request.scope), exc_info=error)
    status = 503 if isinstance(error, DatabaseAway) else 500
    return notes.error_page(request, status)
