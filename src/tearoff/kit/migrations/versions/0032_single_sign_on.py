"""An account's own provider of sign-ins (OpenID Connect)."""

from tearoff.kit.migrations.plain import run_sql_file

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    run_sql_file(__file__)
