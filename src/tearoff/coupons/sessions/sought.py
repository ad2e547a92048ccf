"""What somebody looks for, read in every way in which it can be meant, and each way to find it.

A way has a statement that gives the ids of what is found, by an index of its own, and a condition
for one row of `sessions s`. Where a way finds very many, rows are asked one by one instead.
"""

from __future__ import annotations

import re
import unicodedata

import msgspec

from tearoff.kit.folding import asked_words
from tearoff.kit.mail_addresses import AddressInvalid, mail_address
from tearoff.kit.phone import PhoneInvalid, read_phone, spellings

LEAST_END = 4
"""Digits of a number, or letters of an address, by which it is found from its end."""
LEAST_NAME = 2
"""Letters of a word of a name. Of a script that writes a word in one sign, one is enough."""

_IN_LINK = re.compile(r"/[pz]/[a-z0-9]+/([a-z0-9]{21})", re.IGNORECASE | re.ASCII)
_AS_DIGITS = re.compile(r"[\s()./\-\u2010-\u2015\u00a0]+")
_CODE = re.compile(r"[a-z0-9]{6}(?:[a-z0-9]{15})?", re.ASCII)
_TOP = "\U0010ffff"
"""Behind everything that begins so."""


class Way(msgspec.Struct, frozen=True):
    """`ids` and `row`: SQL with `{account}` and, from `{0}` on, places for the `values`."""

    ids: str
    row: str
    values: tuple[object, ...]


class Sought(msgspec.Struct, frozen=True):
    """`names`: words with which words of a name begin. A link names one coupon and nothing else."""

    text: str
    code: str | None = None
    phones: tuple[str, ...] = ()
    digits: str | None = None
    email: str | None = None
    email_end: str | None = None
    names: tuple[str, ...] = ()
    is_link: bool = False

    @property
    def is_short(self) -> bool:
        """Whether more of it has to be typed before anything is found by its part."""
        return not (self.is_link or self.digits or self.email_end or self.names)


def read_sought(text: str, country: str | None, *, by_parts: bool = True) -> Sought:
    """`country`: where numbers without a country's code are of. Without `by_parts` only what is
    known as a whole is found: whoever must not see a number could put it together, end by end."""
    text = text.strip()
    link = _IN_LINK.search(text)
    if link:
        return Sought(text, link[1].lower(), is_link=True)
    glued = "".join(text.split()).lower()
    whole = Sought(
        text,
        glued if _CODE.fullmatch(glued) else None,
        _phones(text, country),
        email=_email(text),
    )
    if not by_parts:
        return whole
    return msgspec.structs.replace(
        whole,
        digits=_digits(text),
        email_end=glued if glued == text.lower() and len(glued) >= LEAST_END else None,
        names=_names(text),
    )


def _phones(text: str, country: str | None) -> tuple[str, ...]:
    try:
        return spellings(read_phone(text, country))
    except PhoneInvalid:
        return ()


def _digits(text: str) -> str | None:
    """The last digits of a number, as it is kept."""
    bare = _AS_DIGITS.sub("", text).removeprefix("+")
    if not bare.isdecimal() or len(bare) < LEAST_END:
        return None
    return "".join(str(unicodedata.decimal(c)) for c in bare)


def _email(text: str) -> str | None:
    try:
        return mail_address(text)
    except AddressInvalid:
        return None


def _names(text: str) -> tuple[str, ...]:
    if "@" in text:
        return ()
    words = asked_words(text)
    if not any(c.isalpha() for word in words for c in word):
        return ()
    return words if any(_is_enough(word) for word in words) else ()


def _is_enough(word: str) -> bool:
    return len(word) >= LEAST_NAME or unicodedata.category(word[0]) == "Lo"


# ways -----------------------------------------------------------------------------------

_OF_ACCOUNT = "SELECT id FROM sessions s WHERE account_id = {account} AND "


def ways(sought: Sought) -> list[Way]:
    """All of them together are what is meant: a session that one of them finds is found."""
    found = [_plain("s.short_code = left({0}, 6) AND (s.code = {0} OR length({0}) = 6)",
                    sought.code)] if sought.code else []  # fmt: skip
    if sought.is_link:
        return found
    found.append(_plain("s.customid = {0}", sought.text))
    found.append(_plain("s.validation_code IS NOT NULL AND own_code_key(s.validation_code)"
                        " = own_code_key({0})", sought.text))  # fmt: skip
    if sought.phones:
        found.append(_plain("s.phone = ANY({0}::text[])", list(sought.phones)))
    if sought.digits:
        found.append(_end("reverse(s.phone)", sought.digits))
    if sought.email:
        found.append(_plain("lower(s.email) = lower({0})", sought.email))
    if sought.email_end:
        found.append(_end("reverse(lower(s.email))", sought.email_end))
    return found


def _plain(condition: str, *values: object) -> Way:
    return Way(_OF_ACCOUNT + condition, f"({condition})", values)


def _end(backwards: str, text: str) -> Way:
    first = text[::-1]
    column = f'{backwards} COLLATE "C"'
    return _plain(f"{column} >= {{0}} AND {column} < {{1}}", first, first + _TOP)


def way_by_name(words: tuple[str, ...]) -> Way:
    """A word of the name begins with the first of these, and with each of the others one does."""
    values = [edge for word in words for edge in (word, word + _TOP)]
    each = [
        f"account_id = {{account}} AND word >= {{{2 * i}}} AND word < {{{2 * i + 1}}}"
        for i in range(len(words))
    ]
    # OFFSET 0: asked row by row, never by reading all words of so many letters first.
    of = "EXISTS (SELECT FROM session_words WHERE session_id = {} AND {} OFFSET 0)"
    others = [of.replace("{}", "w.session_id", 1).replace("{}", one, 1) for one in each[1:]]
    of_row = [of.replace("{}", "s.id", 1).replace("{}", one, 1) for one in each]
    return Way(
        "SELECT w.session_id AS id FROM session_words w WHERE "
        + " AND ".join(["w." + each[0].replace(" AND word", " AND w.word"), *others]),
        f"((s.firstname IS NOT NULL OR s.lastname IS NOT NULL) AND {' AND '.join(of_row)})",
        tuple(values),
    )
