"""What was typed when a sign-in was over."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    run_sql_file(__file__)
