"""The server with a few bare routes beside the real ones: the floors.

The first floor does the least that the job asks of the database and of HTTP; the second says the
very statements of the path (`recorded`) with nothing around them. Both run in the same server, with
the same driver, the same pool and the same settings.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment
from litestar import Litestar, Request, Response, get, post
from litestar.datastructures import State
from litestar.response.base import ASGIResponse

from bench.recorded import Replay, load
from tearoff.app import create_app as create_real_app
from tearoff.distribution.second_commit import Answers
from tearoff.kit import codes
from tearoff.kit.services import services_of

RECORDINGS = "TEAROFF_BENCH_RECORDINGS"
"""Names the folder of the recordings."""

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


# the same statements, bare -----------------------------------------------------------------


@lru_cache
def replay(name: str) -> Replay:
    return load(Path(os.environ[RECORDINGS]), name)


@post("/same/{path:str}/{shop:str}", status_code=200)
async def same(request: AnyRequest, path: str, shop: str) -> Response[bytes]:
    """The body names the call's keys; a code that is not there is drawn. What a send does after its
    answer, for many at once, our own code does."""
    keys = msgspec.json.decode(await request.body())
    if "code" not in keys:
        keys["code"] = codes.session_code()
    answers = await replay(f"{path}-{shop}").say(services_of(request).db, keys)
    if path == "send":
        answers_of(request.app.state).tell(answers[0]["message_id"])
    body = msgspec.json.encode({**ANSWER, "code": keys["code"]})
    return Response(body, media_type="application/json")


@get("/same/page/{shop:str}/{code:str}")
async def same_page(request: AnyRequest, shop: str, code: str) -> ASGIResponse:
    await replay(f"page-{shop}").say(services_of(request).db, {"code": code})
    page = PAGE.render(code=code, title="2-for-1 cappuccino", description="")
    return ASGIResponse(body=page.encode(), media_type="text/html; charset=utf-8")


def answers_of(state: State) -> Answers:
    if "answers" not in state:
        state.answers = Answers(state.services)
    found: Answers = state.answers
    return found


def create_app() -> Litestar:
    return create_real_app(more=[floor_send, floor_page, floor_validate, same, same_page])
