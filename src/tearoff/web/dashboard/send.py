"""A coupon to one person: by text message or by mail, looked at before it leaves."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec
from babel import Locale

from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaign_shapes, campaigns, messages, sessions, shapes, suppressions
from tearoff.api.v4.operation import find
from tearoff.errors import Forbidden, NotFound, TearoffError, TryLater
from tearoff.kit.mail_addresses import AddressInvalid, canonical_address
from tearoff.kit.phone import Phone, PhoneInvalid, parse_written, spaced
from tearoff.kit.times import locale_of
from tearoff.kit.words import LANGUAGES
from tearoff.messages import connections
from tearoff.messages.connections import NoMailRoute, NoRoute
from tearoff.messages.template import FIELDS
from tearoff.people.optouts import NotOptedOut, OptedOut
from tearoff.web.dashboard import kept_forms, send_refusals, standings
from tearoff.web.dashboard.pages import page, redirect, saying, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import UnderWay, Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

_LIST = find(campaigns.OPERATIONS, "GET /v4/campaigns")
_CAMPAIGN = find(campaigns.OPERATIONS, "GET /v4/campaigns/{id}")
MOST = 200
"""Campaigns to choose among: those that were made last."""


class Receiver(msgspec.Struct, frozen=True):
    """To whom, as what was typed was read: a phone, or an e-mail address. `problem` in words."""

    phone: Phone | None = None
    email: str = ""
    problem: str = ""

    @property
    def channel(self) -> str:
        return "email" if self.email else "sms"

    @property
    def address(self) -> str:
        return self.phone.e164 if self.phone else self.email


async def show(visit: Visit) -> Answer:
    return await _page(visit, *await _subject(visit))


async def preview(visit: Visit) -> Answer:
    """The part beside the form; without script the whole page, with everything as typed."""
    return await _page(visit, *await _subject(visit), counts=True)


async def send(visit: Visit) -> Answer:
    campaign, coupon = await _subject(visit)
    receiver = read_receiver(visit, coupon)
    if campaign is None or not receiver.address:
        problem = receiver.problem or visit.words("This is needed.")
        return await _page(visit, campaign, coupon, Problems({"to": problem}))
    given = await _given(visit, campaign, coupon, receiver)
    try:
        message = await visit.do_alone(messages.SEND, given, once=visit.typed.text("once"))
    except UnderWay as standing:
        return to(visit, f"/messages/{standing.message_id}")
    except OptedOut:
        why = await visit.read(suppressions.LIST, address=receiver.address)
        problem = visit.words("They want no messages from you.")
        return await _page(visit, campaign, coupon, Problems({"to": problem}), barred=why.data)
    except NoRoute as error:
        missing = "email" if isinstance(error, NoMailRoute) else "sms"
        return await _page(visit, campaign, coupon, missing=missing)
    except (NotFound, Forbidden, TryLater):
        raise
    except TearoffError as error:
        return await _page(visit, campaign, coupon, send_refusals.told(visit.words, error))
    return to(visit, f"/messages/{message.id}")


async def lift(visit: Visit) -> Answer:
    """Take somebody off the list of those who want nothing, and go on with the form."""
    campaign, coupon = await _subject(visit)
    receiver = read_receiver(visit, coupon)
    reason = visit.typed.text("reason")
    if not receiver.address:
        return await _page(visit, campaign, coupon, Problems({"to": receiver.problem}))
    why = await visit.read(suppressions.LIST, address=receiver.address)
    if not reason:
        problems = Problems({"reason": visit.words("This is needed.")})
        return await _page(visit, campaign, coupon, problems, barred=why.data)
    try:
        await visit.do(suppressions.REMOVE, {"address": receiver.address, "reason": reason})
    except NotOptedOut:
        pass  # somebody else was faster
    except TearoffError as error:
        return await _page(
            visit, campaign, coupon, problems_of(visit.words, error), barred=why.data
        )
    typed = msgspec.structs.replace(visit.typed, values=visit.typed.without("reason", "once"))
    path = saying(
        visit, "/send", visit.words("They can get messages again."),
        coupon=coupon.short_code if coupon else None,
    )  # fmt: skip
    return redirect(visit.request, await kept_forms.keep(visit.request, path, typed))


# what is sent to whom -----------------------------------------------------------------------


async def _subject(
    visit: Visit,
) -> tuple[campaign_shapes.Campaign | None, shapes.Session | None]:
    """The campaign that is chosen, and the coupon where it is one that somebody has already."""
    code = visit.typed.text("coupon") or visit.query.get("coupon", "")
    if code:
        coupon = await visit.read(sessions.GET, code=code)
        return await visit.read(_CAMPAIGN, id=coupon.campaign), coupon
    chosen = visit.typed.text("campaign") or visit.query.get("campaign", "")
    if chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
        return await visit.read(_CAMPAIGN, id=int(chosen)), None
    active = await visit.read(_LIST, state="active", sort="-created", limit=1)
    return (active.data[0] if active.data else None), None


def read_receiver(visit: Visit, coupon: shapes.Session | None) -> Receiver:
    """A number in any spelling, of the account's country where it is a national one, or an e-mail
    address."""
    words, typed = visit.words, visit.typed
    text = typed.text("to") if typed.has("to") else _known(coupon)
    if not text:
        return Receiver(problem=words("This is needed."))
    if "@" in text:
        try:
            return Receiver(email=canonical_address(text))
        except AddressInvalid:
            return Receiver(problem=words("This is not an e-mail address."))
    try:
        return Receiver(phone=parse_written(text, visit.account.country))
    except PhoneInvalid:
        pass
    if visit.account.country is None and not text.startswith(("+", "00")):
        return Receiver(problem=words("Write it with its country code, such as +32 470 00 12 34."))
    return Receiver(problem=words("No text can be sent to this number. Check its digits."))


async def _given(
    visit: Visit,
    campaign: campaign_shapes.Campaign,
    coupon: shapes.Session | None,
    receiver: Receiver,
) -> dict[str, Any]:
    """The values of the operation. A text that nobody has changed is the campaign's own."""
    typed = visit.typed
    given: dict[str, Any] = {"campaign": campaign.id, "channel": receiver.channel}
    if receiver.phone:
        given["phone"] = receiver.phone.e164
    else:
        given |= {"email": receiver.email, "subject": typed.text("subject")}
    text = _text(visit, await _default(visit, campaign))
    given |= {"text": text, "session": coupon.code if coupon else ""}
    given |= {n: typed.text(n) for n in ("firstname", "lastname", "language")}
    return {name: value for name, value in given.items() if value}


def _text(visit: Visit, default: str) -> str:
    """ "" for the campaign's own: when it is as it was given, by whichever campaign."""
    text = visit.typed.values.get("text", [""])[-1].strip()
    return "" if text in (default, visit.typed.values.get("was", [""])[-1].strip()) else text


async def _default(visit: Visit, campaign: campaign_shapes.Campaign) -> str:
    """The text that a campaign's messages have."""
    fields = dict.fromkeys(FIELDS, "x")
    found = await visit.read(messages.PREVIEW, campaign=campaign.id, fields=fields)
    text: str = found.template
    return text


# the page -----------------------------------------------------------------------------------


async def _page(
    visit: Visit,
    campaign: campaign_shapes.Campaign | None,
    coupon: shapes.Session | None,
    problems: Problems | None = None,
    *,
    barred: list[shapes.Suppression] | None = None,
    missing: str = "",
    counts: bool = False,
) -> Answer:
    words = visit.words
    active = [] if visit.is_part else await _active(visit)
    default = await _default(visit, campaign) if campaign else ""
    receiver = read_receiver(visit, coupon)
    shown = await _preview(visit, campaign, coupon, receiver, default) if campaign else None
    if (counts or problems) and shown and shown.problem:
        known = problems or Problems()
        problems = Problems({**known.fields, shown.at: shown.problem}, known.page)
    text = _text(visit, default)
    if not text:
        values = visit.typed.without("text")
        visit = msgspec.structs.replace(
            visit, typed=msgspec.structs.replace(visit.typed, values=values)
        )
    return await page(
        visit,
        "send",
        title=words("Send a coupon again") if coupon else words("Send a coupon to one person"),
        at="/send",
        status=422 if (problems or missing) and not visit.is_part else 200,
        campaigns=_choices(active, campaign),
        campaign=campaign,
        coupon=coupon,
        coupon_code=standings.spelled(coupon.short_code) if coupon else "",
        default=default,
        text=text or default,
        is_new_text=not text and visit.request.headers.get("hx-trigger-name") == "campaign",
        receiver=receiver,
        to=_known(coupon),
        shown=shown,
        problems=problems,
        barred=barred or [],
        sources=standings.SOURCES,
        missing=missing or await _missing(visit),
        languages=_languages(visit),
        once=secrets.token_urlsafe(9),
    )


async def _active(visit: Visit) -> list[campaign_shapes.Campaign]:
    found = await visit.read(_LIST, state="active", sort="-created", limit=MOST)
    rows: list[campaign_shapes.Campaign] = found.data
    return rows


def _choices(
    active: list[campaign_shapes.Campaign], chosen: campaign_shapes.Campaign | None
) -> list[tuple[int, str]]:
    found = [(one.id, one.name) for one in active]
    if chosen and chosen.id not in dict(found):
        found.insert(0, (chosen.id, chosen.name))
    return found


def _known(coupon: shapes.Session | None) -> str:
    if coupon is None:
        return ""
    customer = coupon.customer
    return spaced(customer.phone) if customer.phone else customer.email or ""


async def _missing(visit: Visit) -> str:
    """The channel for which no service is connected: what this page needs first."""
    found = await patiently(connections.route(visit.services.db, visit.account.id, "sms"))
    return "" if found else "sms"


def _languages(visit: Visit) -> list[tuple[str, str]]:
    names = Locale.parse(str(locale_of(visit.language))).languages
    return [(code, str(names.get(code, code)).capitalize()) for code in LANGUAGES]


class Shown(msgspec.Struct, frozen=True):
    """The message as it would leave. `problem`: why it cannot, at the field `at`."""

    message: messages.Preview | None = None
    to: str = ""
    problem: str = ""
    at: str = ""


async def _preview(
    visit: Visit,
    campaign: campaign_shapes.Campaign,
    coupon: shapes.Session | None,
    receiver: Receiver,
    default: str,
) -> Shown:
    to = spaced(receiver.phone.e164) if receiver.phone else receiver.email
    asked: dict[str, Any] = {"campaign": campaign.id, "fields": _fields(visit, coupon, receiver)}
    asked["text"] = _text(visit, default) or default
    if receiver.phone:
        asked["phone"] = receiver.phone.e164
    try:
        return Shown(await visit.read(messages.PREVIEW, **asked), to)
    except NotFound:
        raise
    except TearoffError as error:
        found = send_refusals.told(visit.words, error)
        return Shown(None, to, found.without() or str(error), "text")


def _fields(visit: Visit, coupon: shapes.Session | None, receiver: Receiver) -> Mapping[str, str]:
    """What is known of the receiver: what was typed, else what their coupon has."""
    typed, known = visit.typed, coupon.customer if coupon else shapes.Customer()
    found = {
        "first_name": known.firstname if coupon else typed.text("firstname"),
        "last_name": known.lastname if coupon else typed.text("lastname"),
        "phone": receiver.phone.e164 if receiver.phone else known.phone,
        "email": receiver.email or known.email,
        "customid": coupon.customid if coupon else None,
        **{f"customfield{n}": value for n, value in enumerate(known.customfields, 1)},
    }
    return {name: value for name, value in found.items() if value}


SCREENS = (
    Screen(path="/send", right=Right.SEND, act=show),
    Screen(method="POST", path="/send", right=Right.SEND, act=send),
    Screen(method="POST", path="/send/preview", right=Right.SEND, act=preview),
    Screen(method="POST", path="/send/lift", right=Right.LIFT, act=lift),
)
