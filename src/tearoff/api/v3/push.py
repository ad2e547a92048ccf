"""`/v3/coupon/pushnotification/*`: messages to coupons that were saved in a wallet.

The message is put on the pass; its wallet is told, and shows it. Without credentials of a wallet
the answer says so.
"""

from __future__ import annotations

from typing import Any

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Endpoint, Told
from tearoff.api.v3.errors import Failure
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions import actions
from tearoff.coupons.sessions.actions import SessionNotFound
from tearoff.coupons.wallets import passes
from tearoff.kit.db import Handle

NOT_SAVED = "Push notification not sent. Reason: This coupon is in no wallet."
NO_WALLET = "Push notification not sent. Reason: No wallet credentials have been set up."


async def push_to_one(call: Call, db: Handle) -> dict[str, Any]:
    await _check_campaign(call, db)
    found = await actions.find_session(db, call.account.id, call.given["couponsession"])
    if found.campaign.id != call.given["campaign"]:
        raise SessionNotFound
    _check_credentials(call)
    message = call.given["message"]
    if not await passes.say(db, found.campaign.id, found.session.id, message, call.now):
        raise Told(Failure(422, [(602, NOT_SAVED)]), {})
    return {}


async def push_to_all(call: Call, db: Handle) -> dict[str, Any]:
    await _check_campaign(call, db)
    _check_credentials(call)
    await passes.say(db, call.given["campaign"], None, call.given["message"], call.now)
    return {}


def _check_credentials(call: Call) -> None:
    settings = call.doors.services.settings
    if not settings.apple_pass_type and not settings.google_issuer:
        raise Told(Failure(422, [(602, NO_WALLET)]), {})


async def _check_campaign(call: Call, db: Handle) -> None:
    if await campaigns.campaign(db, call.account.id, call.given["campaign"]) is None:
        raise CampaignNotFound


_MESSAGE = p.string("message", p.text(500, lines=True), "The text.", "Last days!", required=True)
_EXAMPLE = {"status": {"status": "OK"}}

ENDPOINTS = (
    Endpoint(
        path="/v3/coupon/pushnotification/single",
        right=Right.SEND,
        summary="Notify one person who saved the coupon in a wallet. Needs wallet credentials;"
        " without them the answer is a 602 that says so.",
        parameters=(p.CAMPAIGN, p.SESSION, _MESSAGE),
        act=push_to_one,
        errors=(200, 300, 301, 502, 505, 602),
        example=_EXAMPLE,
    ),
    Endpoint(
        path="/v3/coupon/pushnotification/all",
        right=Right.SEND,
        summary="Notify everybody who saved the coupon in a wallet. Needs wallet credentials;"
        " without them the answer is a 602 that says so.",
        parameters=(p.CAMPAIGN, _MESSAGE),
        act=push_to_all,
        errors=(200, 300, 301, 502, 602),
        example=_EXAMPLE,
    ),
)
