"""Codes of the second step, as somebody types them: of the app, or for recovery."""

from __future__ import annotations

from datetime import datetime

from tearoff.accounts import people, tries
from tearoff.kit.services import Services


async def is_right(services: Services, person_id: int, code: str, now: datetime) -> bool:
    """The code is used up by that. Codes of the app are counted from everywhere, because they are
    short; recovery codes are not, so that nobody can be kept out. Raises `TooManyTries`."""
    if not people.is_app_code(code):
        return await people.use_recovery_code(services.db, person_id, code)
    tried = tries.of_app_code(person_id)
    await tries.count(services.db, tried, now)
    if not await people.use_code(services.db, services.vault, person_id, code, now):
        return False
    await tries.forgive(services.db, tried, now)
    return True
