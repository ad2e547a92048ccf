"""`/v4/single-sign-on`: the account's own provider of sign-ins (OpenID Connect)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tearoff.accounts import key_owners
from tearoff.accounts.rights import ROLES, Right
from tearoff.accounts.single_sign_on import asking, stored
from tearoff.accounts.single_sign_on.models import (
    CALLBACK,
    SCOPES,
    NoProvider,
    ProviderTrouble,
    path_of,
)
from tearoff.accounts.single_sign_on.stored import Changes
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.api.v4.operation import Operation, encode
from tearoff.api.v4.shapes import AT
from tearoff.errors import Invalid
from tearoff.kit.db import Handle
from tearoff.kit.mail_addresses import AddressInvalid, canonical_address

TAG = "Single sign-on"
INVITED = "invited"
"""As `default_role`: only people who were invited."""
DEFAULTS = (INVITED, *(role for role in ROLES if role != "owner"))
_MOST_ROLES, _LONGEST_VALUE = 100, 200


class SingleSignOn(msgspec.Struct, frozen=True):
    """The provider by which the account's people come in; `issuer` is null while none is set up.
    `redirect_url` is what the provider is told; at `sign_in_url` people begin. `roles`: from a
    value of the claim `role_claim` to a role, applied at each sign-in. `default_role`: of people
    whom nobody invited; `invited` lets in only who was. Newcomers' addresses are of `domains`, if
    any are named; who has a place comes in whatever theirs is. `only`: the account's people come
    in by no password and no passkey, only by the provider. `owner_came_in_at`: null until an owner
    has come in by the provider as it is set up now. `people`: how many have come in by it."""

    redirect_url: str
    sign_in_url: str
    name: str | None
    issuer: str | None
    client_id: str | None
    secret_stored_at: datetime | None
    scopes: str
    role_claim: str
    roles: dict[str, str]
    default_role: str
    domains: list[str]
    only: bool
    owner_came_in_at: datetime | None
    people: int


class ProviderAnswer(msgspec.Struct, frozen=True):
    """What a provider says when it is asked how one signs in there. `reason`: what is wrong;
    `detail`: the word or the address that it is about."""

    result: str
    reason: str | None
    detail: str | None
    signs_in_at: str | None


async def get_provider(call: Call, db: Handle) -> SingleSignOn:
    account_id = call.account.id
    known, seen = await stored.provider(db, account_id), await stored.seen(db, account_id)
    host = call.doors.services.settings.link_host
    address = host + path_of(await stored.sign_in_code(db, account_id))
    return SingleSignOn(
        redirect_url=f"{address}/{CALLBACK}",
        sign_in_url=address,
        name=known.name if known else None,
        issuer=known.issuer if known else None,
        client_id=known.client_id if known else None,
        secret_stored_at=known.secret_stored_at if known else None,
        scopes=known.scopes if known else SCOPES,
        role_claim=known.role_claim if known else "",
        roles=dict(known.roles) if known else {},
        default_role=(known.default_role if known else None) or INVITED,
        domains=list(known.domains) if known else [],
        only=known.is_only if known else False,
        owner_came_in_at=seen.owner_at,
        people=seen.people,
    )


async def _check_owners(call: Call, db: Any) -> None:
    """Whoever names the provider comes in as an owner; managers make keys too. Raises
    `NotAnOwners`."""
    if call.caller.key is not None:
        await key_owners.check_owners(db, call.account.id, call.caller.key.client_id)


async def save_provider(call: Call, db: Any) -> SingleSignOn:
    await _check_owners(call, db)
    services, given = call.doors.services, dict[str, Any](call.given)
    if "default_role" in given:
        given["default_role"] = given["default_role"].replace(INVITED, "")
    if given.get("role_claim", "") is None:
        given["role_claim"] = ""
    changes = Changes(**given)
    try:
        await stored.save(db, services.settings, services.vault, call.account.id, changes, call.now)
    except Invalid as error:
        raise _at_field(error) from None
    return await get_provider(call, db)


async def remove_provider(call: Call, db: Any) -> None:
    await _check_owners(call, db)
    await stored.remove(db, call.account.id)


async def set_only(call: Call, db: Any) -> SingleSignOn:
    await _check_owners(call, db)
    await stored.set_only(db, call.account.id, call.given["only"])
    return await get_provider(call, db)


async def look(call: Call, db: Handle) -> SingleSignOn:
    """Raises `NoProvider`: there is nothing that could be shown as changed."""
    known = await get_provider(call, db)
    if known.issuer is None:
        raise NoProvider
    return known


async def try_provider(call: Call) -> tuple[int, bytes]:
    services, issuer = call.doors.services, call.given.get("issuer")
    if issuer is None:
        known = await stored.provider(services.db, call.account.id)
        if known is None:
            raise f.wrong("issuer", 200, "Missing parameter: issuer")
        issuer = known.issuer
    try:
        found = await asking.try_out(services.settings, issuer)
    except ProviderTrouble as error:
        told = ProviderAnswer("failed", str(error.trouble), error.detail or None, None)
    else:
        told = ProviderAnswer("ok", None, None, found.authorization_endpoint)
    return 200, encode(told)


def _at_field(error: Invalid) -> f.BadFields:
    code = 200 if "needed" in str(error) else 300
    text = f"Invalid value in parameter: {error.field}. {error}"
    return f.wrong(error.field, code, text)


def _read_roles(name: str, given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise p.WrongValue(301, f"Invalid value in parameter: {name}. Use an object of texts.")
    if len(given) > _MOST_ROLES:
        raise p.WrongValue(300, f"Too many values in parameter: {name}. At most {_MOST_ROLES}.")
    read, role = p.text(_LONGEST_VALUE), f.of_text(p.one_of(*ROLES))
    return {read(name, value): role(name, to) for value, to in given.items()}


def _read_domain(name: str, given: Any) -> str:
    domain = str(p.text(253)(name, given)).strip().lower().removeprefix("@")
    try:
        return canonical_address(f"a@{domain}").removeprefix("a@")
    except AddressInvalid:
        text = f"Invalid value in parameter: {name}. Use domains, such as shop.example."
        raise p.WrongValue(300, text) from None


def _issuer_field(help: str) -> f.Field:
    return f.text_field(
        "issuer", f.required_text(255), help, "https://login.example.com/bean-leaf",
        schema={"format": "uri"},
    )  # fmt: skip


FIELDS = (
    f.text_field("name", p.text(60), 'What the button says: "Sign in with …".', "Bean & Leaf ID"),
    _issuer_field("The issuer's address: the one in front of `/.well-known/openid-configuration`."),
    f.text_field("client_id", f.required_text(255), "What the provider calls this program.",
                 "tearoff"),
    f.text_field("client_secret", p.text(1000), "The secret that the provider gave for it. It is"
                 " stored sealed and never shown.", "s3cret-of-the-client", secret=True),
    f.text_field("scopes", p.text(200), "What the provider is asked for, with blanks between.",
                 SCOPES),
    f.text_field("role_claim", p.text(100), "The claim that tells roles, such as `groups` or"
                 " `realm_access.roles`; null: none does.", "groups", nullable=True),
    f.Field(name="roles", read=_read_roles, example={"coupon-managers": "manager"},
            schema={"type": "object", "additionalProperties": {"type": "string",
                                                               "enum": list(ROLES)}},
            help="From a value of that claim to a role. Of several, the one that may do most."
            " Replaced as a whole. The last owner stays one."),
    f.texts_field("domains", 50, 253, "Of the addresses of people whom nobody invited; who has a"
                  " place comes in whatever theirs is. Name yours"
                  " at a provider that anybody can have an account at, such as Google. Empty: all.",
                  ["bean-leaf.example"], each=_read_domain),
    f.words_field("default_role", DEFAULTS, "The role of people whom nobody invited; `invited`"
                  " lets in only who was.", INVITED),
)  # fmt: skip

EXAMPLE = SingleSignOn(
    "https://coupons.example.com/sign-in/with/9f0c7ab4451d8e02b7f4d1a3/back",
    "https://coupons.example.com/sign-in/with/9f0c7ab4451d8e02b7f4d1a3", "Bean & Leaf ID",
    "https://login.example.com/bean-leaf", "tearoff", AT, SCOPES, "groups",
    {"coupon-managers": "manager"}, INVITED, ["bean-leaf.example"], False, None, 0,
)  # fmt: skip

GET = Operation(
    method="GET",
    path="/v4/single-sign-on",
    tag=TAG,
    right=Right.SIGN_IN,
    summary="The account's provider of sign-ins, and what it has to be told.",
    act=get_provider,
    errors=(201,),
    answers={200: ("The provider.", SingleSignOn)},
    example=EXAMPLE,
)
SAVE = Operation(
    method="PATCH",
    path="/v4/single-sign-on",
    tag=TAG,
    right=Right.SIGN_IN,
    verb="single_sign_on.change",
    look=look,
    summary="Set up the provider, or change it; what is left out stays. It closes no other way in:"
    " where issuer, client id, secret or scopes become others, the other ways are open again until"
    " an owner has come in anew. Another issuer needs the secret given again. This, closing and"
    " forgetting are for keys that an owner or a command made, and nobody else rolled or widened.",
    body=FIELDS,
    act=save_provider,
    errors=(200, 201, 300, 301, 302, 403, 409, 422),
    answers={200: ("The provider as it is then.", SingleSignOn)},
    example=EXAMPLE,
)
TRY = Operation(
    method="POST",
    path="/v4/single-sign-on/test",
    tag=TAG,
    right=Right.SIGN_IN,
    summary="Ask a provider how one signs in there, before anything is stored; without `issuer`,"
    " the one that is.",
    body=(_issuer_field("The issuer's address."),),
    act_alone=try_provider,
    errors=(200, 201, 300, 301),
    answers={200: ("What the provider says.", ProviderAnswer)},
    example=ProviderAnswer("ok", None, None, "https://login.example.com/bean-leaf/authorize"),
)
SET_ONLY = Operation(
    method="PUT",
    path="/v4/single-sign-on/only",
    tag=TAG,
    right=Right.SIGN_IN,
    verb="single_sign_on.only",
    look=look,
    summary="Let the account's people come in by the provider alone, or by password and passkey"
    " again. The other ways are closed no sooner than an owner has come in by the provider. Links"
    " that the account's own programs make go on signing people in.",
    body=(msgspec.structs.replace(
        f.boolean_field("only", "Whether the provider is the only way in.", False), required=True
    ),),
    act=set_only,
    errors=(200, 201, 302, 403, 409, 422, 501, 550),
    answers={200: ("The provider as it is then.", SingleSignOn)},
    example=EXAMPLE,
)  # fmt: skip
REMOVE = Operation(
    method="DELETE",
    path="/v4/single-sign-on",
    tag=TAG,
    right=Right.SIGN_IN,
    verb="single_sign_on.remove",
    look=look,
    summary="Forget the provider. Who came in by it is signed out; all other ways in are open.",
    act=remove_provider,
    errors=(403, 409, 422, 501),
    answers={204: ("It is forgotten.", None)},
)

OPERATIONS = (GET, SAVE, TRY, SET_ONLY, REMOVE)
