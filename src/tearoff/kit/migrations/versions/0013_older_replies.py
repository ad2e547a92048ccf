"""Replies that the version before has handled are read again."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql_file(__file__)
