"""`/v4/messages`: what a text would cost, sending one, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tearoff.accounts import idempotency
from tearoff.accounts.rights import Right
from tearoff.api.call import NOT_KEPT, Call, interrupted
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import shapes
from tearoff.api.v4.operation import Operation, encode, told
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.people import CONSUMER, new_session
from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions import queries as coupons
from tearoff.distribution import preview
from tearoff.distribution.draft import MailTo
from tearoff.distribution.send import Keyed, NotSent, OutcomeUnknown, SendRequest, Sent
from tearoff.errors import NotFound, TearoffError
from tearoff.kit.db import Handle
from tearoff.messages import connections, queries
from tearoff.messages.models import Connection, Message
from tearoff.providers.base import PLAIN_WORDS, Reason

TAG = "Messages"


class MessageNotFound(NotFound):
    """There is no such message."""


class Preview(msgspec.Struct, frozen=True):
    """`units` are septets (GSM-7) or UTF-16 code units (UCS-2), without headers; `offending`
    are the characters that force UCS-2; `template` is the text before it was filled. With a
    campaign: the `sender` that the receiver sees, and with a `phone` the `price` of the whole
    message in millionths of the account's currency unit; null where that is not known."""

    encoding: str
    segments: int
    units: int
    text: str
    offending: list[str]
    template: str
    sender: str | None = None
    price: int | None = None


async def preview_message(call: Call, db: Handle) -> Preview:
    text, campaign_id = call.given.get("text"), call.given.get("campaign")
    found = None
    if campaign_id is not None:
        found = await campaign(db, call.account.id, campaign_id)
        if found is None:
            raise CampaignNotFound
    if text is None and found is None:
        raise f.wrong("text", 200, "Missing parameter: text")
    shown = preview.preview(
        call.account, text, found, call.given.get("fields"), link_host=call.link_host
    )
    measured = shown.measured
    route = None
    if found is not None:
        route = await connections.route(db, call.account.id)
    return Preview(
        encoding=measured.encoding,
        segments=measured.segments,
        units=measured.units,
        text=shown.text,
        offending=list(measured.offending),
        template=shown.written,
        sender=route.sender if route else None,
        price=_price(call, route, measured.segments),
    )


def _price(call: Call, route: Connection | None, segments: int) -> int | None:
    """None where nobody has said what a segment costs."""
    phone = call.given.get("phone")
    if route is None or phone is None:
        return None
    return segments * route.price_to(phone[1]) or None


async def list_messages(call: Call, db: Handle) -> Page[shapes.Message]:
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (before,) = call.given.get("cursor", (None,))
    rows = await queries.messages_before(db, call.account.id, before, limit + 1)
    carried = await _carried(db, call, rows)
    return page_of(
        "messages",
        rows,
        limit,
        lambda row: shapes.show_message(row, carried.get(row.about), call.link_host),
        lambda row: (row.id,),
    )


async def get_message(call: Call, db: Handle) -> shapes.MessageWithTimeline:
    return await _shown(call, db, call.given["id"])


async def send_message(call: Call) -> tuple[int, bytes]:
    """201 when the service has it, 202 when nobody can know yet."""
    receiver = "email" if call.given.get("channel") == "email" else "phone"
    if receiver not in call.given:
        raise f.wrong(receiver, 200, f"Missing parameter: {receiver}")
    message_id = await interrupted(call)
    if message_id is not None:
        return await _answer(call, message_id)
    keyed = Keyed(call.key, _refusal) if call.key else None
    try:
        sent = await call.doors.sender.send(call.caller, _request(call), call.now, keyed)
    except OutcomeUnknown as unknown:
        return await _maybe_sent(call, unknown)
    await _note(call, sent.message_id)
    status, body = await _answer(call, sent.message_id)
    if status == 201:
        await _keep(call, sent.message_id, body)
    return status, body


def _request(call: Call) -> SendRequest:
    given = call.given
    is_mail = given.get("channel") == "email"
    return SendRequest(
        campaign_id=given["campaign"],
        phone=None if is_mail else given["phone"][1],
        mail=_mail(given) if is_mail else None,
        body=given.get("text"),
        session_code=given.get("session"),
        sender=given.get("sender"),
        new=new_session(given),
        unique_by=given.get("unique_by"),
    )


def _mail(given: Mapping[str, Any]) -> MailTo:
    return MailTo(
        email=given["email"],
        subject=given.get("subject") or "",
        language=given.get("language") or "",
    )


async def _maybe_sent(call: Call, unknown: OutcomeUnknown) -> tuple[int, bytes]:
    """This call's message is told as it stands; that of an earlier, equal call stands in the
    way of this one, and nothing was done."""
    message = await queries.message(call.doors.services.db, unknown.message_id, call.account.id)
    if message is None or message.created_at != call.now:
        raise unknown
    await _note(call, message.id)
    return await _answer(call, message.id)


async def _note(call: Call, message_id: int) -> None:
    """Who sent it. Of a program's messages the row itself tells enough."""
    if call.caller.key is None:
        await call.note(call.doors.services.db, "message.send", subject=str(message_id))


async def _answer(call: Call, message_id: int) -> tuple[int, bytes]:
    shown = await _shown(call, call.doors.services.db, message_id)
    if shown.state == "failed":
        raise NotSent(shown.reason_text or PLAIN_WORDS[Reason.OTHER])
    return 202 if shown.state in ("submitting", "unknown") else 201, encode(shown)


def _refusal(result: Sent | TearoffError) -> idempotency.Answer | None:
    """What is stored in the send's own commit. An accepted message has its answer put together
    from its row, at any time."""
    if isinstance(result, Sent | OutcomeUnknown):
        return None
    reply = told(result)
    return idempotency.Answer(reply.status, reply.body) if reply.status not in NOT_KEPT else None


async def _keep(call: Call, message_id: int, body: bytes) -> None:
    """The key was claimed when the message was written, unless an equal one stood already."""
    if call.key is None:
        return
    services = call.doors.services
    async with services.db.transaction() as db:
        await idempotency.claim(db, call.key, call.now, 0, message_id)
        await idempotency.store(db, services.vault, call.key, idempotency.Answer(201, body))


async def _shown(call: Call, db: Handle, message_id: int) -> shapes.MessageWithTimeline:
    row = await queries.message(db, message_id, call.account.id)
    if row is None:
        raise MessageNotFound
    carried = await _carried(db, call, [row])
    return shapes.show_message_whole(row, carried.get(row.about), call.link_host)


async def _carried(db: Handle, call: Call, rows: Sequence[Message]) -> dict[int | None, Any]:
    ids = {row.about for row in rows if row.about is not None}
    if not ids:
        return {}
    found = await coupons.sessions_of_ids(db, call.account.id, ids)
    return {both.session.id: both for both in found}


def person_fields(name: str, given: Any) -> dict[str, str]:
    """Values for the fields of a text, by name."""
    if not isinstance(given, dict):
        raise p.WrongValue(301, f"Invalid value in parameter: {name}. Use an object of texts.")
    unknown = [key for key in given if key not in preview.FIELDS]
    if unknown:
        raise p.WrongValue(
            302, f"Invalid value in parameter: {name}. Use some of: {', '.join(preview.FIELDS)}."
        )
    return {key: f.of_text(p.text(254))(name, value) for key, value in given.items()}


_TEXT = f.text_field(
    "text", p.text(2000, lines=True),
    "The text. {link} stands for the coupon's address, which is appended otherwise. Default:"
    " the campaign's message text.", "Here is your coffee: {link}", schema={"maxLength": 2000},
)  # fmt: skip
_PHONE = f.Field(
    name="phone", read=f.of_text(p.phone), example="+32470001234",
    help="Receiver of a text, E.164; needed for `sms`.", schema={"type": "string"},
)  # fmt: skip
_ID = f.path_id("id", "msg", "Id of the message; `msg_…` is taken too.", 62391478206464001)

PREVIEW = Operation(
    method="POST",
    path="/v4/messages/preview",
    tag=TAG,
    right=Right.LOOK,
    summary="How many texts a text is, and in which encoding it would leave. With `text`"
    " alone nothing is appended and nothing is changed.",
    body=(
        f.text_field(
            "text", p.text(20_000, lines=True),
            "The text; left out, the campaign's.", "Café, 2 for 1: {link}",
            schema={"maxLength": 20_000},
        ),
        f.integer_field("campaign", "Measured with the link of a coupon of this campaign.",
                        100001),
        msgspec.structs.replace(_PHONE, help="With a campaign: what the message costs there."),
        f.Field(
            name="fields", read=person_fields,
            help="Values for {first_name} and the like: " + ", ".join(preview.FIELDS) + ".",
            schema={"type": "object", "additionalProperties": {"type": "string"}},
            example={"first_name": "Ann"},
        ),
    ),
    act=preview_message,
    errors=(200, 201, 300, 301, 302, 502),
    answers={200: ("The text as it would leave.", Preview)},
    example=Preview(
        "GSM-7", 1, 75,
        f"Café, 2 for 1: https://coupons.example.com/p/vuhykb/{shapes.CODE}", [],
        "Café, 2 for 1: {link}", "BEANLEAF", 49_000,
    ),
)  # fmt: skip

LIST = Operation(
    method="GET",
    path="/v4/messages",
    tag=TAG,
    right=Right.LOOK,
    summary="The account's messages, newest first.",
    query=(LIMIT, cursor_field("messages", int)),
    act=list_messages,
    errors=(201, 300, 301),
    answers={200: ("A page of messages.", Page[shapes.Message])},
    example=Page([shapes.MESSAGE], None),
)  # fmt: skip

SEND = Operation(
    method="POST",
    path="/v4/messages",
    tag=TAG,
    right=Right.SEND,
    verb="message.send",
    personal=True,
    summary="Text or mail a coupon to one person and wait for the service's answer.",
    body=(
        f.integer_field("campaign", "Id of the campaign.", 100001, required=True),
        f.words_field("channel", ("sms", "email"), "How it goes; `sms` if left out.", "sms"),
        _PHONE,
        _TEXT,
        f.text_field("subject", p.text(200), "Of a mail. Default: the campaign's title.",
                     "Your coffee is waiting"),
        f.text_field("session", p.session_code,
                     "Send this existing session: 21 characters, or the first 6."),
        f.text_field("sender", p.text(16),
                     "Overrides the sender where the provider allows it.", "BEANLEAF"),
        *CONSUMER,
    ),
    act_alone=send_message,
    errors=(103, 104, 200, 201, 300, 301, 302, 303, 305, 409, 422, 502, 513, 602, 605),
    answers={
        201: ("The service has accepted the message.", shapes.MessageWithTimeline),
        202: (
            "The service has not confirmed the message. It may have been sent, so it is not"
            " sent again; its state settles when the service reports.",
            shapes.MessageWithTimeline,
        ),
    },
    example=msgspec.structs.replace(
        shapes.MESSAGE_WITH_TIMELINE, state="accepted", settled_at=None,
        timeline=shapes.MESSAGE_WITH_TIMELINE.timeline[:2],
    ),
)  # fmt: skip

GET = Operation(
    method="GET",
    path="/v4/messages/{id}",
    tag=TAG,
    right=Right.LOOK,
    summary="A message with what happened to it.",
    path_fields=(_ID,),
    act=get_message,
    errors=(404, 501),
    answers={200: ("The message.", shapes.MessageWithTimeline)},
    example=shapes.MESSAGE_WITH_TIMELINE,
)  # fmt: skip

OPERATIONS = (PREVIEW, LIST, SEND, GET)
