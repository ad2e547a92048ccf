"""Secrets that were typed into a form that comes back: no page shows them, and nobody types them
twice. They travel with the form, sealed, and only the person who typed them can send them on."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tearoff.kit.vault import CannotOpen
from tearoff.web.dashboard.visit import Visit

FIELD = "typed.secret"
"""Its end keeps it out of what is stored of a form when a sign-in is over."""
LIVES = 3600
LONGEST = 100_000


class _Sealed(msgspec.Struct, frozen=True):
    person: int
    account: int
    form: str
    at: float
    values: dict[str, str]


def seal(visit: Visit, form: str, values: Mapping[str, str]) -> str:
    """`form`: what else they must not be sent to; "" when there are none."""
    if not values:
        return ""
    kept = _Sealed(visit.who.person_id, visit.account.id, form, visit.now.timestamp(), dict(values))
    return visit.services.vault.seal(msgspec.json.encode(kept)).decode()


def brought(visit: Visit, form: str) -> dict[str, str]:
    """Those that came with this form; none when they are somebody else's, or too old."""
    sealed = visit.typed.text(FIELD)[:LONGEST]
    if not sealed:
        return {}
    try:
        kept = msgspec.json.decode(visit.services.vault.open(sealed.encode()), type=_Sealed)
    except (CannotOpen, msgspec.MsgspecError):
        return {}
    is_theirs = (kept.person, kept.account, kept.form) == (
        visit.who.person_id, visit.account.id, form,
    )  # fmt: skip
    return kept.values if is_theirs and 0 <= visit.now.timestamp() - kept.at < LIVES else {}
