"""What `tearoff doctor` says of the role as which the database is used."""

from __future__ import annotations

from tearoff.cli.findings import Finding
from tearoff.kit.db import Handle
from tearoff.kit.pgrights import MISSING_FOR_RESTORE, remedy


async def of_role(db: Handle) -> Finding:
    role = await db.fetchrow(
        "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles"
        " WHERE rolname = current_user"
    )
    assert role is not None
    name, *may = role.values()
    words = ("is a superuser", "may make roles", "may make databases")
    told = " and ".join(word for word, is_so in zip(words, may, strict=True) if is_so)
    lacks = [row[0] for row in await db.fetch(MISSING_FOR_RESTORE)]
    if not told and not lacks:
        return Finding("database role", True, f"{name}, which is no superuser")
    texts, hints = [], []
    if told:
        texts.append(f"{name} {told}; Tearoff needs nothing of that.")
        hints.append("Make a role for it (docs/operators.md, A PostgreSQL of your own).")
    if lacks:
        texts.append(f"{name} may not replace what is there: `tearoff restore --force` would fail.")
        hints.append(remedy(lacks))
    return Finding("database role", False, " ".join(texts), " ".join(hints))
