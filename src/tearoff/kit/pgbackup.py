"""Backup, restore and upgrade, with PostgreSQL's own programs."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

from tearoff.errors import Conflict, Forbidden
from tearoff.kit import pgprograms, pgrights
from tearoff.kit.embedded import EmbeddedServer, let_in_by_password, remove_stale_pid_file
from tearoff.kit.pgprograms import EmbeddedServerError, program
from tearoff.kit.schema import refuse_newer


class DatabaseNotEmpty(Conflict):
    """The database holds tables already."""


class CannotReplace(Forbidden):
    """The database's role may not replace what is there."""


def backup(url: str, file: Path) -> None:
    """Write the whole database into one file (pg_dump's custom format), mode 0600. The file
    appears only when it is complete."""
    half = file.with_name(file.name + ".part")
    fd = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as out:
        _run(["pg_dump", "--format=custom", "--no-owner", "--no-acl"], url, stdout=out)
        out.flush()
        os.fsync(out.fileno())
    half.replace(file)


def restore(
    url: str, file: Path, *, force: bool = False, before: Callable[[], None] = lambda: None
) -> None:
    """Bring a backup back, whole or not at all; `before` is done when nothing is refused any more
    and all is as it was. Refuses a database that holds tables, unless `force`: then what is there
    is replaced, if the role may (`CannotReplace`); and the backup of a newer version
    (`NewerSchema`)."""
    if not file.is_file():
        raise EmbeddedServerError(f"There is no file {file}.")
    held = _run(
        ["psql", "-XAt", "-c",
         "SELECT count(*) FROM pg_tables"
         " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"],
        url,
    )  # fmt: skip
    if held.strip() != "0" and not force:
        raise DatabaseNotEmpty(hint="`--force` replaces what is there.")
    refuse_newer(_revision_in(file, url), "backup")
    if force and (missing := _run(["psql", "-XAt", "-c", pgrights.MISSING_FOR_RESTORE], url)):
        raise CannotReplace(hint=pgrights.remedy(missing.splitlines()))
    before()
    _bring_back(url, file, "DROP SCHEMA public CASCADE; CREATE SCHEMA public;" if force else "")


def _revision_in(file: Path, url: str) -> str | None:
    """The schema's, in a backup of ours that can be read."""
    read = ["--data-only", "--table=alembic_version", "--file=-", str(file)]
    try:
        found = _REVISION.search(_run(["pg_restore", *read], url))
    except EmbeddedServerError:  # told when it is brought back
        return None
    return found and found[1]


_REVISION = re.compile(r"^COPY public\.alembic_version .*\n(\w+)$", re.M)


def _bring_back(url: str, file: Path, before: str) -> None:
    """What is dropped before is dropped in the same transaction. psql is told to commit only when
    pg_restore has read the file to its end; whatever ends either of them, all stays as it was."""
    with file.open("rb") as source, tempfile.TemporaryFile() as told:
        writing = subprocess.Popen(
            [str(program("psql")), "-Xq", "-v", "ON_ERROR_STOP=1"], env=_programs_environment(url),
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=told,
        )  # fmt: skip
        assert writing.stdin is not None
        is_whole = False
        with contextlib.suppress(BrokenPipeError), writing.stdin:
            writing.stdin.write(f"SET client_min_messages = error; BEGIN; {before}\n".encode())
            writing.stdin.flush()
            reading = subprocess.run(
                [str(program("pg_restore")), "--no-owner", "--no-acl", "--file=-"],
                env=_programs_environment(url),
                stdin=source, stdout=writing.stdin, stderr=told, check=False,
            )  # fmt: skip
            is_whole = reading.returncode == 0
            writing.stdin.write(b"COMMIT;\n" if is_whole else b"")
        if writing.wait() != 0 or not is_whole:
            told.seek(0)
            text = told.read(4000).decode("utf-8", "replace").strip()
            raise EmbeddedServerError(f"Nothing was brought back: {text}")


def upgrade(data_dir: Path, old_programs: Path | None = None) -> str:
    """Bring an embedded cluster of an older PostgreSQL to the one we have. Gives the folder in
    which the old cluster is kept, until somebody removes it; "" when nothing was to do."""
    server = EmbeddedServer(data_dir)
    home = server.home()
    old = home / "cluster"
    if not old.exists():
        raise EmbeddedServerError(f"There is no embedded database in {data_dir}.")
    found = (old / "PG_VERSION").read_text("ascii").strip()
    if found == pgprograms.major_version():
        return ""
    programs = old_programs or find_programs(found)
    with server.alone():
        kept = home / f"cluster-{found}"
        if kept.exists():
            raise EmbeddedServerError(f"{kept} is in the way.", hint="Move it elsewhere.")
        _upgrade_cluster(server, home, programs)
        old.rename(kept)
        (home / "cluster.new").rename(old)
    return str(kept)


def find_programs(major: str) -> Path:
    """The programs of an older PostgreSQL: in our wheel or from Debian."""
    root = pgprograms.bin_dir().parent.parent
    candidates = [*root.glob("pginstall*/bin"), Path(f"/usr/lib/postgresql/{major}/bin")]
    for folder in candidates:
        if (folder / "postgres").exists() and _major_of(folder) == major:
            return folder
    raise EmbeddedServerError(
        f"The programs of PostgreSQL {major} were not found.",
        hint=f"Install them (Debian: postgresql-{major}) or name their folder with --old-programs.",
    )


def _upgrade_cluster(server: EmbeddedServer, home: Path, programs: Path) -> None:
    """pg_upgrade copies; until it has succeeded the old cluster is untouched."""
    owner = pgprograms.server_user()
    remove_stale_pid_file(home / "cluster")
    server.create_cluster(home, home / "cluster.new", checksums=_has_checksums(home, programs))
    work = home / "upgrade"
    shutil.rmtree(work, ignore_errors=True)
    pgprograms.make_folder(work, owner)
    trusted = "local all all peer map=upgrade\n"
    user = owner.pw_name if owner else _me()
    for cluster in (home / "cluster", home / "cluster.new"):
        (cluster / "pg_hba.conf").write_text(trusted, "ascii")
        (cluster / "pg_ident.conf").write_text(f"upgrade {user} {pgprograms.USER}\n", "ascii")
    pgprograms.run(
        "pg_upgrade", "-b", str(programs), "-B", str(pgprograms.bin_dir()),
        "-d", str(home / "cluster"), "-D", str(home / "cluster.new"), "-U", pgprograms.USER,
        "-s", str(server.make_socket_folder(home)), owner=owner, cwd=str(work),
    )  # fmt: skip
    let_in_by_password(home / "cluster.new")
    shutil.rmtree(work, ignore_errors=True)


def _has_checksums(home: Path, programs: Path) -> bool:
    shown = pgprograms.run("pg_controldata", str(home / "cluster"), folder=programs)
    return "Data page checksum version:           0" not in shown


def _major_of(folder: Path) -> str:
    shown = subprocess.run(
        [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    return shown.stdout.split("(PostgreSQL)")[1].split()[0].partition(".")[0]


def _me() -> str:
    import pwd  # noqa: PLC0415

    return pwd.getpwuid(os.geteuid()).pw_name


def _programs_environment(url: str) -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", **_environment(url)}


def _environment(url: str) -> dict[str, str]:
    """A URL as libpq's variables: a password has no place among a program's arguments."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    host = parts.hostname or query.get("host", [""])[0]
    found = {
        "PGHOST": unquote(host),
        "PGPORT": str(parts.port or query.get("port", [""])[0]),
        "PGUSER": unquote(parts.username or query.get("user", [""])[0]),
        "PGPASSWORD": unquote(parts.password or query.get("password", [""])[0]),
        "PGDATABASE": unquote(parts.path.lstrip("/")) or "tearoff",
        "PGSSLMODE": query.get("sslmode", [""])[0],
    }
    return {name: value for name, value in found.items() if value}


def _run(command: list[str], url: str, *, stdout: BinaryIO | None = None) -> str:
    done = subprocess.run(
        [str(program(command[0])), *command[1:]],
        env=_programs_environment(url),
        stdin=subprocess.DEVNULL,
        stdout=stdout or subprocess.PIPE,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        told = done.stderr.decode("utf-8", "replace").strip()
        raise EmbeddedServerError(f"{command[0]} failed: {told}")
    return (done.stdout or b"").decode("utf-8", "replace")
