"""`/v4/replies`: what people wrote back, and a person's decision about what may mean STOP."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import shapes
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.kit.db import Handle
from tearoff.messages import replies
from tearoff.people.keywords import Keyword

TAG = "Replies"


class Reply(msgspec.Struct, frozen=True):
    """`sender` is as the provider wrote it; `phone` is E.164, or null when the sender could not
    be read. `keyword`: what it was read as. `state`: `open` while a person has to decide,
    `opted_out`, `dismissed`, or `done` where there is nothing to decide."""

    id: int
    sender: str
    phone: str | None
    received_by: str
    text: str
    keyword: str
    state: str
    received_at: datetime
    decided_at: datetime | None


async def list_replies(call: Call, db: Handle) -> Page[Reply]:
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (before,) = call.given.get("cursor", (None,))
    keyword, state = call.given.get("keyword"), call.given.get("state")
    if keyword == Keyword.MAYBE_STOP.value and state is None:
        state = "open"
    rows = await replies.page(db, call.account.id, before, limit + 1, keyword=keyword, state=state)
    return page_of("replies", rows, limit, _show, lambda row: (row.id,))


async def opt_out(call: Call, db: Handle) -> Reply:
    phone = call.given.get("phone")
    return _show(
        await replies.opt_out(db, call.account.id, call.given["id"], phone=phone, now=call.now)
    )


async def dismiss(call: Call, db: Handle) -> Reply:
    return _show(await replies.dismiss(db, call.account.id, call.given["id"], now=call.now))


def _show(row: replies.Reply) -> Reply:
    return Reply(
        row.id, row.sender, row.phone, row.received_by, row.text, row.keyword, row.state,
        row.received_at, row.decided_at,
    )  # fmt: skip


_ID = f.path_id("id", "rep", "Id of the reply.", 100001)
_EXAMPLE = Reply(
    100001, "32470001234", "+32470001234", "8850", "I want you to stop", "maybe_stop", "open",
    shapes.AT, None,
)  # fmt: skip
_ERRORS = (201, 301, 404, 501, 526)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v4/replies",
        tag=TAG,
        right=Right.LOOK,
        summary="What people wrote to the account's numbers, newest first. With `state=open` all"
        " that waits for a decision; with `keyword=maybe_stop` what of it may have meant STOP,"
        " without a STOP from a number that could not be read, unless `state` says otherwise."
        " Replies are kept for 90 days, open ones until somebody decides.",
        query=(
            LIMIT,
            cursor_field("replies", int),
            f.words_field("keyword", [k.value for k in Keyword], "Only those read as this."),
            f.words_field("state", replies.STATES, "Only those in this state."),
        ),
        act=list_replies,
        errors=(201, 300, 301, 302),
        answers={200: ("A page of replies.", Page[Reply])},
        example=Page([_EXAMPLE], None),
    ),
    Operation(
        method="POST",
        path="/v4/replies/{id}/optout",
        tag=TAG,
        right=Right.PEOPLE,
        verb="reply.optout",
        personal=True,
        summary="It meant STOP: its sender gets nothing any more, as if it had been one.",
        path_fields=(_ID,),
        body=(
            f.text_field(
                "phone",
                p.any_phone,
                "Who it was, E.164: needed where the sender could not be read, and only then.",
            ),
        ),
        act=opt_out,
        errors=_ERRORS,
        answers={200: ("The reply.", Reply)},
        example=msgspec.structs.replace(_EXAMPLE, state="opted_out", decided_at=shapes.AT),
    ),
    Operation(
        method="POST",
        path="/v4/replies/{id}/dismiss",
        tag=TAG,
        right=Right.PEOPLE,
        verb="reply.dismiss",
        personal=True,
        summary="It did not mean STOP: it waits for nobody any more.",
        path_fields=(_ID,),
        act=dismiss,
        errors=_ERRORS,
        answers={200: ("The reply.", Reply)},
        example=msgspec.structs.replace(_EXAMPLE, state="dismissed", decided_at=shapes.AT),
    ),
)
