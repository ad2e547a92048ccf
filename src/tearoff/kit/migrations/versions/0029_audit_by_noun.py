"""The audit log is found by what a change was about."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    run_sql_file(__file__)
