"""`POST /v3/send/sms`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3 import send_shared
from tearoff.api.v3.endpoint import Endpoint
from tearoff.api.v3.send_shared import Way, fillable, new_session, unique_by
from tearoff.distribution.send import SendRequest, Sent

NO_ROUTE = (
    "No SMS integration has been setup in your {product} account. Go to 'integrations' and"
    " 'SMS marketing' to setup a SMS provider."
)


LONGEST = 2_000
"""Characters; ten segments hold at most 1,530, and fields may stand for fewer than their names."""


def _text(name: str, given: Any) -> str:
    """Too long for ten segments is one error, whether it is seen here or once it is filled."""
    if isinstance(given, str) and len(given) > LONGEST:
        raise p.invalid_character(name)
    return _LINES(name, given)


_LINES = p.text(LONGEST, lines=True)


async def send_sms(call: Call) -> tuple[int, bytes]:
    return await send_shared.send(call, SMS)


def _request(given: Mapping[str, Any]) -> SendRequest:
    new = new_session(given)
    return SendRequest(
        campaign_id=given["campaign"],
        phone=given["phone"][1],
        body=given["body"],
        session_code=given["couponsession"],
        sender=given["sender"],
        new=new,
        local_expiry=given["expiry_date"],
        unique_by=unique_by(given["duplicate_check"], {**given, "phone": given["phone"][0]}),
    )


def _fields(given: Mapping[str, Any], sent: Sent) -> dict[str, Any]:
    return {
        "campaign": f"cam_{given['campaign']}",
        "message": sent.asked_text,
        "phone": sent.recipient.removeprefix("+"),
        "single_use_code": sent.session_code,
        "single_use_url": sent.url,
        "action": "sms_sent",
        "message_id": f"msg_{sent.message_id}",
        "segments": sent.segments,
        "encoding": sent.encoding,
    }


SMS = Way(
    channel="sms",
    name="SMS",
    no_route=(103, NO_ROUTE),
    receiver=lambda given: str(given["phone"][0]),
    request=_request,
    fields=_fields,
)

SEND_SMS = Endpoint(
    path="/v3/send/sms",
    right=Right.SEND,
    summary="Text a coupon to one person.",
    parameters=(
        msgspec.structs.replace(p.CAMPAIGN, read=p.sendable),
        p.string(
            "phone",
            p.phone,
            "Receiver, E.164. Spaces, dashes, dots and parentheses are removed, 00 is read as +,"
            " digits alone as an international number.",
            "+32470001234",
            required=True,
        ),
        p.string(
            "body",
            fillable(_text),
            "The text. {link} stands for the coupon's address, which is appended otherwise."
            " Default: the campaign's message text.",
            "Here is your coffee: {link}",
        ),
        p.optional(p.SESSION),
        p.string(
            "sender", p.text(16), "Overrides the sender where the provider allows it.", "BEANLEAF"
        ),
        *p.CONSUMER,
        *p.CUSTOM,
        p.EXPIRY,
        p.DUPLICATE_CHECK,
        *p.UTM,
    ),
    act_alone=send_sms,
    from_memory=True,
    errors=(103, 200, 301, 302, 303, 305, 502, 513, 602, 605),
    example={
        "status": {"status": "OK"},
        "campaign": "cam_100001",
        "message": "Here is your coffee: {link}",
        "phone": "32470001234",
        "single_use_code": "ac6s7u3g8a25ja7x9qg87",
        "single_use_url": "https://coupons.example.com/p/vuhykb/ac6s7u3g8a25ja7x9qg87",
        "action": "sms_sent",
        "message_id": "msg_62391478206464001",
        "segments": 1,
        "encoding": "GSM-7",
    },
)

ENDPOINTS = (SEND_SMS,)
