"""Campaigns counted as it happens, found by their words, drafts, templates, who changed them last."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0020"
down_revision = "0015"


def upgrade() -> None:
    run_sql_file(__file__)
