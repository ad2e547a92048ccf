"""What people do to one coupon by hand, each with its reason: redeem it and take that back, block
it, withdraw it, extend it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaigns, sessions
from tearoff.api.v4.operation import Operation, find
from tearoff.coupons import rules
from tearoff.errors import Invalid, TearoffError
from tearoff.kit import times
from tearoff.kit.amounts import read_amount
from tearoff.kit.words import Words, phrase
from tearoff.web.dashboard import standings, sure
from tearoff.web.dashboard.coupon import shown
from tearoff.web.dashboard.forms import moment_of, whole_number
from tearoff.web.dashboard.pages import to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Act, Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

_CAMPAIGN = find(campaigns.OPERATIONS, "GET /v4/campaigns/{id}")


class ByHand(msgspec.Struct, frozen=True):
    """`operation` is v4's; `said`: what is said once it is done."""

    name: str
    operation: str
    right: Right
    said: str


_SIMPLE = (
    ByHand("block", "locked", Right.REDEEM,
           phrase("It is blocked: nobody can use it until you unblock it.")),
    ByHand("unblock", "unlocked", Right.REDEEM, phrase("It is unblocked.")),
    ByHand("undo", "unvalidated", Right.UNDO,
           phrase("The redemption is taken back. The coupon can be used again.")),
)  # fmt: skip
_WITHDRAW = ByHand(
    "withdraw", "voided", Right.REDEEM, phrase("It is withdrawn: its link says so from now on.")
)
_GIVE_BACK = ByHand(
    "give-back", "unvoided", Right.REDEEM, phrase("It is given back: its link works again.")
)

_WHY_NOT: dict[type[TearoffError], str] = {
    rules.AlreadyValidated: phrase("It is redeemed already."),
    rules.Voided: phrase("It is withdrawn."),
    rules.Locked: phrase("It is blocked."),
    rules.Expired: phrase("It has expired."),
    rules.TimeOver: phrase("The time in which it could be used is over."),
    rules.NotYetValid: phrase("It cannot be used yet."),
    rules.NotAgainYet: phrase("It was used a short while ago, and rests until it can be again."),
    rules.WrongTime: phrase("It cannot be used at this hour."),
    rules.NotPlayed: phrase("The customer has to scratch the card first."),
    rules.NoPrize: phrase("This card won nothing."),
    rules.CampaignNotActive: phrase("Its campaign is not running."),
    rules.WrongLocation: phrase("It is not valid at this place."),
    rules.Reserved: phrase("A till holds it at this moment."),
    rules.LimitReached: phrase("A limit of its campaign is reached."),
    sessions.UsedMeanwhile: phrase("It was used, or a use taken back, since you saw it."),
}
_LIMITS = {
    "day": phrase("Its campaign has reached its limit for the day."),
    "location": phrase("Its campaign has reached its limit at this place."),
    "person": phrase("This customer has used the offer as often as allowed."),
    "validations": phrase("Its campaign has reached its limit."),
}


def why_not(words: Words, error: TearoffError) -> str:
    """The sentence for what stands in the way, the most exact one; "" for other errors."""
    if isinstance(error, rules.LimitReached) and error.which in _LIMITS:
        return words(_LIMITS[error.which])
    return next((words(_WHY_NOT[k]) for k in type(error).__mro__ if k in _WHY_NOT), "")


async def redeem(visit: Visit) -> Answer:
    typed = visit.typed
    spent = typed.text("validation_value")
    if spent and read_amount(spent) is None:
        told = visit.words("Type an amount such as 12.50, or nothing.")
        return await shown(visit, Problems({"validation_value": told}), box="redeem")
    given = {
        "operation": "validated",
        "reason": typed.text("reason"),
        "validation_value": read_amount(spent),
        "location": whole_number(typed.text("location")),
        "if_uses": whole_number(typed.text("if_uses")),
    }
    return await _act(visit, "redeem", sessions.OPERATE, given, phrase("It is redeemed."))


def _simply(act: ByHand) -> Act:
    async def do(visit: Visit) -> Answer:
        given: dict[str, Any] = {
            "operation": act.operation, "reason": visit.typed.text("reason"),
        }  # fmt: skip
        if act.name == "undo":
            given["if_uses"] = whole_number(visit.typed.text("if_uses"))
        return await _act(visit, act.name, sessions.OPERATE, given, act.said)

    return do


async def withdraw(visit: Visit) -> Answer:
    words = visit.words
    return await _surely(
        visit, _WITHDRAW,
        title=words("Withdraw this coupon?"),
        text=words("Its link says at once that it was made invalid. You can give it back later."),
        button=words("Withdraw it"),
    )  # fmt: skip


async def give_back(visit: Visit) -> Answer:
    words = visit.words
    return await _surely(
        visit, _GIVE_BACK,
        title=words("Give this coupon back?"),
        text=words("Whoever has its link can use it again, as far as its time is not over."),
        button=words("Give it back"),
    )  # fmt: skip


async def _surely(visit: Visit, act: ByHand, *, title: str, text: str, button: str) -> Answer:
    reason = visit.typed.text("reason")
    given = {"operation": act.operation, "reason": reason}
    if visit.typed.text(sure.YES) or not reason:
        return await _act(visit, act.name, sessions.OPERATE, given, act.said)
    path = f"/coupons/{_short(visit)}"
    return await sure.ask(
        visit,
        title=title,
        text=text,
        button=button,
        action=f"{path}/{act.name}",
        back=visit.address(path),
        at="/coupons",
        names=[standings.spelled(_short(visit))],
        values=[("reason", reason)],
        is_dangerous=act is _WITHDRAW,
    )


async def extend(visit: Visit) -> Answer:
    """What is typed is on the campaign's clock, as the end that the customer is told."""
    coupon = await visit.read(sessions.GET, code=visit.path["code"])
    campaign = await visit.read(_CAMPAIGN, id=coupon.campaign)
    text = visit.typed.text("expires_at")
    until = moment_of(text, campaign.timezone, is_end=True) if text else None
    given = {"reason": visit.typed.text("reason"), "expires_at": until}
    if not until:
        problem = {"expires_at": visit.words("This is needed.")}
        return await shown(visit, Problems(problem), box="extend")
    said = visit.words("It can be used until {moment}.", moment=_end(visit, until, campaign))
    return await _act(visit, "extend", sessions.CHANGE, given, said)


def _end(visit: Visit, until: str, campaign: Any) -> str:
    try:
        return times.end_of(datetime.fromisoformat(until), campaign.timezone, visit.language)
    except (ValueError, OverflowError):  # no moment, or beyond what a date can be
        return until


async def _act(
    visit: Visit, name: str, operation: Operation, given: dict[str, Any], said: str
) -> Answer:
    """Do it once, however often the form is sent. What has become impossible meanwhile is told
    with the coupon as it is now."""
    words, code = visit.words, visit.path["code"]
    given = {key: value for key, value in given.items() if value not in (None, "")}
    try:
        done = await visit.do(operation, {"code": code, **given}, once=_once(visit, name, given))
    except Invalid as error:
        if not visit.may(Right.LOOK):
            raise
        return await shown(visit, problems_of(words, error), box=name)
    except TearoffError as error:
        refused = why_not(words, error)
        if not refused or not visit.may(Right.LOOK):
            raise
        return await shown(visit, box=name, refused=refused)
    if name == "give-back" and done is not None and done.state == "voided":
        said = phrase("A card that won nothing stays withdrawn.")
    # The staff redeems at the counter, and sees no coupons here.
    page = f"/coupons/{_short(visit)}" if visit.may(Right.LOOK) else "/"
    return to(visit, page, said=words(said))


def _short(visit: Visit) -> str:
    """The code by which the page is named; raises `Unknown` for what is none."""
    code: str = sessions.CODE.read("code", visit.path["code"])
    return "".join(code.split()).lower()[:6]


def _once(visit: Visit, name: str, given: dict[str, Any]) -> str:
    """Somebody who goes back and changes what they had sent sends something else."""
    once = visit.typed.text("once")
    body = hashlib.sha256(msgspec.json.encode(given, order="deterministic")).hexdigest()
    return f"{once[:60]} {name} {body[:40]}" if once else ""


def _screen(name: str, right: Right, act: Act) -> Screen:
    return Screen(method="POST", path=f"/coupons/{{code:str}}/{name}", right=right, act=act)


SCREENS = (
    _screen("redeem", Right.REDEEM, redeem),
    *(_screen(act.name, act.right, _simply(act)) for act in _SIMPLE),
    _screen("withdraw", Right.REDEEM, withdraw),
    _screen("give-back", Right.REDEEM, give_back),
    _screen("extend", Right.SEND, extend),
)
