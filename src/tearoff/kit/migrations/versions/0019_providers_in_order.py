"""Connections have names, an order, prices by country, and say how they do."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_sql_file(__file__)
