"""Telling somebody that their way in was changed, by others or in their own name: whoever did it
may have been somebody else."""

from __future__ import annotations

import msgspec

from tearoff.jobs.queue import enqueue
from tearoff.kit.db import Handle

TOLD_MAIL = "accounts.told_mail"


class ToldMail(msgspec.Struct, frozen=True):
    """The job. `what`: `second_step` or `owner_reset`, which others have done, or the verb of the
    audit log for what was done in their own name; `to` and `language` as they were then."""

    what: str
    to: str
    first_name: str
    language: str
    account: str


async def tell(db: Handle, what: str, person_id: int, account: str = "") -> None:
    """Have them told once this transaction is committed, where the server sends mail."""
    known = await db.fetchrow(
        "SELECT email, first_name, language FROM people WHERE id = $1", person_id
    )
    if known is not None:
        job = ToldMail(what, known["email"], known["first_name"], known["language"], account)
        await enqueue(db, TOLD_MAIL, job)
