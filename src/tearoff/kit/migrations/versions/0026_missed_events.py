"""What was missed while a webhook was off, sent again in a span; whose claims are whose."""

from alembic import op

from tearoff.kit.migrations.plain import run_sql_file

revision = "0026"
down_revision = "0025"

# Each beside the work: nobody waits for the log of deliveries. All of it can be run once more.
_INDEXES = {
    "hook_deliveries_missed": "(endpoint_id, created_at, id)"
    " WHERE state IN ('failed', 'dropped') AND thread <> 'webhook_test'",
    "hook_deliveries_replayed": "(replay_id, state) WHERE replay_id IS NOT NULL",
}


def upgrade() -> None:
    run_sql_file(__file__)
    with op.get_context().autocommit_block():
        for name, what in _INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON hook_deliveries {what}")
