"""The PostgreSQL that comes with Tearoff: one server for a data folder, however many
processes want it.

Only the programs come from the wheel; we start them ourselves. The server listens on a unix
socket in a folder of mode 0700 and asks for a password (scram-sha-256) that lies in the data
folder with mode 0600; there is no TCP and no trust.

    data folder/            0700
      pg.home               where the server's files are, when that is elsewhere
      pg.password           0600: the superuser's
      pg.app-password       0600: that of the role as which we connect (`pgrole`)
      pg.users, pg.lock     locks: who uses the server, who starts or stops it
      pg/                   the server's files: cluster, run (the socket), log

PostgreSQL refuses to run as root. Started by root it runs as the system user `tearoff`, which
cannot log in and is made if missing. That user must reach the files: when the data folder was
not made by us, or lies below a folder that the user cannot enter, they go to
`/var/lib/tearoff/`, and so do the programs. Nothing that we did not make is ever loosened.

Every process that uses the server holds a shared lock, which the kernel frees when it dies.
The last one to leave stops the server; should it be killed, a watchdog does (`pgwatchdog`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tearoff.kit import pgrole, pgwatchdog
from tearoff.kit.pgprograms import (
    USER,
    EmbeddedServerError,
    can_enter,
    can_use,
    give,
    major_version,
    make_folder,
    program,
    run,
    server_user,
    system_folder,
    write_private,
)

SOCKET_PATH_LIMIT = 90
"""Bytes of a socket folder's path; the kernel takes about 107 with the file name."""

# The passwords of the superuser and of the role as which we connect.
_ADMIN_FILE = "pg.password"
_APP_FILE = "pg.app-password"

# On the command line, so that clusters made by older versions have them too: neither statements
# nor the values in them, which are people's, belong into the log.
_QUIET = "-c log_min_error_statement=panic -c log_error_verbosity=terse"

SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 128MB
max_wal_size = 2GB
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9
wal_compression = on
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
max_worker_processes = 4
max_parallel_workers_per_gather = 0
jit = off
fsync = on
full_page_writes = on
synchronous_commit = on
password_encryption = scram-sha-256
logging_collector = off
log_min_messages = warning
"""


def is_embedded(url: str) -> bool:
    """Whether a database's address is that of an embedded one."""
    told = urlsplit(url)
    return not told.hostname and told.path == f"/{pgrole.DATABASE}" and "host=" in told.query


class EmbeddedServer:
    """The server of one data folder, as one process sees it."""

    def __init__(self, data_dir: Path) -> None:
        self.data = data_dir.absolute()
        self._users: int | None = None

    def attach(self) -> str:
        """Start the server unless it runs, and use it until `detach`. Gives its address."""
        self._make_data_folder()
        with self.alone():
            home = self._home()
            if not (home / "cluster").exists():
                self._create(home)
            self._check_version(home)
            if not self._is_up(home):
                self._start(home)
            self._ensure_role(home)
            self._join()
        return self.url()

    def detach(self) -> bool:
        """Leave; the last one stops the server, and is told so."""
        if self._users is None:
            return False
        with self.alone():
            os.close(self._users)
            self._users = None
            is_last = self._nobody_left()
            if is_last:
                self._stop(self._home())
        return is_last

    def revive(self) -> None:
        """Start the server again if it has died. Cheap when it has not."""
        if _pid_of(self._home() / "cluster") is not None:
            return
        with self.alone():
            if not self._is_up(self._home()):
                self._start(self._home())

    def url(self) -> str:
        """The address of the database as the program uses it, whether the server runs or not."""
        return self._url(pgrole.APP_ROLE, _APP_FILE)

    def admin_url(self) -> str:
        """The same as the superuser: for tests and for an operator's own look, never to serve."""
        return self._url(USER, _ADMIN_FILE)

    def _url(self, role: str, secret: str) -> str:
        # A folder of a version before has no password of the role until a server was joined.
        password = _read(self.data / secret) if (self.data / secret).exists() else ""
        host = self._socket_folder(self._home())
        return f"postgresql://{role}:{password}@/{pgrole.DATABASE}?host={host}"

    def home(self) -> Path:
        """The folder with the server's own files."""
        return self._home()

    # making ------------------------------------------------------------------------------

    def _make_data_folder(self) -> None:
        if self.data.exists():
            return
        self.data.parent.mkdir(parents=True, exist_ok=True)
        # Renamed into place: of several that start at once, none sees a folder half made.
        fresh = Path(tempfile.mkdtemp(prefix=f".{self.data.name}-", dir=self.data.parent))
        owner = server_user()
        if owner is not None and can_enter(owner, self.data.parent):
            os.chown(fresh, owner.pw_uid, owner.pw_gid)
        os.close(_open_lock(fresh / "pg.lock"))  # an empty folder could be renamed over
        try:
            fresh.rename(self.data)
        except OSError:
            shutil.rmtree(fresh)
            if not self.data.is_dir():
                raise

    def _home(self) -> Path:
        pointer = self.data / "pg.home"
        if pointer.exists():
            return Path(pointer.read_text("utf-8").strip())
        home = self._choose_home()
        if home != self.data / "pg":
            write_private(pointer, str(home))
        return home

    def _choose_home(self) -> Path:
        owner = server_user()
        if owner is None or can_use(owner, self.data):
            return self.data / "pg"
        return system_folder("clusters") / secrets.token_hex(8)

    def _create(self, home: Path) -> None:
        owner = server_user()
        make_folder(home, owner)
        self.create_cluster(home, home / "cluster.new", checksums=True)
        (home / "cluster.new").rename(home / "cluster")

    def create_cluster(self, home: Path, fresh: Path, *, checksums: bool) -> None:
        """Make an empty cluster with our settings. Whoever needs it renames it into place: a
        half-made one is never taken for a whole one."""
        owner, password = server_user(), self._password(_ADMIN_FILE)
        shutil.rmtree(fresh, ignore_errors=True)
        password_file = home / "password.tmp"
        write_private(password_file, password)
        give(password_file, owner)
        try:
            run(
                "initdb", "-D", str(fresh), "-U", USER, f"--pwfile={password_file}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin",
                "--locale=C.UTF-8", "--no-instructions",
                "--data-checksums" if checksums else "--no-data-checksums", owner=owner,
            )  # fmt: skip
        finally:
            password_file.unlink()
        configure(fresh)

    def _password(self, name: str) -> str:
        path = self.data / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(32))
        return _read(path)

    def _ensure_role(self, home: Path) -> None:
        pgrole.ensure(
            str(self._socket_folder(home)),
            admin_password=self._password(_ADMIN_FILE),
            password=self._password(_APP_FILE),
        )

    def _check_version(self, home: Path) -> None:
        found = (home / "cluster" / "PG_VERSION").read_text("ascii").strip()
        if found != major_version():
            raise EmbeddedServerError(
                f"The database was made by PostgreSQL {found}; this version brings"
                f" {major_version()}.",
                hint="Run `tearoff upgrade` once.",
            )

    # starting and stopping ---------------------------------------------------------------

    def _start(self, home: Path) -> None:
        log = home / "log"
        remove_stale_pid_file(home / "cluster")
        pid = _pid_of(home / "cluster")
        if pid is not None:
            raise EmbeddedServerError(
                f"The embedded PostgreSQL runs (process {pid}), and does not answer.",
                hint=f"Do its machine and its disk work? All goes on when it does. Its log: {log}",
            )
        socket_folder = self.make_socket_folder(home)
        pgwatchdog.begin_log_anew(log)
        try:
            run(
                "pg_ctl", "start", "-w", "-t", "120", "-s", "-D", str(home / "cluster"),
                "-l", str(log), "-o", f"-c unix_socket_directories='{socket_folder}' {_QUIET}",
                owner=server_user(), own_session=True,
            )  # fmt: skip
        except EmbeddedServerError as error:
            tail = log.read_text("utf-8", "replace")[-600:] if log.exists() else ""
            raise EmbeddedServerError(f"{error}\n{tail}", hint=f"The whole log: {log}") from None
        pgwatchdog.start(self.data, home / "cluster", log)

    def _stop(self, home: Path) -> None:
        run(
            "pg_ctl", "stop", "-w", "-m", "fast", "-s", "-D", str(home / "cluster"),
            owner=server_user(), own_session=True,  # an impatient Ctrl-C does not reach it
        )  # fmt: skip

    def _is_up(self, home: Path) -> bool:
        if not (home / "cluster" / "postmaster.pid").exists():
            return False
        ready = subprocess.run(
            [str(program("pg_isready")), "-q", "-h", str(self._socket_folder(home)), "-t", "10"],
            check=False,
            cwd="/",
        )
        return ready.returncode == 0

    def _socket_folder(self, home: Path) -> Path:
        recorded = home / "socket"
        if recorded.exists():
            return Path(recorded.read_text("utf-8"))
        return home / "run"

    def make_socket_folder(self, home: Path) -> Path:
        """The folder of the socket, made if missing; a short one when the path is long."""
        owner = server_user()
        folder = self._socket_folder(home)
        if len(os.fsencode(folder)) > SOCKET_PATH_LIMIT:
            folder = Path(tempfile.mkdtemp(prefix="tearoff-"))
            write_private(home / "socket", str(folder))
            give(home / "socket", owner)
        make_folder(folder, owner)
        return folder

    # locks -------------------------------------------------------------------------------

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        fd = _open_lock(self.data / "pg.lock")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def _join(self) -> None:
        if self._users is None:
            self._users = _open_lock(self.data / "pg.users")
            fcntl.flock(self._users, fcntl.LOCK_SH)

    def _nobody_left(self) -> bool:
        fd = _open_lock(self.data / "pg.users")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
        return True


def configure(cluster: Path) -> None:
    """Write our settings and who may connect into a cluster."""
    with (cluster / "postgresql.conf").open("a") as file:
        file.write(f"\n# tearoff\n{SETTINGS}")
    let_in_by_password(cluster)


def let_in_by_password(cluster: Path) -> None:
    (cluster / "pg_hba.conf").write_text("local all all scram-sha-256\n", "ascii")


def _read(path: Path) -> str:
    return path.read_text("ascii").strip()


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _pid_of(cluster: Path) -> int | None:
    """The server's process if it lives."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int((cluster / "postmaster.pid").read_text("ascii").split()[0])
        os.kill(pid, 0)
        return pid
    return None


def remove_stale_pid_file(cluster: Path) -> None:
    """After a crash the pid in the file may belong to another program by now, and PostgreSQL
    would wait for that."""
    path = cluster / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError, IndexError):
        pid = int(path.read_text("ascii").split()[0])
        command = (
            Path(f"/proc/{pid}/cmdline").read_bytes() if Path("/proc").exists() else b"postgres"
        )
        if b"postgres" not in command:
            path.unlink()
