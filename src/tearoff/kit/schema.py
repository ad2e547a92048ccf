"""Which schema a database has, and which one this version needs."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from tearoff import __version__
from tearoff.errors import Conflict
from tearoff.kit import canonical_forms, older_names
from tearoff.kit.db import Handle

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


class NewerSchema(Conflict):
    """The schema is one that this version does not know."""


def refuse_newer(revision: str | None, what: str = "database") -> None:
    """Raises `NewerSchema`. Whoever works on a schema that it does not know may spoil it."""
    if revision is not None and revision not in revisions():
        raise NewerSchema(
            f"The {what} is of a newer Tearoff (schema {revision}); this is version {__version__}"
            f" (schema {revisions()[-1]}).",
            hint="Start the newer version.",
        )


async def is_up_to_date(db: Handle) -> bool:
    """Are the tables those of this version, the queue's those of its version, and is what is
    stored in the forms of this version?"""
    if await current_revision(db) != revisions()[-1]:
        return False
    if not (await canonical_forms.is_done(db) and await older_names.is_done(db)):
        return False
    noted: str | None = await db.fetchval("SELECT obj_description('alembic_version'::regclass)")
    return noted == queue_version()


def queue_version() -> str:
    """The queue makes its tables itself. Which version made them is noted as a comment on the
    table that names our own revision."""
    return f"pgqueuer {version('pgqueuer')}"


def revisions() -> list[str]:
    """The names of all revisions, oldest first: what their files' names begin with."""
    return sorted(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))


async def current_revision(db: Handle) -> str | None:
    if await db.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    found: str | None = await db.fetchval("SELECT version_num FROM alembic_version")
    return found
