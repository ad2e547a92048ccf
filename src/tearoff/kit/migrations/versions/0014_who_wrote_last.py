"""What somebody wrote last, and under which id, is looked up when they write again."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_sql_file(__file__)
