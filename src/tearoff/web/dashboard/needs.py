"""What needs attention, each in a sentence with the way to put it right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import msgspec
from markupsafe import Markup, escape

from tearoff.accounts.rights import Right
from tearoff.api.v4.attention import Attention, Failing, FailingHook, Server
from tearoff.hooks.sentences import said
from tearoff.providers import registry
from tearoff.web.dashboard.moments import Moments
from tearoff.web.dashboard.visit import Visit

BACKUP_EVERY = timedelta(days=7)
"""Home says so when the last one is older."""


class Need(msgspec.Struct, frozen=True):
    """`kind` is `no` or `warn`; `link` and `link_text`: where it is put right, "" when nowhere."""

    kind: str
    title: str
    line: Markup | str
    link: str = ""
    link_text: str = ""


def needs_of(visit: Visit, found: Attention, names: Mapping[int, str]) -> list[Need]:
    """The gravest first. `names` of campaigns by their ids."""
    return [
        *_server(visit, found.server),
        *(_failing(visit, one) for one in found.failing),
        *(_hook(visit, one) for one in found.webhooks),
        *_replies(visit, found.open_replies),
        *_pins(visit, found),
        *_pools(visit, found, names),
        *_backup(visit, found.server),
    ]


def _server(visit: Visit, server: Server | None) -> Iterator[Need]:
    if server is None or server.works:
        return
    words, moments = visit.words, _moments(visit)
    line = words("No worker has run on this database yet.")
    if server.worker_seen_at is not None:
        line = _filled(words("Since {at}."), at=moments.exact(server.worker_seen_at))
    cure = words("Start it with this command: {command}", command="tearoff work")
    yield Need(
        "no",
        words("Nothing works on jobs: webhooks, imports and receipts wait"),
        Markup("{} {}").format(line, cure),
    )


def _failing(visit: Visit, one: Failing) -> Need:
    words = visit.words
    name = one.name or registry.title_of(one.kind)
    told = one.error or words("Whoever looks after the integrations sees why.")
    line = _filled(words("Since {at}: {why}"), at=_moments(visit).exact(one.since), why=told)
    link = visit.address("/integrations") if visit.may(Right.PROVIDERS) else ""
    title = words("{service} takes no messages", service=name)
    return Need("no", title, line, link, words("To the integrations"))


def _hook(visit: Visit, one: FailingHook) -> Need:
    words, moments = visit.words, _moments(visit)
    name = one.url or words("A webhook")
    why = said(words, one.reason or "")
    if one.is_off:
        title = words("{webhook} is switched off", webhook=name)
        line = _filled(
            words("Since {at}: {why} What happens is kept for it a while."),
            at=moments.exact(one.since), why=why,
        )  # fmt: skip
    else:
        title = words("{webhook} gets no events", webhook=name)
        line = _filled(words("Every try has failed since {at}."), at=moments.exact(one.since))
    link = visit.address(f"/webhooks/{one.webhook}") if visit.may(Right.HOOKS) else ""
    return Need("no", title, line, link, words("To the webhook"))


def _replies(visit: Visit, waiting: int) -> Iterator[Need]:
    if not waiting:
        return
    words = visit.words
    title = words.ngettext(
        "{n} answer may mean that somebody wants no more messages",
        "{n} answers may mean that somebody wants no more messages",
        waiting,
    )
    line = words("In many countries such a wish binds like a STOP. Read it, and decide.")
    link = visit.address("/replies", view="open") if visit.may(Right.PEOPLE) else ""
    yield Need("warn", title, line, link, words("Read them"))


def _pins(visit: Visit, found: Attention) -> Iterator[Need]:
    words, pins = visit.words, found.pins
    if not pins.alarm and not pins.locked:
        return
    lines = []
    if pins.locked:
        lines.append(
            words.ngettext(
                "{n} coupon was locked for a while after five wrong PINs within the last day.",
                "{n} coupons were locked for a while after five wrong PINs within the last day.",
                pins.locked,
            )
        )
    if pins.alarm:
        lines.append(
            words.ngettext(
                "{n} wrong PIN within the last hour.",
                "{n} wrong PINs within the last hour.",
                pins.wrong,
            )
        )
    link = visit.address("/locations") if visit.may(Right.PLACES) else ""
    title = words("Somebody guesses the PIN of your staff")
    yield Need("warn", title, " ".join(lines), link, words("Set another PIN"))


def _pools(visit: Visit, found: Attention, names: Mapping[int, str]) -> Iterator[Need]:
    words = visit.words
    for pool in found.pools:
        name = names.get(pool.campaign, "–")
        title = words("“{name}” is running out of codes", name=name)
        if not pool.left:
            title = words("“{name}” has no codes left", name=name)
        line = words("Nobody gets a coupon of it until there are more.")
        if pool.left:
            line = words.ngettext("{n} code is left.", "{n} codes are left.", pool.left)
        link = visit.address(f"/campaigns/{pool.campaign}") if visit.may(Right.EDIT) else ""
        yield Need("warn", title, line, link, words("Bring in more"))


def _backup(visit: Visit, server: Server | None) -> Iterator[Need]:
    if server is None or not server.needs_backup:
        return
    words, last = visit.words, server.backup_at
    if last is not None and last > visit.now - BACKUP_EVERY:
        return
    cure = words("This command makes one: {command}", command="tearoff backup FILE")
    title = words("There is no backup yet")
    if last is None:
        yield Need("warn", title, cure)
        return
    title = words("The last backup is old")
    line = _filled(words("It was made {at}."), at=_moments(visit).at(last))
    yield Need("warn", title, Markup("{} {}").format(line, cure))


def _moments(visit: Visit) -> Moments:
    return Moments(visit.words, visit.account.timezone, visit.now)


def _filled(text: str, **places: object) -> Markup:
    """A sentence with a moment in it."""
    told = str(escape(text))
    for name, value in places.items():
        told = told.replace(f"{{{name}}}", str(escape(value)))
    return Markup(told)  # noqa: S704 (all of it is escaped)
