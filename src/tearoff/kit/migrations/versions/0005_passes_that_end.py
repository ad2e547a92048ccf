"""Passes in wallets hear of endings: by time, by a limit, by deletion."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_sql_file(__file__)
