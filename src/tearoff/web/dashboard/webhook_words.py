"""Webhooks in words for people: what each event means, how an endpoint stands, and why something
did not arrive."""

from __future__ import annotations

import re

import msgspec

from tearoff.api.v4.webhooks import Webhook
from tearoff.hooks.deliverer import GONE, ONLY_FAILED
from tearoff.hooks.models import OFF_BY_OWNER
from tearoff.kit.words import Words, phrase

GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        phrase("Coupons"),
        (
            ("coupon_distributed", phrase("Somebody gets a coupon")),
            ("coupon_opened", phrase("A coupon is opened")),
            ("coupon_claimed", phrase("A coupon is activated")),
            ("coupon_validated", phrase("A coupon is redeemed, each time")),
            ("coupon_unvalidated", phrase("A redemption is taken back")),
            ("coupon_voided", phrase("A coupon is withdrawn")),
        ),
    ),
    (
        phrase("Messages"),
        (
            ("message_sent", phrase("A sending service has taken a message")),
            ("message_delivered", phrase("A message has arrived")),
            ("message_failed", phrase("A message did not arrive, and why")),
            ("message_received", phrase("Somebody wrote to one of your numbers")),
            ("broadcast_finished", phrase("Sending to many has come to its end")),
        ),
    ),
    (
        phrase("People"),
        (
            ("contact_opted_out", phrase("Somebody wants no more messages")),
            ("contact_opted_in", phrase("Somebody wants messages again")),
        ),
    ),
    (
        phrase("Campaigns"),
        (
            ("coupon_created", phrase("A campaign is made")),
            ("coupon_updated", phrase("A campaign is changed, paused or resumed")),
            ("coupon_removed", phrase("A campaign is removed")),
            ("pool_low", phrase("Few of a campaign's own codes are left")),
            ("pin_alarm", phrase("Somebody guesses the PIN of your staff")),
        ),
    ),
)
"""What can be chosen, by group: the kind, and what it means. A test is sent to whoever asks."""

STATES = {
    "waiting": ("warn", phrase("Waiting")),
    "delivered": ("ok", phrase("Arrived")),
    "failed": ("no", phrase("Given up")),
    "dropped": ("no", phrase("Not sent")),
}
"""Of a delivery: the badge, and its name."""

FILTERS = (
    ("", phrase("All")),
    ("missed", phrase("All that did not arrive")),
    ("failed", phrase("Given up")),
    ("dropped", phrase("Not sent: it was off")),
    ("waiting", phrase("Waiting")),
    ("delivered", phrase("Arrived")),
)

_SAID = (
    GONE,
    OFF_BY_OWNER,
    phrase("It answered 410 Gone."),
    phrase("Switched off by its owner."),
    phrase("Use an address such as https://example.com/webhooks."),
    phrase("Leave user and password out; check the signature instead."),
    phrase("The secret of this webhook cannot be opened. Roll it."),
    phrase("The certificate of the host is not valid."),
    phrase("The host cannot be found."),
    phrase("No connection: refused, or the network is not reachable."),
    phrase("The connection broke before the answer."),
    phrase("The answer is not HTTP that can be read."),
    phrase("The address cannot be called."),
    phrase("An account has at most 20 webhooks. Delete one that is not needed any more."),
    phrase(
        "http:// has no TLS: names, numbers and coupons of people can be read and changed on their"
        " way to this address. Use https://."
    ),
    phrase("The end of a span comes after its beginning."),
    phrase("A span of this webhook is being sent again already. Wait until all of it is in line."),
)
"""Sentences of the rooms below."""

_PATTERNS = (
    (re.compile(r"HTTP (?P<n>\d+)\."), phrase("It answered with status {n}.")),
    (
        re.compile(r"HTTP (?P<n>\d+): redirects are not followed\."),
        phrase("It answered with status {n}, which leads elsewhere: that is not followed."),
    ),
    (re.compile(r"No connection within (?P<n>\d+) seconds\."),
     phrase("No connection within {n} seconds.")),
    (re.compile(r"No answer within (?P<n>\d+) seconds\."),
     phrase("No answer within {n} seconds.")),
    (
        re.compile(
            r"(?P<host>\S+) leads to (?P<found>\S+), a private or special address\. Whoever runs"
            r" the server can allow it with (?P<setting>\w+)\."
        ),
        phrase(
            "{host} leads to {found}, a private or special address. Whoever runs the server can"
            " allow it with the setting {setting}."
        ),
    ),
    (
        re.compile(
            r"(?P<host>\S+) is a private or special address\. Whoever runs the server can allow it"
            r" with (?P<setting>\w+)\."
        ),
        phrase(
            "{host} is a private or special address. Whoever runs the server can allow it with the"
            " setting {setting}."
        ),
    ),
)  # fmt: skip


class Standing(msgspec.Struct, frozen=True):
    """`kind`: the badge's."""

    kind: str
    name: str


def standing_of(words: Words, hook: Webhook) -> Standing:
    if not hook.active:
        return Standing("dull", words("Off"))
    if hook.failing_since is not None:
        return Standing("no", words("Failing"))
    return Standing("ok", words("On"))


def said(words: Words, text: str) -> str:
    """A sentence of the rooms below in the person's language; what is none of them as it is."""
    text = text.strip()
    if text.startswith(ONLY_FAILED):
        rest = text.removeprefix(ONLY_FAILED)
        return " ".join(filter(None, (words("It only failed for three days."), said(words, rest))))
    if text in _SAID:
        return words(text)
    for pattern, sentence in _PATTERNS:
        if found := pattern.fullmatch(text):
            return words(sentence, **found.groupdict())
    return text


def meaning(words: Words, kind: str) -> str:
    """What an event of a kind means."""
    for _, kinds in GROUPS:
        for name, means in kinds:
            if name == kind:
                return words(means)
    return words("A test that was asked for")
