"""The coupon on the phone and the counter: options of campaigns, activation, limits, devices."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql_file(__file__)
