"""`/v4/campaigns`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.accounts.subaccounts import check_room
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import campaign_shapes as shapes
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.option_fields import LIMITS, OPTIONS, option_changes
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.sessions import CAMPAIGN_ID
from tearoff.coupons.campaigns import campaigns, catalogue, copies, counts, folders, listing
from tearoff.coupons.campaigns.catalogue import STATUSES, CampaignChanges, Entry, Filter
from tearoff.coupons.sessions import events
from tearoff.kit.db import Handle
from tearoff.kit.words import LANGUAGES

BY = "api"
"""A program that changes a campaign, as it is told."""

TAG = "Campaigns"
LIVE = "live"

_EMPTY: dict[str, Any] = {
    **dict.fromkeys(
        ("subtitle", "description", "terms", "value", "message_text", "picture_alt", "customid"), ""
    ),
    "tags": (),
}
"""What null makes of them."""

_COLUMNS = {"folder": "folder_id", "category": "category_id"}


def by(call: Call) -> str:
    """Who changes a campaign here, as it is told to the others."""
    return call.caller.member.name if call.caller.member else BY


async def list_campaigns(call: Call, db: Handle) -> Page[shapes.Campaign]:
    given = call.given
    limit = given.get("limit", DEFAULT_LIMIT)
    wanted = asked(given)
    found = await listing.listed(
        db,
        call.account.id,
        wanted,
        now=call.now,
        timezone=call.account.timezone,
        after=_after(given, wanted.sort),
        limit=limit + 1,
    )
    is_plain = wanted.sort == "created"
    return page_of(
        "campaigns" if is_plain else f"campaigns by {wanted.sort}",
        found,
        limit,
        lambda one: shapes.show_campaign(one.entry, call.link_host, one.standing),
        lambda one: (one.place.id,) if is_plain else (one.place.key, one.place.id),
    )


def asked(given: Mapping[str, Any]) -> listing.Asked:
    """What a list is asked for, by the values of its query."""
    only = Filter(
        status=given.get("status"),
        folder_id=given.get("folder"),
        category_id=given.get("category"),
        tags=(given["tag"],) if "tag" in given else None,
    )
    state = given.get("state")
    states = listing.LIVE if state == LIVE else (state,) if state else None
    sort = given.get("sort", "created")
    return listing.Asked(only=only, search=given.get("search", ""), states=states, sort=sort)


def _after(given: Mapping[str, Any], sort: str) -> listing.Place | None:
    """Where the page before ended, which was sorted alike."""
    if "cursor" not in given:
        return None
    by, *place = given["cursor"]
    if by != sort:
        detail = "Invalid value in parameter: cursor. Use next_cursor of a page with this sort."
        raise f.wrong("cursor", 301, detail)
    return listing.Place(place[0], place[-1])


def _cursor(name: str, given: Any) -> tuple[Any, ...]:
    """A place in the list, behind the name of its sort."""
    for sort in listing.SORTS:
        if sort != "created":
            with contextlib.suppress(p.WrongValue):
                read = cursor_field(
                    f"campaigns by {sort}", listing.KINDS[sort.removeprefix("-")], int
                ).read
                return (sort, *read(name, given))
    return ("created", *cursor_field("campaigns", int).read(name, given))


async def get_campaign(call: Call, db: Handle) -> shapes.Campaign:
    return await _shown(call, db, call.given["id"])


async def create_campaign(call: Call, db: Handle) -> shapes.Campaign:
    await check_room(db, call.account.id)
    changes = await changes_of(db, call.account.id, call.given)
    template = call.given.get("template")
    if template is not None:
        known = await catalogue.entry(db, call.account.id, template, is_template=None)
        made = await copies.copy(db, known, call.account.id, changes)
    elif isinstance(changes.name, str):
        made = await campaigns.create_campaign(db, call.account.id, _new(call, changes))
    else:
        raise f.wrong("name", 200, "Missing parameter: name")
    await events.announce_campaign(db, call.listener, "coupon_created", made, call.now)
    return await _shown(call, db, made.id)


async def update_campaign(call: Call, db: Handle) -> shapes.Campaign:
    changes = await changes_of(db, call.account.id, call.given)
    entry = await catalogue.change(
        db,
        call.account.id,
        call.given["id"],
        changes,
        call.now,
        version=call.given.get("version"),
        by=by(call),
    )
    await events.announce_campaign(db, call.listener, "coupon_updated", entry.campaign, call.now)
    return await shown(call, db, entry)


async def delete_campaign(call: Call, db: Handle) -> None:
    known = await catalogue.entry(db, call.account.id, call.given["id"])
    await catalogue.remove(db, call.account.id, known.campaign.id, call.now)
    await events.announce_campaign(db, call.listener, "coupon_removed", known.campaign, call.now)


async def _shown(call: Call, db: Handle, campaign_id: int) -> shapes.Campaign:
    return await shown(call, db, await catalogue.entry(db, call.account.id, campaign_id))


async def shown(call: Call, db: Handle, entry: Entry) -> shapes.Campaign:
    """A campaign with its counts at this moment."""
    day = counts.today(call.account.timezone, call.now)
    found = await counts.of_campaigns(db, call.account.id, [entry.campaign.id], day)
    standing = found.get(entry.campaign.id, counts.NOTHING)
    return shapes.show_campaign(entry, call.link_host, standing)


def _new(call: Call, changes: CampaignChanges) -> campaigns.NewCampaign:
    values = changes.given()
    account = call.account
    return campaigns.NewCampaign(
        **{
            "title": values["name"],
            "brand": account.brand or account.name,
            "brand_color": account.brand_color,
            "language": account.language,
            "timezone": account.timezone,
            **values,
        }
    )


async def changes_of(db: Handle, account_id: int, given: Mapping[str, Any]) -> CampaignChanges:
    """What was given; folder and category must be the account's own."""
    if given.get("folder") is not None:
        await folders.check_folder(db, account_id, given["folder"])
    if given.get("category") is not None:
        await folders.category(db, account_id, given["category"])
    named = {_COLUMNS.get(name, name): value for name, value in given.items()}
    known = CampaignChanges.__struct_fields__
    columns: dict[str, Any] = {
        name: _EMPTY.get(name) if value is None else value
        for name, value in named.items()
        if name in known
    }
    return CampaignChanges(**columns, options=option_changes(given))


def _color(name: str, given: Any) -> str:
    value: str = given.strip().lower()
    if not campaigns.COLOR.fullmatch(value):
        raise p.WrongValue(302, f"Invalid value in parameter: {name}. Use a colour: #0b5d4b.")
    return value


def _tag(name: str, given: Any) -> str:
    value: str = p.text(50)(name, given).strip().lower()
    if not value or "," in value:
        raise p.WrongValue(301, f"Invalid value in parameter: {name}. A tag is a word.")
    return value


_NAME = f.text_field("name", f.required_text(200), "The internal name.", "Two for one")
FIELDS = (
    _NAME,
    f.text_field("title", p.text(200), "The offer in a few words.", "2-for-1 cappuccino"),
    f.text_field("subtitle", p.text(200), "A line below the title.", nullable=True),
    f.text_field("description", p.text(5_000, lines=True), "What the offer is.", nullable=True),
    f.text_field("terms", p.text(5_000, lines=True), "The conditions.", nullable=True),
    f.text_field("value", p.text(100), "What it is worth.", "Second cup free", nullable=True),
    f.text_field("brand", p.text(100), "The shop's name on the page.", "Bean & Leaf"),
    f.text_field("brand_color", _color, "The brand's colour.", "#0b5d4b"),
    f.words_field("language", LANGUAGES, "Language of the page.", "en"),
    f.text_field("message_text", p.text(2_000, lines=True),
                 "Default text of messages; {link} stands for the coupon's address.",
                 "Your coffee: {link}", nullable=True),
    f.text_field("timezone", p.zone, "Time zone in which people read its dates.",
                 "Europe/Brussels"),
    f.moment_field("starts_at", "First moment; null: at once.", nullable=True),
    f.moment_field("expires_at", "The moment from which it is over; null: never.",
                   "2027-12-31T23:00:00Z", nullable=True),
    f.integer_field("uses", "How often one coupon can be used.", 1, least=1, most=1_000),
    f.integer_field("limit_sessions", "At most so many coupons are issued; null: no limit.",
                    least=0, most=10**9, nullable=True),
    f.integer_field("limit_validations", "At most so many are taken in; null: no limit.",
                    least=0, most=10**9, nullable=True),
    *LIMITS,
    f.words_field("status", STATUSES, "Coupons of an active campaign can be used.", "active"),
    f.integer_field("folder", "Id of a folder; null: none.", nullable=True),
    f.integer_field("category", "Id of a category; null: none.", nullable=True),
    f.texts_field("tags", 50, 50, "Tags.", ["drinks", "food"], each=_tag, nullable=True),
    f.text_field("customid", p.text(50), "Your own tag, at most 50 characters.", nullable=True),
    f.boolean_field("featured", "Whether it stands out.", example=False),
    *OPTIONS,
)  # fmt: skip
_WRITES = (201, 300, 301, 302, 303, 409, 422, 515, 521)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v4/campaigns",
        tag=TAG,
        right=Right.LOOK,
        summary="The account's campaigns, searched, filtered and sorted, with their counts.",
        query=(
            LIMIT,
            msgspec.structs.replace(cursor_field("campaigns", int), read=_cursor),
            f.text_field("search", p.text(100), "Only those whose name or title has all of these"
                         " words, in any case and with any accents.", "coffee"),
            f.words_field("sort", listing.SORTS, "What comes first; with `-` the other way round."
                          " Left out: in the order in which they were made.", "-redeemed"),
            f.words_field("state", (*listing.STATES, LIVE), "Only those that stand so: an active"
                          " campaign before its first moment is `scheduled`, one past its end"
                          " `ended`; all that are not archived are `live`.", "active"),
            f.words_field("status", STATUSES, "Only those in this status.", "active"),
            f.query_integer("folder", "Only those in this folder.", 100001, least=1,
                            most=2**53 - 1),
            f.query_integer("category", "Only those in this category or below it.", 100001,
                            least=1, most=2**53 - 1),
            f.text_field("tag", _tag, "Only those with this tag.", "food"),
        ),
        act=list_campaigns,
        errors=(201, 300, 301, 302),
        answers={200: ("A page of campaigns.", Page[shapes.Campaign])},
        example=Page([shapes.CAMPAIGN], None),
    ),
    Operation(
        method="POST",
        path="/v4/campaigns",
        tag=TAG,
        right=Right.EDIT,
        verb="campaign.create",
        summary="Make a campaign, plain or like another one.",
        body=(
            f.integer_field("template", "Id of a campaign to copy. What is given beside it is"
                            " changed in the copy."),
            *FIELDS,
        ),
        act=create_campaign,
        errors=(200, *_WRITES, 502, 516),
        answers={201: ("The campaign.", shapes.Campaign)},
        example=shapes.CAMPAIGN,
    ),
    Operation(
        method="GET",
        path="/v4/campaigns/{id}",
        tag=TAG,
        right=Right.LOOK,
        summary="One campaign.",
        path_fields=(CAMPAIGN_ID,),
        act=get_campaign,
        errors=(404, 502),
        answers={200: ("The campaign.", shapes.Campaign)},
        example=shapes.CAMPAIGN,
    ),
    Operation(
        method="PATCH",
        path="/v4/campaigns/{id}",
        tag=TAG,
        right=Right.EDIT,
        verb="campaign.change",
        look=get_campaign,
        summary="Change a campaign; what is left out stays, null empties.",
        path_fields=(CAMPAIGN_ID,),
        body=(
            *FIELDS,
            f.text_field("picture_alt", p.text(200), "What the picture shows, for whoever cannot"
                         " see it.", "Two cups of coffee", nullable=True),
            f.integer_field("version", "The version that you have seen. When the campaign has"
                            " another one by now and this would change it, nothing is changed:"
                            " 409."),
        ),
        act=update_campaign,
        errors=(*_WRITES, 404, 502, 540),
        answers={200: ("The campaign as it is then.", shapes.Campaign)},
        example=shapes.CAMPAIGN,
    ),
    Operation(
        method="DELETE",
        path="/v4/campaigns/{id}",
        tag=TAG,
        right=Right.EDIT,
        verb="campaign.remove",
        look=get_campaign,
        summary="Put a campaign away for good; its sessions keep their history.",
        path_fields=(CAMPAIGN_ID,),
        act=delete_campaign,
        errors=(404, 409, 422, 502),
        answers={204: ("It is gone.", None)},
    ),
)  # fmt: skip
LIST, CREATE, GET, UPDATE, DELETE = OPERATIONS[:5]
