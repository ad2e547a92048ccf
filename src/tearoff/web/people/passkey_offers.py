"""Passkeys on the pages for signing in: what the browser is asked, and whether it can be."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tearoff.accounts import passkey_challenges, passkey_questions, passkey_sites, passkeys
from tearoff.accounts.passkey_sites import Site, WhyNot
from tearoff.kit.services import Services
from tearoff.kit.words import Words
from tearoff.web.people import passkey_words

SIGN_IN, SECOND_STEP, AGAIN, NEW = "sign-in", "second-step", "again", "new"
"""What a passkey is asked for."""


class Offer(msgspec.Struct, frozen=True):
    """What a form needs: what is asked and what is said, as JSON for the script."""

    question: str
    origin: str
    words: str


def site_of(services: Services) -> Site | WhyNot:
    return passkey_sites.site_of(services.settings.link_host)


def about(purpose: str, secret: str, handle: bytes = b"") -> str:
    """What a challenge is for. `secret`: of the browser's cookie, of its visit or its sign-in."""
    return f"{purpose}:{secret}:{handle.hex()}"


def to_sign_in(services: Services, words: Words, visit: str, now: datetime) -> Offer | None:
    """Whoever it is. None where there are no passkeys."""
    site = site_of(services)
    if not isinstance(site, Site):
        return None
    challenge = passkey_challenges.make(services.vault, about(SIGN_IN, visit), now)
    return offer(words, site, passkey_questions.to_use_one(site, challenge))


async def to_prove(
    services: Services,
    words: Words,
    purpose: str,
    person_id: int,
    secret: str,
    now: datetime,
    *,
    is_named: bool = True,
) -> Offer | None:
    """A passkey of this person. None for somebody who has none here. `is_named`: the page may tell
    which ones they have."""
    site = site_of(services)
    if not isinstance(site, Site):
        return None
    known = await passkeys.known_of(services.db, person_id, site)
    if not known:
        return None
    challenge = passkey_challenges.make(services.vault, about(purpose, secret), now)
    return offer(
        words, site, passkey_questions.to_use_one(site, challenge, known if is_named else ())
    )


def offer(words: Words, site: Site, question: str) -> Offer:
    told = msgspec.json.encode(passkey_words.of_script(words, site)).decode()
    return Offer(question, site.origin, told)
