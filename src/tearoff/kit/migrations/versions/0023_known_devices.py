"""Links that pair devices have numbers; a device that is known is paired anew."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    run_sql_file(__file__)
