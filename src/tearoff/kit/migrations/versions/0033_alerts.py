"""What an account is told of without having asked."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    run_sql_file(__file__)
