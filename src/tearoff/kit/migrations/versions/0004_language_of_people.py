"""The language in which a person reads."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql_file(__file__)
