"""`/v4/sessions/{code}/events`: the time line of a coupon."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v4 import shapes
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.sessions import CODE, TAG
from tearoff.coupons.sessions import actions
from tearoff.coupons.sessions.timeline import SessionEvent, events_of
from tearoff.kit.db import Handle


class Happened(msgspec.Struct, frozen=True):
    """`kind`: opened, claimed, validated and so on. `actor` is who did it: consumer, staff, robot,
    or the client id of a program; `channel` is over what: page, counter, api. An open has a
    `verdict`: human, robot or unsure; only a person's is `counted`."""

    at: datetime
    kind: str
    actor: str
    channel: str
    reason: str
    verdict: str | None
    counted: bool
    location: int | None
    device: int | None


async def list_events(call: Call, db: Handle) -> Page[Happened]:
    found = await actions.find_session(db, call.account.id, call.given["code"])
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (after,) = call.given.get("cursor", (None,))
    rows = await events_of(db, call.account.id, found.session.id, after, limit + 1)
    return page_of("events", rows, limit, _show, lambda row: (row.id,))


def _show(row: SessionEvent) -> Happened:
    return Happened(
        at=row.at,
        kind=row.kind,
        actor=row.actor,
        channel=row.channel,
        reason=row.reason,
        verdict=row.verdict,
        counted=row.verdict in (None, "human"),
        location=row.location_id,
        device=row.device_id,
    )


LIST = Operation(
    method="GET",
    path="/v4/sessions/{code}/events",
    tag=TAG,
    right=Right.LOOK,
    summary="What happened to a session, oldest first.",
    path_fields=(CODE,),
    query=(LIMIT, cursor_field("events", int)),
    act=list_events,
    errors=(201, 300, 301, 404, 505),
    answers={200: ("A page of events.", Page[Happened])},
    example=Page(
        [
            Happened(
                shapes.AT, "opened", "robot", "page",
                "agent: WhatsApp link preview (^WhatsApp(/|$))", "robot", False, None, None,
            ),
            Happened(
                shapes.AT.replace(minute=3), "opened", "consumer", "page",
                "the page was visible", "human", True, None, None,
            ),
            Happened(
                shapes.AT.replace(minute=20), "validated", "staff", "page", "", None, True,
                100001, None,
            ),
        ],
        None,
    ),
)  # fmt: skip

OPERATIONS = (LIST,)
