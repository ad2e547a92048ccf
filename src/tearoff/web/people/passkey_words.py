"""What is said of passkeys: why there are none here, and why one did not work. Each cause has a
sentence of its own, for each asks something else of the reader."""

from __future__ import annotations

from tearoff.accounts.passkey_answers import NotVerified, OtherAddress
from tearoff.accounts.passkey_challenges import ChallengeOver
from tearoff.accounts.passkey_sites import Site, WhyNot
from tearoff.accounts.passkeys import (
    PasskeyCopied,
    PasskeyKnown,
    PasskeyUnknown,
    TooManyPasskeys,
)
from tearoff.errors import TearoffError
from tearoff.kit.words import Words


def of_script(words: Words, site: Site) -> dict[str, str]:
    """What the page's script says, by the cause."""
    return {
        "cancelled": words(
            "Nothing was done: it was cancelled, or this device has no passkey that fits."
        ),
        "late": words("Nothing came within two minutes. Try again when you have your key at hand."),
        "known": words("This device has a passkey for you here already."),
        "unfit": words(
            "Nothing here can keep a passkey: it takes a device or a key that asks for a PIN, a"
            " finger or a face."
        ),
        "address": _other_address(words, site.origin),
        "none": words("This browser has no passkeys."),
        "broken": words("The browser could not ask your device. Try again, or another browser."),
    }


def why_not(words: Words, reason: WhyNot, address: str) -> str:
    """Why nobody gets a passkey here."""
    if reason == WhyNot.NUMBER:
        return words(
            "Passkeys need a name: this server's address is {address}, which is a number. Whoever"
            " runs the server gives it a name in TEAROFF_PUBLIC_URL.",
            address=address,
        )
    if reason == WhyNot.PLAIN_HTTP:
        return words(
            "Passkeys need https: this server's address is {address}. Whoever runs the server puts"
            " https in front of it and into TEAROFF_PUBLIC_URL.",
            address=address,
        )
    return words(
        "Passkeys need an address with a name: TEAROFF_PUBLIC_URL is {address}.", address=address
    )


def of_error(words: Words, error: TearoffError, site: Site) -> str:
    """Why an answer was refused."""
    match error:
        case OtherAddress():
            return _other_address(words, site.origin)
        case ChallengeOver():
            return words("That took too long, or was sent twice. Try again.")
        case PasskeyUnknown():
            return words(
                "This passkey is not known here. It may have been removed, or be somebody else's."
            )
        case PasskeyCopied():
            return words(
                "This passkey was refused: it counts as if there were a copy of it. Come in another"
                " way, remove it from your profile and make a new one."
            )
        case PasskeyKnown():
            return words("This device has a passkey for you here already.")
        case TooManyPasskeys():
            return words("You have as many passkeys as one person may. Remove one first.")
        case NotVerified():
            return words(
                "Your device did not ask for a PIN, a finger or a face. Set one up on it, and try"
                " again."
            )
    return words("The server could not verify this passkey.")


def _other_address(words: Words, origin: str) -> str:
    return words(
        "Passkeys work only at {address}. Open that address; if yours is the right one, let whoever"
        " runs the server set TEAROFF_PUBLIC_URL to it.",
        address=origin,
    )
