"""What the role lacks in a database that belongs to somebody else, who granted it some rights."""

from __future__ import annotations

from collections.abc import Sequence

MISSING_FOR_RESTORE = """
SELECT format('ALTER SCHEMA public OWNER TO %I;', current_user)
FROM pg_namespace
WHERE nspname = 'public' AND NOT pg_has_role(nspowner, 'USAGE')
UNION ALL
SELECT format('GRANT CREATE ON DATABASE %I TO %I;', current_database(), current_user)
WHERE NOT has_database_privilege(current_database(), 'CREATE')
"""
"""The statements that would let the current role replace all there is. It has to drop the schema
`public`, which only its owner may, and to make it anew."""


def remedy(statements: Sequence[str]) -> str:
    return f"As a superuser of that server, in that database: {' '.join(statements)}"
