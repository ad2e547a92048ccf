"""How long a PIN is; a kind of event more."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql_file(__file__)
