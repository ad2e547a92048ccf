"""An address stands once in a tenant, not once in the world."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql_file(__file__)
