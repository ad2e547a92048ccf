"""Invitations to an account: who invited, until when, and what became of the mail."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    run_sql_file(__file__)
