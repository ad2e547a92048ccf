"""What comes in: replies are kept and reviewed, a connection knows its country, and numbers on
the opt-out list stand there in the spelling in which they are compared."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql_file(__file__)
