"""A scan keeps what stood in its way, and whether people asked to take it in."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_sql_file(__file__)
