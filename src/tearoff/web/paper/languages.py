"""Which language a reader wants."""

from __future__ import annotations

from functools import lru_cache

from tearoff.kit.words import ENGLISH, LANGUAGES


def choose_language(asked: str, accepted: str, default: str, known: str = "") -> str:
    """The page's language: what the link asks for, then the one in which the person is `known`
    to read, then what the browser prefers (`Accept-Language`), then the campaign's. A language we
    do not speak is passed over."""
    for tag in (asked, known, *preferred(accepted), default):
        language = tag.partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return ENGLISH


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
