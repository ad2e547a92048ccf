"""What this room says of an endpoint and of a try, in a person's language.

It is stored in English; a sentence that is said as it is, is marked where it is made.
"""

from __future__ import annotations

import re

from tearoff.kit.words import Words, phrase

ONLY_FAILED = phrase("It only failed for three days.")
"""Why an endpoint was switched off; behind it stands what the last try brought."""

_PATTERNS = (
    (re.compile(r"HTTP (?P<n>\d+)\."), phrase("It answered with status {n}.")),
    (
        re.compile(r"HTTP (?P<n>\d+): redirects are not followed\."),
        phrase("It answered with status {n}, which leads elsewhere: that is not followed."),
    ),
    (re.compile(r"No connection within (?P<n>\d+) seconds\."),
     phrase("No connection within {n} seconds.")),
    (re.compile(r"No answer within (?P<n>\d+) seconds\."),
     phrase("No answer within {n} seconds.")),
    (
        re.compile(
            r"(?P<host>\S+) leads to (?P<found>\S+), a private or special address\. Whoever runs"
            r" the server can allow it with (?P<setting>\w+)\."
        ),
        phrase(
            "{host} leads to {found}, a private or special address. Whoever runs the server can"
            " allow it with the setting {setting}."
        ),
    ),
    (
        re.compile(
            r"(?P<host>\S+) is a private or special address\. Whoever runs the server can allow it"
            r" with (?P<setting>\w+)\."
        ),
        phrase(
            "{host} is a private or special address. Whoever runs the server can allow it with the"
            " setting {setting}."
        ),
    ),
)  # fmt: skip


def said(words: Words, text: str) -> str:
    """A stored sentence, by the catalogs of `dashboard`; what is none as it is."""
    text = text.strip()
    if text.startswith(ONLY_FAILED):
        parts = words(ONLY_FAILED), said(words, text.removeprefix(ONLY_FAILED))
        return " ".join(parts).strip()
    for pattern, sentence in _PATTERNS:
        if found := pattern.fullmatch(text):
            return words(sentence, **found.groupdict())
    return words(text) if text else ""
