"""The token in the dashboard's forms: whose page it was and when it was shown, signed.

It belongs to the person, not to one sign-in: whoever signs in anew, or proves in another window who
they are, goes on with the form that stands open.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tearoff.kit.services import Services
from tearoff.web.paper.signed_forms import is_form_token, make_form_token

LIVES = timedelta(days=2)
_LONGEST = 160


def make(services: Services, person_id: int, now: datetime) -> str:
    at = int(now.timestamp())
    return f"{person_id}.{at}.{make_form_token(services, f'{person_id}:{at}')}"


def is_of(services: Services, person_id: int, given: str, now: datetime) -> bool:
    return person_of(services, given, now) == person_id


def person_of(services: Services, given: str, now: datetime) -> int | None:
    """Whose page carried this token; None for one that is not ours, or too old."""
    person, at, mark = (*given[:_LONGEST].split(".", 2), "", "")[:3]
    if not (person.isascii() and person.isdigit() and at.isascii() and at.isdigit()):
        return None
    age = now.timestamp() - int(at)
    is_good = -60 < age < LIVES.total_seconds() and is_form_token(services, f"{person}:{at}", mark)
    return int(person) if is_good else None
