"""Connections to services as people and programs see them, on a page and in v4. A secret is never
shown, nor how long it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tearoff.kit.db import Handle
from tearoff.kit.services import Services
from tearoff.kit.vault import CannotOpen
from tearoff.messages import callbacks, connections, standing
from tearoff.messages.connection_changes import secret_moments
from tearoff.messages.connections import ConnectionNotFound
from tearoff.messages.models import Connection
from tearoff.messages.standing import News, Stray
from tearoff.providers import registry
from tearoff.providers.base import Field


class Setting(msgspec.Struct, frozen=True):
    """What a form asks for. `help` goes on after the name. `choices`: nothing else fits; empty:
    anything. `advanced`: few need it. `lines`: it may take several lines."""

    name: str
    label: str
    help: str
    required: bool
    secret: bool
    default: str
    choices: list[str]
    advanced: bool
    lines: bool


class Kind(msgspec.Struct, frozen=True):
    """A kind of service. `channel`: sms or email. `reports`: it is told a callback address.
    `on_server`: settings that name files of the server, which only its operator sets, by
    command."""

    kind: str
    channel: str
    title: str
    reports: bool
    settings: list[Setting]
    on_server: list[Setting]


class UnmatchedReplies(msgspec.Struct, frozen=True):
    """Replies that came to a number that is none of the account's senders or `reply_numbers`,
    among the account's last 1000: how many, with the number and the moment of the last one."""

    count: int
    number: str
    last_at: datetime


class Provider(msgspec.Struct, frozen=True):
    """An account's connection to a service. `settings` are those that are no secrets; `secrets`
    tells since when each secret is stored. `position`: its place among the active ones of its
    channel, of which the first (`default`) is used; null when it is switched off. `prices` are of
    a segment, or of a mail, by country, in millionths of the account's currency unit; `*` is
    every other country. `state`: off, failing (since `failing_since`, why: `last_error`), working,
    or new while nothing went over it. `last_accepted_at` and `last_receipt_at` are to the
    minute."""

    id: int
    kind: str
    channel: str
    name: str
    active: bool
    default: bool
    position: int | None
    state: str
    sender: str | None
    settings: dict[str, str]
    secrets: dict[str, datetime]
    callback_url: str | None
    prices: dict[str, int]
    reply_numbers: list[str]
    unmatched_replies: UnmatchedReplies | None
    failing_since: datetime | None
    last_error: str | None
    last_accepted_at: datetime | None
    last_receipt_at: datetime | None
    created_at: datetime


class Route(msgspec.Struct, frozen=True):
    """The active connections of a channel in their order: the first one is used."""

    channel: str
    providers: list[int]


def show_kind(kind: str) -> Kind:
    fields = registry.fields_of(kind)
    return Kind(
        kind,
        registry.channel_of(kind),
        registry.title_of(kind),
        registry.calls_back(kind),
        [_setting(field) for field in fields if not field.on_server],
        [_setting(field) for field in fields if field.on_server],
    )


def _setting(field: Field) -> Setting:
    return Setting(
        field.name, field.label or field.name, field.help, field.required, field.secret,
        field.default, list(field.choices), field.advanced, field.lines,
    )  # fmt: skip


async def all_shown(db: Handle, services: Services, account_id: int) -> list[Provider]:
    """All of the account's: by channel, those that are used first. Three statements."""
    found = connections.in_order(await connections.connections_of(db, account_id))
    news = await standing.news_of(db, account_id)
    strays = await standing.strays_of(db, account_id, found)
    return [
        _shown(
            services,
            one,
            connections.place_in(found, one),
            news.get(one.id, News()),
            strays.get(one.id),
        )
        for one in found
    ]


async def shown(db: Handle, services: Services, account_id: int, connection_id: int) -> Provider:
    """Raises `ConnectionNotFound`."""
    for one in await all_shown(db, services, account_id):
        if one.id == connection_id:
            return one
    raise ConnectionNotFound


def routes_of(found: Sequence[Connection]) -> list[Route]:
    return [
        Route(
            channel,
            [c.id for c in connections.in_order(found) if c.active and c.channel == channel],
        )
        for channel in registry.CHANNELS
    ]


def _shown(
    services: Services, one: Connection, place: int | None, news: News, stray: Stray | None
) -> Provider:
    problem = one.last_error
    try:
        settings = connections.open_settings(services.vault, one)
        address = callbacks.address_of(services.vault, services.settings.public_url, one)
    except CannotOpen:
        settings, address = {}, ""
        problem = "The settings cannot be opened with the key of this server."
    return Provider(
        id=one.id,
        kind=one.kind,
        channel=one.channel,
        name=one.name,
        active=one.active,
        default=place == 1,
        position=place,
        state=_state(one, news),
        sender=one.sender or settings.get("from"),
        settings=_open_ones(one.kind, settings),
        secrets=_secrets(one, settings),
        callback_url=(address or None) if registry.calls_back(one.kind) else None,
        prices=one.prices,
        reply_numbers=list(one.reply_numbers),
        unmatched_replies=_unmatched(stray),
        failing_since=one.failing_since,
        last_error=problem or None,
        last_accepted_at=news.last_accepted_at,
        last_receipt_at=news.last_receipt_at,
        created_at=one.created_at,
    )


def _unmatched(stray: Stray | None) -> UnmatchedReplies | None:
    return None if stray is None else UnmatchedReplies(stray.count, stray.number, stray.last_at)


def _state(one: Connection, news: News) -> str:
    if not one.active:
        return "off"
    if one.failing_since is not None:
        return "failing"
    return "new" if news == News() else "working"


def _open_ones(kind: str, settings: dict[str, str]) -> dict[str, str]:
    hidden = {field.name for field in registry.fields_of(kind) if field.secret or field.on_server}
    return {name: value for name, value in settings.items() if name not in hidden}


def _secrets(one: Connection, settings: dict[str, str]) -> dict[str, datetime]:
    known = secret_moments(one)
    return {
        name: known.get(name, one.created_at)
        for name in registry.secrets_of(one.kind)
        if settings.get(name)
    }
