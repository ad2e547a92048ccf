"""Filling a text: the coupon's link and the consumer's fields.

Whatever looks like a field must be one: `{frist_name}` in somebody's message is a mistake that is
told to whoever writes the text, never to whoever reads it. `{50% off}` and `{}` are text.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from tearoff.errors import Invalid

LINK = "link"
FIELDS = (
    "first_name",
    "last_name",
    "email",
    "phone",
    "customid",
    *(f"customfield{i}" for i in range(1, 8)),
)
"""What a text can say of its receiver."""
_KNOWN = (LINK, *FIELDS)

_WORD = re.compile(r"\{ ?([A-Za-z_]\w*) ?\}")
"""In any case, and with a blank on either side: people write `{ First_Name }`."""
_FIELD = re.compile(rf"\{{({'|'.join(_KNOWN)})\}}")
_FIELD_AND_BLANKS = re.compile(rf"\s*{_FIELD.pattern}")
# Everything below space but tab and line ends, DEL, the C1 controls, and halves of characters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class BadText(Invalid):
    """A text that cannot be filled; the message names the word."""


class EmptyField(BadText):
    """The text uses a field that is empty for this person."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{{{name}}} is empty for this receiver.")
        self.name = name


class UnknownField(BadText):
    """The text has a `{word}` that is no field. The message names the nearest one."""

    def __init__(self, word: str) -> None:
        near = difflib.get_close_matches(word.lower(), _KNOWN, 1, 0.5)
        help = f"Did you mean {{{near[0]}}}?" if near else f"There are {_told()}."
        super().__init__(f"{{{word}}} is no field. {help}")
        self.word, self.near = word, near[0] if near else ""


def _told() -> str:
    return ", ".join(f"{{{name}}}" for name in _KNOWN[:-1]) + f" and {{{_KNOWN[-1]}}}"


def tidy(text: str) -> str:
    """A text with its fields written as they are kept: `{First_Name}` as `{first_name}`. Raises
    `UnknownField`."""

    def spell(match: re.Match[str]) -> str:
        return f"{{{_known(match[1])}}}"

    return _WORD.sub(spell, text) if "{" in text else text


def odd_words(text: str) -> Iterator[str]:
    """What looks like a field in a kept text and is none: it leaves as it stands."""
    return (match[0] for match in _WORD.finditer(text) if not _FIELD.fullmatch(match[0]))


def render(text: str, fields: Mapping[str, str], link: str) -> str:
    """A text that is tidy, with its link and fields. `{link}` is replaced, else the link is
    appended after one space. What a field holds is not filled again; texts that older versions
    kept were not tidied, and what is no field in them stays as it is.

    Raises `EmptyField`.
    """
    has_link = False

    def fill(match: re.Match[str]) -> str:
        nonlocal has_link
        name = match[1]
        if name == LINK:
            has_link = True
            return link
        value = fields.get(name, "")
        if not value:
            raise EmptyField(name)
        return value

    filled = _FIELD.sub(fill, text) if "{" in text else text
    if has_link:
        return filled
    return f"{filled} {link}" if filled else link


def without_empty(text: str, fields: Mapping[str, str]) -> str:
    """A kept text without those of its fields that are empty, and without the sign that then
    stands at its begin: `{first_name}, your coffee` is `your coffee`."""

    def drop(match: re.Match[str]) -> str:
        return match[0] if match[1] == LINK or fields.get(match[1]) else ""

    kept = _FIELD_AND_BLANKS.sub(drop, text) if "{" in text else text
    return text if kept == text else kept.strip().lstrip(",.;:!?–—- ")


def has_forbidden_characters(text: str) -> bool:
    """Whether a text holds what no message and no database should: NUL, control characters
    other than tab and line ends, halves of characters."""
    return _FORBIDDEN.search(text) is not None


def _known(word: str) -> str:
    name = word.lower()
    if name not in _KNOWN:
        raise UnknownField(word)
    return name
