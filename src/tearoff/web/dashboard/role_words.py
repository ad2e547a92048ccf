"""What each role may do, in words, from the one table of rights."""

from __future__ import annotations

import msgspec

from tearoff.accounts.rights import GRANTS, ROLES, Right, has
from tearoff.kit.words import Words, phrase
from tearoff.web.dashboard.saying import ROLE_NAMES

RIGHT_WORDS = {
    Right.LOOK: phrase("See campaigns, coupons, messages and figures"),
    Right.SEND: phrase("Send a coupon to somebody"),
    Right.EDIT: phrase("Make campaigns, change, publish and archive them"),
    Right.PEOPLE: phrase("Groups, contacts, opt-outs and what people answer"),
    Right.LIFT: phrase("Take somebody off the list of opt-outs"),
    Right.REDEEM: phrase("Take coupons in, block one"),
    Right.UNDO: phrase("Take back that a coupon was taken in"),
    Right.PLACES: phrase("Locations, their PINs and devices"),
    Right.HOOKS: phrase("Webhooks"),
    Right.SUBACCOUNTS: phrase("Subaccounts"),
    Right.SETTINGS: phrase("Settings"),
    Right.PROVIDERS: phrase("Services that carry messages"),
    Right.KEYS: phrase("API keys"),
    Right.MEMBERS: phrase("Invite people, change their role, remove them"),
    Right.AUDIT: phrase("See who did what"),
    Right.EXPORT: phrase("Take lists of people away as files"),
    Right.ERASE: phrase("Erase a person"),
    Right.SIGN_IN: phrase("Single sign-on"),
}
OWNERS_ALONE = phrase("Make somebody an owner, change or remove one, reset a second step")


class Row(msgspec.Struct, frozen=True):
    """`may`: one for each role, in the order of `ROLES`."""

    what: str
    may: tuple[bool, ...]


def table(words: Words) -> list[Row]:
    rows = [
        Row(words(RIGHT_WORDS[right]), tuple(has(role, right) for role in ROLES))
        for right in GRANTS
    ]
    return [*rows, Row(words(OWNERS_ALONE), tuple(role == "owner" for role in ROLES))]


def heads(words: Words) -> list[str]:
    return [words(ROLE_NAMES[role]) for role in ROLES]


def means(words: Words, role: str) -> str:
    """What somebody with this role may do, on one line."""
    if role == "owner":
        return words("Everything, and decides who else is an owner")
    may = [right for right in GRANTS if has(role, right)]
    if len(may) < sum(tuple(grant.roles) != ("owner",) for grant in GRANTS.values()):
        return ". ".join(words(RIGHT_WORDS[right]) for right in may)
    return words("Everything, but for what owners alone decide")
