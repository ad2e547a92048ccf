"""Lets a revision be a file of plain SQL beside its Python file."""

from pathlib import Path

from alembic import op


def run_sql_file(revision_file: str) -> None:
    """Run `<revision>.sql`. The whole file is one script in the revision's transaction."""
    script = Path(revision_file).with_suffix(".sql").read_text("utf-8")
    op.execute("SELECT 1")  # opens the transaction: a script handed to the driver would not
    raw = op.get_bind().connection.dbapi_connection
    assert raw is not None
    raw.run_async(lambda driver: driver.execute(script))
