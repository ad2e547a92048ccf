"""The whole API: lists of any size, pools, contacts, e-mail, subaccounts, webhooks."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql_file(__file__)
