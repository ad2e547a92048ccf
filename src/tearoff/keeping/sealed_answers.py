"""Answers that are kept for a day under a caller's key (`accounts/idempotency.py`).

They are sealed, so a dump shows nothing of them; whoever has the key could open them all the same.
The call stays answered, so that the same call again sends nothing a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg

from tearoff.keeping.models import Found
from tearoff.keeping.redacting import redacted
from tearoff.kit.db import Handle
from tearoff.kit.vault import CannotOpen, Vault

LOT = 2_000


async def empty(db: Handle, vault: Vault, account_id: int, found: Found) -> None:
    """Take the person out of the answers that are about them."""
    terms = [*(one.removeprefix("+").lower() for one in found.addresses.all), *found.codes]
    await db.execute(  # a caller's own key, or the address of its call, may name them
        "DELETE FROM idempotency_keys k WHERE account_id = $1 AND EXISTS (SELECT FROM"
        " unnest($2::text[]) AS term WHERE strpos(lower(k.path || ' ' || k.key), term) > 0)",
        account_id,
        terms[: len(found.addresses.all)],
    )
    after = ("", "")
    while rows := await _lot(db, account_id, after):
        changed = await asyncio.to_thread(_changed, vault, rows, terms, set(found.messages))
        for path, key, answer in changed:
            await db.execute(
                "UPDATE idempotency_keys SET answer_sealed = $4"
                " WHERE account_id = $1 AND path = $2 AND key = $3",
                account_id,
                path,
                key,
                answer,
            )
        after = (rows[-1]["path"], rows[-1]["key"])


async def _lot(db: Handle, account_id: int, after: tuple[str, str]) -> list[asyncpg.Record]:
    return await db.fetch(
        "SELECT path, key, message_id, answer_sealed FROM idempotency_keys WHERE account_id = $1"
        f" AND (path, key) > ($2, $3) ORDER BY path, key LIMIT {LOT}",
        account_id,
        *after,
    )


def _changed(
    vault: Vault, rows: Sequence[asyncpg.Record], terms: Sequence[str], messages: set[int]
) -> list[tuple[str, str, bytes]]:
    changed = []
    for row in rows:
        if row["answer_sealed"] is None:
            continue
        try:
            answer = vault.open(row["answer_sealed"])
        except CannotOpen:
            continue
        text = answer.decode("utf-8", "replace").lower()
        if row["message_id"] in messages or any(term in text for term in terms):
            sealed = vault.seal(redacted(answer, terms))
            changed.append((row["path"], row["key"], sealed))
    return changed
