"""`/v4/keys`: what lets programs in."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tearoff.accounts import keys
from tearoff.accounts.keys import LONGEST_NAME, OLD_SECRET_LIVES
from tearoff.accounts.models import NewKey
from tearoff.accounts.rights import OLD_SCOPES, SCOPES, Right
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation
from tearoff.api.v4.pages import Page
from tearoff.api.v4.shapes import AT
from tearoff.kit import doorbook
from tearoff.kit.db import Handle
from tearoff.kit.doorbook import Event

TAG = "API keys"


class Key(msgspec.Struct, frozen=True):
    """What lets a program in. `created_by`: `person`, `key` or `command` with a name, empty for
    the account's first. `last_used_at`: to the hour, null for never. `old_secret_ends_at`: until
    then the secret from before the last roll lets in too. `signs_webhooks`: whether `X-Hmac` is
    signed with its secret; `signs_with_old_until`: until then with the old one. A revoked key is
    shown for 30 days."""

    client_id: str
    name: str
    scopes: list[str]
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    old_secret_ends_at: datetime | None
    signs_webhooks: bool
    signs_with_old_until: datetime | None
    revoked_at: datetime | None


class KeyWithSecret(Key, frozen=True):
    """A key at the only moment at which its `client_secret` is shown."""

    client_secret: str


async def list_keys(call: Call, db: Handle) -> Page[Key]:
    """All of them: an account has at most 100."""
    return Page([_key(one) for one in await keys.keys(db, call.account.id, call.now)])


async def get_key(call: Call, db: Handle) -> Key:
    return _key(await keys.find(db, call.account.id, call.given["client_id"], call.now))


async def create_key(call: Call, db: Handle) -> KeyWithSecret:
    made = await keys.create(
        db,
        call.doors.services.vault,
        call.account.id,
        by=call.caller.actor,
        name=call.given["name"],
        scopes=call.given.get("scopes"),
    )
    doorbook.note(Event.KEY_MADE, account=made.account_id, client_id=made.client_id)
    return await _with_secret(call, db, made)


async def change_key(call: Call, db: Handle) -> Key:
    given = call.given
    await keys.change(
        db,
        call.account.id,
        given["client_id"],
        by=call.caller.actor,
        name=given.get("name"),
        scopes=given.get("scopes"),
        signs_webhooks=given.get("signs_webhooks", False),
    )
    return await get_key(call, db)


async def roll_key(call: Call, db: Handle) -> KeyWithSecret:
    made = await keys.roll(
        db,
        call.doors.services.vault,
        call.account.id,
        call.given["client_id"],
        by=call.caller.actor,
        now=call.now,
        at_once=call.given.get("at_once", False),
    )
    doorbook.note(Event.SECRET_ROLLED, account=made.account_id, client_id=made.client_id)
    return await _with_secret(call, db, made)


async def switch_key(call: Call, db: Handle) -> Key:
    await keys.switch(db, call.account.id, call.given["client_id"])
    return await get_key(call, db)


async def revoke_key(call: Call, db: Handle) -> None:
    given = call.given
    await keys.revoke(
        db,
        call.account.id,
        given["client_id"],
        now=call.now,
        confirm=given.get("confirm", False),
        signer=given.get("signer"),
    )
    doorbook.note(Event.KEY_REVOKED, account=call.account.id, client_id=given["client_id"])


async def _with_secret(call: Call, db: Handle, made: NewKey) -> KeyWithSecret:
    found = await keys.find(db, made.account_id, made.client_id, call.now)
    return KeyWithSecret(**msgspec.structs.asdict(_key(found)), client_secret=made.client_secret)


def _key(row: keys.Key) -> Key:
    return Key(**(msgspec.structs.asdict(row) | {"scopes": list(row.scopes)}))


def _client_id(name: str, given: Any) -> str:
    """What cannot be one names nothing."""
    if not re.fullmatch(r"[0-9]{1,64}", given, re.ASCII):
        raise f.Unknown
    return str(given)


def _named(name: str, given: Any) -> str:
    if not re.fullmatch(r"[0-9]{1,64}", given, re.ASCII):
        raise p.WrongValue(301, f"Invalid value in parameter: {name}. Use a client id.")
    return str(given)


def _scopes(name: str, given: Any) -> tuple[str, ...]:
    found: tuple[str, ...] = f.texts(len(SCOPES), 20, p.one_of(*SCOPES))(name, given)
    if not found:
        raise p.WrongValue(300, f"Invalid value in parameter: {name}. Give one or more.")
    return found


def _true(name: str, given: Any) -> bool:
    """Marks another key instead of unmarking this one: one of them always signs."""
    if f.boolean(name, given) is not True:
        raise p.WrongValue(
            302, f"Invalid value in parameter: {name}. Use true, or mark another key."
        )
    return True


_EXAMPLE_ID = "1234567890123456789012345678901"
_CLIENT_ID = f.text_field(
    "client_id", _client_id, "The key's client id.", _EXAMPLE_ID, required=True,
    schema={"pattern": "^[0-9]{1,64}$"},
)  # fmt: skip
_NAME = f.text_field(
    "name", f.required_text(LONGEST_NAME), "For your own records.", "Web shop", required=True
)
_SCOPES = f.Field(
    name="scopes",
    read=_scopes,
    help=f"What it may do. If left out of a new key: {', '.join(OLD_SCOPES)}. A key gives none"
    " that it does not have.",
    example=["read", "send"],
    schema={
        "type": "array",
        "items": {"type": "string", "enum": list(SCOPES)},
        "minItems": 1,
        "maxItems": len(SCOPES),
    },
)
_HOURS = OLD_SECRET_LIVES // timedelta(hours=1)
_KEY = Key(
    _EXAMPLE_ID, "Web shop", ["read", "send"], AT, "person 100001", None, None, True, None, None
)
_SECRET = "shownOnlyNowShownOnlyNowShown31"  # noqa: S105 (an example)
_NEW = KeyWithSecret(**msgspec.structs.asdict(_KEY), client_secret=_SECRET)

LIST = Operation(
    method="GET",
    path="/v4/keys",
    tag=TAG,
    right=Right.KEYS,
    summary="The account's API keys, on one page, without their secrets.",
    act=list_keys,
    errors=(201,),
    answers={200: ("The keys.", Page[Key])},
    example=Page([_KEY]),
)
CREATE = Operation(
    method="POST",
    path="/v4/keys",
    tag=TAG,
    right=Right.KEYS,
    verb="key.create",
    summary="Make an API key. The secret is shown here and never again.",
    body=(_NAME, _SCOPES),
    act=create_key,
    errors=(105, 200, 201, 300, 301, 302, 409, 422, 516),
    answers={201: ("The key.", KeyWithSecret)},
    example=_NEW,
)
GET = Operation(
    method="GET",
    path="/v4/keys/{client_id}",
    tag=TAG,
    right=Right.KEYS,
    summary="One API key.",
    path_fields=(_CLIENT_ID,),
    act=get_key,
    errors=(404, 501),
    answers={200: ("The key.", Key)},
    example=_KEY,
)
CHANGE = Operation(
    method="PATCH",
    path="/v4/keys/{client_id}",
    tag=TAG,
    right=Right.KEYS,
    verb="key.change",
    look=get_key,
    summary="Rename an API key, change what it may do, or let it sign the webhooks.",
    path_fields=(_CLIENT_ID,),
    body=(
        msgspec.structs.replace(_NAME, required=False),
        _SCOPES,
        f.Field(
            name="signs_webhooks", read=_true, schema={"const": True}, example=True,
            help="true: `X-Hmac` is signed with the secret of this key from now on. Give it to"
            " the receivers first.",
        ),
    ),
    act=change_key,
    errors=(105, 200, 201, 300, 301, 302, 404, 409, 422, 501),
    answers={200: ("The key as it is then.", Key)},
    example=_KEY,
)  # fmt: skip
ROLL = Operation(
    method="POST",
    path="/v4/keys/{client_id}/roll",
    tag=TAG,
    right=Right.KEYS,
    verb="key.roll",
    look=get_key,
    summary="Make a new secret, which is shown here and never again. The old one lets programs"
    f" in for {_HOURS} hours more, and `X-Hmac` is signed with it as long.",
    path_fields=(_CLIENT_ID,),
    body=(f.boolean_field("at_once", "true: the old secret ends now.", False),),
    act=roll_key,
    errors=(105, 201, 302, 404, 409, 422, 501),
    answers={200: ("The key with its new secret.", KeyWithSecret)},
    example=_NEW,
)
SWITCH = Operation(
    method="POST",
    path="/v4/keys/{client_id}/switch",
    tag=TAG,
    right=Right.KEYS,
    verb="key.switch",
    look=get_key,
    summary="Sign `X-Hmac` with the new secret of a rolled key from now on. The old one goes on"
    " letting programs in until its end.",
    path_fields=(_CLIENT_ID,),
    act=switch_key,
    errors=(404, 409, 422, 501),
    answers={200: ("The key as it is then.", Key)},
    example=_KEY,
)
REVOKE = Operation(
    method="DELETE",
    path="/v4/keys/{client_id}",
    tag=TAG,
    right=Right.KEYS,
    verb="key.revoke",
    look=get_key,
    summary="Revoke an API key at once and for good. One that signs deliveries is kept unless"
    " `signer` or `confirm` is given.",
    path_fields=(_CLIENT_ID,),
    query=(
        f.Field(name="confirm", read=p.flag, schema={"type": "boolean"}, example=True,
                help="true: the receivers of webhooks may refuse what another key signs."),
        f.text_field("signer", _named, "Client id of the key that signs the webhooks then."),
    ),
    act=revoke_key,
    errors=(201, 301, 302, 404, 409, 422, 501, 527),
    answers={204: ("It is revoked.", None)},
)  # fmt: skip

OPERATIONS = (LIST, CREATE, GET, CHANGE, ROLL, SWITCH, REVOKE)
