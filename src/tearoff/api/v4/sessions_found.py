"""`GET /v4/sessions`: those of the whole account, the newest first, searched and filtered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec

from tearoff.accounts import locations
from tearoff.accounts.models import Location
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4 import shapes
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, write_cursor
from tearoff.coupons.campaigns.campaigns import campaign
from tearoff.coupons.models import SessionAndCampaign
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions import finding
from tearoff.coupons.sessions.sought import Sought, read_sought
from tearoff.coupons.sessions.standing import STANDINGS
from tearoff.kit.db import Handle
from tearoff.messages import carriers

_LIST = "found sessions"


class FoundSession(shapes.Session, frozen=True, kw_only=True):
    """A session with the names of what belongs to it. `channel`: sms or email, by which its last
    message went; link, if no message carried it; null, if nothing is known of that message any
    more. `sent_at`: when a service took that message, unless it came to nothing."""

    campaign_name: str
    channel: str | None
    sent_at: datetime | None
    location_name: str | None


async def list_found(call: Call, db: Handle) -> Page[FoundSession]:
    limit, after = call.given.get("limit", DEFAULT_LIMIT), call.given.get("cursor")
    wanted = await wanted_of(call, db)
    found = await finding.find(db, call.account.id, wanted, call.now, after=after, limit=limit)
    cursor = None if found.after is None else write_cursor(_LIST, found.after)
    return Page(await shown(call, db, found.sessions), cursor)


async def wanted_of(call: Call, db: Handle) -> finding.Wanted:
    """What the call's filters ask for. Raises `CampaignNotFound` and `LocationNotFound`."""
    given, account_id = call.given, call.account.id
    if "campaign" in given and await campaign(db, account_id, given["campaign"]) is None:
        raise CampaignNotFound
    if "location" in given:
        await _known_place(db, account_id, given["location"])
    return finding.Wanted(
        sought=_sought(call),
        campaign_id=given.get("campaign"),
        state=given.get("state"),
        channel=given.get("channel"),
        location_id=given.get("location"),
        since=given.get("from"),
        until=given.get("until"),
        differs=given.get("differs", False),
    )


async def _known_place(db: Handle, account_id: int, location_id: int) -> None:
    """One that was removed is one too."""
    if await locations.found(db, account_id, location_id, or_removed=True) is None:
        raise locations.LocationNotFound


def _sought(call: Call) -> Sought | None:
    text = call.given.get("search", "").strip()
    if not text:
        return None
    return read_sought(text, call.account.country, by_parts=_sees_people(call))


def _sees_people(call: Call) -> bool:
    """A role that sees no numbers does not find them end by end either."""
    rights = (Right.SEND, Right.EDIT, Right.REDEEM)
    return call.caller.key is not None or any(call.caller.may(right) for right in rights)


async def shown(
    call: Call, db: Handle, found: Collection[SessionAndCampaign]
) -> list[FoundSession]:
    """With their names; so many statements whatever is found."""
    account_id, sessions = call.account.id, [both.session for both in found]
    messages = {s.last_message_id for s in sessions if s.last_message_id is not None}
    places = {s.location_id for s in sessions if s.location_id is not None}
    carried = await carriers.of_ids(db, account_id, messages) if messages else {}
    named = await locations.of_ids(db, account_id, places) if places else {}
    return [_show(call, both, carried, named) for both in found]


def _show(
    call: Call,
    both: SessionAndCampaign,
    carried: Mapping[int, carriers.Carrier],
    named: Mapping[int | None, Location],
) -> FoundSession:
    session, place = both.session, named.get(both.session.location_id)
    carrier = carried.get(session.last_message_id or 0)
    is_link = session.last_message_id is None
    return FoundSession(
        **msgspec.structs.asdict(shapes.show_session(both, call.link_host, call.now)),
        campaign_name=both.campaign.name,
        channel="link" if is_link else carrier.channel if carrier else None,
        sent_at=carrier.sent_at if carrier else None,
        location_name=place.name if place else None,
    )


_LARGEST = 2**53 - 1
SEARCH = f.text_field(
    "search", p.text(300), "Only those with this code, link, customid or validation code; this"
    " phone number in any spelling, or one that ends with these four digits or more; this e-mail"
    " address, or one that ends with these four characters or more; or a name whose words begin"
    " with these.", "0470 00 12 34",
)  # fmt: skip
FILTERS = (
    SEARCH,
    f.query_integer("campaign", "Of this campaign.", 100001, least=1, most=_LARGEST),
    f.words_field("state", STANDINGS, "That stand so now."),
    f.words_field("channel", finding.CHANNELS, "Whose last message went by SMS or e-mail; `link`:"
                  " that no message carried."),
    f.query_integer("location", "That were last taken in at this location.", 100001, least=1,
                    most=_LARGEST),
    f.moment_field("from", "Made at this moment or later.", "2026-11-23T00:00:00Z"),
    f.moment_field("until", "Made before this moment.", "2026-11-24T00:00:00Z"),
    f.Field(
        name="differs", read=p.flag, example="true", schema={"type": "boolean"},
        help="true: that a device without connection took in, and the server then refused.",
    ),
)  # fmt: skip

LIST = Operation(
    method="GET",
    path="/v4/sessions",
    tag="Sessions",
    right=Right.LOOK,
    summary="The sessions of all campaigns, the newest first. A page looks at 100,000 sessions at"
    " most: it may hold fewer than asked for, or none, and still have a `next_cursor`.",
    query=(LIMIT, cursor_field(_LIST, datetime, int), *FILTERS),
    act=list_found,
    errors=(201, 300, 301, 302, 303, 404, 501, 502),
    answers={200: ("A page of sessions.", Page[FoundSession])},
    example=Page([
        FoundSession(
            **msgspec.structs.asdict(shapes.SESSION), campaign_name="Two for one", channel="link",
            sent_at=None, location_name=None,
        ),
    ]),
)  # fmt: skip

OPERATIONS = (LIST,)
