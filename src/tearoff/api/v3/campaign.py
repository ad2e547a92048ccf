"""`/v3/campaign/*`: a campaign's sessions, page by page, and searching them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Act, Endpoint
from tearoff.api.v3.shapes import SESSION_EXAMPLE, session_objects
from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.models import SessionAndCampaign
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions import lists
from tearoff.coupons.sessions.lists import Period
from tearoff.coupons.sessions.search import Wanted, search
from tearoff.kit.db import Handle
from tearoff.kit.phone import PhoneInvalid, read_phone

_WAYS = ("customvalcode", "phone", "email", "customid", "search")


def _lister(name: str) -> Act:
    async def list_sessions(call: Call, db: Handle) -> dict[str, Any]:
        found = await campaign(db, call.account.id, call.given["campaign"])
        if found is None:
            raise CampaignNotFound
        period = Period(_utc(call.given["start_date"]), _utc(call.given["end_date"]))
        page = await lists.page(db, found.id, name, call.given["page"] or 1, period)
        both = [SessionAndCampaign(session, found) for session in page.sessions]
        return {
            "campaign": found.ref,
            "amount_of_results": page.total,
            "data": await session_objects(call, db, both),
        }

    return list_sessions


async def search_campaign(call: Call, db: Handle) -> dict[str, Any]:
    if await campaign(db, call.account.id, call.given["campaign"]) is None:
        raise CampaignNotFound
    return await _search(call, db, call.given["campaign"])


async def search_sessions(call: Call, db: Handle) -> dict[str, Any]:
    return await _search(call, db, None)


async def _search(call: Call, db: Handle, campaign_id: int | None) -> dict[str, Any]:
    wanted = _wanted(call)
    page = call.given["page"] or 1
    found = await search(db, call.account.id, wanted, campaign_id=campaign_id, page=page)
    return {
        "amount_of_results": found.total,
        "data": await session_objects(call, db, found.sessions),
    }


def _wanted(call: Call) -> Wanted:
    given = call.given
    text = given["search"]
    return Wanted(
        validation_code=given["customvalcode"],
        phone=_phone(text) if text else given["phone"],
        email=given["email"],
        customid=given["customid"],
        anything=text,
    )


def _phone(text: str) -> str | None:
    try:
        return read_phone(text)
    except PhoneInvalid:
        return None


def _utc(at: datetime | None) -> datetime | None:
    """Periods are in UTC."""
    return None if at is None else at.replace(tzinfo=UTC)


_PERIOD = (
    p.string("start_date", p.start_date,
             "From this moment on, UTC, it included: yyyy-MM-dd or yyyy-MM-dd HH:mm.",
             "2026-01-01"),
    p.string("end_date", p.last_moment,
             "Until this moment, UTC; the day, minute or second that is named is included.",
             "2027-12-31 23:59"),
)  # fmt: skip
_SEARCH = (
    p.string("customvalcode", p.seen(100), "The session's own validation code."),
    p.string("phone", p.any_phone, "Phone number of the consumer, E.164.", "+32470001234"),
    p.string("email", p.email, "E-mail address of the consumer."),
    p.string("customid", p.seen(50), "Your own tag of this person."),
    p.needed_when(
        p.string("search", p.seen(254), "Any of them, or a session code."),
        lambda found: all(found[name] is None for name in _WAYS),
    ),
    p.PAGE,
)
_OK = {"status": {"status": "OK"}}
_FOUND = {**_OK, "amount_of_results": 1, "data": [SESSION_EXAMPLE]}


def _list_endpoint(path: str, name: str, which: str) -> Endpoint:
    return Endpoint(
        path=f"/v3/campaign/{path}",
        right=Right.LOOK,
        summary=f"A campaign's sessions{which}, oldest first, 100 a page.",
        parameters=(p.CAMPAIGN, p.PAGE, *_PERIOD),
        act=_lister(name),
        writes=False,
        errors=(200, 300, 301, 303, 502),
        example={**_OK, "campaign": "cam_100001", **_FOUND},
    )


ENDPOINTS = (
    _list_endpoint("data", "created", ""),
    _list_endpoint("opens", "opened", " that were opened"),
    _list_endpoint("claims", "claimed", " that were claimed"),
    _list_endpoint("validations", "validated", " that were validated"),
    Endpoint(
        path="/v3/campaign/search",
        right=Right.LOOK,
        summary="Find sessions of a campaign by what people know of them.",
        parameters=(p.CAMPAIGN, *_SEARCH),
        act=search_campaign,
        writes=False,
        errors=(200, 300, 301, 305, 502),
        example=_FOUND,
    ),
    Endpoint(
        path="/v3/couponsession/search",
        right=Right.LOOK,
        summary="Find sessions of the account by what people know of them.",
        parameters=_SEARCH,
        act=search_sessions,
        writes=False,
        errors=(200, 300, 301, 305),
        example=_FOUND,
    ),
)
