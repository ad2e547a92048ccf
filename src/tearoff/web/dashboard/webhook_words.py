"""Webhooks in words for people: what each event means, and how an endpoint stands."""

from __future__ import annotations

import msgspec

from tearoff.api.v4.webhooks import Webhook
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


def meaning(words: Words, kind: str) -> str:
    """What an event of a kind means."""
    for _, kinds in GROUPS:
        for name, means in kinds:
            if name == kind:
                return words(means)
    return words("A test that was asked for")
