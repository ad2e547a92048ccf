"""API keys: what lets programs in. A secret stands on the page that answers the form which made it,
and on no other: the same form sent again makes nothing and shows nothing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from markupsafe import Markup

from tearoff.accounts import queries
from tearoff.accounts.idempotency import KeyBusy, KeyReused
from tearoff.accounts.keys import SignsWebhooks
from tearoff.accounts.rights import OLD_SCOPES, SCOPES, Right
from tearoff.api.v4 import keys as v4
from tearoff.api.v4 import webhooks
from tearoff.api.v4.operation import Operation
from tearoff.errors import TearoffError
from tearoff.kit.words import phrase
from tearoff.web.dashboard.forms import given_by
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently
from tearoff.web.reference import reference

AT = "/api"
_KEY = "/api/keys/{client_id:str}"
_NO_PROBLEMS = Problems()
_EXACT_TO = timedelta(hours=1)

SCOPE_WORDS = {
    "read": (phrase("Look"), phrase("See campaigns, coupons, messages and figures.")),
    "send": (
        phrase("Give coupons"),
        phrase("Send messages, make links, change what is stored about a coupon."),
    ),
    "manage": (
        phrase("Manage"),
        phrase("Campaigns, groups, contacts, opt-outs, locations, webhooks and subaccounts."),
    ),
    "validate": (
        phrase("Take coupons in"),
        phrase("Redeem them at a till or in a shop, take that back, void and lock them."),
    ),
    "admin": (
        phrase("Administer"),
        phrase("Settings, sending services, API keys, the team, and who did what."),
    ),
}
"""Each scope in a word, and what it allows."""


class Shown(msgspec.Struct, frozen=True):
    """A key with what is said of it: who made it, what it may do in words, when it was used if that
    is no moment."""

    key: v4.Key
    name: str
    made: str
    may: list[str]
    used: str


async def show_all(visit: Visit) -> Answer:
    shown = await _all_shown(visit)
    live = [one for one in shown if one.key.revoked_at is None]
    return await page(
        visit,
        "api_keys",
        title=visit.words("API"),
        at=AT,
        live=live,
        revoked=[one for one in shown if one.key.revoked_at is not None],
        has_endpoints=bool(await _endpoints(visit)),
        host=reference.host_of(visit.request),
    )


async def _all_shown(visit: Visit) -> list[Shown]:
    keys: list[v4.Key] = (await visit.read(v4.LIST)).data
    people = [int(by[7:]) for key in keys if (by := key.created_by).startswith("person ")]
    db, account_id = visit.services.db, visit.account.id
    names = await patiently(queries.names_of(db, account_id, people))
    return [_shown(visit, key, keys, names) for key in keys]


def _shown(visit: Visit, key: v4.Key, keys: Sequence[v4.Key], names: dict[int, str]) -> Shown:
    words = visit.words
    may = [words(SCOPE_WORDS[scope][0]) for scope in key.scopes]
    return Shown(key, _name(visit, key), _made(visit, key, keys, names), may, _used(visit, key))


def _name(visit: Visit, key: v4.Key) -> str:
    return key.name or visit.words("Key without a name")


def _made(visit: Visit, key: v4.Key, keys: Sequence[v4.Key], names: dict[int, str]) -> str:
    words = visit.words
    kind, _, who = key.created_by.partition(" ")
    if kind == "person":
        return words("Made by {name}", name=names.get(int(who)) or words("somebody who has left"))
    if kind == "key":
        other = next((_name(visit, one) for one in keys if one.client_id == who), who)
        return words("Made by a program, with the key {name}", name=other)
    return words("Made by a command on the server") if kind else words("Made with the account")


def _used(visit: Visit, key: v4.Key) -> str:
    """To the hour, in which a key is written down once."""
    if key.last_used_at is None:
        return visit.words("Never")
    is_fresh = visit.now - key.last_used_at < _EXACT_TO
    return visit.words("Within the last hour") if is_fresh else ""


async def _endpoints(visit: Visit) -> list[str]:
    """The addresses that are told of events, and check who signed."""
    return [one.url for one in (await visit.read(webhooks.LIST)).data if one.active]


# making one -----------------------------------------------------------------------------------


async def show_new(visit: Visit) -> Answer:
    return await _new(visit, _NO_PROBLEMS)


async def _new(visit: Visit, problems: Problems) -> Answer:
    return await page(
        visit,
        "api_key_new",
        title=visit.words("New API key"),
        at=AT,
        status=422 if problems else 200,
        scopes=_scopes(visit),
        chosen=OLD_SCOPES,
        problems=problems,
        once=secrets.token_urlsafe(9),
    )


def _scopes(visit: Visit) -> list[tuple[str, str]]:
    said = Markup("<b>{}</b><span class='under'>{}</span>")
    return [(scope, said.format(*map(visit.words, SCOPE_WORDS[scope]))) for scope in SCOPES]


async def create(visit: Visit) -> Answer:
    given = given_by(v4.CREATE.body, visit.typed)
    try:
        made = await _once(visit, v4.CREATE, {"name": "", **given})
    except TearoffError as error:
        return await _new(visit, problems_of(visit.words, error))
    return await _secret(visit, made, visit.words("Your new API key"))


async def _once(visit: Visit, operation: Operation, given: dict[str, Any]) -> Any:
    """None where this form was sent before, or is being worked on in another window."""
    once = visit.typed.text("once") or secrets.token_urlsafe(9)
    try:
        return await visit.do(operation, given, once=once)
    except (KeyBusy, KeyReused):
        return None


async def _secret(visit: Visit, made: v4.KeyWithSecret | None, title: str) -> Answer:
    if made is None:
        return await page(visit, "api_secret_gone", title=visit.words("Shown once"), at=AT)
    return await page(
        visit,
        "api_secret",
        title=title,
        at=AT,
        key=made,
        name=_name(visit, made),
        host=reference.host_of(visit.request),
    )


# one of them ----------------------------------------------------------------------------------


async def show(visit: Visit) -> Answer:
    return await _one(visit, _NO_PROBLEMS)


async def _one(visit: Visit, problems: Problems, box: str = "") -> Answer:
    """`box`: the one that stands open, because what it asks was refused."""
    await visit.read(v4.GET, client_id=visit.path["client_id"])
    every = await _all_shown(visit)
    one = next(s for s in every if s.key.client_id == visit.path["client_id"])
    others = [s for s in every if s is not one and s.key.revoked_at is None]
    return await page(
        visit,
        "api_key",
        title=one.name,
        at=AT,
        status=422 if problems else 200,
        one=one,
        key=one.key,
        others=[(s.key.client_id, f"{s.name} ({s.key.client_id[:8]}…)") for s in others],
        signer=next((s for s in others if s.key.signs_webhooks), None),
        endpoints=await _endpoints(visit),
        scopes=_scopes(visit),
        problems=problems,
        box=box,
        once=secrets.token_urlsafe(9),
    )


async def change(visit: Visit) -> Answer:
    given = given_by(v4.CHANGE.body, visit.typed, without=("signs_webhooks",))
    return await _done(visit, v4.CHANGE, given, visit.words("Saved."))


async def sign(visit: Visit) -> Answer:
    """Let this key sign the webhooks in the place of another."""
    said = visit.words("This key signs from now on what is sent to your webhooks.")
    return await _done(visit, v4.CHANGE, {"signs_webhooks": True}, said)


async def switch(visit: Visit) -> Answer:
    said = visit.words("Webhooks are signed with the new secret from now on.")
    return await _done(visit, v4.SWITCH, {}, said)


async def _done(visit: Visit, operation: Operation, given: dict[str, Any], said: str) -> Answer:
    client_id = visit.path["client_id"]
    key = await visit.read(v4.GET, client_id=client_id)
    try:
        if key.revoked_at is None:
            await visit.do(operation, {"client_id": client_id, **given})
    except TearoffError as error:
        return await _one(visit, problems_of(visit.words, error))
    return to(visit, f"/api/keys/{client_id}", said=said if key.revoked_at is None else "")


async def roll(visit: Visit) -> Answer:
    client_id = visit.path["client_id"]
    key = await visit.read(v4.GET, client_id=client_id)
    if key.revoked_at is not None:
        return to(visit, f"/api/keys/{client_id}")
    given = {"client_id": client_id, "at_once": visit.typed.is_ticked("at_once")}
    made = await _once(visit, v4.ROLL, given)
    return await _secret(
        visit, made, visit.words("The new secret of {name}", name=_name(visit, key))
    )


async def revoke(visit: Visit) -> Answer:
    """`signer`: the key that signs the webhooks then; `confirm`: there is none, as was said."""
    typed, client_id = visit.typed, visit.path["client_id"]
    key = await visit.read(v4.GET, client_id=client_id)
    given = {"client_id": client_id, "signer": typed.text("signer") or None}
    if typed.is_ticked("confirm"):
        given["confirm"] = "true"
    try:
        if key.revoked_at is None:
            await visit.do(v4.REVOKE, given)
    except SignsWebhooks:
        text = visit.words("This key signs your webhooks. Say which key does that then.")
        return await _one(visit, Problems(page=text), "revoke")
    except TearoffError as error:
        return await _one(visit, problems_of(visit.words, error), "revoke")
    return to(
        visit, AT, said=visit.words("{name} lets nobody in any more.", name=_name(visit, key))
    )


SCREENS = (
    Screen(path=AT, right=Right.KEYS, act=show_all),
    Screen(path="/api/new", right=Right.KEYS, act=show_new, confirmed=True),
    Screen(method="POST", path="/api/new", right=Right.KEYS, act=create, confirmed=True),
    Screen(path=_KEY, right=Right.KEYS, act=show),
    Screen(method="POST", path=_KEY, right=Right.KEYS, act=change, confirmed=True),
    Screen(method="POST", path=f"{_KEY}/roll", right=Right.KEYS, act=roll, confirmed=True),
    Screen(method="POST", path=f"{_KEY}/sign", right=Right.KEYS, act=sign, confirmed=True),
    Screen(method="POST", path=f"{_KEY}/switch", right=Right.KEYS, act=switch, confirmed=True),
    Screen(method="POST", path=f"{_KEY}/revoke", right=Right.KEYS, act=revoke, confirmed=True),
)
