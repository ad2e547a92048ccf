"""Keys that a person makes, rolls and revokes, and which of them signs the webhooks."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql_file(__file__)
