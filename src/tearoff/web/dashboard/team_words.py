"""What is said of somebody who is invited: where the invitation stands, and its mail."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from tearoff.api.v4 import members as v4
from tearoff.kit.words import phrase
from tearoff.web.dashboard.visit import Visit

ONE_OWNER_STAYS = phrase(
    "An account keeps one owner who can come in. Make somebody else an owner first; once they have"
    " accepted, try this again."
)
SAID_BELOW = (
    phrase("Only an owner makes somebody an owner, and changes or removes one."),
    phrase(
        "This person belongs to another account too: their second step guards that one as well, and"
        " is theirs alone. They get in with one of their recovery codes."
    ),
    phrase("Your own second step is on your profile."),
    phrase("This person has accepted already: there is no invitation any more."),
    phrase("An account has at most 1,000 teammates. Remove those who left."),
    phrase("Email address is not valid"),
)
_ANSWERED = timedelta(minutes=1)
"""A mail server that was asked for longer than this gave no answer."""


class Standing(msgspec.Struct, frozen=True):
    """`kind` of the badge; `name`: in a word or two; `means`: a sentence of the mail; `reason`:
    what the mail server said; `is_live`: it may be another one soon; `mark`: of this standing."""

    kind: str
    name: str
    means: str
    reason: str
    is_live: bool
    mark: str


def name_of(member: v4.Member) -> str:
    return " ".join(filter(None, (member.first_name, member.last_name))) or member.email


def standing_of(visit: Visit, member: v4.Member) -> Standing | None:
    """None for somebody who is in."""
    waits, words = member.invitation, visit.words
    if member.joined_at is not None:
        return None
    if waits is None:  # made by a command or a program, which handed the link over itself
        return Standing(
            "info", words("Not accepted yet"), words("There is no link that works."), "", False, "-"
        )
    state = waits.mail
    if state == "sending" and visit.now - waits.mail_at > _ANSWERED:
        state = "unknown"
    if waits.expires_at <= visit.now:
        state = "over"
    kind, name, means = _STANDINGS[state]
    reason = waits.mail_reason if state == "failed" else ""
    is_live = state in ("waiting", "sending")
    mark = f"{state}.{waits.mail_at.timestamp()}"
    return Standing(kind, words(name), words(means), reason, is_live, mark)


_INVITED = phrase("Invited")
_NOT_LEFT = phrase("The mail has not left yet. The link works without it: give it yourself.")
_STANDINGS = {
    "none": (
        "warn",
        phrase("No mail was sent"),
        phrase("This server sends no mail: give the link yourself."),
    ),
    "waiting": ("warn", phrase("The mail has not left"), _NOT_LEFT),
    "sending": ("warn", phrase("The mail has not left"), _NOT_LEFT),
    "unknown": (
        "warn",
        phrase("Not known if the mail left"),
        phrase("The mail server gave no clear answer: ask them, or give the link yourself."),
    ),
    "failed": (
        "no",
        phrase("The mail did not leave"),
        phrase("The mail server did not take the mail: give the link yourself. It is tried again."),
    ),
    "sent": ("info", _INVITED, phrase("The mail has left. They have not accepted yet.")),
    "over": ("no", phrase("The link has run out"), phrase("Make a new one, if it is still meant.")),
}
