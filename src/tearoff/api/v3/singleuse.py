"""`POST /v3/singleuse/create`."""

from __future__ import annotations

from typing import Any

import msgspec

from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Call, Endpoint
from tearoff.api.v3.send import new_session, unique_by
from tearoff.api.v3.shapes import session_url
from tearoff.coupons import actions
from tearoff.coupons.campaigns import CampaignNotFound, campaign
from tearoff.distribution.draft import to_utc
from tearoff.kit.db import Handle


async def create_single_use(call: Call, db: Handle) -> dict[str, Any]:
    given = call.given
    if given["autovalcode"] and given["customvalcode"]:
        raise p.BadParameters([(300, "Use either customvalcode or autovalcode, not both.")])
    found = await campaign(db, call.account.id, given["campaign"])
    if found is None:
        raise CampaignNotFound
    new = msgspec.structs.replace(
        new_session(given),
        phone=given["phone"][1].e164 if given["phone"] else None,
        validation_code=given["customvalcode"],
        expires_at=to_utc(given["expiry_date"], found.timezone),
    )
    issued = await actions.issue_session(
        db,
        found,
        new,
        now=call.now,
        unique_by=unique_by(given["duplicate_check"], given),
        automatic_code=given["autovalcode"],
    )
    return {
        "campaign": found.ref,
        "action": "single_use_code_created",
        "single_use_code": issued.code,
        "single_use_url": session_url(call, found, issued.code),
        "widget_validation_code": issued.code[:6],
        "custom_validation_code": issued.validation_code or "",
        "customid": given["customid"] or "",
        "duplicate": "1" if issued.is_duplicate else "0",
    }


CREATE_SINGLE_USE = Endpoint(
    path="/v3/singleuse/create",
    summary="Make one session of a campaign and get its link.",
    parameters=(
        p.CAMPAIGN,
        *p.CONSUMER,
        p.string("phone", p.phone, "Phone number of the consumer, E.164.", "+32470001234"),
        *p.CUSTOM,
        p.string(
            "customvalcode",
            p.text(100),
            "Your own validation code, at most 100 characters; not together with autovalcode.",
        ),
        p.string(
            "autovalcode",
            p.one_of("6digits", "8digits", "10digits"),
            "Let a validation code of so many digits be made.",
            "8digits",
        ),
        p.DUPLICATE_CHECK,
        p.EXPIRY,
        *p.UTM,
    ),
    act=create_single_use,
    errors=(200, 300, 301, 302, 303, 305, 502, 516),
    example={
        "status": {"status": "OK"},
        "campaign": "cam_100001",
        "action": "single_use_code_created",
        "single_use_code": "ac6s7u3g8a25ja7x9qg87",
        "single_use_url": "https://coupons.example.com/p/vuhykb/ac6s7u3g8a25ja7x9qg87",
        "widget_validation_code": "ac6s7u",
        "custom_validation_code": "",
        "customid": "42",
        "duplicate": "0",
    },
)

ENDPOINTS = (CREATE_SINGLE_USE,)
