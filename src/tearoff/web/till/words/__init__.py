"""The words of the counter's pages: one file for each language."""

from __future__ import annotations

from tearoff.web.till.words.ar import AR
from tearoff.web.till.words.de import DE
from tearoff.web.till.words.en import EN
from tearoff.web.till.words.es import ES
from tearoff.web.till.words.fr import FR
from tearoff.web.till.words.nl import NL
from tearoff.web.till.words.vocabulary import Words, words_of_script

__all__ = ["WORDS", "Words", "words_of_script"]

WORDS: dict[str, Words] = {"en": EN, "nl": NL, "fr": FR, "de": DE, "es": ES, "ar": AR}
