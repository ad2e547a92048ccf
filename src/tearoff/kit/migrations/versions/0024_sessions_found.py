"""Coupons are found over a whole account, also by the beginning of a name."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    run_sql_file(__file__)
