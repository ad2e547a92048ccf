"""Erasing a person: from a coupon of theirs, or by their number or mail address. What would go is
told before, and by an address it is typed twice."""

from __future__ import annotations

import secrets

from tearoff.accounts.rights import Right
from tearoff.api.v4 import keeping as v4
from tearoff.api.v4 import sessions
from tearoff.coupons.sessions.sought import LEAST_END
from tearoff.errors import TearoffError
from tearoff.keeping.erased_list import CannotNote
from tearoff.keeping.erasing import UnderWay
from tearoff.keeping.models import Counts
from tearoff.kit.phone import PhoneInvalid, read_phone
from tearoff.web.dashboard import sure
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.standings import spelled
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

PATH = "/settings/forget"
_LONGEST_END = 7


async def of_coupon(visit: Visit) -> Answer:
    return await _ask_of_coupon(visit)


async def erase_of_coupon(visit: Visit) -> Answer:
    code = visit.path["code"]
    if not visit.typed.text(sure.YES):
        return await _ask_of_coupon(visit)
    try:
        done = await visit.do(v4.ERASE_SESSION, {"code": code}, once=visit.typed.text("once"))
    except (UnderWay, CannotNote) as error:
        return await _ask_of_coupon(visit, _not_now(visit, error), 503)
    return to(visit, f"/coupons/{code}", said=_said(visit, done))


async def _ask_of_coupon(
    visit: Visit, problems: Problems | None = None, status: int = 200
) -> Answer:
    coupon = await visit.read(sessions.GET, code=visit.path["code"])
    counts = await visit.read(v4.LOOK_AT_SESSION, code=coupon.code)
    path = f"/coupons/{coupon.short_code}"
    return await page(
        visit,
        "forget",
        title=visit.words("Erase whoever has this coupon?"),
        at="/coupons",
        status=status,
        problems=problems,
        counts=counts,
        address_typed="",
        action=visit.address(f"{path}/forget"),
        back_to=visit.address(path),
        back_name=visit.words("Coupon {code}", code=spelled(coupon.short_code)),
        once=secrets.token_urlsafe(9),
    )


async def show(visit: Visit) -> Answer:
    return await _page(visit)


async def by_address(visit: Visit) -> Answer:
    """First what is known under it, then it is typed once more."""
    typed, words = visit.typed, visit.words
    given = {"address": _read(visit, typed.text("address"))}
    try:
        counts = await visit.read(v4.LOOK_AT_PERSON, **given)
        if not typed.text(sure.YES) or counts == _NOTHING:
            return await _page(visit, counts=counts)
        if _read(visit, typed.text("again")).lower() != given["address"].lower():
            told = Problems({"again": words("This is not the same. Nothing is erased yet.")})
            return await _page(visit, told, 422, counts)
        done = await visit.do(v4.ERASE_PERSON, given, once=typed.text("once"))
    except (UnderWay, CannotNote) as error:
        return await _page(visit, _not_now(visit, error), 503, counts)
    except TearoffError as error:
        return await _page(visit, problems_of(words, error), 422)
    return to(visit, PATH, said=_said(visit, done))


_NOTHING = Counts(0, 0, 0, 0, 0, 0, opted_out=False)


def _read(visit: Visit, text: str) -> str:
    """A national number is one of the account's country; what cannot be read stays as it is."""
    if "@" in text:
        return text.strip()
    try:
        return read_phone(text, visit.account.country)
    except PhoneInvalid:
        return text.strip()


def _last_digits(visit: Visit) -> str:
    """What was typed, where it can only be the end of a number; else ""."""
    text = "".join(visit.typed.text("address").split())
    is_end = text.isdecimal() and LEAST_END <= len(text) <= _LONGEST_END
    return text if is_end and visit.may(Right.LOOK) else ""


def _not_now(visit: Visit, error: TearoffError) -> Problems:
    if isinstance(error, UnderWay):
        told = visit.words(
            "A message to this person is on its way just now. Nothing is erased yet: try again in"
            " a minute."
        )
    else:
        told = visit.words(
            "The server cannot write its list of who was erased, so nothing was erased. Tell"
            " whoever runs the server."
        )
    return Problems(page=told)


def _said(visit: Visit, done: Counts | None) -> str:
    """None: the same form was sent a moment ago."""
    if done is not None and done.opted_out:
        return visit.words("The person is erased. Messages are kept from them as before.")
    return visit.words("The person is erased.")


async def _page(
    visit: Visit,
    problems: Problems | None = None,
    status: int = 200,
    counts: Counts | None = None,
) -> Answer:
    is_known = counts is not None and counts != _NOTHING
    words = visit.words
    return await page(
        visit,
        "forget" if is_known else "forget_address",
        title=words("Erase this person?") if is_known else words("Erase a person"),
        at="/settings",
        status=status,
        problems=problems,
        counts=counts,
        address_typed=visit.typed.text("address"),
        digits=_last_digits(visit) if problems else "",
        action=visit.address(PATH),
        back_to=visit.address(PATH),
        back_name=visit.words("Erase a person"),
        once=secrets.token_urlsafe(9),
    )


SCREENS = (
    Screen(path="/coupons/{code:str}/forget", right=Right.ERASE, act=of_coupon),
    Screen(
        method="POST", path="/coupons/{code:str}/forget", right=Right.ERASE, act=erase_of_coupon
    ),
    Screen(path=PATH, right=Right.ERASE, act=show),
    Screen(method="POST", path=PATH, right=Right.ERASE, act=by_address),
)
