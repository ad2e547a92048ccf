"""`/v4/campaigns/{id}/locations` and `…/picture`: where a campaign is taken in, and its picture."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import campaign_shapes as shapes
from tearoff.api.v4 import fields as f
from tearoff.api.v4.campaigns import by, shown
from tearoff.api.v4.operation import File, Operation, encode
from tearoff.api.v4.sessions import CAMPAIGN_ID
from tearoff.coupons.campaigns import catalogue, pictures
from tearoff.coupons.sessions import events
from tearoff.kit.db import Handle
from tearoff.kit.spool import Upload

MAX_PICTURE = 10_000_000
MOST_LOCATIONS = 1_000


class CampaignLocations(msgspec.Struct, frozen=True):
    """Ids of the locations that take the campaign in. Not `restricted`: all of the account do.
    Restricted without any: nowhere, because those that were named were removed."""

    locations: list[int]
    restricted: bool


async def get_locations(call: Call, db: Handle) -> CampaignLocations:
    known = await catalogue.entry(db, call.account.id, call.given["id"])
    return _places(await catalogue.locations(db, known.campaign))


async def put_locations(call: Call, db: Handle) -> CampaignLocations:
    ids = call.given["locations"]
    campaign = await catalogue.set_locations(db, call.account.id, call.given["id"], ids)
    await events.announce_campaign(db, call.listener, "coupon_updated", campaign, call.now)
    return _places(await catalogue.locations(db, campaign))


def _places(places: catalogue.Places) -> CampaignLocations:
    return CampaignLocations(places.locations, places.restricted)


async def _check_campaign(call: Call) -> None:
    await catalogue.entry(call.doors.services.db, call.account.id, call.given["id"])


async def put_picture(call: Call, upload: Upload) -> tuple[int, bytes]:
    """The picture is cut and shrunk outside of the transaction, in a thread of its own."""
    services, account_id, campaign_id = call.doors.services, call.account.id, call.given["id"]
    picture = await pictures.prepared_picture(upload.path, call.given.get("crop"))
    async with services.db.transaction() as db:
        await pictures.put_picture(
            db, account_id, campaign_id, picture, call.given.get("alt", ""), by(call)
        )
        entry = await catalogue.entry(db, account_id, campaign_id)
        await call.note(db, "campaign.picture", subject=str(campaign_id))
        answer = await shown(call, db, entry)
        await events.announce_campaign(
            db, call.listener, "coupon_updated", entry.campaign, call.now
        )
    return 200, encode(answer)


async def delete_picture(call: Call, db: Handle) -> None:
    known = await catalogue.entry(db, call.account.id, call.given["id"])
    await pictures.remove_picture(db, call.account.id, known.campaign.id, by(call))
    entry = await catalogue.entry(db, call.account.id, known.campaign.id)
    await events.announce_campaign(db, call.listener, "coupon_updated", entry.campaign, call.now)


def _ids(name: str, given: Any) -> tuple[int, ...]:
    if not isinstance(given, list) or len(given) > MOST_LOCATIONS:
        raise p.WrongValue(
            301,
            f"Invalid value in parameter: {name}. Use an array of at most {MOST_LOCATIONS} ids.",
        )
    read = f.integer(1, 2**53 - 1)
    return tuple(dict.fromkeys(read(name, item) for item in given))


def _crop(name: str, given: Any) -> pictures.Crop:
    numbers = given.split(",")
    if len(numbers) != 4 or not all(_FRACTION.fullmatch(one) for one in numbers):
        raise p.WrongValue(301, f"Invalid value in parameter: {name}. Use x,y,width,height.")
    return pictures.Crop(*map(float, numbers))


_FRACTION = re.compile(r"[0-9](?:\.[0-9]{1,9})?")

_TAG = "Campaigns"
_LOCATIONS = f.Field(
    name="locations", read=_ids, required=True, example=[100001],
    help="Ids of locations. Empty: the campaign is taken in at all of them.",
    schema={"type": "array", "items": {"type": "integer", "minimum": 1},
            "maxItems": MOST_LOCATIONS},
)  # fmt: skip
_ALT = f.text_field("alt", p.text(200), "What the picture shows, for whoever cannot see it.",
                    "Two cups of coffee")  # fmt: skip

_CROP = f.text_field("crop", _crop, "Which part of the picture is taken, as fractions of what is"
                     " seen: x,y,width,height.", "0,0.1,1,0.8")  # fmt: skip

OPERATIONS = (
    Operation(
        method="GET",
        path="/v4/campaigns/{id}/locations",
        tag=_TAG,
        right=Right.LOOK,
        summary="Where the campaign is taken in.",
        path_fields=(CAMPAIGN_ID,),
        act=get_locations,
        errors=(502,),
        answers={200: ("The locations.", CampaignLocations)},
        example=CampaignLocations([100001], restricted=True),
    ),
    Operation(
        method="PUT",
        path="/v4/campaigns/{id}/locations",
        tag=_TAG,
        right=Right.EDIT,
        verb="campaign.locations",
        look=get_locations,
        summary="Say where the campaign is taken in; the list takes the place of the one before.",
        path_fields=(CAMPAIGN_ID,),
        body=(_LOCATIONS,),
        act=put_locations,
        errors=(200, 201, 300, 301, 409, 422, 502),
        answers={200: ("The locations as they are then.", CampaignLocations)},
        example=CampaignLocations([100001], restricted=True),
    ),
    Operation(
        method="PUT",
        path="/v4/campaigns/{id}/picture",
        tag=_TAG,
        right=Right.EDIT,
        verb="campaign.picture",
        summary="Give the campaign a picture: a JPEG, PNG or WebP file of at most 10 MB. It is cut"
        " to 40:21 from its middle and made small enough for every network.",
        path_fields=(CAMPAIGN_ID,),
        query=(_ALT, _CROP),
        takes=File("picture", "application/octet-stream", MAX_PICTURE),
        before=_check_campaign,
        act_on_upload=put_picture,
        errors=(201, 300, 301, 502),
        answers={200: ("The campaign as it is then.", shapes.Campaign)},
        example=shapes.CAMPAIGN,
    ),
    Operation(
        method="DELETE",
        path="/v4/campaigns/{id}/picture",
        tag=_TAG,
        right=Right.EDIT,
        verb="campaign.picture_remove",
        summary="Take the campaign's picture away.",
        path_fields=(CAMPAIGN_ID,),
        act=delete_picture,
        errors=(409, 422, 502),
        answers={204: ("It has none.", None)},
    ),
)
