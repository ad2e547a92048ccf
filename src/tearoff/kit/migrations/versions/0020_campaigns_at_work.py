"""Campaigns are counted as it happens and found by words; drafts, templates, who changed one."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0020"
down_revision = "0017"


def upgrade() -> None:
    run_sql_file(__file__)
