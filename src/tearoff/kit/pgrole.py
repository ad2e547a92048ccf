"""The role as which Tearoff uses its own database.

The superuser with whom a cluster begins may read and write files of the machine and run programs
(`COPY … FROM PROGRAM`), so a fault in a statement of ours would reach far. It makes the role, and
that is all it is used for: web, worker and every command connect as `tearoff_app`, which owns the
database `tearoff` and what is in it, and may do nothing beyond.

In clusters of versions before, everything belongs to the superuser. It is handed over when a
process of this version starts the server or joins it: in one transaction, beside older processes,
who go on as superuser. What they make later is handed over when the next one joins. (`REASSIGN
OWNED` refuses the first superuser, to whom PostgreSQL's own objects belong.)
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from tearoff.kit.pgprograms import USER, EmbeddedServerError, run

APP_ROLE = "tearoff_app"
DATABASE = "tearoff"

PATIENCE = 120.0
"""Seconds to try for locks that older processes hold; each try keeps them waiting a second."""

# What an extension brought (`e`) stays its own. Parts follow (`i`, `a`): indexes, rows' types,
# sequences of columns, arrays of types.
_NOT_OURS = f"""
WITH owned (class, object, schema, is_part, what) AS (
  SELECT 'pg_class'::regclass, oid, relnamespace, relkind = 'S', format('TABLE %s', oid::regclass)
    FROM pg_class WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND relowner = '{USER}'::regrole
  UNION ALL
  SELECT 'pg_proc'::regclass, oid, pronamespace, false, format('ROUTINE %s', oid::regprocedure)
    FROM pg_proc WHERE proowner = '{USER}'::regrole
  UNION ALL
  SELECT 'pg_type'::regclass, t.oid, t.typnamespace, true, format('TYPE %s', t.oid::regtype)
    FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typowner = '{USER}'::regrole AND (c.oid IS NULL OR c.relkind = 'c')
  UNION ALL
  SELECT 'pg_namespace'::regclass, oid, oid, false, format('SCHEMA %I', nspname)
    FROM pg_namespace WHERE nspowner = '{USER}'::regrole
)
SELECT format('ALTER %s OWNER TO {APP_ROLE}', what)
FROM owned JOIN pg_namespace n ON n.oid = schema
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = class AND d.objid = object AND d.objsubid = 0 AND (
    d.deptype = 'e' OR is_part AND d.deptype IN ('i', 'a')))
"""

_IS_COMPLETE = f"""
SELECT NOT EXISTS ({_NOT_OURS})
AND (SELECT datdba FROM pg_database WHERE datname = '{DATABASE}') = '{APP_ROLE}'::regrole
AND NOT (SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = current_user)
"""

_COMPLETE = rf"""
\set ON_ERROR_STOP on
\set VERBOSITY verbose
\getenv password APP_PASSWORD
SELECT 'CREATE DATABASE {DATABASE}'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \gexec
\connect {DATABASE}
BEGIN;
SET LOCAL lock_timeout = '1s';
SELECT 'CREATE ROLE {APP_ROLE}'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') \gexec
ALTER ROLE {APP_ROLE} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS
PASSWORD :'password';
ALTER DATABASE {DATABASE} OWNER TO {APP_ROLE};
{_NOT_OURS} \gexec
COMMIT;
"""

_IN_USE = ("55P03", "40P01")
"""What PostgreSQL says of a lock that was not to be had, and of a deadlock."""


def ensure(socket_folder: str, *, admin_password: str, password: str) -> None:
    """Make the database, the role, and the role the owner of everything, unless they are: asked
    by connecting as the role, which takes some 15 ms. The server runs, and the caller is alone."""
    if not _is_complete(_login(socket_folder, APP_ROLE, password)):
        _complete(_login(socket_folder, USER, admin_password) | {"APP_PASSWORD": password})


def _is_complete(env: Mapping[str, str]) -> bool:
    try:
        return _psql("-d", DATABASE, "-c", _IS_COMPLETE, env=env).strip() == "t"
    except EmbeddedServerError:
        return False


def _complete(env: Mapping[str, str]) -> None:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            _psql("-q", "-d", "postgres", env=env, text=_COMPLETE)
            return
        except EmbeddedServerError as error:
            is_in_use = any(code in str(error) for code in _IN_USE)
            if not is_in_use:
                raise
            if time.monotonic() > give_up:
                raise EmbeddedServerError(
                    "The database's tables could not be handed over to the role of the program:"
                    f" something holds them.\n{error}",
                    hint="Stop the processes of the version before, then start again.",
                ) from None
            time.sleep(0.2)  # lets those in whom we made wait


def _psql(*arguments: str, env: Mapping[str, str], text: str = "") -> str:
    return run("psql", "-XAt", *arguments, env=dict(env), text=text)


def _login(socket_folder: str, user: str, password: str) -> dict[str, str]:
    return {"PGHOST": socket_folder, "PGUSER": user, "PGPASSWORD": password}
