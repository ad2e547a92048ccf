"""The services that an account's messages go over: which there are, how each one does, and which
is used first."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4 import providers
from tearoff.messages.connection_views import Kind, Provider
from tearoff.web.dashboard import provider_words
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.standings import Standing
from tearoff.web.dashboard.visit import NotFoundHere, Visit
from tearoff.web.paper.html import Answer


class Card(msgspec.Struct, frozen=True):
    """A service that is connected. `answer`: why it fails."""

    one: Provider
    name: str
    title: str
    standing: Standing
    answer: provider_words.Answer | None
    has_price: bool
    lacks_address: bool
    is_first: bool = True
    is_last: bool = True


class Section(msgspec.Struct, frozen=True):
    """Of a channel: what is connected, in its order, and what else could be."""

    channel: str
    title: str
    cards: Sequence[Card]
    kinds: Sequence[Kind]
    used: Card | None


async def show(visit: Visit) -> Answer:
    found = (await visit.read(providers.LIST)).data
    kinds = await kinds_of(visit)
    return await page(
        visit,
        "integrations",
        title=visit.words("Integrations"),
        at="/integrations",
        sections=[
            _section(visit, channel, title, found, kinds)
            for channel, title in provider_words.SECTIONS
        ],
        about=provider_words.ABOUT,
        title_of=provider_words.title_of,
    )


async def move(visit: Visit) -> Answer:
    """One place up or down among those of its channel that are switched on; from where the form
    saw it, so that the same form sent twice moves it once."""
    one = await visit.read(providers.GET, id=_typed_id(visit))
    routes = (await visit.read(providers.ROUTES)).data
    order = next(list(route.providers) for route in routes if route.channel == one.channel)
    place = order.index(one.id) if one.id in order else -1
    if visit.typed.text("at") == str(place + 1):
        order.remove(one.id)
        order.insert(max(0, place + (-1 if visit.typed.text("to") == "up" else 1)), one.id)
        given = {"channel": one.channel, "providers": order}
        await visit.do(providers.SET_ROUTE, given)
    name = provider_words.name_of(visit.words, one, await kinds_of(visit))
    return to(visit, f"/integrations#service-{one.id}", _moved(visit, name, one.id, order))


def _moved(visit: Visit, name: str, provider_id: int, order: Sequence[int]) -> str:
    if provider_id not in order:
        return visit.words("{name} is switched off: it has no place in the order.", name=name)
    if order[0] == provider_id:
        return visit.words("{name} is used now.", name=name)
    place = order.index(provider_id) + 1
    return visit.words("{name} is number {n} now.", name=name, n=place)


async def kinds_of(visit: Visit) -> Sequence[Kind]:
    kinds: Sequence[Kind] = (await visit.read(providers.KINDS)).data
    return kinds


def _typed_id(visit: Visit) -> int:
    text = visit.typed.text("id")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise NotFoundHere
    return int(text)


def card_of(visit: Visit, one: Provider, kinds: Sequence[Kind]) -> Card:
    words = visit.words
    kind = next(kind for kind in kinds if kind.kind == one.kind)
    return Card(
        one=one,
        name=provider_words.name_of(words, one, kinds),
        title=provider_words.title_of(words, kind),
        standing=provider_words.STATES[one.state],
        answer=provider_words.spoken(words, one.last_error) if one.last_error else None,
        has_price=one.channel != "sms" or one.kind == "log" or any(one.prices.values()),
        lacks_address=kind.reports and not one.callback_url,
    )


def _section(
    visit: Visit, channel: str, title: str, found: Sequence[Provider], kinds: Sequence[Kind]
) -> Section:
    cards = [card_of(visit, one, kinds) for one in found if one.channel == channel]
    on = [card for card in cards if card.one.active]
    placed = [
        msgspec.structs.replace(card, is_first=card in on[:1], is_last=card in on[-1:])
        if card.one.active
        else card
        for card in cards
    ]
    return Section(
        channel,
        visit.words(title),
        placed,
        [kind for kind in kinds if kind.channel == channel],
        next((card for card in placed if card.one.default), None),
    )


SCREENS = (
    Screen(path="/integrations", right=Right.PROVIDERS, act=show),
    Screen(
        method="POST", path="/integrations/order", right=Right.PROVIDERS, act=move, confirmed=True
    ),
)
