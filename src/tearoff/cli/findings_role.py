"""What `tearoff doctor` says of the role as which the database is used."""

from __future__ import annotations

from tearoff.cli.findings import Finding
from tearoff.kit.db import Handle


async def of_role(db: Handle) -> Finding:
    role = await db.fetchrow(
        "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles"
        " WHERE rolname = current_user"
    )
    assert role is not None
    name, *may = role.values()
    words = ("is a superuser", "may make roles", "may make databases")
    told = " and ".join(word for word, is_so in zip(words, may, strict=True) if is_so)
    if not told:
        return Finding("database role", True, f"{name}, which is no superuser")
    return Finding(
        "database role", False, f"{name} {told}; Tearoff needs nothing of that.",
        "Make a role for it (docs/operators.md, A PostgreSQL of your own).",
    )  # fmt: skip
