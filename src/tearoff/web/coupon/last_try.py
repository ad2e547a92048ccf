"""What the last try came to, on its way from a form to the page that tells it.

Every form of a coupon is answered by a redirect (303), so that Back and reload never ask whether
to send it again, and another language tells the same. The address carries what came of it and
what was typed, sealed, for this coupon and for some minutes; a PIN is never in it.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

import msgspec

from tearoff.accounts.locations import TYPED_LENGTHS
from tearoff.coupons import rules
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.kit.services import services_of
from tearoff.kit.vault import Vault
from tearoff.kit.words import Words, phrase
from tearoff.web.coupon.personal import Staff
from tearoff.web.coupon.robots import NO_PERSON
from tearoff.web.coupon.standing import path_of
from tearoff.web.coupon.visits import Visit, visit_to
from tearoff.web.paper.html import Answer, Header, answer
from tearoff.web.paper.reading import AnyRequest
from tearoff.web.paper.sealed import Carried, seal, unseal

NAME = "tried"
"""Of the value in the address."""

_FIELDS = {
    "no_pin": "pin_error", "wrong_pin": "pin_error", "slowed": "pin_error",
    "no_place": "place_error", "no_amount": "amount_error", "bad_amount": "amount_error",
    "sure_amount": "amount_error",
    "no_receipt": "receipt_error",
}  # fmt: skip
"""Beside which field a problem is told; the others are told above all."""

_SAID = {
    "no_person": NO_PERSON,
    "too_old": phrase("This page was open for too long. Try again."),
    "used_meanwhile": phrase("This coupon was used a moment ago. Check before you go on."),
    "held": phrase("A till is taking this coupon in just now. Try again in a moment."),
    "wrong_pin": phrase("Wrong PIN."),
    "slowed": phrase("Many wrong PINs came from this network: wait a few seconds before each try."),
    "no_pin": phrase("Type the PIN: {least} to {most} digits."),
    "no_place": phrase("Choose the location."),
    "no_amount": phrase("Type the amount spent, such as 12.50."),
    "bad_amount": phrase("Type an amount such as 12.50, or nothing."),
    "sure_amount": phrase("Is this amount right? Then send it once more."),
    "no_receipt": phrase("Type the number of the receipt."),
    "limit": phrase("This offer has reached its limit."),
    "limit_day": phrase("This offer has reached its limit for today. Try again tomorrow."),
    "limit_location": phrase("This offer has reached its limit at this place."),
    "limit_person": phrase("You have had your share of this offer."),
    "already_have": phrase(
        "You already have a coupon of this offer. Open the link you were given."
    ),
}
"""What a try may come to. The names stand in addresses, the sentences on the page."""


class Tried(Carried, frozen=True, kw_only=True, omit_defaults=True):
    """`about` is the coupon, or a page below it; `said` are names of sentences; `status` is what
    the page answers with, until `until` (seconds since 1970), if that is not 0: from then on there
    can be another try. `left` are the tries that remain; `is_staffs`: it is told in the staff's
    section; `address` is the one to which a mail has left or, where something is `said`, has
    not."""

    said: tuple[str, ...] = ()
    left: int = 0
    is_staffs: bool = True
    amount: str = ""
    receipt: str = ""
    place: str = ""
    address: str = ""

    def staff(self, visit: Visit) -> Staff | None:
        """What the staff's section says of it."""
        if not self.is_staffs:
            return None
        told: dict[str, str] = {}
        for name in self.said:
            field, text = _FIELDS.get(name, "alert"), _text(name, self.left, visit)
            told[field] = f"{told[field]} {text}" if field in told else text
        typed = Staff(is_open=True, amount=self.amount, receipt=self.receipt, place=self.place)
        return msgspec.structs.replace(typed, **told)

    def alert(self, visit: Visit) -> str:
        """What is told to the consumer."""
        return "" if self.is_staffs else " ".join(_text(name, 0, visit) for name in self.said)


def lead(vault: Vault, to: str, visit: Visit, tried: Tried) -> Answer:
    """To the page at this path, which tells it."""
    language = {"lang": visit.language} if visit.query else {}
    location = f"{to}?{urlencode({**language, NAME: seal(vault, tried)})}"
    return answer(303, [("location", location), ("cache-control", "private, no-store")])


def tell(request: AnyRequest, found: Linked, now: datetime, status: int, *said: str) -> Answer:
    """To the coupon's page, which says to the consumer what was in the way, and how the coupon
    stands now."""
    tried = Tried(
        about=found.session.code, at=now.timestamp(), status=status, said=said, is_staffs=False
    )
    return lead(services_of(request).vault, path_of(found), visit_to(request, found), tried)


def to_coupon(request: AnyRequest, found: Linked) -> Answer:
    """To the coupon's page, from what it has no more."""
    to = path_of(found) + visit_to(request, found).query
    return answer(303, [("location", to), ("cache-control", "private, no-store")])


def read(
    request: AnyRequest, vault: Vault, found: Linked, now: datetime
) -> tuple[Tried, str] | None:
    """What the address tells of a try at this coupon, and how it stands there. What the staff
    tried before a use says nothing of the coupon as it is after it."""
    told = read_of(request, vault, found.session.code, now)
    used_at = found.session.used_at
    is_old = told is not None and used_at is not None and told[0].at < used_at.timestamp()
    return None if told is None or (is_old and told[0].is_staffs) else told


def read_of(
    request: AnyRequest, vault: Vault, about: str, now: datetime
) -> tuple[Tried, str] | None:
    """The same of a page below the coupon, whose tries are told nowhere else."""
    return unseal(request, vault, NAME, Tried, about, now)


def answers_with(tried: Tried | None, now: datetime) -> tuple[int, list[Header]]:
    """The status of the page that tells it, and its headers."""
    if tried is None:
        return 200, []
    wait = tried.wait(now)
    if tried.until and not wait:
        return 200, []
    return tried.status, [("retry-after", str(wait))] if wait else []


def keeping(visit: Visit, name: str, value: str) -> Visit:
    """The same visit, whose other languages keep this value of the address."""
    return msgspec.structs.replace(visit, kept=(*visit.kept, (name, value)))


def limit_of(error: rules.LimitReached) -> str:
    """The name of the sentence for it."""
    return f"limit_{error.which}" if error.which in ("day", "location", "person") else "limit"


def sentence(words: Words, name: str) -> str:
    """What is said by this name; nothing by one that we do not know."""
    least, most = TYPED_LENGTHS[0], TYPED_LENGTHS[-1]
    return words(_SAID[name], least=least, most=most) if name in _SAID else ""


def _text(name: str, left: int, visit: Visit) -> str:
    words, text = visit.words, sentence(visit.words, name)
    if name == "wrong_pin":
        return " ".join((text, words.ngettext("{n} try left.", "{n} tries left.", left)))
    return text
