"""What a reply means: STOP and START in the languages of our users.

A plain STOP is a message of which nothing but a stop word or phrase is left, once its signature,
punctuation, emoji, polite words, the digits of a short code and what is to stop ("messages",
"texting") are out. The first word of a message decides nothing: "Cancel my 5pm" and "Quit
smoking!" stop nobody. What has a stop word in it and is no plain STOP is for a person to read,
and so is what says no and names writing to somebody: "do not ever contact me again".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum

from tearoff.people import stop_words

LONGEST = 2000
"""Characters of a reply that are looked at."""


class Keyword(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"
    MAYBE_STOP = "maybe_stop"
    NONE = "none"


def read_keyword(text: str) -> Keyword:
    """What a reply asks for. `MAYBE_STOP` may be meant as a STOP: a person should read it."""
    lines = [_words(line) for line in _NEW_LINE.split(_plain(text))]
    words = _without_signature(lines)
    first = next((line for line in lines if line), [])
    if _is_stop(words) or (len(words) > len(first) and _asks(_PLAIN, first)):
        return Keyword.STOP
    if _asks(_START, words):
        return Keyword.START
    if _asks(_HELP, words):
        return Keyword.HELP
    return Keyword.MAYBE_STOP if _has_stop([w for line in lines for w in line]) else Keyword.NONE


# reading words ---------------------------------------------------------------------------

_NEW_LINE = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_STOP_SIGNS = re.compile("[\U0001f6d1\u26d4\U0001f6ab]")
_NO_WORD = re.compile(r"[^\w]+|_")
_SPELLED_OUT = re.compile(r"(?<!\w)((?:\w[^\w\n]{1,2}){2,}\w)(?!\w)")
_LETTERS = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ı": "i", "ß": "ss", "ـ": "", "ة": "ه", "ى": "ي"}
)


def _plain(text: str) -> str:
    """Without what nobody sees and without accents; stop signs as the word."""
    text = unicodedata.normalize("NFKC", text[:LONGEST])
    text = _STOP_SIGNS.sub(" STOP ", text)
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    bare = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return "".join(bare).translate(_LETTERS)


def _words(line: str) -> list[str]:
    """Upper case, `S.T.O.P.` in one piece. A line that divides has none."""
    line = _SPELLED_OUT.sub(lambda m: _NO_WORD.sub("", m[0]), line.upper())
    return _NO_WORD.sub(" ", line.replace("OPT-OUT", "OPTOUT")).split()


def _all(texts: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """Lines of words, as they are compared."""
    lines = (tuple(_words(_plain(line))) for text in texts for line in text.splitlines())
    return frozenset(line for line in lines if line)


def _singles(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for line in _all(texts) for word in line)


_LANGUAGES = stop_words.LANGUAGES.values()
STOP_WORDS = _singles(language.words for language in _LANGUAGES)
STOP_PHRASES = _all(language.phrases for language in _LANGUAGES)
_POLITE = _all(word for language in _LANGUAGES for word in language.polite.split())
_HINTING = STOP_PHRASES | _all(language.hints for language in _LANGUAGES)
_REFUSALS = [
    (_singles([language.negations]), tuple(_singles([language.contacts, stop_words.CONTACTS])))
    for language in _LANGUAGES
]
"""Of each language: the words that say no, and how words for writing to somebody begin."""
_THINGS = _singles(language.things for language in _LANGUAGES)
_LINKS = _singles(language.links for language in _LANGUAGES)
_PLAIN = _singles([stop_words.PLAIN])
_START = _singles(["START UNSTOP"])
_HELP = _singles(["HELP INFO AIDE HULP HILFE AYUDA AJUDA AIUTO POMOC مساعدة"])
_SENT_FROM = _all(stop_words.SENT_FROM.replace("|", "\n").splitlines())
_LONGEST_PHRASE = max(map(len, STOP_PHRASES))


def _without_signature(lines: Sequence[Sequence[str]]) -> list[str]:
    """The words above a line that divides (`-- `) or says what the message was sent from."""
    kept: list[str] = []
    for line in lines:
        if kept and (not line or any(line[: len(s)] == list(s) for s in _SENT_FROM)):
            break
        kept += line
    return kept


# judging ---------------------------------------------------------------------------------

_GLUED = re.compile(r"(\D+)([0-9]{3,8})")
_REPEATED = re.compile(r"(\w)\1+")
_DRAWN_OUT = frozenset({"STOP", "СТОП"})
_SHORT_CODE = range(5, 9)
"""Digits that nobody takes for a time of day; beside a word such as STOP any will do."""


def _is_stop(words: Sequence[str]) -> bool:
    """Whether nothing but stop words and phrases is left."""
    left: list[str] = []
    found: list[str] = []
    at = 0
    while at < len(words):
        stop = _longest(STOP_PHRASES, words, at) or int(_as_stop(words[at]))
        if stop:
            found += words[at : at + stop]
        polite = 0 if stop else _longest(_POLITE, words, at)
        if not (stop or polite):
            left.append(words[at])
        at += stop or polite or 1
    return bool(found) and not _meaning(left, found)


def _meaning(left: Sequence[str], found: Sequence[str]) -> list[str]:
    """What of these words means something beside these stop words."""
    is_plain = any(word in _PLAIN for word in found)
    codes = {w for w in left if w.isdecimal() and (is_plain or len(w) in _SHORT_CODE)}
    if any(word in _THINGS for word in left) or (is_plain and codes):
        left = [word for word in left if word not in _THINGS and word not in _LINKS]
    return [word for word in left if word not in codes]


def _as_stop(word: str) -> bool:
    """Also with a short code behind it, and drawn out: STOP36111, STOOOP."""
    if glued := _GLUED.fullmatch(word):
        word = glued[1] if glued[1] in _PLAIN or len(glued[2]) in _SHORT_CODE else word
    return word in STOP_WORDS or _REPEATED.sub(r"\1", word) in _DRAWN_OUT


def _longest(phrases: frozenset[tuple[str, ...]], words: Sequence[str], at: int) -> int:
    """How many words the longest of these phrases has that begins here; 0 when none does."""
    for length in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
        if tuple(words[at : at + length]) in phrases:
            return length
    return 0


def _asks(asked: frozenset[str], words: Sequence[str]) -> bool:
    """Whether the message is one of these words, politely or not."""
    at, has_one = 0, False
    while at < len(words):
        polite = _longest(_POLITE, words, at)
        if not polite and words[at] not in asked:
            return False
        has_one = has_one or not polite
        at += polite or 1
    return has_one


def _has_stop(words: Sequence[str]) -> bool:
    has_one = any(_as_stop(words[at]) or _longest(_HINTING, words, at) for at in range(len(words)))
    return has_one or _refuses(words)


def _refuses(words: Sequence[str]) -> bool:
    """Whether it says no and names writing to somebody, in one language, wherever they stand."""
    return any(
        any(word in negations for word in words) and any(word.startswith(begin) for word in words)
        for negations, begin in _REFUSALS
    )
