"""How long an account keeps what it knows of people, and who was erased."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    run_sql_file(__file__)
