"""`/v4/sessions/{code}/timeline`: everything that is known of a coupon's way, in one line."""

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
from tearoff.distribution.timeline import Line, lines_of
from tearoff.kit.db import Handle


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `source`: session (made, saved to a wallet), event, message, or scan
    (read at a counter). `kind`: created, saved, opened, claimed, validated, extended and so on; of
    a message message_created, message_accepted, message_sent, message_delivered or message_failed;
    of a scan scanned. `actor` is consumer, staff, robot, tearoff, the client id of a program, or
    `person` and their number; `who` is what that key or person is called. `reason` is a word of
    ours, or what somebody typed; `detail` says more. An open has a `verdict`: human, robot or
    unsure, and only a person's is `counted`. Of a scan, `verdict` is what the server decided when
    it heard of it (good, used, no), and `device_at` what the device's own clock showed; `offline`:
    the device showed that it was not checked; `asked`: and that it is to be taken in. `value`: the
    money spent, or the new end of one that was extended."""

    at: datetime
    source: str
    kind: str
    actor: str
    who: str | None
    channel: str
    reason: str
    detail: str
    verdict: str | None
    counted: bool
    location: int | None
    place: str | None
    device: int | None
    device_name: str | None
    device_at: datetime | None
    offline: bool
    asked: bool
    message: int | None
    value: str | None


async def list_steps(call: Call, db: Handle) -> Page[Step]:
    found = await actions.find_session(db, call.account.id, call.given["code"])
    limit = call.given.get("limit", DEFAULT_LIMIT)
    after = call.given.get("cursor")
    rows = await lines_of(db, call.account.id, found.session.id, after, limit + 1)
    return page_of("timeline", rows, limit, _show, lambda row: (row.at, row.rank, row.id))


def _show(row: Line) -> Step:
    same = {
        name: getattr(row, name)
        for name in (
            "at", "source", "kind", "actor", "who", "channel", "reason", "detail", "verdict",
            "place", "device_name", "device_at", "asked", "value",
        )
    }  # fmt: skip
    return Step(
        **same,
        counted=row.kind != "opened" or row.verdict in (None, "human"),
        location=row.location_id,
        device=row.device_id,
        offline=row.was_offline,
        message=row.message_id,
    )


def _step(minute: int, source: str, kind: str, **more: object) -> Step:
    plain = Step(
        at=shapes.AT.replace(minute=minute), source=source, kind=kind, actor="", who=None,
        channel="", reason="", detail="", verdict=None, counted=True, location=None, place=None,
        device=None, device_name=None, device_at=None, offline=False, asked=False, message=None,
        value=None,
    )  # fmt: skip
    return msgspec.structs.replace(plain, **more)


LIST = Operation(
    method="GET",
    path="/v4/sessions/{code}/timeline",
    tag=TAG,
    right=Right.LOOK,
    summary="Everything that is known of a session's way, oldest first: its events, the messages"
    " about it with their receipts, and the scans at a counter.",
    path_fields=(CODE,),
    query=(LIMIT, cursor_field("timeline", datetime, int, int)),
    act=list_steps,
    errors=(201, 300, 301, 404, 505),
    answers={200: ("A page of steps.", Page[Step])},
    example=Page(
        [
            _step(0, "session", "created"),
            _step(0, "message", "message_created", channel="sms", message=62391478206464001),
            _step(1, "message", "message_delivered", channel="sms", message=62391478206464001),
            _step(
                20, "scan", "scanned", actor="staff", channel="counter", verdict="used",
                location=100001, place="Ghent", device=100001, device_name="Till 1",
                device_at=shapes.AT.replace(minute=12), offline=True, asked=True,
            ),
            _step(
                31, "event", "unvalidated", actor="person 100001", who="Ann Peeters",
                channel="dashboard", reason="Taken in by mistake",
            ),
        ],
        None,
    ),
)  # fmt: skip

OPERATIONS = (LIST,)
