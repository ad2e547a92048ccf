"""`tearoff migrate`, `backup`, `restore`, `upgrade` and `doctor`"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from pathlib import Path

import asyncpg

from tearoff.cli import address
from tearoff.cli.common import Commands, add_command, add_json, database, settings_of, show
from tearoff.cli.doctor import examine
from tearoff.config import Settings
from tearoff.errors import Conflict, TearoffError
from tearoff.keeping.again import erase_again
from tearoff.kit import clock, logs, pgbackup, signs_of_life
from tearoff.kit.db import Database
from tearoff.kit.migrate import migrate
from tearoff.kit.pgprograms import EmbeddedServerError
from tearoff.people import carried_over


def add_commands(commands: Commands) -> None:
    update = add_command(commands, "migrate", _migrate, "bring the database's schema up to date")
    add_json(update)
    backup = add_command(commands, "backup", _backup, "write the whole database into a file")
    backup.add_argument("file", type=Path)
    add_json(backup)
    restore = add_command(commands, "restore", _restore, "bring a backup back")
    restore.add_argument("file", type=Path)
    restore.add_argument("--force", action="store_true", help="replace what is there")
    add_json(restore)
    upgrade = add_command(commands, "upgrade", _upgrade, "move the embedded database to a newer"
                          " PostgreSQL")  # fmt: skip
    upgrade.add_argument("--old-programs", type=Path, metavar="DIR")
    add_json(upgrade)
    doctor = add_command(commands, "doctor", _doctor, "look for problems, each with a hint")
    add_json(doctor)


def _migrate(arguments: argparse.Namespace) -> None:
    with database(settings_of(arguments)) as settings:
        done = asyncio.run(migrate(settings.database_url))
    show(arguments, {"migrated": done}, f"Done: {', '.join(done) or 'nothing was missing'}.")


def _backup(arguments: argparse.Namespace) -> None:
    with database(settings_of(arguments)) as settings:
        pgbackup.backup(settings.database_url, arguments.file)
        asyncio.run(_note_backup(settings))
    size = arguments.file.stat().st_size
    text = f"{arguments.file}: {size:,} bytes.\nKeep the secret key too: without it what is sealed"
    show(arguments, {"file": str(arguments.file), "bytes": size}, f"{text} cannot be opened.")


async def _note_backup(settings: Settings) -> None:
    """Home says when the last one was made. A schema of a version before has no place for it."""
    db = await Database.open(settings.database_url, size=1)
    try:
        with contextlib.suppress(asyncpg.UndefinedTableError):
            await signs_of_life.note(db, signs_of_life.BACKUP, clock.now())
    finally:
        await db.close()


def _restore(arguments: argparse.Namespace) -> None:
    with database(settings_of(arguments)) as settings:
        logs.configure(settings)
        path = settings.data / carried_over.FILE
        known = _replace(settings.database_url, path, arguments.file, force=arguments.force)
        # A backup of a version before would stop the server that runs on it just now.
        asyncio.run(migrate(settings.database_url))
        kept = asyncio.run(carried_over.put_back(settings.database_url, path))
        again = asyncio.run(erase_again(settings))
    text = f"Restored from {arguments.file}."
    if kept:
        text += f" {kept:,} opt-outs since that backup are on the list again."
    if not known:
        text += " Whoever opted out after it was made is not on the list: import those you know of."
    if again:
        text += f" {again:,} erased since that backup, and now once more."
    told = {"restored": str(arguments.file), "opt_outs_kept": kept, "erased_again": again}
    show(arguments, told, text)


def _replace(url: str, path: Path, file: Path, *, force: bool) -> bool:
    """Bring the backup back. Gives whether there are opt-outs, in the file at `path`, to put on the
    list again after it."""
    known = False

    def keep() -> None:
        nonlocal known
        known = asyncio.run(carried_over.keep(url, path))

    try:
        pgbackup.restore(url, file, force=force, before=keep)
    except EmbeddedServerError:  # nothing was replaced, as far as one can know
        with contextlib.suppress(TearoffError, asyncpg.PostgresError, OSError):
            asyncio.run(carried_over.put_back(url, path))
        raise
    return known


def _upgrade(arguments: argparse.Namespace) -> None:
    settings = settings_of(arguments)
    if settings.database_url:
        raise Conflict(
            "TEAROFF_DATABASE_URL is set: that server is upgraded by its own tools.",
            hint="This command is for the embedded database.",
        )
    kept = pgbackup.upgrade(settings.data, arguments.old_programs)
    text = f"Upgraded. The old files are kept in {kept}." if kept else "Nothing to upgrade."
    show(arguments, {"old_files": kept}, text)


def _doctor(arguments: argparse.Namespace) -> int:
    findings = examine(address.of_running(settings_of(arguments)))
    lines = []
    for finding in findings:
        lines.append(f"{'ok ' if finding.is_fine else 'NO '}  {finding.what}: {finding.text}")
        if finding.hint:
            lines.append(f"       {finding.hint}")
    rows = [{f: getattr(finding, f) for f in finding.__struct_fields__} for finding in findings]
    show(arguments, {"findings": rows}, "\n".join(lines))
    return 0 if all(finding.is_fine for finding in findings) else 1
