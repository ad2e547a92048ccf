"""What was changed by whom, and what a key may do."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_sql_file(__file__)
