"""What a password must be, and how it is kept.

No rules about digits and capitals: it has at least eight characters, and whoever tries the likely
ones first (common passwords, words, names, keyboard rows, what is known of the person) needs long.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Sequence
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from tearoff.errors import Invalid
from tearoff.kit.bulkhead import Bulkhead

SHORTEST = 8
LONGEST = 200
JUDGED = 72
"""Characters that are judged. What is good after these is good."""
GOOD = 3
"""zxcvbn's score: over 10^8 guesses."""

_HASHER = PasswordHasher()
_HASHING = Bulkhead("passwords", at_once=2, waiting=16, after=2)

# zxcvbn tries all combinations of the letters that signs may stand for: with twenty kinds of such
# signs 72 characters cost nine seconds, with the ten digits a quarter of one. Signs beyond ten
# kinds, digits first, are judged as if they stood for nothing.
_STAND_INS = "0123456789@({[<!|$+%"
_MOST_STAND_INS = 10
_JUDGING = threading.Lock()
"""zxcvbn keeps the person's words in one place for all threads."""


class WeakPassword(Invalid):
    """The password is too easy to guess."""

    def __init__(self, text: str) -> None:
        super().__init__(text, field="password")


class WrongLength(Invalid):
    """The password is too short or too long."""

    def __init__(self) -> None:
        super().__init__(f"A password has {SHORTEST} to {LONGEST} characters.", field="password")


async def hash_password(password: str, known: Sequence[str]) -> str:
    """Judge it, and make its Argon2id: 64 MB and some 100 ms, so never in a transaction, and
    after everything that could refuse. `known`: what is known of the person (address, names).
    Raises `WrongLength`, `WeakPassword` saying what would help, and `TooBusy`."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WrongLength
    return await _HASHING.run(_judge_and_hash, password, known)


async def is_password(hashed: str | None, password: str, network: str) -> bool:
    """Whether it is the one that was hashed. Where there is none it costs the same, so that nobody
    learns by the clock who has one. Never in a transaction. Raises `TooBusy`; one network has at
    most a share of the places."""
    return await _HASHING.run_for(network, _verify, hashed, password)


def _verify(hashed: str | None, password: str) -> bool:
    try:
        _HASHER.verify(hashed or _nobodys(), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return hashed is not None and len(password) <= LONGEST


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_urlsafe())


def _judge_and_hash(password: str, known: Sequence[str]) -> str:
    judge(password, known)
    return _HASHER.hash(password)


def judge(password: str, known: Sequence[str]) -> None:
    """At most some 200 ms, whatever it holds. Raises `WeakPassword`."""
    head = password[:JUDGED]
    words = [part for text in known for part in (text, *re.split(r"\W+", text)) if len(part) > 2]
    surplus = [sign for sign in _STAND_INS if sign in head][_MOST_STAND_INS:]
    tamed = str.maketrans(dict.fromkeys(surplus, "~"))
    with _JUDGING:
        found = zxcvbn(head.translate(tamed), user_inputs=[w.translate(tamed) for w in words])
    if found["score"] >= GOOD:
        return
    feedback = found["feedback"]
    tips = [feedback["warning"], *feedback["suggestions"]]
    told = " ".join(tip for tip in tips if tip)
    raise WeakPassword(
        f"It is too easy to guess. {told or 'Add another word or two. Uncommon words are better.'}"
    )
