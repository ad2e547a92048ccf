"""One person's part of the page: the code, what can be done next, the staff's section."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

import msgspec

from tearoff.accounts.locations import TYPED_LENGTHS
from tearoff.coupons import rules, symbols
from tearoff.coupons.counter import qr_tokens
from tearoff.coupons.options import Options
from tearoff.coupons.rules import State
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.coupons.wallets.passes import GIVEN_IN, Wallet
from tearoff.kit.codes import shown_code
from tearoff.kit.vault import Vault
from tearoff.web.coupon.barcode import Drawn, draw
from tearoff.web.coupon.dates import time_left
from tearoff.web.coupon.qr import draw_qr
from tearoff.web.coupon.savable import SHOWS_CODE, can_save
from tearoff.web.coupon.standing import is_full_today, path_of, was_just_used
from tearoff.web.coupon.visits import Visit

QUIET_ZONE = 4
GOOGLE = "https://pay.google.com"
LIVE = (*SHOWS_CODE, State.CLAIMABLE, State.TIME_OVER, State.UNPLAYED, State.RESTING, State.CLOSED,
        State.NOT_YET)  # fmt: skip
"""The states of a coupon that can be used, now or later."""

_LAST = (State.NO_PRIZE,)
"""No other state follows. All others can turn into another one while the page is open: the
counter undoes a use, the campaign goes on, its end is put off."""

_NEWS = (State.USED, State.EXPIRED, State.NO_PRIZE)
"""An open is not reported for a coupon that cannot be opened any more."""


class Code(msgspec.Struct, frozen=True):
    """`path` and `box` (the side with its quiet zone) draw the QR code, or `symbol` is another
    barcode; `till` is the shop's own code, if the coupon has one; `turns`: it is another one
    every half minute."""

    path: str
    box: str
    short: str
    till: str = ""
    turns: bool = False
    symbol: Drawn | None = None


class Webshop(msgspec.Struct, frozen=True):
    """A code to type elsewhere, as it is copied and as it is `shown`, and where."""

    code: str
    shown: str
    url: str


class Action(msgspec.Struct, frozen=True):
    """The one thing the consumer can do: `name` is the last part of its address. `is_later`: it
    is only shown the way to, since the finger that has just done something else is still there."""

    name: str
    text: str
    note: str = ""
    is_small: bool = False
    is_later: bool = False


class Staff(msgspec.Struct, frozen=True):
    """The staff's section: open when it has something to say about the last try. `has_pin` and
    `has_button` are the ways that the campaign allows; `asks_place`: the PIN is typed on a page
    of its own, beside the place; `locked` says for how long no PIN is looked at; the other
    `asks_…` are no, optional, required."""

    is_open: bool = False
    alert: str = ""
    pin_error: str = ""
    amount: str = ""
    amount_error: str = ""
    receipt: str = ""
    receipt_error: str = ""
    place: str = ""
    place_error: str = ""
    locked: str = ""
    has_pin: bool = True
    asks_place: bool = False
    has_button: bool = False
    asks_amount: str = "optional"
    asks_receipt: str = "no"

    @property
    def pin_lengths(self) -> range:
        return TYPED_LENGTHS


class WalletLink(msgspec.Struct, frozen=True):
    """`name` is the last part of its address."""

    name: Wallet
    text: str


class Links(msgspec.Struct, frozen=True):
    """What stands below the card; an empty one is not there."""

    wallets: tuple[WalletLink, ...] = ()
    save: bool = False
    where: bool = False
    stop: bool = False
    offers: str = ""
    help: str = ""
    privacy: str = ""


class Rest(msgspec.Struct, frozen=True):
    """`mark` changes with everything that makes the page another one: the open page asks for
    it; `has_refresh`: so does who has no script. `note` is a line in place of a code, `alert`
    what the consumer's last try came to."""

    path: str
    query: str = ""
    mark: str = ""
    has_refresh: bool = False
    reports_open: bool = False
    token: str = ""
    note: str = ""
    alert: str = ""
    code: Code | None = None
    webshop: Webshop | None = None
    action: Action | None = None
    is_card: bool = False
    staff: Staff | None = None
    links: Links = Links()

    @property
    def leads_to(self) -> str:
        """The other site that the page's forms lead to."""
        has_google = any(wallet.name == "google" for wallet in self.links.wallets)
        return GOOGLE if has_google else ""

    @property
    def is_plain(self) -> bool:
        """Whether it differs from other people's in its codes only."""
        code = self.code
        is_plain = code is not None and not code.till and code.symbol is None
        return is_plain and self.webshop is None


def rest(
    linked: Linked,
    state: State,
    visit: Visit,
    vault: Vault,
    token: str,
    now: datetime,
    staff: Staff | None = None,
    alert: str = "",
    *,
    is_accepted: bool = False,
) -> Rest:
    """The personal part. `staff` is what the last try of the staff came to; `is_accepted`: a use
    was accepted here just now. An open is reported once."""
    is_full = linked.is_full or is_full_today(linked, state, now)
    shows_code = state in SHOWS_CODE and not is_full
    options, session = linked.campaign.options, linked.session
    is_shown = shows_code and "code" in options.methods
    return Rest(
        path=path_of(linked),
        query=visit.query,
        mark=mark_of(linked, state, now) if state not in _LAST else "",
        has_refresh=state in LIVE or state is State.WITHDRAWN,
        reports_open=session.opened_at is None and state not in _NEWS,
        token=token,
        note=visit.words("A till is taking this coupon in.")
        if shows_code and session.is_reserved(now)
        else "",
        alert=alert,
        code=_code(linked, visit, vault, now) if is_shown else None,
        webshop=_webshop(linked) if shows_code and "webshop" in options.methods else None,
        action=None if is_full else _action(linked, state, visit, now, is_accepted),
        is_card=state is State.UNPLAYED,
        staff=staff_of(linked, staff, visit, now) if shows_code else None,
        links=_links(linked, state, visit, shows_code=shows_code),
    )


def mark_of(linked: Linked, state: State, now: datetime) -> str:
    session = linked.session
    window = int(session.active_until.timestamp()) if session.active_until else ""
    flags = {"h": session.is_reserved(now), "v": session.voided, "l": session.locked,
             "f": linked.is_full, "d": is_full_today(linked, state, now)}  # fmt: skip
    told = "".join(flag for flag, is_so in flags.items() if is_so)
    locked = f"p{_minutes_locked(linked, now) or ''}" if state in SHOWS_CODE else ""
    left = _shortened(linked, now) if state is State.CLAIMABLE else None
    return f"{state}{session.uses}{told}{window}{locked}{'' if left is None else left // 60}"


def link_of(linked: Linked, visit: Visit) -> str:
    """The full personal link, as the message carried it."""
    return (linked.link_host or visit.link_host) + path_of(linked)


def content_of(linked: Linked, visit: Visit, vault: Vault, now: datetime) -> str:
    """What the coupon's QR code or barcode holds."""
    options, session = linked.campaign.options, linked.session
    held = {"session": session.code, "own": session.validation_code, "fixed": options.fixed_code}
    own = held.get(options.code)
    if own:
        return own
    link = link_of(linked, visit)
    if not options.rotating_code:
        return link
    return f"{link}?k={qr_tokens.token(vault, session.code, now)}"


def lasting_content(linked: Linked, visit: Visit, vault: Vault, now: datetime) -> str:
    """The same for paper and wallets, which stay as they are: where the page's code changes
    every half minute, they have a token of their own."""
    content = content_of(linked, visit, vault, now)
    link = link_of(linked, visit)
    if linked.campaign.options.rotating_code and content.startswith(f"{link}?k="):
        return f"{link}?k={qr_tokens.print_token(vault, linked.session.code)}"
    return content


def _code(linked: Linked, visit: Visit, vault: Vault, now: datetime) -> Code:
    content = content_of(linked, visit, vault, now)
    options, session = linked.campaign.options, linked.session
    short = shown_code(session.short_code)
    if options.barcode != "qr" and symbols.can_hold(options.barcode, content):
        drawn = draw(options.barcode, content)
        if drawn.text:
            return Code("", "", "", symbol=drawn)
        return Code("", "", short, till=_till(linked), symbol=drawn)
    qr = draw_qr(content)
    is_in_shop = "webshop" in options.methods
    return Code(
        qr.path,
        str(qr.size + 2 * QUIET_ZONE),
        short,
        till="" if is_in_shop else _till(linked),
        turns=options.rotating_code and options.code == "link",
    )


def _till(linked: Linked) -> str:
    return linked.session.validation_code or linked.campaign.options.fixed_code


def _webshop(linked: Linked) -> Webshop:
    own, short = _till(linked), linked.session.short_code
    code, url = own or short.upper(), linked.campaign.options.webshop_url
    shown = own or shown_code(short)
    return Webshop(code, shown, url.replace("{code}", quote(own or short, safe="")))


def _action(
    linked: Linked, state: State, visit: Visit, now: datetime, is_accepted: bool
) -> Action | None:
    words = visit.words
    if state is State.CLAIMABLE:
        note = _activation_note(linked, visit, now)
        return Action("claim", words("Activate coupon"), note, is_later=is_accepted)
    if state is State.TIME_OVER and linked.campaign.options.reactivates:
        return Action("claim", words("Activate again"), _activation_note(linked, visit, now))
    if state is State.ACTIVE and _can_lengthen(linked, now):
        return Action("lengthen", words("I need more time"), is_small=True)
    return None


def _activation_note(linked: Linked, visit: Visit, now: datetime) -> str:
    """With the time that somebody has who activates the coupon now."""
    seconds = _shortened(linked, now)
    if seconds is not None:
        time = time_left(visit.words, max(1, seconds))
    else:
        minutes = (linked.campaign.activation_seconds or 0) // 60
        time = visit.words.ngettext("{n} minute", "{n} minutes", minutes)
    return visit.words("Only at the counter: you then have {time}.", time=time)


def _shortened(linked: Linked, now: datetime) -> int | None:
    """The seconds of a window that opens now, where the coupon's end or the closing hour cuts it
    short; else None."""
    ends = rules.usable_until(linked.session, linked.campaign, now)
    left = None if ends is None else int((ends - now).total_seconds())
    return left if left is not None and left < (linked.campaign.activation_seconds or 0) else None


def _can_lengthen(linked: Linked, now: datetime) -> bool:
    """Once, and not beyond the coupon's end or the closing hour."""
    session = linked.session
    ends = rules.usable_until(session, linked.campaign, now)
    is_last = ends is not None and session.active_until is not None and session.active_until >= ends
    return linked.campaign.options.lengthens and not session.lengthened and not is_last


def staff_of(linked: Linked, told: Staff | None, visit: Visit, now: datetime) -> Staff | None:
    """The section with what the campaign allows, and with the lock; None when there is no way."""
    options: Options = linked.campaign.options
    has_pin = linked.pins > 0 and "pin" in options.methods
    has_button = "button" in options.methods
    if not has_pin and not has_button:
        return None
    staff, locked = warned(linked, told, visit, now), _locked(linked, visit, now) if has_pin else ""
    return msgspec.structs.replace(
        staff,
        is_open=staff.is_open or bool(locked),
        has_pin=has_pin,
        asks_place=linked.asks_place,
        locked=locked,
        has_button=has_button,
        asks_amount=options.ask_amount,
        asks_receipt=options.ask_receipt,
    )


def warned(linked: Linked, told: Staff | None, visit: Visit, now: datetime) -> Staff:
    """What the last try came to, and that the coupon was used a moment ago: whoever comes back
    to a form after a use finds a new one, which takes the next use."""
    staff, used = (
        told or Staff(),
        visit.words("This coupon was used a moment ago. Check before you go on."),
    )
    if used in staff.alert or not was_just_used(linked, now):
        return staff
    return msgspec.structs.replace(staff, alert=f"{used} {staff.alert}".rstrip())


def _locked(linked: Linked, visit: Visit, now: datetime) -> str:
    """For how long no PIN is looked at, in words."""
    minutes = _minutes_locked(linked, now)
    return (
        visit.words.ngettext("Locked for {n} minute.", "Locked for {n} minutes.", minutes)
        if minutes
        else ""
    )


def _minutes_locked(linked: Linked, now: datetime) -> int:
    until = linked.pin_locked_until
    return 0 if until is None or until <= now else -int(-(until - now).total_seconds() // 60)


def public_links(options: Options, *, has_ended: bool) -> Links:
    """Below everybody's page of the offer."""
    offers = options.offers_url if has_ended else ""
    return Links(offers=offers, help=options.help_url, privacy=options.privacy_url)


def _links(linked: Linked, state: State, visit: Visit, *, shows_code: bool) -> Links:
    options, session = linked.campaign.options, linked.session
    has_pass = options.wallet and state in GIVEN_IN and not linked.is_full
    has_reader = session.phone or session.email or session.last_message_id
    return msgspec.structs.replace(
        public_links(options, has_ended=not shows_code),
        wallets=tuple(WalletLink(name, text) for name, text in visit.wallets if has_pass),
        save=can_save(linked, state),
        where=linked.tells_places and state in LIVE,
        stop=bool(has_reader),
    )
