"""What happens at the doors: who was let in, who was not, what was taken back. One line in the log
for each event, under the names of this file, so that a log watcher can be set up once.

A line names accounts, people, devices and addresses by their ids, never a secret, a PIN, a phone
number or a coupon's code. Who knocks in a loop must not fill the disk: of each event a process
writes at most `BURST` lines at once and one in `EVERY` seconds, and the next line says how many
were left out before it.
"""

from __future__ import annotations

import time
from enum import StrEnum

import msgspec
import structlog

BURST = 30
EVERY = 2.0

log = structlog.get_logger()


class Event(StrEnum):
    CREDENTIALS_WRONG = "credentials.wrong"
    CREDENTIALS_SLOWED = "credentials.slowed"
    KEY_MADE = "credentials.made"
    KEY_REVOKED = "credentials.revoked"
    SECRET_ROLLED = "credentials.rolled"  # noqa: S105 (the name of an event)
    ACCOUNT_BLOCKED = "account.blocked"
    ACCOUNT_UNBLOCKED = "account.unblocked"
    SSO_ISSUED = "sso.issued"
    SIGN_IN = "sign_in.good"
    SIGN_IN_REFUSED = "sign_in.refused"
    SIGN_IN_SLOWED = "sign_in.slowed"
    SIGN_OUT = "sign_in.ended"
    CODE_REFUSED = "sign_in.code_refused"
    PASSKEY_REFUSED = "sign_in.passkey_refused"
    WAYS_OPENED = "sign_in.ways_opened"
    CONFIRMED = "sign_in.confirmed"
    FORM_FOREIGN = "form.foreign"
    ACCOUNT_BEGUN = "account.begun"
    PASSWORD_LINK = "password.link_issued"  # noqa: S105
    SECOND_STEP = "person.second_step"
    PASSKEY = "person.passkey"
    PASSWORD_SET = "password.set"  # noqa: S105
    PASSWORD_REFUSED = "password.refused"  # noqa: S105
    MEMBER_ADDED = "member.added"
    MEMBER_ACCEPTED = "member.accepted"
    MEMBER_SIGNED_OUT = "member.signed_out"
    MEMBER_REMOVED = "member.removed"
    PAIRING_ISSUED = "device.pairing_issued"
    PAIRING_WITHDRAWN = "device.pairing_withdrawn"
    DEVICE_PAIRED = "device.paired"
    PAIRING_REFUSED = "device.pairing_refused"
    DEVICE_PIN_LOCKED = "device.pin_locked"
    DEVICE_REMOVED = "device.removed"
    PIN_LOCKED = "coupon.pin_locked"
    PIN_ALARM = "coupon.pin_alarm"
    NETWORK_FULL = "coupon.network_full"
    CALLBACK_NOT_GENUINE = "callback.not_genuine"


TROUBLE = frozenset(
    {
        Event.CREDENTIALS_WRONG,
        Event.CREDENTIALS_SLOWED,
        Event.SIGN_IN_REFUSED,
        Event.SIGN_IN_SLOWED,
        Event.CODE_REFUSED,
        Event.PASSKEY_REFUSED,
        Event.FORM_FOREIGN,
        Event.PASSWORD_REFUSED,
        Event.PAIRING_REFUSED,
        Event.DEVICE_PIN_LOCKED,
        Event.PIN_LOCKED,
        Event.PIN_ALARM,
        Event.NETWORK_FULL,
        Event.CALLBACK_NOT_GENUINE,
    }
)
"""Written as warnings; the others are for the record."""


class _Valve(msgspec.Struct):
    lines: float
    at: float
    left_out: int = 0


_valves: dict[Event, _Valve] = {}


def note(event: Event, **facts: str | int | None) -> None:
    """Write it, unless too many of its kind were written just now."""
    left_out = _pass(event)
    if left_out is None:
        return
    told = {name: fact for name, fact in facts.items() if fact not in (None, "")}
    if left_out:
        told["left_out"] = left_out
    (log.warning if event in TROUBLE else log.info)(str(event), **told)


def _pass(event: Event) -> int | None:
    """How many were left out before this one; None when it is left out itself."""
    now = time.monotonic()
    valve = _valves.setdefault(event, _Valve(BURST, now))
    valve.lines = min(BURST, valve.lines + (now - valve.at) / EVERY)
    valve.at = now
    if valve.lines < 1:
        valve.left_out += 1
        return None
    valve.lines -= 1
    left_out, valve.left_out = valve.left_out, 0
    return left_out
