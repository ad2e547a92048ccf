"""The program uses its embedded database as a role of its own, which may do nothing beyond."""

import asyncio

import asyncpg
import pytest

from tearoff.cli.findings_role import of_role
from tearoff.kit import pgbackup, pgprograms, pgrole
from tearoff.kit.db import Database
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.migrate import migrate
from tearoff.kit.schema import is_up_to_date
from tests.kit.servers import ask, leave, told
from tests.running import PATIENCE

BEYOND = [
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "CREATE TEMP TABLE t (x text); COPY t FROM PROGRAM 'id'",
    "CREATE TEMP TABLE t (x text); COPY t FROM '/etc/hostname'",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT pg_read_binary_file('postgresql.conf')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/hostname')",
    "SELECT rolpassword FROM pg_authid",
    "ALTER SYSTEM SET archive_command = 'true'",
    "SET session_replication_role = replica",
    "CREATE ROLE other SUPERUSER",
    "ALTER ROLE tearoff_app SUPERUSER",
    "SET ROLE tearoff",
    "CREATE DATABASE other",
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc.so.6', 'getpid'",
]


async def test_the_role_may_nothing_beyond_its_database(cluster, database_url):
    if cluster.app == cluster.admin:
        pytest.skip("the tests were given a server and its role")
    connection = await asyncpg.connect(database_url)
    role = await connection.fetchrow(
        "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname = current_user"
    )
    assert tuple(role) == (pgrole.APP_ROLE, *[False] * 5)
    member_of = "SELECT roleid FROM pg_auth_members WHERE member = current_user::regrole"
    assert await connection.fetch(member_of) == []
    for statement in BEYOND:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"BEGIN; {statement}" if "TEMP" in statement else statement)
        await connection.execute("ROLLBACK")
    await connection.close()


MORE_KINDS = """
CREATE SCHEMA "Other one";
CREATE TYPE "Other one".mood AS ENUM ('fine');
CREATE DOMAIN small AS int CHECK (value < 10);
CREATE TYPE pair AS (a int, b small);
CREATE TYPE span AS RANGE (subtype = int);
CREATE TABLE "Other one"."My table" (
  id int GENERATED ALWAYS AS IDENTITY, n serial, moods "Other one".mood[], p pair, s span, t text);
CREATE SEQUENCE alone;
CREATE VIEW seen AS SELECT id FROM "Other one"."My table";
CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one;
CREATE FUNCTION lower(small) RETURNS int LANGUAGE sql RETURN 1;
CREATE PROCEDURE "do it"(a text, b "Other one".mood[]) LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int);
"""

OWNERS = """
WITH ours AS (
  SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')
SELECT array_agg(DISTINCT owner::regrole::text ORDER BY owner::regrole::text) FROM (
  SELECT relowner FROM pg_class WHERE relnamespace IN (SELECT oid FROM ours)
  UNION ALL SELECT proowner FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ours)
  UNION ALL SELECT typowner FROM pg_type WHERE typnamespace IN (SELECT oid FROM ours)
  UNION ALL SELECT nspowner FROM pg_namespace WHERE oid IN (SELECT oid FROM ours)
    AND nspowner <> 'pg_database_owner'::regrole
  UNION ALL SELECT datdba FROM pg_database WHERE datname = current_database()
) all_owners (owner)
"""


def start_as_before(data):
    """A running server as the version before makes it, and a process of that version which uses
    it: everything belongs to the superuser."""
    old = EmbeddedServer(data)
    old._make_data_folder()
    with old.alone():
        home = old.home()
        old._create(home)
        old._start(home)
        env = {
            "PGHOST": str(home / "run"), "PGUSER": pgprograms.USER,
            "PGPASSWORD": (data / "pg.password").read_text(),
        }  # fmt: skip
        pgprograms.run("createdb", "tearoff", env=env)
        old._join()
    return old


def test_an_older_data_folder_is_handed_over_beside_those_who_use_it(data, tmp_path):
    old = start_as_before(data)
    asyncio.run(migrate(old.admin_url()))
    pgbackup.backup(old.admin_url(), tmp_path / "before.dump")
    asyncio.run(_run(old.admin_url(), MORE_KINDS))
    assert ask(old.admin_url(), OWNERS) == [pgprograms.USER]
    new = EmbeddedServer(data)
    url = asyncio.run(_join_beside(old, new))
    assert ask(url, OWNERS) == [pgrole.APP_ROLE]

    # An older process makes something more; whoever joins next may change that too.
    ask(old.admin_url(), "SELECT cut_months(9)")
    assert ask(url, OWNERS) == [pgprograms.USER, pgrole.APP_ROLE]
    assert new.attach() == url
    assert ask(url, OWNERS) == [pgrole.APP_ROLE]
    ask(url, "ALTER TABLE messages ADD COLUMN more int")

    # What was written before comes back, also over what an older version brought back.
    anew = 'DROP SCHEMA public, "Other one" CASCADE'
    ask(old.admin_url(), anew, "CREATE SCHEMA public")
    new.attach()
    pgbackup.restore(url, tmp_path / "before.dump", force=True)
    assert ask(url, OWNERS) == [pgrole.APP_ROLE]
    assert asyncio.run(_is_up_to_date(url))
    pgbackup.backup(url, tmp_path / "after.dump")
    pgbackup.restore(url, tmp_path / "after.dump", force=True)
    assert asyncio.run(_is_up_to_date(url))
    new.detach()
    old.detach()


async def _run(url, script):
    connection = await asyncpg.connect(url)
    await connection.execute(script)
    await connection.close()


async def test_the_doctor_tells_of_a_superuser(cluster, services):
    if cluster.app == cluster.admin:
        pytest.skip("the tests were given a server and its role")
    assert (await of_role(services.db)).is_fine
    found = await _role_of(cluster.admin)
    assert (found.what, found.is_fine) == ("database role", False)
    assert "docs/operators.md" in found.hint


async def test_a_role_that_may_not_replace_is_told_before_and_how(cluster, worker_id, tmp_path):
    if cluster.app == cluster.admin:
        pytest.skip("the tests were given a server and its role")
    name, file = f"tearoff_granted_{worker_id}", tmp_path / "it.dump"
    url = await cluster.create(name)
    admin = cluster.admin.replace("/tearoff?", f"/{name}?")
    await _run(
        admin,
        f"ALTER DATABASE {name} OWNER TO CURRENT_USER;"
        f" GRANT ALL ON SCHEMA public TO {pgrole.APP_ROLE}",
    )
    await migrate(url)
    await asyncio.to_thread(pgbackup.backup, url, file)
    found = await _role_of(url)
    statements = (
        f"ALTER SCHEMA public OWNER TO {pgrole.APP_ROLE};"
        f" GRANT CREATE ON DATABASE {name} TO {pgrole.APP_ROLE};"
    )
    assert not found.is_fine and "`tearoff restore --force` would fail" in found.text
    assert found.hint == f"As a superuser of that server, in that database: {statements}"
    with pytest.raises(pgbackup.CannotReplace) as error:
        await asyncio.to_thread(pgbackup.restore, url, file, force=True)
    assert error.value.hint == found.hint
    await _run(admin, statements)
    assert (await _role_of(url)).is_fine
    await asyncio.to_thread(pgbackup.restore, url, file, force=True)
    assert await _is_up_to_date(url)
    await cluster.drop(name)


async def _role_of(url):
    db = await Database.open(url, size=1)
    try:
        return await of_role(db)
    finally:
        await db.close()


async def _is_up_to_date(url):
    db = await Database.open(url, size=1)
    try:
        return await is_up_to_date(db)
    finally:
        await db.close()


async def _join_beside(old, new):
    """Join while an older process is in the middle of a transaction; it goes on afterwards."""
    theirs = await asyncpg.connect(old.admin_url())
    watching = await asyncpg.connect(old.admin_url())
    add = "INSERT INTO accounts (name, email) VALUES ($1, $1 || '@example.com')"
    try:
        async with theirs.transaction():
            await theirs.execute(add, "before")
            joining = asyncio.create_task(asyncio.to_thread(new.attach))
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            async with asyncio.timeout(PATIENCE):
                while not await watching.fetchval(waits):
                    assert not joining.done()
                    await asyncio.sleep(0.02)
        url = await joining
        await theirs.execute(add, "after")
        assert await watching.fetchval("SELECT count(*) FROM accounts") == 2
        return url
    finally:
        await theirs.close()
        await watching.close()


def test_a_password_is_not_written_through_a_link(tmp_path):
    other = tmp_path / "other"
    other.write_text("somebody's")
    for name in ("pg.app-password", "pg.app-password.part"):
        (tmp_path / name).symlink_to(other)
    pgprograms.write_private(tmp_path / "pg.app-password", "new")
    assert other.read_text() == "somebody's"
    assert not (tmp_path / "pg.app-password").is_symlink()
    assert (tmp_path / "pg.app-password").read_text() == "new"


def test_several_hand_over_at_once(data, hold):
    old = start_as_before(data)
    ask(old.admin_url(), "CREATE TABLE kept AS SELECT 8 AS n")
    old.detach()
    holders = [hold(data) for _ in range(3)]
    (url,) = {told(holder) for holder in holders}
    assert ask(url, "UPDATE kept SET n = n + 1 RETURNING n") == 9
    for holder in holders:
        leave(holder)
    # A lost password of the role is no harm: the next who joins sets a new one.
    (data / "pg.app-password").unlink()
    again = EmbeddedServer(data)
    assert ask(again.attach(), "SELECT n FROM kept") == 9
    assert again.url() != url
    again.detach()
