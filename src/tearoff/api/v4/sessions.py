"""`/v4/sessions` and the sessions of a campaign."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.couponsession import OPERATIONS as WORDS
from tearoff.api.v3.couponsession import apply, doer_of
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import shapes
from tearoff.api.v4.operation import Answered, Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.people import CONSUMER, LANGUAGE, PERSON, TAGGED, new_session
from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.models import Campaign, SessionAndCampaign
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions import actions, extending, lists, queries, search
from tearoff.coupons.sessions.events import announce_session
from tearoff.errors import Conflict
from tearoff.kit.db import Handle
from tearoff.kit.phone import PhoneInvalid, read_phone

TAG = "Sessions"

BY_HAND = ("validated", "unvalidated", "voided", "unvoided", "locked", "unlocked")
"""Operations for which a person gives a reason."""


class UsedMeanwhile(Conflict):
    """The coupon was used, or a use taken back, meanwhile."""


async def list_sessions(call: Call, db: Handle) -> Page[shapes.Session]:
    found = await _campaign(call, db)
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (after,) = call.given.get("cursor", (None,))
    if "search" in call.given:
        rows = await search.newest(db, found, _wanted(call), after, limit + 1)
    elif call.given.get("order") == "newest":
        rows = await lists.sessions_before(db, found.id, after, limit + 1)
    else:
        rows = await lists.sessions_after(db, found.id, after, limit + 1)
    return page_of(
        "sessions",
        rows,
        limit,
        lambda row: _show(call, SessionAndCampaign(row, found)),
        lambda row: (row.id,),
    )


def _wanted(call: Call) -> search.Wanted:
    """What somebody typed or pasted: a coupon's link is read as its code, a national number as
    one of the account's country."""
    text = call.given["search"]
    code = _IN_LINK.search(text)
    try:
        phone = read_phone(text, call.account.country)
    except PhoneInvalid:
        phone = None
    return search.Wanted(anything=code[1].lower() if code else text, phone=phone)


_IN_LINK = re.compile(r"/[pz]/[a-z0-9]+/([a-z0-9]{21})", re.IGNORECASE | re.ASCII)


async def make_session(call: Call, db: Handle) -> shapes.Session | Answered:
    given = call.given
    found = await _campaign(call, db)
    issued = await actions.issue_session(
        db,
        found,
        msgspec.structs.replace(new_session(given), validation_code=given.get("validation_code")),
        now=call.now,
        unique_by=given.get("unique_by"),
        automatic_code=given.get("automatic_code"),
    )
    made = await actions.find_session(db, call.account.id, issued.code)
    if issued.is_duplicate:
        return Answered(200, _show(call, made))
    await announce_session(db, call.listener, "coupon_distributed", made, call.now)
    return _show(call, made)


async def get_session(call: Call, db: Handle) -> shapes.Session:
    return _show(call, await actions.find_session(db, call.account.id, call.given["code"]))


async def change_session(call: Call, db: Handle) -> shapes.Session:
    is_longer = "expires_at" in call.given
    if not is_longer and not any(name in call.given for name in _CHANGED):
        raise f.wrong("", 200, "Nothing was given to change.")
    if is_longer:
        await _extend(call, db)
    return await _apply(call, db, None)


async def _extend(call: Call, db: Handle) -> None:
    found = await actions.find_session(db, call.account.id, call.given["code"])
    _check_reason(call)
    until = call.given["expires_at"]
    await extending.extend(db, found, until, doer=doer_of(call), now=call.now)


async def operate(call: Call, db: Handle) -> shapes.Session:
    """What a person does by hand has a reason. Raises `UsedMeanwhile`."""
    operation = call.given["operation"]
    if operation in BY_HAND:
        _check_reason(call)
    if operation == "unvalidated" and "if_uses" in call.given:
        await _check_uses(call, db)
    return await _apply(call, db, operation)


def _check_reason(call: Call) -> None:
    if call.caller.key is None and not call.given.get("reason"):
        raise f.wrong("reason", 200, "Missing parameter: reason")


async def _check_uses(call: Call, db: Handle) -> None:
    """Held until the transaction ends: of two who take back the same use, one does."""
    found = await actions.find_session(db, call.account.id, call.given["code"])
    held = await queries.hold_session(db, call.account.id, found.session.id)
    if held is None or held.session.uses != call.given["if_uses"]:
        raise UsedMeanwhile


async def _apply(call: Call, db: Handle, operation: str | None) -> shapes.Session:
    """What v3's `couponsession/update` does, with its names for things."""
    found = await actions.find_session(db, call.account.id, call.given["code"])
    values = dict.fromkeys(_V3) | dict(call.given)
    values |= {"operation": operation, "redeem_location": call.given.get("location")}
    changed = await apply(msgspec.structs.replace(call, given=values), db, found)
    return _show(call, changed)


async def _campaign(call: Call, db: Handle) -> Campaign:
    found = await campaign(db, call.account.id, call.given["id"])
    if found is None:
        raise CampaignNotFound
    return found


def _show(call: Call, found: SessionAndCampaign) -> shapes.Session:
    return shapes.show_session(found, call.link_host, call.now)


def _code(name: str, given: Any) -> str:
    try:
        return p.session_code(name, given)
    except p.WrongValue:
        raise f.Unknown from None


CAMPAIGN_ID = f.path_id("id", "cam", "Id of the campaign.", 100001)
CODE = f.Field(
    name="code", read=_code, required=True, example=shapes.CODE, schema={"type": "string"},
    help="Code of the session: 21 characters, or the first 6.",
)  # fmt: skip
_PHONE = f.Field(
    name="phone", read=f.of_text(p.phone), example="+32470001234",
    help="Phone number of the consumer, E.164.", schema={"type": "string"},
)  # fmt: skip
_FIELDS = (
    *PERSON,
    _PHONE,
    f.text_field("gender", p.text(20), "Gender of the consumer."),
    *TAGGED,
    LANGUAGE,
    f.text_field("value", p.text(100), "Value of this coupon, instead of the campaign's."),
)
_REASON = f.text_field(
    "reason", f.required_text(200),
    "Why, for whoever looks at the coupon later. People have to give one, programs may.",
    "The till was down",
)  # fmt: skip
_CHANGED = tuple(field.name for field in _FIELDS)
_V3 = (*_CHANGED, "validation_value")
_REFUSALS = (506, 508, 511, 512, 516, 517, 518, 519, 520)

LIST = Operation(
    method="GET",
    path="/v4/campaigns/{id}/sessions",
    tag=TAG,
    right=Right.LOOK,
    summary="A campaign's sessions, in the order in which they were made.",
    path_fields=(CAMPAIGN_ID,),
    query=(
        LIMIT,
        cursor_field("sessions", int),
        f.words_field("order", ("oldest", "newest"), "Which come first; `oldest` if left out."),
        f.text_field("search", p.text(300), "Only those with this code, link, phone number in any"
                     " spelling, e-mail address, customid or validation code; newest first.",
                     "0470 00 12 34"),
    ),
    act=list_sessions,
    errors=(201, 300, 301, 302, 404, 502),
    answers={200: ("A page of sessions.", Page[shapes.Session])},
    example=Page([shapes.SESSION], None),
)  # fmt: skip

GET = Operation(
    method="GET",
    path="/v4/sessions/{code}",
    tag=TAG,
    right=Right.LOOK,
    summary="One session.",
    path_fields=(CODE,),
    act=get_session,
    errors=(404, 505),
    answers={200: ("The session.", shapes.Session)},
    example=shapes.SESSION,
)

CHANGE = Operation(
    method="PATCH",
    path="/v4/sessions/{code}",
    tag=TAG,
    right=Right.SEND,
    verb="session.change",
    personal=True,
    summary="Change what is known of the person or the value of the coupon, or let it be used"
    " for longer.",
    path_fields=(CODE,),
    body=(
        *_FIELDS,
        f.moment_field("expires_at", "A later moment from which this coupon cannot be used any"
                       " more; it may be later than the campaign's end.",
                       "2028-01-31T23:00:00Z"),
        _REASON,
    ),
    act=change_session,
    noted=("expires_at",),
    errors=(200, 201, 300, 301, 303, 305, 404, 409, 422, 505, 506, 508),
    answers={200: ("The session.", shapes.Session)},
    example=shapes.SESSION,
)  # fmt: skip
OPERATE = Operation(
    method="POST",
    path="/v4/sessions/{code}/{operation}",
    tag=TAG,
    right=Right.REDEEM,
    verb="session.operate",
    personal=True,
    summary="Take a coupon in, void it, lock it, or take that back. What is already so is"
    " fine and changes nothing. Of people, owners and managers alone may take back a use.",
    path_fields=(
        CODE,
        f.words_field("operation", WORDS, "What is done.", "opened", required=True),
    ),
    body=(
        f.text_field("validation_value", p.text(50),
                     "With `validated`: money spent.", "12.50"),
        f.integer_field("location", "With `validated`: where it is taken in."),
        f.integer_field("if_uses", "With `validated` and `unvalidated`: only if it has been"
                        " used so often; else 409.", 0, least=0),
        _REASON,
    ),
    act=operate,
    errors=(201, 300, 301, 302, 404, 409, 422, 505, *_REFUSALS),
    answers={200: ("The session as it is then.", shapes.Session)},
    example=shapes.SESSION,
)  # fmt: skip

OPERATIONS = (
    LIST,
    Operation(
        method="POST",
        path="/v4/campaigns/{id}/sessions",
        tag=TAG,
        right=Right.SEND,
        verb="session.create",
        personal=True,
        summary="Make a session for one person and get its link.",
        path_fields=(CAMPAIGN_ID,),
        body=(
            *CONSUMER,
            _PHONE,
            f.text_field("validation_code", p.seen(100), "Your own validation code."),
            f.words_field("automatic_code", tuple(actions.AUTOMATIC_CODES),
                          "Let a validation code of so many digits be made."),
        ),
        act=make_session,
        errors=(201, 300, 301, 302, 303, 305, 404, 409, 422, 502, 516),
        answers={
            201: ("The session.", shapes.Session),
            200: ("The session that this person had already (`unique_by`).", shapes.Session),
        },
        example=shapes.SESSION,
    ),
    GET,
    CHANGE,
    OPERATE,
)  # fmt: skip
