"""`/v4/templates`, and what makes a campaign into one, copies it or publishes it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.accounts.rights import Right
from tearoff.accounts.subaccounts import check_room
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import campaign_shapes as shapes
from tearoff.api.v4 import fields as f
from tearoff.api.v4.campaigns import TAG, by, shown
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.sessions import CAMPAIGN_ID
from tearoff.coupons.campaigns import catalogue, copies, publishing
from tearoff.coupons.sessions import events
from tearoff.kit.db import Handle


class Copied(msgspec.Struct, frozen=True):
    """`emptied`: fields whose date lies in the past, with what stood there; the copy has none."""

    campaign: shapes.Campaign
    emptied: dict[str, datetime]


async def list_templates(call: Call, db: Handle) -> Page[shapes.Campaign]:
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (after,) = call.given.get("cursor", (0,))
    found = await copies.templates(db, call.account.id, after=after, limit=limit + 1)
    return page_of(
        "templates",
        found,
        limit,
        lambda entry: shapes.show_campaign(entry, call.link_host),
        lambda entry: (entry.campaign.id,),
    )


async def delete_template(call: Call, db: Handle) -> None:
    known = await catalogue.entry(db, call.account.id, call.given["id"], is_template=True)
    await catalogue.remove(db, call.account.id, known.campaign.id, call.now)


async def save_template(call: Call, db: Handle) -> shapes.Campaign:
    name = call.given.get("name", "")
    made = await copies.save_as_template(db, call.account.id, call.given["id"], name, by=by(call))
    entry = await catalogue.entry(db, call.account.id, made.id, is_template=True)
    return shapes.show_campaign(entry, call.link_host)


async def copy_campaign(call: Call, db: Handle) -> Copied:
    await check_room(db, call.account.id)
    done = await copies.duplicate(db, call.account.id, call.given["id"], call.now, by=by(call))
    await events.announce_campaign(db, call.listener, "coupon_created", done.campaign, call.now)
    entry = await catalogue.entry(db, call.account.id, done.campaign.id)
    return Copied(await shown(call, db, entry), done.emptied)


async def publish_campaign(call: Call, db: Handle) -> shapes.Campaign:
    entry = await publishing.publish(db, call.account.id, call.given["id"], call.now, by=by(call))
    await events.announce_campaign(db, call.listener, "coupon_updated", entry.campaign, call.now)
    return await shown(call, db, entry)


_TEMPLATES = "Templates"
_WRITES = (201, 409, 422)
_A_TEMPLATE = msgspec.structs.replace(
    shapes.CAMPAIGN, status="draft", issued=0, sent=0, opened=0, redeemed=0, opened_today=0,
    redeemed_today=0,
)  # fmt: skip

OPERATIONS = (
    Operation(
        method="GET",
        path="/v4/templates",
        tag=_TEMPLATES,
        right=Right.LOOK,
        summary="The account's templates: campaigns to start others from, of which there are no"
        " coupons. Give the id of one as `template` when you make a campaign.",
        query=(LIMIT, cursor_field("templates", int)),
        act=list_templates,
        errors=(201, 300, 301),
        answers={200: ("A page of templates.", Page[shapes.Campaign])},
        example=Page([_A_TEMPLATE], None),
    ),
    Operation(
        method="DELETE",
        path="/v4/templates/{id}",
        tag=_TEMPLATES,
        right=Right.EDIT,
        verb="template.remove",
        summary="Delete a template; campaigns that were started from it stay.",
        path_fields=(f.path_id("id", "cam", "Id of the template.", 100001),),
        act=delete_template,
        errors=(404, 409, 422, 502),
        answers={204: ("It is gone.", None)},
    ),
    Operation(
        method="POST",
        path="/v4/campaigns/{id}/template",
        tag=_TEMPLATES,
        right=Right.EDIT,
        verb="template.save",
        summary="Make a template like this campaign, which stays as it is.",
        path_fields=(CAMPAIGN_ID,),
        body=(f.text_field("name", p.text(200), "Its name; left out: the campaign's.", "Two"),),
        act=save_template,
        errors=(*_WRITES, 300, 301, 502, 516),
        answers={201: ("The template.", shapes.Campaign)},
        example=_A_TEMPLATE,
    ),
    Operation(
        method="POST",
        path="/v4/campaigns/{id}/copy",
        tag=TAG,
        right=Right.EDIT,
        verb="campaign.copy",
        summary="Make a draft like this campaign, without its codes, coupons and counts. Dates that"
        " lie in the past are left empty and told.",
        path_fields=(CAMPAIGN_ID,),
        act=copy_campaign,
        errors=(*_WRITES, 502, 516),
        answers={201: ("The draft, and what was left empty.", Copied)},
        example=Copied(msgspec.structs.replace(_A_TEMPLATE, name="Two for one (copy)"), {}),
    ),
    Operation(
        method="POST",
        path="/v4/campaigns/{id}/publish",
        tag=TAG,
        right=Right.EDIT,
        verb="campaign.publish",
        summary="Make the campaign active, if it lacks nothing; what it lacks is told by field.",
        path_fields=(CAMPAIGN_ID,),
        act=publish_campaign,
        errors=(*_WRITES, 502, 541),
        answers={200: ("The campaign, which is active now.", shapes.Campaign)},
        example=shapes.CAMPAIGN,
    ),
)
LIST_TEMPLATES, DELETE_TEMPLATE, SAVE_TEMPLATE, COPY, PUBLISH = OPERATIONS
