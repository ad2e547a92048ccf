"""Tokens of callback addresses are found by their hash and kept sealed; what is counted often has
its index."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql_file(__file__)
