"""What `tearoff doctor` says of the role as which the database is used."""

from __future__ import annotations

from tearoff.cli.findings import Finding
from tearoff.kit.services import Services


async def of_role(services: Services) -> list[Finding]:
    role = await services.db.fetchrow(
        "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles"
        " WHERE rolname = current_user"
    )
    assert role is not None
    name, *may = role.values()
    words = ("is a superuser", "may make roles", "may make databases")
    told = " and ".join(word for word, is_so in zip(words, may, strict=True) if is_so)
    if not told:
        return [Finding("database role", True, f"{name}, which owns its database and no more")]
    return [
        Finding(
            "database role", False, f"{name} {told}; Tearoff needs nothing of that.",
            "Make a role for it (docs/operators.md, A PostgreSQL of your own).",
        )
    ]  # fmt: skip
