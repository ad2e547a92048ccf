"""A program's link lets somebody do no more than its key; which keys are an owner's."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    run_sql_file(__file__)
