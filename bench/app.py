"""The server with a few bare routes beside the real ones: the floors.

A floor does the least that the job asks of the database and of HTTP, in the same server, with
the same driver, the same pool and the same settings.
"""

from __future__ import annotations

from typing import Any

import msgspec
from jinja2 import Environment
from litestar import Litestar, Request, Response, get, post
from litestar.response.base import ASGIResponse

from tearoff.app import create_app as create_real_app
from tearoff.kit.services import services_of

AnyRequest = Request[Any, Any, Any]
PAGE = Environment(autoescape=True).from_string(
    "<!doctype html><html lang=en><title>{{ title }}</title><h1>{{ title }}</h1>"
    "<p>{{ description }}</p><p>{{ code }}</p>" + "<p>filling text of the page</p>" * 300
)
ANSWER = {"status": {"status": "OK"}, "campaign": "cam_1", "action": "sms_sent"}


@post("/floor/send", status_code=200)
async def floor_send(request: AnyRequest) -> Response[bytes]:
    """Two bare commits and one JSON answer."""
    values = msgspec.json.decode(await request.body())
    db = services_of(request).db
    made = await db.fetchval(
        "INSERT INTO floor_sends (phone) VALUES ($1) RETURNING id", values["phone"]
    )
    await db.execute("UPDATE floor_sends SET done = true WHERE id = $1", made)
    return Response(msgspec.json.encode({**ANSWER, "id": made}), media_type="application/json")


@get("/floor/page/{campaign:str}/{code:str}")
async def floor_page(request: AnyRequest, campaign: str, code: str) -> ASGIResponse:
    """One keyed read and a rendered template."""
    row = await services_of(request).db.fetchrow(
        "SELECT s.code, c.title, c.description FROM campaigns c JOIN sessions s"
        " ON s.account_id = c.account_id AND s.short_code = left($2, 6) AND s.code = $2"
        " WHERE c.code = $1",
        campaign,
        code,
    )
    page = PAGE.render(**dict(row or {}))
    return ASGIResponse(body=page.encode(), media_type="text/html; charset=utf-8")


@post("/floor/validate", status_code=200)
async def floor_validate(request: AnyRequest) -> Response[bytes]:
    """One keyed read, one bare guarded commit with its event row, one JSON answer."""
    values = msgspec.json.decode(await request.body())
    db = services_of(request).db
    found = await db.fetchval(
        "SELECT id FROM floor_coupons WHERE code = $1", values["couponsession"]
    )
    won = await db.fetchval(
        "WITH won AS (UPDATE floor_coupons SET used = now() WHERE id = $1 AND used IS NULL"
        " RETURNING id), noted AS (INSERT INTO floor_events (coupon) SELECT id FROM won)"
        " SELECT count(*) FROM won",
        found,
    )
    return Response(msgspec.json.encode({**ANSWER, "won": won}), media_type="application/json")


def create_app() -> Litestar:
    return create_real_app(more=[floor_send, floor_page, floor_validate])
