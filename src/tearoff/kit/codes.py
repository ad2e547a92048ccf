"""Random codes. All of them come from the system's secure random source."""

from __future__ import annotations

import secrets
import string

CODE_ALPHABET = string.ascii_lowercase + string.digits
SPOKEN_ALPHABET = "".join(c for c in CODE_ALPHABET if c not in "0o1ilu")
"""The characters of codes that people read aloud: none looks or sounds like another."""

SESSION_CODE_LENGTH = 21
SHORT_CODE_LENGTH = 6

_SPOKEN = len(SPOKEN_ALPHABET)
_ALL = len(CODE_ALPHABET)


def session_code() -> str:
    """21 characters of `a-z0-9`; the first six can be read aloud. About 107 bits."""
    # One draw of 128 bits is split by division: the bias of a digit is below 2^-20, and one
    # system call is cheaper than twenty-one.
    number = int.from_bytes(secrets.token_bytes(16 + 4))
    letters = []
    for _ in range(SHORT_CODE_LENGTH):
        number, digit = divmod(number, _SPOKEN)
        letters.append(SPOKEN_ALPHABET[digit])
    for _ in range(SESSION_CODE_LENGTH - SHORT_CODE_LENGTH):
        number, digit = divmod(number, _ALL)
        letters.append(CODE_ALPHABET[digit])
    return "".join(letters)


def shown_code(short: str) -> str:
    """A short code as people see it, wherever they do: `ABC 123`."""
    return f"{short[:3]} {short[3:]}".upper()


def campaign_code() -> str:
    """6 characters that can be read aloud: the campaign's part of a link."""
    return _draw(SPOKEN_ALPHABET, 6)


def digits(length: int) -> str:
    return _draw(string.digits, length)


def client_id() -> str:
    """31 digits, the first not zero: the public half of an API credential."""
    return _draw("123456789", 1) + digits(30)


def client_secret() -> str:
    """31 letters and digits, about 184 bits: the secret half of an API credential."""
    return letters(31)


def letters(length: int) -> str:
    """Letters of both cases and digits, almost 6 bits each."""
    return _draw(string.ascii_letters + string.digits, length)


def token() -> str:
    """128 bits in URL-safe letters."""
    return secrets.token_urlsafe(16)


def _draw(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))
