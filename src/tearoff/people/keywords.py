"""What a reply means: STOP and START in the languages of our users.

Sources: Twilio's, Telnyx' and AWS' published default words, CTIA's handbook, and the FCC's
list of words that always count since 2025-04-11. Words beyond STOP and ARRET in Dutch,
German, Spanish, Portuguese and Italian are our own.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

_STOP = """
STOP STOPALL STOPP UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT REMOVE
ARRET ARRETE ARRETER ARRETT DESABONNER DESINSCRIRE STOPSMS
STOPPEN AFMELDEN UITSCHRIJVEN AFZETTEN
ABMELDEN ABBESTELLEN AUSTRAGEN
BAJA ALTO PARAR CANCELAR
SAIR REMOVER
ARRESTA DISISCRIVI CANCELLA
"""
STOP_WORDS = frozenset(_STOP.split())
STOP_PHRASES = frozenset({"STOP ALL", "OPT OUT", "STOP SMS"})
START_WORDS = frozenset({"START", "UNSTOP"})
HELP_WORDS = frozenset(["HELP", "INFO", "AIDE", "HULP", "HILFE", "AYUDA", "AJUDA", "AIUTO"])

SHORT = 3
"""Up to so many words, the first word alone decides."""


class Keyword(StrEnum):
    STOP = "stop"
    START = "start"
    HELP = "help"
    MAYBE_STOP = "maybe_stop"
    NONE = "none"


def read_keyword(text: str) -> Keyword:
    """What a reply asks for. Case, accents, punctuation and emoji do not matter. The whole
    message counts, or its first word if it has at most three. `MAYBE_STOP` has a stop word
    somewhere: a person should read it."""
    words = _words(text)
    if not words:
        return Keyword.NONE
    first, pair = words[0], " ".join(words[:2])
    is_short = len(words) <= SHORT
    if is_short and (first in STOP_WORDS or pair in STOP_PHRASES):
        return Keyword.STOP
    if is_short and first in START_WORDS:
        return Keyword.START
    if is_short and first in HELP_WORDS:
        return Keyword.HELP
    joined = f" {' '.join(words)} "
    has_stop = any(w in STOP_WORDS for w in words) or any(f" {p} " in joined for p in STOP_PHRASES)
    return Keyword.MAYBE_STOP if has_stop else Keyword.NONE


def _words(text: str) -> list[str]:
    bare = "".join(
        c for c in unicodedata.normalize("NFD", text[:2000]) if not unicodedata.combining(c)
    )
    return re.sub(r"[^\w]+|_", " ", bare.upper().replace("OPT-OUT", "OPTOUT")).split()
