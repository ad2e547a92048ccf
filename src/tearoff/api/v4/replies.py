"""`/v4/replies`: what people wrote back, and a person's decision about what may mean STOP."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import shapes
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.coupons.sessions.last_coupons import Asked, LastCoupon, last_coupons
from tearoff.kit.db import Handle
from tearoff.messages import replies, reply_pages, standing
from tearoff.messages.connections import connections_of
from tearoff.messages.raw_reports import text_of_report
from tearoff.people.keywords import Keyword
from tearoff.people.sought import TooShort, sought

TAG = "Replies"


class Reply(msgspec.Struct, frozen=True):
    """`sender` is as the provider wrote it; `phone` is E.164, or null when the sender could not
    be read. `keyword`: what it was read as. `state`: `open` while a person has to decide,
    `opted_out`, `dismissed`, or `done` where there is nothing to decide. `provider`: over which it
    came; `to_own_number`: false where `received_by` is none of the account's senders. `about`: in a
    list, the coupon that they had got last before."""

    id: int
    sender: str
    phone: str | None
    received_by: str
    text: str
    keyword: str
    state: str
    received_at: datetime
    decided_at: datetime | None
    provider: int
    to_own_number: bool = True
    about: LastCoupon | None = None


async def list_replies(call: Call, db: Handle) -> Page[Reply]:
    limit, account_id = call.given.get("limit", DEFAULT_LIMIT), call.account.id
    (before,) = call.given.get("cursor", (None,))
    rows = await reply_pages.page(db, account_id, _asked(call), before, limit + 1)
    own = standing.own_numbers(await connections_of(db, account_id))
    about = await _about(db, account_id, rows)
    return page_of(
        "replies",
        rows,
        limit,
        lambda row: msgspec.structs.replace(
            _show(row), to_own_number=standing.is_own(row.received_by, own), about=about.get(row.id)
        ),
        lambda row: (row.id,),
    )


def _asked(call: Call) -> reply_pages.Asked:
    keyword, state = call.given.get("keyword"), call.given.get("state")
    if keyword == Keyword.MAYBE_STOP.value and state is None:
        state = "open"
    text = (call.given.get("search") or "").strip()
    if not text:
        return reply_pages.Asked(keyword, state)
    found = None
    with contextlib.suppress(TooShort):
        found = sought(text, call.account.country)
    is_number = found is not None and bool(found.forms)
    return reply_pages.Asked(keyword, state, found, None if is_number else text)


async def _about(
    db: Handle, account_id: int, rows: Sequence[replies.Reply]
) -> dict[int, LastCoupon | None]:
    known = [(row.id, Asked(row.phone, row.received_at)) for row in rows if row.phone]
    found = await last_coupons(db, account_id, [asked for _, asked in known])
    return dict(zip([id for id, _ in known], found, strict=True))


class UnreadReport(msgspec.Struct, frozen=True):
    """What a provider sent in which nothing is known: somebody's STOP may be in it. `text` is the
    beginning of it, without secrets. `reason`: `unreadable`, or `broken` where its reading ended
    with an error of this server's, which its log has."""

    id: int
    provider: int
    received_at: datetime
    reason: str
    text: str


async def list_unread(call: Call, db: Handle) -> Page[UnreadReport]:
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (before,) = call.given.get("cursor", (None,))
    rows = await reply_pages.unread(db, call.account.id, before, limit + 1)
    return page_of("unread", rows, limit, _show_unread, lambda row: (row.id,))


def _show_unread(row: reply_pages.Unread) -> UnreadReport:
    text = text_of_report(row.kind, row.raw)
    return UnreadReport(row.id, row.connection_id, row.received_at, row.result, text)


class Waiting(msgspec.Struct, frozen=True):
    """What people wrote: `open`, replies that wait for a decision (a thousand stand for more), and
    whether there are reports in which nothing could be read."""

    open: int
    has_unread: bool


async def count_waiting(call: Call, db: Handle) -> Waiting:
    account_id = call.account.id
    return Waiting(
        await reply_pages.count_open_of(db, account_id),
        await reply_pages.has_unread(db, account_id),
    )


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
        row.received_at, row.decided_at, row.connection_id,
    )  # fmt: skip


_ID = f.path_id("id", "rep", "Id of the reply.", 100001)
_EXAMPLE = Reply(
    100001, "32470001234", "+32470001234", "8850", "I want you to stop", "maybe_stop", "open",
    shapes.AT, None, 100001,
)  # fmt: skip
_ERRORS = (201, 301, 404, 501, 526)

LIST = Operation(
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
        f.text_field(
            "search",
            p.text(100),
            "Only those from this number, in any spelling or by its end, or with these words.",
            "0470 00 12 34",
        ),
    ),
    act=list_replies,
    errors=(201, 300, 301, 302),
    answers={200: ("A page of replies.", Page[Reply])},
    example=Page([_EXAMPLE], None),
)

UNREAD = Operation(
    method="GET",
    path="/v4/replies/unread",
    tag=TAG,
    right=Right.PEOPLE,
    summary="What providers reported in which neither a receipt nor a reply could be read, newest"
    " first. It is kept for 90 days.",
    query=(LIMIT, cursor_field("unread", int)),
    act=list_unread,
    errors=(201, 300, 301),
    answers={200: ("A page of reports.", Page[UnreadReport])},
    example=Page(
        [UnreadReport(1, 100001, shapes.AT, "unreadable", "POST\nfrom=32470001234")], None
    ),
)

WAITING = Operation(
    method="GET",
    path="/v4/replies/waiting",
    tag=TAG,
    right=Right.LOOK,
    summary="How many replies wait for a decision, and whether something could not be read.",
    act=count_waiting,
    errors=(201,),
    answers={200: ("What waits.", Waiting)},
    example=Waiting(2, has_unread=False),
)

OPT_OUT = Operation(
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
)

DISMISS = Operation(
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
)

OPERATIONS = (LIST, WAITING, UNREAD, OPT_OUT, DISMISS)
