"""What is said of a password that cannot be taken."""

from __future__ import annotations

from tearoff.accounts import passwords
from tearoff.errors import Invalid
from tearoff.kit.words import Words


def told_problem(words: Words, error: Invalid) -> str:
    """Of `WrongLength` and `WeakPassword`."""
    if isinstance(error, passwords.WrongLength):
        return words(
            "Use {least} to {most} characters.",
            least=passwords.SHORTEST,
            most=passwords.LONGEST,
        )
    return words(
        "That is easy to guess. Use a few words that do not belong together, "
        "and neither your name nor your e-mail address."
    )
