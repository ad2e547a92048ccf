"""What was counted for a person under an older key is brought under today's."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql_file(__file__)
