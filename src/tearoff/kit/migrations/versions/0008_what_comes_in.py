"""What comes in: replies are kept and reviewed, and a connection knows its country."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql_file(__file__)
