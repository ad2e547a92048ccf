"""Opt-outs and answers are found by the end of a number, lists wait between two steps."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    run_sql_file(__file__)
