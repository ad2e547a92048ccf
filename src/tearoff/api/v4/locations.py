"""`/v4/locations`: where coupons are taken in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tearoff.accounts import actions as accounts
from tearoff.accounts import locations
from tearoff.accounts.locations import LONGEST, PIN_LENGTHS, Changes, Listed, LocationNotFound
from tearoff.accounts.rights import Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import DEFAULT_LIMIT, LIMIT, Page, cursor_field, page_of
from tearoff.api.v4.shapes import AT
from tearoff.coupons.campaigns.option_rules import is_web_address
from tearoff.kit.db import Handle
from tearoff.kit.hours import END, MOST, START, Hours, Week

TAG = "Locations"


class DrawnPin(msgspec.Struct, frozen=True):
    """A PIN at the only moment at which it can be seen."""

    pin: str


class Location(msgspec.Struct, frozen=True):
    """A place where coupons are taken in. `hours` are on the account's clock; `devices`: how
    many are paired."""

    id: int
    name: str
    street: str
    zip: str
    city: str
    province: str
    country: str
    phone: str
    website: str
    hours: tuple[Hours, ...]
    has_pin: bool
    redeems_at_once: bool
    trusts_offline: bool
    devices: int
    created_at: datetime


async def list_locations(call: Call, db: Handle) -> Page[Location]:
    limit = call.given.get("limit", DEFAULT_LIMIT)
    (after,) = call.given.get("cursor", (0,))
    found = await locations.listed(db, call.account.id, after=after, limit=limit + 1)
    return page_of("locations", found, limit, show, lambda one: (one.location.id,))


async def create_location(call: Call, db: Any) -> Location:
    vault = call.doors.services.vault
    made = await locations.create(db, vault, call.account.id, changes_of(call.given))
    return await _shown(call, db, made.id)


async def get_location(call: Call, db: Handle) -> Location:
    return await _shown(call, db, call.given["id"])


async def update_location(call: Call, db: Any) -> Location:
    vault = call.doors.services.vault
    changes = changes_of(call.given)
    await locations.change(db, vault, call.account.id, call.given["id"], changes)
    return await _shown(call, db, call.given["id"])


async def draw_pin(call: Call, db: Any) -> DrawnPin:
    """Drawn while nobody else changes the account's locations, so that no two have one."""
    vault, account_id = call.doors.services.vault, call.account.id
    await locations.hold(db, account_id)
    pin = await locations.draw_pin(db, vault, account_id)
    await locations.change(db, vault, account_id, call.given["id"], Changes(pin=pin))
    return DrawnPin(pin)


async def delete_location(call: Call, db: Any) -> None:
    await locations.remove(db, call.account.id, call.given["id"], call.now)


def changes_of(given: Mapping[str, Any]) -> Changes:
    """What was given, null as what is empty."""
    known = Changes.__struct_fields__
    values: dict[str, Any] = {name: value for name, value in given.items() if name in known}
    if "hours" in values:
        values["hours"] = values["hours"] or ()
    return Changes(**values)


def show(listed: Listed) -> Location:
    row = listed.location
    return Location(
        row.id, row.name, row.street, row.zip, row.city, row.province, row.country, row.phone,
        row.website, row.hours, listed.has_pin, row.redeems_at_once, row.trusts_offline,
        listed.devices, listed.created_at,
    )  # fmt: skip


async def _shown(call: Call, db: Handle, location_id: int) -> Location:
    found = await locations.listed(db, call.account.id, only=location_id)
    if not found:
        raise LocationNotFound
    return show(found[0])


def _country(name: str, given: Any) -> str:
    if given and not accounts.is_country(given):
        text = "Use two capital letters (ISO 3166-1), such as BE."
        raise p.WrongValue(300, f"Invalid value in parameter: {name}. {text}")
    return str(given)


def _website(name: str, given: Any) -> str:
    value: str = p.text(200)(name, given).strip()
    if value and not (value.isascii() and is_web_address(value)):
        text = "Use an address that begins with https:// or http://."
        raise p.WrongValue(300, f"Invalid value in parameter: {name}. {text}")
    return value


def _phone(name: str, given: Any) -> str:
    return p.phone(name, given)[1].e164 if given else ""


def _pin(name: str, given: Any) -> str:
    if not locations.is_new_pin(given):
        least, most = PIN_LENGTHS[0], PIN_LENGTHS[-1]
        text = f"A PIN has {least} to {most} digits."
        raise p.WrongValue(300, f"Invalid value in parameter: {name}. {text}")
    return str(given)


def _hours(name: str, given: Any) -> tuple[Hours, ...]:
    try:
        return msgspec.convert(given, Week)
    except msgspec.ValidationError as error:
        text = str(error).replace("`", "")
        raise p.WrongValue(301, f"Invalid value in parameter: {name}. {text}.") from None


_HOURS_SCHEMA = {
    "type": ["array", "null"],
    "maxItems": MOST,
    "items": {
        "type": "object",
        "required": ["days", "start", "end"],
        "additionalProperties": False,
        "properties": {
            "days": {"type": "array", "minItems": 1, "maxItems": 7,
                     "items": {"type": "integer", "minimum": 1, "maximum": 7}},
            "start": {"type": "string", "pattern": START},
            "end": {"type": "string", "pattern": END},
        },
    },
}  # fmt: skip
_LINE = p.text(LONGEST)
_NAME = f.text_field("name", f.required_text(LONGEST), "What staff and consumers call it.",
                     "Bean & Leaf, Ghent")  # fmt: skip

FIELDS = (
    _NAME,
    f.text_field("street", _LINE, "Street and number.", "Korenmarkt 1"),
    f.text_field("zip", _LINE, "Postal code.", "9000"),
    f.text_field("city", _LINE, "Town.", "Ghent"),
    f.text_field("province", _LINE, "State or province."),
    f.text_field("country", _country, "ISO 3166-1, two letters.", "BE"),
    f.text_field("phone", _phone, "E.164.", "+32470001234"),
    f.text_field("website", _website, "Its own page.", "https://example.com/ghent"),
    f.Field(name="hours", read=_hours, nullable=True, schema=_HOURS_SCHEMA,
            help="When it is open, on the account's clock; days are 1 (Monday) to 7.",
            example=[{"days": [1, 2, 3, 4, 5], "start": "08:00", "end": "18:00"}]),
    f.text_field("pin", _pin, f"{PIN_LENGTHS[0]} to {PIN_LENGTHS[-1]} digits that the staff type on"
                 " the consumer's phone. It is"
                 " never shown again, and no two locations share one. null: no PIN.", "864213",
                 nullable=True, secret=True),
    f.boolean_field("redeems_at_once", "A good scan takes the coupon in without a second tap.",
                    example=False),
    f.boolean_field("trusts_offline", "The staff may hand out goods for what could not be checked"
                    " without connection.", example=False),
)  # fmt: skip
"""What a location is made of."""

LOCATION_ID = f.path_id("id", "loc", "Id of the location.", 100001)
_LOCATION = Location(
    100001, "Bean & Leaf, Ghent", "Korenmarkt 1", "9000", "Ghent", "", "BE", "+32470001234",
    "https://example.com/ghent", (Hours(days=(1, 2, 3, 4, 5), start="08:00", end="18:00"),), True,
    False, False, 1, AT,
)  # fmt: skip
LIST = Operation(
    method="GET",
    path="/v4/locations",
    tag=TAG,
    right=Right.LOOK,
    summary="The account's locations.",
    query=(LIMIT, cursor_field("locations", int)),
    act=list_locations,
    errors=(201, 300, 301),
    answers={200: ("A page of locations.", Page[Location])},
    example=Page([_LOCATION]),
)
CREATE = Operation(
    method="POST",
    path="/v4/locations",
    tag=TAG,
    right=Right.PLACES,
    verb="location.create",
    summary="Add a location.",
    body=(msgspec.structs.replace(_NAME, required=True), *FIELDS[1:]),
    act=create_location,
    errors=(200, 201, 300, 301, 302, 409, 422, 516),
    answers={201: ("The location.", Location)},
    example=_LOCATION,
)
GET = Operation(
    method="GET",
    path="/v4/locations/{id}",
    tag=TAG,
    right=Right.LOOK,
    summary="One location.",
    path_fields=(LOCATION_ID,),
    act=get_location,
    errors=(404, 501),
    answers={200: ("The location.", Location)},
    example=_LOCATION,
)
UPDATE = Operation(
    method="PATCH",
    path="/v4/locations/{id}",
    tag=TAG,
    right=Right.PLACES,
    verb="location.change",
    look=get_location,
    summary="Change a location; what is left out stays.",
    path_fields=(LOCATION_ID,),
    body=FIELDS,
    act=update_location,
    errors=(201, 300, 301, 302, 404, 409, 422, 501),
    answers={200: ("The location as it is then.", Location)},
    example=_LOCATION,
)
DELETE = Operation(
    method="DELETE",
    path="/v4/locations/{id}",
    tag=TAG,
    right=Right.PLACES,
    verb="location.remove",
    look=get_location,
    summary="Remove a location: nothing is taken in there any more, and its devices are thrown"
    " out. What happened there keeps its name.",
    path_fields=(LOCATION_ID,),
    act=delete_location,
    errors=(404, 409, 422, 501),
    answers={204: ("It is gone.", None)},
)
DRAW_PIN = Operation(
    method="POST",
    path="/v4/locations/{id}/pin",
    tag=TAG,
    right=Right.PLACES,
    verb="location.pin",
    summary="Give the location a new PIN that is drawn at random: it is told here only, and the"
    " one before ends.",
    path_fields=(LOCATION_ID,),
    act=draw_pin,
    errors=(404, 409, 422, 501),
    answers={201: ("The PIN.", DrawnPin)},
    example=DrawnPin("864213"),
)
OPERATIONS = (LIST, CREATE, GET, UPDATE, DELETE, DRAW_PIN)
