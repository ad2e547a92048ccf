"""Links that sign somebody in, to an account or as a teammate, or let somebody set a password."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tearoff.accounts import members, sign_ins
from tearoff.accounts.models import Account
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Endpoint
from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.rules import CampaignNotFound
from tearoff.kit import doorbook
from tearoff.kit.db import Handle
from tearoff.kit.doorbook import Event

PAGES = ("campaigns", "add_campaign", "update_campaign", "statistics", "distribution")


async def account_sso(call: Call, db: Handle) -> dict[str, Any]:
    """Signs in as the account's owner, where it has one."""
    owner = await members.owner(db, call.account.id)
    member_id = owner.id if owner else None
    ref = str(call.account.id)
    return {"account": await ticket(call, db, call.account, ref, member_id=member_id)}


async def teammate_sso(call: Call, db: Handle) -> dict[str, Any]:
    found = await members.member(db, call.account.id, call.given["teammate"])
    return {"teammate": await ticket(call, db, call.account, str(found.id), member_id=found.id)}


async def ticket(
    call: Call, db: Handle, account: Account, ref: str, *, member_id: int | None = None
) -> dict[str, Any]:
    """A token that signs in once, within five minutes, to no more than the key may do."""
    page, campaign_id = call.given.get("page"), call.given.get("campaign")
    if campaign_id is not None and await campaign(db, account.id, campaign_id) is None:
        raise CampaignNotFound
    token = await sign_ins.issue_ticket(
        db,
        "sso",
        account.id,
        member_id=member_id,
        page=page or "",
        campaign_id=campaign_id,
        expires_at=call.now + sign_ins.SSO_LIVES,
        scopes=call.caller.key.scopes if call.caller.key else None,
    )
    doorbook.note(
        Event.SSO_ISSUED, account=account.id, member=member_id, by_account=call.account.id
    )
    host = call.doors.services.settings.link_host
    return {
        "ID": ref,
        "token": token,
        "url": f"{host}/sso/{token}",
        "url_whitelabel": f"{account.link_host or host}/sso/{token}",
    }


async def password_url(call: Call, db: Handle, account_id: int, expires_at: datetime) -> str:
    """By which an account's owner sets a password, once."""
    owner = await members.owner(db, account_id)
    token = await sign_ins.issue_ticket(
        db,
        "password",
        account_id,
        member_id=owner.id if owner else None,
        expires_at=expires_at,
    )
    doorbook.note(Event.PASSWORD_LINK, account=account_id, member=owner.id if owner else None)
    return f"{call.doors.services.settings.link_host}/password/{token}"


CAMPAIGN = p.needed_when(p.optional(p.CAMPAIGN), lambda found: found["page"] == "update_campaign")
PAGE = p.string("page", p.one_of(*PAGES), "Page after signing in.", "statistics")
TICKET = {
    "token": "k" * 49,
    "url": f"https://coupons.example.com/sso/{'k' * 49}",
    "url_whitelabel": f"https://coupons.example.com/sso/{'k' * 49}",
}
_OK = {"status": {"status": "OK"}}
ENDPOINTS = (
    Endpoint(
        path="/v3/account/sso",
        right=Right.SUBACCOUNTS,
        summary="A link that signs in to this account, once, within five minutes.",
        parameters=(PAGE, CAMPAIGN), act=account_sso, errors=(200, 301, 302, 502),
        example={**_OK, "account": {"ID": "100001", **TICKET}},
    ),
    Endpoint(
        path="/v3/teammate/sso",
        right=Right.SUBACCOUNTS,
        summary="A link that signs in a teammate, once, within five minutes.",
        parameters=(
            p.string("teammate", p.reference("tea"), "Id of the teammate.", "100001",
                     required=True),
            PAGE, CAMPAIGN,
        ),
        act=teammate_sso, errors=(200, 301, 302, 502, 503),
        example={**_OK, "teammate": {"ID": "100001", **TICKET}},
    ),
)  # fmt: skip
