"""`POST /v3/send/email`."""

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
from tearoff.distribution.draft import MailTo
from tearoff.distribution.send import SendRequest, Sent

NO_ROUTE = (
    "No Email integration has been setup in your {product} account. Go to 'integrations' and"
    " 'Email marketing' to setup an Email provider"
)


async def send_email(call: Call) -> tuple[int, bytes]:
    return await send_shared.send(call, EMAIL)


def _request(given: Mapping[str, Any]) -> SendRequest:
    phone = given["phone"][1].e164 if given["phone"] else None
    return SendRequest(
        campaign_id=given["campaign"],
        mail=MailTo(
            email=given["email"],
            subject=given["subject"] or "",
            check_unique=bool(given["check_unique"]),
        ),
        body=given["body"],
        session_code=given["couponsession"],
        new=msgspec.structs.replace(new_session(given), phone=phone),
        local_expiry=given["expiry_date"],
        unique_by=unique_by(given["duplicate_check"], given),
    )


def _fields(given: Mapping[str, Any], sent: Sent) -> dict[str, Any]:
    return {
        "campaign": f"cam_{given['campaign']}",
        "email": sent.recipient,
        "subject": sent.subject,
        "single_use_code": sent.session_code,
        "single_use_url": sent.url,
        "action": "email_sent",
        "message_id": f"msg_{sent.message_id}",
    }


EMAIL = Way(
    channel="email",
    name="Email",
    no_route=(104, NO_ROUTE),
    receiver=lambda given: str(given["email"]),
    request=_request,
    fields=_fields,
)

SEND_EMAIL = Endpoint(
    path="/v3/send/email",
    right=Right.SEND,
    summary="Mail a coupon to one person.",
    parameters=(
        msgspec.structs.replace(p.CAMPAIGN, read=p.sendable),
        p.string("email", p.email, "Receiver.", "ann@example.com", required=True),
        p.string(
            "subject",
            fillable(p.text(200)),
            "The subject. Consumer fields such as {first_name} are filled in. Default: the"
            " campaign's title.",
            "Your coffee is waiting",
        ),
        p.string(
            "body",
            fillable(p.text(5000, lines=True)),
            "A text above the coupon. {link} stands for the coupon's address, which a button"
            " holds in any case. Default: the campaign's message text.",
            "Hi {first_name}, enjoy!",
        ),
        p.string("firstname", p.text(100), "First name of the receiver.", "Ann"),
        p.string("lastname", p.text(100), "Last name of the receiver.", "Peeters"),
        p.yes_or_no(
            "check_unique",
            "true: nothing is sent to somebody who has a coupon of this campaign already, or was"
            " mailed one.",
        ),
        p.optional(p.SESSION),
        p.string("phone", p.phone, "Phone number of the receiver, E.164.", "+32470001234"),
        *p.CUSTOM,
        p.EXPIRY,
        p.DUPLICATE_CHECK,
        *p.UTM,
    ),
    act_alone=send_email,
    from_memory=True,
    errors=(104, 200, 300, 301, 302, 303, 305, 502, 513, 602, 604, 605),
    example={
        "status": {"status": "OK"},
        "campaign": "cam_100001",
        "email": "ann@example.com",
        "subject": "Your coffee is waiting",
        "single_use_code": "ac6s7u3g8a25ja7x9qg87",
        "single_use_url": "https://coupons.example.com/p/vuhykb/ac6s7u3g8a25ja7x9qg87",
        "action": "email_sent",
        "message_id": "msg_62391478206464001",
    },
)

ENDPOINTS = (SEND_EMAIL,)
