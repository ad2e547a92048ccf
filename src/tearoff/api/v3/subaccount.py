"""Subaccounts and teammates, and signing them in. `/v4/subaccount…` are old paths that speak
this dialect too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import asyncpg
import msgspec

from tearoff.accounts import actions as accounts
from tearoff.accounts import jobs, members, passwords, sign_ins, subaccounts
from tearoff.accounts.queries import account as find_account
from tearoff.accounts.rights import OLD_SCOPES, Right
from tearoff.accounts.subaccounts import ACCESS, STAGES, Changes, NewSubaccount, Subaccount
from tearoff.api.call import Call
from tearoff.api.v3 import parameters as p
from tearoff.api.v3 import signin
from tearoff.api.v3.endpoint import Act, Endpoint, once, success_body
from tearoff.coupons.campaigns import catalogue
from tearoff.coupons.campaigns.campaigns import MOST as MOST_CAMPAIGNS
from tearoff.coupons.campaigns.catalogue import Card
from tearoff.coupons.sessions.status import utc
from tearoff.kit import doorbook
from tearoff.kit.db import Handle
from tearoff.kit.doorbook import Event
from tearoff.kit.words import LANGUAGES

SHOWN_OF_CAMPAIGNS = 100
"""Campaigns of each subaccount in the list of all; the answer about one has all of its."""


def _for_parents(act: Act) -> Act:
    """Refuse subaccounts' own credentials before anything else."""

    async def checked(call: Call, db: Handle) -> Mapping[str, Any]:
        subaccounts.check_parent(call.account)
        return await act(call, db)

    return checked


async def list_subaccounts(call: Call, db: Handle) -> dict[str, Any]:
    page = await subaccounts.page(db, call.account.id, call.given["page"] or 1)
    ids = [each.id for each in page.subaccounts]
    cards = await catalogue.cards(db, ids, call.now, most=SHOWN_OF_CAMPAIGNS)
    return {
        "amount_of_subaccounts": page.total,
        "subaccount": [
            _subaccount(call, each, cards.get(each.id, [])) for each in page.subaccounts
        ],
    }


async def get_subaccount(call: Call, db: Handle) -> dict[str, Any]:
    found = await subaccounts.subaccount(db, call.account.id, call.given["subaccount"])
    return {"subaccount": await _seen(call, db, found)}


async def create_subaccount(call: Call) -> tuple[int, bytes]:
    """A password is hashed before the transaction, and after all that could refuse the call."""
    subaccounts.check_parent(call.account)
    given, db, hashed = call.given, call.doors.services.db, None
    if given["password"] is not None:
        await subaccounts.check_new(db, call.account, given["email"], given["package"])
        known = [given["email"], given["first_name"], given["last_name"], _name(given)]
        words = [word for word in known if word]
        hashed = await passwords.hash_password(given["password"], words)
    return 200, await once(call, lambda work: _create_subaccount(call, work, hashed))


async def _create_subaccount(call: Call, db: asyncpg.Connection, hashed: str | None) -> bytes:
    given, services = call.given, call.doors.services
    new = NewSubaccount(
        email=given["email"],
        password_hash=hashed,
        package_id=given["package"],
        stage=given["status"] or "customer",
        first_name=given["first_name"] or "",
        last_name=given["last_name"] or "",
        country=given["country"],
        timezone=given["timezone"],
        name=_name(given),
        expiry=given["expiry_date"],
    )
    scopes = call.caller.to_give(OLD_SCOPES)
    key = await subaccounts.create_subaccount(db, services.vault, call.account, new, scopes)
    if hashed is None:
        await _invite(call, db, key.account_id)
    made = await subaccounts.subaccount(db, call.account.id, key.account_id)
    seen = await _seen(call, db, made)
    return success_body(
        {
            "action": "subaccount_created",
            "subaccount": {**seen, "api_secret": key.client_secret},
        }
    )


def _name(given: Mapping[str, Any]) -> str:
    """Some programs send a login name instead; who signs in does so by the e-mail address."""
    return given["company_name"] or given["username"] or ""


async def update_subaccount(call: Call, db: Handle) -> dict[str, Any]:
    given = call.given
    names = {
        "email": "email", "package": "package_id", "status": "stage", "first_name": "first_name",
        "last_name": "last_name", "country": "country", "company_name": "name",
        "language": "language", "expiry_date": "expiry", "blocked": "blocked",
    }  # fmt: skip
    values = {ours: given[name] for name, ours in names.items() if given[name] is not None}
    return await _change(call, db, Changes(**values), "subaccount_updated")


async def block_subaccount(call: Call, db: Handle) -> dict[str, Any]:
    return await _change(call, db, Changes(blocked=True), "subaccount_blocked")


async def unblock_subaccount(call: Call, db: Handle) -> dict[str, Any]:
    return await _change(call, db, Changes(blocked=False), "subaccount_unblocked")


async def reset_url(call: Call, db: Handle) -> dict[str, Any]:
    """A link by which the subaccount's owner sets a password."""
    found = await subaccounts.subaccount(db, call.account.id, call.given["subaccount"])
    expires = call.now + sign_ins.RESET_LIVES
    url = await signin.password_url(call, db, found.id, expires)
    return {"subaccount": {"ID": found.ref, "url": url, "expires_utc": utc(expires)}}


async def subaccount_sso(call: Call, db: Handle) -> dict[str, Any]:
    found = await subaccounts.subaccount(db, call.account.id, call.given["subaccount"])
    account = await find_account(db, found.id)
    assert account is not None
    owner = await members.owner(db, found.id)
    member_id = owner.id if owner else None
    return {"subaccount": await signin.ticket(call, db, account, found.ref, member_id=member_id)}


async def _invite(call: Call, db: Handle, account_id: int) -> None:
    services = call.doors.services
    owner = await members.owner(db, account_id)
    assert owner is not None
    url = await signin.password_url(call, db, account_id, call.now + sign_ins.INVITATION_LIVES)
    name = _name(call.given) or owner.email
    await jobs.order_password_mail(db, services, owner, name, url)


async def _change(call: Call, db: Handle, changes: Changes, action: str) -> dict[str, Any]:
    changed = await subaccounts.change_subaccount(
        db, call.account.id, call.given["subaccount"], changes, call.now
    )
    if changes.blocked is not msgspec.UNSET:
        event = Event.ACCOUNT_BLOCKED if changes.blocked else Event.ACCOUNT_UNBLOCKED
        doorbook.note(event, account=changed.id, by_account=call.account.id)
    return {"action": action, "subaccount": await _seen(call, db, changed)}


async def _seen(call: Call, db: Handle, found: Subaccount) -> dict[str, Any]:
    cards = await catalogue.cards(db, [found.id], call.now, most=MOST_CAMPAIGNS)
    return _subaccount(call, found, cards.get(found.id, []))


def _subaccount(call: Call, found: Subaccount, cards: Sequence[Card]) -> dict[str, Any]:
    """The fields of the documented example; numbers are texts there, the flags are not."""
    most = found.max_campaigns
    host = call.doors.services.settings.link_host
    return {
        "ID": found.ref,
        "email": found.email,
        "language": found.language,
        "lastlogin": utc(found.last_sign_in_at),
        "amountlogin": str(found.sign_ins),
        "currency": found.currency,
        "max_campaigns": "" if most is None else str(most),
        "expiry_date": found.expiry_date,
        "api_key": found.client_id,
        "api_secret": "",
        "has_campaigns": str(found.campaigns),
        "campaigns": [
            {
                "ID": f"cam_{card.id}",
                "code": card.code,
                "url": f"{card.link_host or host}/p/{card.code}",
                "status": card.status,
            }
            for card in cards
        ],
        "first_name": found.first_name,
        "last_name": found.last_name,
        "company_name": found.name,
        "username": found.email,
        "country": found.country or "",
        "timezone": found.timezone,
        "status": found.stage,
        "package": f"pac_{found.package_id}" if found.package_id else "",
        "blocked": "1" if found.blocked_at else "0",
        "webhook_endpoint": found.hook_url,
        "available_campaigns": "" if most is None else str(max(0, most - found.campaigns)),
        **{f"access_{name}": found.access is None or name in found.access for name in ACCESS},
    }


def _day(name: str, given: Any) -> date:
    text = p.as_text(name, given).strip()
    try:
        if len(text) != 10 or not text.isascii():
            raise ValueError
        day = date.fromisoformat(text)
        if not 1970 <= day.year <= 2200:
            raise ValueError
    except ValueError:
        raise p.WrongValue(
            303, f"Invalid format in parameter: {name}. Required format: yyyy-MM-dd"
        ) from None
    return day


def _country(name: str, given: Any) -> str:
    value = p.as_text(name, given).strip().upper()
    if not accounts.is_country(value) or not value.isalpha():
        raise p.WrongValue(302, f"Invalid value in parameter: {name}. Use two letters: BE.")
    return value


def _password(name: str, given: Any) -> str:
    value = p.text(passwords.LONGEST)(name, given)
    if len(value) < passwords.SHORTEST:
        raise p.WrongValue(
            300, f"Value too short in parameter: {name}. At least {passwords.SHORTEST} characters."
        )
    return value


_SUBACCOUNT = p.string(
    "subaccount", p.reference("sub"), "Id of the subaccount.", "sub_100002", required=True
)
_FIELDS = (
    p.string("package", p.reference("pac"), "Id of a package.", "pac_100001"),
    p.string("status", p.one_of(*STAGES), "`trial` or `customer`.", "customer"),
    p.string("first_name", p.text(100), "First name of its owner.", "Ann"),
    p.string("last_name", p.text(100), "Last name of its owner.", "Peeters"),
    p.string("country", _country, "Two letters, ISO 3166.", "BE"),
    p.string("company_name", p.text(200), "Name of the company.", "Corner Coffee"),
    p.string("expiry_date", _day, "Its last day, yyyy-MM-dd.", "2030-12-31"),
)
_OK = {"status": {"status": "OK"}}
_SEEN: dict[str, Any] = {
    "ID": "sub_100002", "email": "ann@example.com", "language": "en", "lastlogin": "",
    "amountlogin": "0", "currency": "EUR", "max_campaigns": "", "expiry_date": "2030-12-31",
    "api_key": "1234567890123456789012345678901", "api_secret": "", "has_campaigns": "0",
    "campaigns": [], "first_name": "Ann", "last_name": "Peeters",
    "company_name": "Corner Coffee", "username": "ann@example.com", "country": "BE",
    "timezone": "Europe/Brussels",
    "status": "customer", "package": "", "blocked": "0", "webhook_endpoint": "",
    "available_campaigns": "", **{f"access_{name}": True for name in ACCESS},
}  # fmt: skip
_ONE = (102, 200, 301, 510)


def _both(endpoint: Endpoint) -> tuple[Endpoint, Endpoint]:
    """The same under its old /v4 path."""
    old = endpoint.path.replace("/v3/", "/v4/", 1)
    return endpoint, msgspec.structs.replace(endpoint, path=old)


def _endpoint(tail: str, act: Act | None, summary: str, **more: Any) -> tuple[Endpoint, Endpoint]:
    checked = None if act is None else _for_parents(act)
    path = f"/v3/subaccount{tail}"
    return _both(Endpoint(path=path, right=Right.SUBACCOUNTS, summary=summary, act=checked, **more))


ENDPOINTS = (
    *_endpoint("/list", list_subaccounts,
               "The subaccounts, 100 a page, with at most 100 campaigns of each;"
               " `amount_of_subaccounts` and `has_campaigns` count all of them.",
               parameters=(p.PAGE,), writes=False, errors=(102, 300, 301),
               example={**_OK, "amount_of_subaccounts": 1, "subaccount": [_SEEN]}),
    *_endpoint("", get_subaccount, "One subaccount.", parameters=(_SUBACCOUNT,), writes=False,
               errors=_ONE, example={**_OK, "subaccount": _SEEN}),
    *_endpoint(
        "/create", None,
        "Make a subaccount with an API key of its own. The secret is shown only now.",
        parameters=(
            p.string("email", p.email, "Login address.", "ann@example.com", required=True),
            p.string("password", _password,
                     "At least 8 characters, not easy to guess. Without one its owner gets a mail"
                     " with a link."),
            *_FIELDS,
            p.string("timezone", p.zone, "Its time zone. Default: that of its country; where that"
                     " has several, yours.", "Europe/Brussels"),
            p.string("company", p.text(200), "Another name of `company_name`."),
            p.string("username", p.text(254), "Stands for `email` and `company_name` where they"
                     " are not given."),
        ),
        aliases={"email": "username", "company_name": "company"},
        act_alone=create_subaccount,
        errors=(102, 200, 300, 301, 302, 303, 304, 305, 516, 524),
        example={**_OK, "action": "subaccount_created",
                 "subaccount": _SEEN | {"api_secret": "shownOnlyNowShownOnlyNowShown31"}},
    ),
    *_endpoint(
        "/update", update_subaccount, "Change a subaccount; what is not given stays.",
        parameters=(
            _SUBACCOUNT,
            p.string("email", p.email, "Login address.", "ann@example.com"),
            *_FIELDS,
            p.string("language", p.one_of(*LANGUAGES),
                     "Language.", "en"),
            p.yes_or_no("blocked", "Whether its credentials are refused."),
        ),
        errors=(102, 200, 300, 301, 302, 303, 304, 305, 510, 524),
        example={**_OK, "action": "subaccount_updated", "subaccount": _SEEN},
    ),
    *_endpoint("/block", block_subaccount, "Refuse its credentials from now on.",
               parameters=(_SUBACCOUNT,), errors=_ONE,
               example={**_OK, "action": "subaccount_blocked",
                        "subaccount": _SEEN | {"blocked": "1"}}),
    *_endpoint("/unblock", unblock_subaccount, "Take its credentials again.",
               parameters=(_SUBACCOUNT,), errors=_ONE,
               example={**_OK, "action": "subaccount_unblocked", "subaccount": _SEEN}),
    *_endpoint("/reset/url", reset_url, "A link by which its owner sets a password.",
               parameters=(_SUBACCOUNT,), errors=_ONE,
               example={**_OK, "subaccount": {
                   "ID": "sub_100002", "url": f"https://coupons.example.com/password/{'k' * 49}",
                   "expires_utc": "2026-11-30 10:00:00"}}),
    *_endpoint("/sso", subaccount_sso,
               "A link that signs in to a subaccount, once, within five minutes.",
               parameters=(_SUBACCOUNT, signin.PAGE, signin.CAMPAIGN),
               errors=(102, 200, 301, 302, 502, 510),
               example={**_OK, "subaccount": {"ID": "sub_100002", **signin.TICKET}}),
)  # fmt: skip
