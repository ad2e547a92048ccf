"""A shop's own codes, as they are read."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql_file(__file__)
