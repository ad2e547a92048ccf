"""Who may do what: the one table, for people by their role and for API keys by their scopes.

Asked where an action is called (`api/v4/operation.py`, `api/v3/endpoint.py`), never in a page.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

import msgspec

from tearoff.errors import Forbidden
from tearoff.kit.words import phrase

ROLES = ("owner", "manager", "editor", "sender", "staff", "reader")
ROLE_NAMES = {
    "owner": phrase("Owner"),
    "manager": phrase("Manager"),
    "editor": phrase("Editor"),
    "sender": phrase("Sender"),
    "staff": phrase("Staff"),
    "reader": phrase("Reader"),
}
"""As mails and the pages for signing in call them."""
SCOPES = ("read", "send", "manage", "validate", "admin")
OLD_SCOPES = ("read", "send", "manage", "validate")
"""Those of a key that is older than scopes, and of one that is made without a word about them."""


SCOPE_MEANS = {
    "read": "Look at campaigns, coupons, messages and figures.",
    "send": "Give coupons to people: messages, links, changes of a coupon's data, notifications.",
    "manage": "Campaigns, groups, contacts, opt-outs, locations and devices, webhooks,"
    " subaccounts, links that sign in.",
    "validate": "Take coupons in and take that back, void, lock and reserve them.",
    "admin": "Settings, providers, API keys, members, the audit log, and erasing people.",
}


class Right(StrEnum):
    LOOK = "look"
    SEND = "send"
    EDIT = "edit"
    PEOPLE = "people"
    LIFT = "lift"
    REDEEM = "redeem"
    UNDO = "undo"
    PLACES = "places"
    HOOKS = "hooks"
    SUBACCOUNTS = "subaccounts"
    SETTINGS = "settings"
    PROVIDERS = "providers"
    KEYS = "keys"
    MEMBERS = "members"
    AUDIT = "audit"
    EXPORT = "export"
    SIGN_IN = "sign_in"
    ERASE = "erase"


class Grant(msgspec.Struct, frozen=True):
    """The scope that a key needs, and the roles of people that have the right."""

    scope: str
    roles: Collection[str]


_RUN = ("owner", "manager")

GRANTS: dict[Right, Grant] = {
    # campaigns, coupons, messages, figures
    Right.LOOK: Grant("read", (*_RUN, "editor", "sender", "reader")),
    # a coupon to somebody
    Right.SEND: Grant("send", (*_RUN, "sender")),
    # campaigns with all that belongs to them
    Right.EDIT: Grant("manage", (*_RUN, "editor")),
    # groups, contacts, opt-outs, replies
    Right.PEOPLE: Grant("manage", (*_RUN, "sender")),
    # taking somebody off the opt-out list
    Right.LIFT: Grant("manage", _RUN),
    # taking coupons in, blocking one
    Right.REDEEM: Grant("validate", (*_RUN, "staff")),
    # taking back that one was taken in, but for the minute in which a device can
    Right.UNDO: Grant("validate", _RUN),
    # locations, their PINs and devices
    Right.PLACES: Grant("manage", _RUN),
    Right.HOOKS: Grant("manage", _RUN),
    Right.SUBACCOUNTS: Grant("manage", _RUN),
    Right.SETTINGS: Grant("admin", _RUN),
    Right.PROVIDERS: Grant("admin", _RUN),
    Right.KEYS: Grant("admin", _RUN),
    Right.MEMBERS: Grant("admin", _RUN),
    Right.AUDIT: Grant("admin", _RUN),
    # lists of people as files
    Right.EXPORT: Grant("admin", _RUN),
    # the provider of sign-ins: whoever names it decides who comes in as an owner
    Right.SIGN_IN: Grant("admin", ("owner",)),
    # forgetting a person for good
    Right.ERASE: Grant("admin", _RUN),
}


class ScopeMissing(Forbidden):
    """An API key without the scope that a call needs."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This API key may not do this: it needs the scope '{scope}'.")
        self.scope = scope


class RoleMissing(Forbidden):
    """A person whose role does not allow this."""

    def __init__(self, right: Right, role: str) -> None:
        roles = ", ".join(GRANTS[right].roles)
        super().__init__(f"Your role ({role}) may not do this. Ask somebody who is: {roles}.")
        self.right, self.role = right, role


class LinkMissing(RoleMissing):
    """Somebody who came by a program's link, which opens no more than the program may do."""

    def __init__(self, right: Right, role: str) -> None:
        super().__init__(right, role)
        self.args = (
            "You came by a program's link, which may not do this. Sign in by yourself, with your"
            " password or by single sign-on.",
        )


def has(role: str, right: Right, scopes: Collection[str] | None = None) -> bool:
    """`scopes`: those of the key whose link somebody came by; None where no key let them in."""
    return role in GRANTS[right].roles and (scopes is None or GRANTS[right].scope in scopes)


def check_role(role: str, right: Right, scopes: Collection[str] | None = None) -> None:
    """Raises `RoleMissing` and `LinkMissing`."""
    if not has(role, right, scopes):
        raise RoleMissing(right, role) if scopes is None else LinkMissing(right, role)


def check_scopes(scopes: Collection[str], right: Right) -> None:
    """Raises `ScopeMissing`."""
    if GRANTS[right].scope not in scopes:
        raise ScopeMissing(GRANTS[right].scope)
