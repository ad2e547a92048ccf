"""The first line: accounts, campaigns, sessions, messages and what services report."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql_file(__file__)
