"""A person, apart from their places in accounts."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_sql_file(__file__)
