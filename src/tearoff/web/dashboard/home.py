"""Where one begins: what is still to do, what runs today, what needs attention."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4 import account, attention, campaigns
from tearoff.api.v4.attention import Attention
from tearoff.api.v4.campaign_shapes import Campaign
from tearoff.web.dashboard import alerts
from tearoff.web.dashboard.needs import Need, needs_of
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

MOST_SUMMED = 200
LISTED = 10


class Step(msgspec.Struct, frozen=True):
    """One of the first steps. `path`: where it is done, "" for who may not."""

    name: str
    line: str
    done: bool
    path: str


class Today(msgspec.Struct, frozen=True):
    """Of the campaigns that run. `is_all`: they are all of them."""

    running: int
    opened: int
    redeemed: int
    redeemed_ever: int
    sent_ever: int
    is_all: bool


async def show(visit: Visit) -> Answer:
    if not visit.may(Right.LOOK):
        return to(visit, "/profile")  # the staff works at the counter
    found: Attention = await visit.read(attention.GET)
    running = await visit.read(
        campaigns.LIST, state="active", sort="-redeemed", limit=str(MOST_SUMMED)
    )
    return await page(
        visit,
        "home",
        title=visit.words("Home"),
        at="/",
        steps=_steps(visit, found),
        are_done=found.first_steps.are_done,
        shows_steps=await _shows_steps(visit, found),
        needs=[*_needs(visit, found, running.data), *await alerts.needs(visit)],
        today=_today(running.data, is_all=running.next_cursor is None),
        running=_listed(running.data),
        more=max(0, len(running.data) - LISTED),
    )


async def hide_steps(visit: Visit) -> Answer:
    await visit.do(account.UPDATE, {"hides_first_steps": True})
    return to(visit, "/")


def _needs(visit: Visit, found: Attention, running: Sequence[Campaign]) -> list[Need]:
    return needs_of(visit, found, {campaign.id: campaign.name for campaign in running})


async def _shows_steps(visit: Visit, found: Attention) -> bool:
    if not found.first_steps.are_done:
        return True
    return visit.may(Right.SETTINGS) and not visit.account.hides_first_steps


def _listed(running: Sequence[Campaign]) -> list[Campaign]:
    """Those of which most happens today come first."""
    busy = sorted(running, key=lambda c: (c.redeemed_today, c.opened_today), reverse=True)
    return busy[:LISTED]


def _today(running: Sequence[Campaign], *, is_all: bool) -> Today:
    return Today(
        len(running),
        sum(campaign.opened_today for campaign in running),
        sum(campaign.redeemed_today for campaign in running),
        sum(campaign.redeemed for campaign in running),
        sum(campaign.sent for campaign in running),
        is_all,
    )


def _steps(visit: Visit, found: Attention) -> list[Step]:
    words, done = visit.words, found.first_steps

    def path(where: str, right: Right) -> str:
        return visit.address(where) if visit.may(right) else ""

    return [
        Step(
            words("Connect a service that sends SMS"),
            words("Until then messages go to a log on this machine, which is fine for trying out."),
            done.has_sms,
            path("/integrations", Right.PROVIDERS),
        ),
        Step(
            words("Make your first campaign"),
            words("The offer that your customers get. There are examples to start from."),
            done.has_campaign,
            path("/campaigns/new", Right.EDIT),
        ),
        Step(
            words("Send one to yourself"),
            words("So that you see on your own phone what your customers will see."),
            done.has_sent,
            path("/send", Right.SEND),
        ),
        Step(
            words("Redeem it"),
            words("With your location's PIN on the coupon, or at the counter."),
            done.has_redeemed,
            path("/locations", Right.PLACES),
        ),
    ]


SCREENS = (
    Screen(path="/", right=None, act=show),
    Screen(method="POST", path="/hide-first-steps", right=Right.SETTINGS, act=hide_steps),
)
