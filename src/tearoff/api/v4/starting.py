"""Campaigns to start from: `/v4/examples`, which come with the program, and the account's own
templates."""

from __future__ import annotations

from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.accounts.subaccounts import check_room
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import campaign_shapes as shapes
from tearoff.api.v4 import fields as f
from tearoff.api.v4.campaigns import BY, shown
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import Page
from tearoff.api.v4.templates import COPY, Copied
from tearoff.coupons.campaigns import catalogue, copies, examples
from tearoff.coupons.campaigns.pictures import NewPicture
from tearoff.coupons.models import Campaign
from tearoff.coupons.sessions import events
from tearoff.kit.db import Handle

TAG = "Templates"

_pictures: dict[str, NewPicture] = {}
"""Of the examples, cut and made small once in a process."""


class Example(msgspec.Struct, frozen=True):
    """What a campaign that is started from it says, in the account's language."""

    name: str
    title: str
    value: str
    description: str
    brand_color: str
    alt: str


async def list_examples(call: Call, db: Handle) -> Page[Example]:
    """All of them."""
    return Page([_shown(name, call.account.language) for name in examples.examples()])


def _shown(name: str, language: str) -> Example:
    found = examples.example(name)
    text = found.text(language)
    return Example(name, text.title, text.value, text.description, found.brand_color, text.alt)


async def _prepare(call: Call) -> None:
    name = call.given["name"]
    if name not in _pictures:
        _pictures[name] = await examples.prepared_picture(name)


async def start_example(call: Call, db: Any) -> shapes.Campaign:
    await check_room(db, call.account.id)
    name, account = call.given["name"], call.account
    made = await examples.start(
        db, account.id, name, _pictures[name], language=account.language,
        timezone=account.timezone, brand=account.name, now=call.now, by=_by(call),
    )  # fmt: skip
    return await _told(call, db, made)


async def start_template(call: Call, db: Any) -> Copied:
    await check_room(db, call.account.id)
    given = call.given
    done = await copies.start_from(
        db, call.account.id, given["id"], given.get("name", ""), call.now, by=_by(call)
    )
    return Copied(await _told(call, db, done.campaign), done.emptied)


async def _told(call: Call, db: Handle, made: Campaign) -> shapes.Campaign:
    await events.announce_campaign(db, call.listener, "coupon_created", made, call.now)
    return await shown(call, db, await catalogue.entry(db, call.account.id, made.id))


def _by(call: Call) -> str:
    return call.caller.member.name if call.caller.member else BY


_NAME = f.text_field("name", p.text(50), "Name of the example.", "two-for-one", required=True)

EXAMPLES = Operation(
    method="GET",
    path="/v4/examples",
    tag=TAG,
    right=Right.LOOK,
    summary="Campaigns to start from that come with the program, on one page.",
    act=list_examples,
    errors=(201,),
    answers={200: ("The examples.", Page[Example])},
    example=Page([_shown("two-for-one", "en")]),
)
START_EXAMPLE = Operation(
    method="POST",
    path="/v4/examples/{name}/start",
    tag=TAG,
    right=Right.EDIT,
    verb="campaign.start_example",
    summary="Make a draft like this example, with its picture.",
    path_fields=(_NAME,),
    before=_prepare,
    act=start_example,
    errors=(201, 404, 409, 422, 501, 516, 524),
    answers={201: ("The draft.", shapes.Campaign)},
    example=COPY.example.campaign,
)
START_TEMPLATE = Operation(
    method="POST",
    path="/v4/templates/{id}/start",
    tag=TAG,
    right=Right.EDIT,
    verb="campaign.start",
    summary="Make a draft like this template. Dates that lie in the past are left empty and told.",
    path_fields=(f.path_id("id", "cam", "Id of the template.", 100001),),
    body=(f.text_field("name", p.text(200), "Its name; left out: the template's.", "Two"),),
    act=start_template,
    errors=(201, 300, 301, 404, 409, 422, 502, 516, 524),
    answers={201: ("The draft, and what was left empty.", Copied)},
    example=COPY.example,
)
OPERATIONS = (EXAMPLES, START_EXAMPLE, START_TEMPLATE)
