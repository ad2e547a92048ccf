"""`/v3/coupon/*`, `/v3/category/*` and `/v3/folder/*`: campaigns and what sorts them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tearoff.accounts import queries as accounts
from tearoff.accounts.actions import SubaccountNotFound
from tearoff.accounts.models import Account
from tearoff.accounts.rights import Right
from tearoff.accounts.subaccounts import check_parent, check_room
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3.endpoint import Endpoint
from tearoff.api.v3.shapes import coupon_info
from tearoff.coupons.campaigns import campaigns, catalogue, copies, folders
from tearoff.coupons.campaigns.catalogue import STATUSES, CampaignChanges, Entry, Filter
from tearoff.coupons.campaigns.folders import Category, Folder
from tearoff.coupons.sessions import events
from tearoff.distribution.draft import to_utc
from tearoff.kit.db import Handle
from tearoff.kit.words import LANGUAGES

_STATUS_WORDS = {"published": "active", "inactive": "paused", "deleted": "archived"}
_THIRD_LEVEL = 3


async def list_coupons(call: Call, db: Handle) -> dict[str, Any]:
    given = call.given
    if given["folder"] is not None:
        await folders.check_folder(db, call.account.id, given["folder"])
    only = Filter(
        status="active" if given["only_active"] else None,
        lasts_after=call.now if given["only_active"] else None,
        folder_id=given["folder"],
        category_id=given["category"],
        tags=given["tags"],
        newest_first=given["sorting"] == "desc",
    )
    found = await catalogue.page(db, call.account.id, only, given["page"] or 1)
    return {
        "amount_of_coupons": found.total,
        "coupon_info": [_info(call, entry) for entry in found.entries],
    }


async def get_coupon(call: Call, db: Handle) -> dict[str, Any]:
    entry = await catalogue.entry(db, call.account.id, call.given["campaign"])
    info = _info(call, entry)
    if call.given["show_usage_stats"]:
        stats = await catalogue.usage_stats(db, call.account.id, entry.campaign.id)
        info |= {
            "custom_validation_codes": stats.codes,
            "custom_validation_codes_claimed": stats.claimed,
        }
    return {"coupon_info": info}


async def create_coupon(call: Call, db: Handle) -> dict[str, Any]:
    given = call.given
    owner = await _owner(call, db)
    await check_room(db, owner.id)
    template = await _template(call, db)
    if template is not None:
        timezone = given["timezone"] or template.campaign.timezone
        changes = await _changes(given, db, owner, timezone)
        made = await copies.copy(db, template, owner.id, changes)
    else:
        timezone = given["timezone"] or owner.timezone
        values = (await _changes(given, db, owner, timezone)).given()
        new = campaigns.NewCampaign(**_defaults(given, owner, timezone) | values)
        made = await campaigns.create_campaign(db, owner.id, new)
    entry = await catalogue.entry(db, owner.id, made.id)
    told = owner.listener(call.doors.services.settings.link_host)
    await events.announce_campaign(db, told, "coupon_created", made, call.now)
    return {"campaign": made.ref, "action": "coupon_created", "coupon_info": _info(call, entry)}


async def update_coupon(call: Call, db: Handle) -> dict[str, Any]:
    known = await catalogue.entry(db, call.account.id, call.given["campaign"])
    timezone = call.given["timezone"] or known.campaign.timezone
    changes = await _changes(call.given, db, call.account, timezone)
    return await _change(call, db, changes, "coupon_updated")


async def set_status(call: Call, db: Handle) -> dict[str, Any]:
    changes = CampaignChanges(status=call.given["status"])
    return await _change(call, db, changes, "coupon_status_updated")


async def delete_coupon(call: Call, db: Handle) -> dict[str, Any]:
    campaign_id = call.given["campaign"]
    known = await catalogue.entry(db, call.account.id, campaign_id)
    await catalogue.remove(db, call.account.id, campaign_id, call.now)
    await events.announce_campaign(db, call.listener, "coupon_removed", known.campaign, call.now)
    return {"campaign": f"cam_{campaign_id}", "action": "coupon_removed"}


async def list_categories(call: Call, db: Handle) -> dict[str, Any]:
    found = await folders.categories(db, call.account.id)
    return {"amount_of_categories": len(found), "category": [_category(c) for c in found]}


async def list_main_categories(call: Call, db: Handle) -> dict[str, Any]:
    found = await folders.categories(db, call.account.id, _THIRD_LEVEL)
    return {"amount_of_categories": len(found), "category": [_category(c) for c in found]}


async def list_folders(call: Call, db: Handle) -> dict[str, Any]:
    found = await folders.folders(db, call.account.id)
    return {"amount_of_folders": len(found), "folder": [_folder(f) for f in found]}


def coupon_status(name: str, given: Any) -> str:
    """One of our words, or one that other programs use for it."""
    word = p.as_text(name, given).strip().lower()
    return p.one_of(*STATUSES)(name, _STATUS_WORDS.get(word, word))


async def _change(call: Call, db: Handle, changes: CampaignChanges, action: str) -> dict[str, Any]:
    entry = await catalogue.change(
        db, call.account.id, call.given["campaign"], changes, call.now, by="api"
    )
    await events.announce_campaign(db, call.listener, "coupon_updated", entry.campaign, call.now)
    return {
        "campaign": entry.campaign.ref,
        "action": action,
        "coupon_info": _info(call, entry),
    }


async def _owner(call: Call, db: Handle) -> Account:
    """The account that gets the campaign: the caller's, or one of its subaccounts."""
    asked = call.given["subaccount"]
    if asked is None or asked == call.account.id:
        return call.account
    check_parent(call.account)
    found = await accounts.account(db, asked)
    if found is None or found.parent_id != call.account.id:
        raise SubaccountNotFound
    return found


async def _template(call: Call, db: Handle) -> Entry | None:
    if call.given["template"] is None:
        return None
    return await catalogue.entry(db, call.account.id, call.given["template"], is_template=None)


def _defaults(given: Mapping[str, Any], owner: Account, timezone: str) -> dict[str, Any]:
    return {
        "title": given["name"],
        "brand": owner.name,
        "language": owner.language,
        "timezone": timezone,
    }


_PLAIN = (
    "name", "title", "subtitle", "description", "terms", "value", "brand", "brand_color",
    "language", "message_text", "timezone", "uses", "limit_sessions", "limit_validations",
    "status", "tags", "customid", "featured",
)  # fmt: skip


async def _changes(
    given: Mapping[str, Any], db: Handle, owner: Account, timezone: str
) -> CampaignChanges:
    """What was given, with times in UTC; folder and category must be the owner's."""
    values = {name: given[name] for name in _PLAIN if given.get(name) is not None}
    for name, column in (("start_date", "starts_at"), ("expiry_date", "expires_at")):
        if given[name] is not None:
            is_start = name == "start_date"
            values[column] = to_utc(given[name], timezone, is_start=is_start)
    if given["folder"] is not None:
        await folders.check_folder(db, owner.id, given["folder"])
        values["folder_id"] = given["folder"]
    if given["category"] is not None:
        values["category_id"] = (await folders.category(db, owner.id, given["category"])).id
    return CampaignChanges(**values)


def _info(call: Call, entry: Entry) -> dict[str, Any]:
    return coupon_info(entry, call.link_host, call.now)


def _category(category: Category) -> dict[str, Any]:
    return {
        "ID": category.ref,
        "name": category.name,
        "level": str(category.level),
        "parent": f"cat_{category.parent_id}" if category.parent_id else "",
    }


def _folder(folder: Folder) -> dict[str, Any]:
    return {"ID": str(folder.id), "name": folder.name, "amount_of_coupons": folder.campaigns}


def _tags(name: str, given: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag.lower() for tag in p.words(50, 50)(name, given)))


def _color(name: str, given: Any) -> str:
    value = p.as_text(name, given).strip().lower()
    if not campaigns.COLOR.match(value):
        raise p.WrongValue(302, f"Invalid value in parameter: {name}. Use a colour: #0b5d4b.")
    return value


_FOLDER = p.string("folder", p.reference("fol"), "Id of a folder.", "100001")
_CATEGORY = p.string("category", p.reference("cat"), "Id of a category.", "cat_100001")
_TAGS = p.several("tags", 50, 50, "Tags: an array, or one text with commas.", "food,drinks")
_TAGS = p.Parameter(
    name="tags", read=_tags, help=_TAGS.help, schema=_TAGS.schema, example=_TAGS.example
)
_STATUS = p.string("status", coupon_status, "One of: " + ", ".join(STATUSES) + ".", "active")
_FIELDS = (
    p.string("name", p.text(200), "The internal name.", "Two for one"),
    p.string("title", p.text(200), "The offer in a few words.", "2-for-1 cappuccino"),
    p.string("subtitle", p.text(200), "A line below the title."),
    p.string("description", p.text(5_000, lines=True), "What the offer is."),
    p.string("terms", p.text(5_000, lines=True), "The conditions."),
    p.string("value", p.text(100), "What it is worth.", "Second cup free"),
    p.string("brand", p.text(100), "The shop's name on the page.", "Bean & Leaf"),
    p.string("brand_color", _color, "The brand's colour.", "#0b5d4b"),
    p.string("language", p.one_of(*LANGUAGES),
             "Language of the page.", "en"),
    p.string("message_text", p.text(2_000, lines=True),
             "Default text of messages; {link} stands for the coupon's address.",
             "Your coffee: {link}"),
    p.string("start_date", p.start_date,
             f"First moment, {p.DATE_FORMAT} in the campaign's time zone.", "2026-01-01"),
    p.string("expiry_date", p.end_date,
             f"Last moment, {p.DATE_FORMAT} in the campaign's time zone; a date alone is the"
             " whole day.", "2027-12-31"),
    p.string("timezone", p.zone, "Time zone of the campaign.", "Europe/Brussels"),
    p.whole("uses", 1, 1_000, "How often one coupon can be used.", 1),
    p.whole("limit_sessions", 0, 10**9, "At most so many coupons are issued."),
    p.whole("limit_validations", 0, 10**9, "At most so many are taken in."),
    _TAGS,
    _CATEGORY,
    _FOLDER,
    p.string("customid", p.text(50), "Your own tag, at most 50 characters."),
    p.yes_or_no("featured", "Whether it stands out."),
)  # fmt: skip

COUPON_EXAMPLE = {
    "ID": "cam_100001", "name": "Two for one", "title": "2-for-1 cappuccino", "subtitle": "",
    "description": "", "terms": "", "code": "vuhykb", "url": "https://coupons.example.com/p/vuhykb",
    "status": "active", "type": "coupon", "coupon_value": "Second cup free",
    "coupon_category": "", "coupon_category_name": "", "coupon_tags": "food,drinks",
    "coupon_image": "", "banner1": "", "banner3": "", "logo_url": "", "website": "",
    "startdate": "", "start_date": "", "expirydate": "2027-12-31 23:59:59",
    "timezone": "Europe/Brussels", "language": "en", "folder": "", "customid": "",
    "featured": "0", "uses": 1, "poweredbylink": "", "subaccount": "",
    "created_date_utc": "2026-11-23 10:00:00",
}  # fmt: skip
_OK = {"status": {"status": "OK"}}
_STATS = ("custom_validation_codes", "custom_validation_codes_claimed")

ENDPOINTS = (
    Endpoint(
        path="/v3/coupon/list",
        right=Right.LOOK,
        summary="The account's campaigns, 100 a page; `amount_of_coupons` counts all of them.",
        parameters=(
            p.PAGE,
            p.yes_or_no(
                "only_active",
                "Only those whose status is active; past their end they are expired.",
                True,
            ),
            _FOLDER,
            _TAGS,
            _CATEGORY,
            p.string("sorting", p.one_of("asc", "desc"), "By creation date.", "asc"),
        ),
        act=list_coupons,
        writes=False,
        errors=(300, 301, 302, 515),
        example={**_OK, "amount_of_coupons": 1, "coupon_info": [COUPON_EXAMPLE]},
    ),
    Endpoint(
        path="/v3/coupon/info",
        right=Right.LOOK,
        summary="One campaign.",
        parameters=(
            p.CAMPAIGN,
            p.yes_or_no(
                "show_usage_stats",
                "Adds how many validation codes there are, and how many of them are claimed.",
                True,
            ),
        ),
        act=get_coupon,
        writes=False,
        errors=(200, 301, 302, 502),
        example={
            **_OK,
            "coupon_info": COUPON_EXAMPLE | dict.fromkeys(_STATS, 0),
        },
        sometimes=_STATS,
    ),
    Endpoint(
        path="/v3/coupon/create",
        right=Right.EDIT,
        summary="Make a campaign, from a template or plain.",
        parameters=(
            p.string("template", p.reference("cam"), "Id of the campaign to copy.", "cam_100001"),
            p.needed_when(_FIELDS[0], lambda found: found["template"] is None),
            *_FIELDS[1:],
            _STATUS,
            p.string("subaccount", p.reference("sub"), "The subaccount that gets it."),
        ),
        act=create_coupon,
        errors=(102, 200, 300, 301, 302, 303, 502, 510, 515, 516, 521),
        example={
            **_OK,
            "campaign": "cam_100001",
            "action": "coupon_created",
            "coupon_info": COUPON_EXAMPLE,
        },
    ),
    Endpoint(
        path="/v3/coupon/update",
        right=Right.EDIT,
        summary="Change a campaign; what is not given stays.",
        parameters=(p.CAMPAIGN, *_FIELDS, _STATUS),
        act=update_coupon,
        errors=(200, 300, 301, 302, 303, 502, 515, 521),
        example={
            **_OK,
            "campaign": "cam_100001",
            "action": "coupon_updated",
            "coupon_info": COUPON_EXAMPLE,
        },
    ),
    Endpoint(
        path="/v3/coupon/status",
        right=Right.EDIT,
        summary="Set a campaign's status.",
        parameters=(
            p.CAMPAIGN,
            p.string("status", coupon_status, _STATUS.help, "active", required=True),
        ),
        act=set_status,
        errors=(200, 301, 302, 502),
        example={
            **_OK,
            "campaign": "cam_100001",
            "action": "coupon_status_updated",
            "coupon_info": COUPON_EXAMPLE,
        },
    ),
    Endpoint(
        path="/v3/coupon/delete",
        right=Right.EDIT,
        summary="Put a campaign away for good; its sessions keep their history.",
        parameters=(p.CAMPAIGN,),
        act=delete_coupon,
        errors=(200, 301, 502),
        example={**_OK, "campaign": "cam_100001", "action": "coupon_removed"},
    ),
    Endpoint(
        path="/v3/category/list",
        right=Right.LOOK,
        summary="All categories.",
        parameters=(),
        act=list_categories,
        writes=False,
        example={
            **_OK,
            "amount_of_categories": 1,
            "category": [{"ID": "cat_100001", "name": "Food", "level": "1", "parent": ""}],
        },
    ),
    Endpoint(
        path="/v3/category/main/list",
        right=Right.LOOK,
        summary="The categories of the third level.",
        parameters=(),
        act=list_main_categories,
        writes=False,
        example={**_OK, "amount_of_categories": 0, "category": []},
    ),
    Endpoint(
        path="/v3/folder/list",
        right=Right.LOOK,
        summary="All folders.",
        parameters=(),
        act=list_folders,
        writes=False,
        example={
            **_OK,
            "amount_of_folders": 1,
            "folder": [{"ID": "100001", "name": "Autumn", "amount_of_coupons": 2}],
        },
    ),
)
