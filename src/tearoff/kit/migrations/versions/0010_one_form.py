"""One form of own codes, and what is stored brought into the forms in which it is compared."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_sql_file(__file__)
