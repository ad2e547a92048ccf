"""A coupon's own end may be later than its campaign's."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    run_sql_file(__file__)
