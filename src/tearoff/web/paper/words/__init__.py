"""The words of the consumer's page, in every language that it speaks: one file for each."""

from __future__ import annotations

from functools import lru_cache

from tearoff.kit.times import locale_of
from tearoff.web.paper.words.ar import AR
from tearoff.web.paper.words.de import DE
from tearoff.web.paper.words.en import EN
from tearoff.web.paper.words.es import ES
from tearoff.web.paper.words.fr import FR
from tearoff.web.paper.words.it import IT
from tearoff.web.paper.words.nl import NL
from tearoff.web.paper.words.pl import PL
from tearoff.web.paper.words.pt import PT
from tearoff.web.paper.words.vocabulary import Counted, Words

__all__ = ["WORDS", "Counted", "Words", "choose_language", "counted", "direction_of", "preferred"]

WORDS: dict[str, Words] = {
    "en": EN, "nl": NL, "fr": FR, "de": DE, "es": ES, "it": IT, "pt": PT, "pl": PL, "ar": AR,
}  # fmt: skip
DEFAULT = "en"


def counted(language: str, forms: Counted, n: int) -> str:
    """The phrase for this number in this language."""
    form = locale_of(language).plural_form(n)
    return forms.get(form, forms["other"]).replace("{n}", str(n))


def direction_of(language: str) -> str:
    """`ltr` or `rtl`."""
    direction: str = locale_of(language).text_direction
    return direction


def choose_language(asked: str, accepted: str, default: str, known: str = "") -> str:
    """The page's language: what the link asks for, then the one in which the person is `known`
    to read, then what the browser prefers (`Accept-Language`), then the campaign's. A language we
    do not speak is passed over."""
    for tag in (asked, known, *preferred(accepted), default):
        language = tag.partition("-")[0].lower()
        if language in WORDS:
            return language
    return DEFAULT


@lru_cache(1024)
def preferred(accepted: str) -> tuple[str, ...]:
    """The tags of an Accept-Language header, the most wanted first."""
    weighted: list[tuple[float, int, str]] = []
    for part in accepted.split(",")[:20]:
        tag, _, quality = part.strip().partition(";")
        weight = _weight(quality)
        if tag and weight > 0:
            weighted.append((-weight, len(weighted), tag.strip()))
    return tuple(tag for _, _, tag in sorted(weighted))


def _weight(quality: str) -> float:
    text = quality.strip().removeprefix("q=")
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
