"""Passkeys of people, and the challenges that were answered."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    run_sql_file(__file__)
