"""Web processes and worker are not root where they need not be.

Started by root, the server itself stays root: it starts PostgreSQL as the system user `tearoff`
and stops it. What talks to the world becomes that user, if that user can do all of it; whether it
can is tried, by a process that is that user (`python -m tearoff.cli.rootless`, settings from the
environment).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg
import msgspec

from tearoff.config import SETTINGS, Settings, read_settings
from tearoff.errors import TearoffError
from tearoff.kit import keys
from tearoff.kit.pgprograms import USER, can_use

TRY_SECONDS = 60
_FIRST_FREE_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


class Choice(msgspec.Struct, frozen=True):
    """Whom web processes and worker run as: `user`, or as whoever we are, and then, if that is
    root, `why`."""

    user: pwd.struct_passwd | None = None
    why: str = ""


REMEDY = (
    f"Run it as the user {USER!r}, with a data folder that belongs to it (docs/operators.md,"
    " Whom it runs as)."
)


def choose(settings: Settings) -> Choice:
    if os.geteuid() != 0:
        return Choice()
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        return Choice(why=f"there is no system user {USER!r}")
    if not settings.data.is_dir() or not can_use(user, settings.data):
        return Choice(why=f"the folder {settings.data.absolute()} is not the user's {USER!r}")
    if settings.port < _first_free_port():
        return Choice(why=f"port {settings.port} is for root alone")
    why = _try_as(user, settings)
    return Choice(why=why) if why else Choice(user)


def _first_free_port() -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(_FIRST_FREE_PORT.read_text("ascii"))
    return 1024


def _try_as(user: pwd.struct_passwd, settings: Settings) -> str:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "tearoff.cli.rootless"],
            user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/",
            env=environment_of(user, environment(settings)), capture_output=True, text=True,
            check=False, timeout=TRY_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the user {USER!r} cannot run the program: {error}"
    if done.returncode == 0:
        return ""
    said = done.stderr.strip().rpartition("\n")[2]
    return f"the user {USER!r} cannot do all that is needed: {said or done.returncode}"


def environment(settings: Settings) -> dict[str, str]:
    """Our own processes read their settings from the environment, as everything does; what came
    from files that only root may read is in it."""
    values = {
        "DATA": str(settings.data.absolute()),
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "HOST": settings.host,
        "PORT": str(settings.port),
        "WORKERS": str(settings.workers),
        "PUBLIC_URL": settings.public_url,
        "ALLOW_LOOPBACK": str(settings.allow_loopback).lower(),
    }
    handed = {**os.environ, **{f"TEAROFF_{name}": value for name, value in values.items()}}
    for setting in SETTINGS:
        if setting.secret and handed.pop(f"{setting.variable}_FILE", ""):
            handed[setting.variable] = getattr(settings, setting.name)
    return handed


def environment_of(user: pwd.struct_passwd, handed: dict[str, str]) -> dict[str, str]:
    """Libraries look for files of theirs in one's home, and root's is closed to others."""
    return {**handed, "HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}


def give_folder(folder: Path, user: pwd.struct_passwd) -> None:
    """What root made in the data folder and these processes write: this folder of the counters,
    with those above it, and the outbox. Only what is root's, and no links."""
    from tearoff.providers.log import OUTBOX  # noqa: PLC0415 (loads aiohttp; for root alone)

    for path in (folder.parent, folder, folder.parents[1] / OUTBOX):
        with contextlib.suppress(FileNotFoundError):
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                found = os.fstat(fd)
                is_ours = stat.S_ISDIR(found.st_mode) or found.st_nlink == 1
                if found.st_uid == 0 and is_ours:
                    os.fchown(fd, user.pw_uid, user.pw_gid)
            finally:
                os.close(fd)


def _try() -> None:
    """Whatever web processes and worker need, done once."""
    import tearoff.app  # noqa: PLC0415
    import tearoff.worker  # noqa: F401, PLC0415
    from tearoff.providers.wallets.apple import apple_of  # noqa: PLC0415
    from tearoff.providers.wallets.google import google_of  # noqa: PLC0415

    settings = read_settings()
    apple_of(settings)
    google_of(settings)
    if settings.secret_key:
        keys.open_vault(settings)
    for folder in (settings.data, None):
        with tempfile.TemporaryFile(dir=folder):
            pass
    if settings.robots_file:
        Path(settings.robots_file).open("rb").close()
    if settings.database_url:
        asyncio.run(_connect(settings.database_url))


async def _connect(url: str) -> None:
    await (await asyncpg.connect(url, timeout=20)).close()


def main() -> None:
    try:
        _try()
    except (TearoffError, OSError, ImportError, asyncpg.PostgresError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}".replace("\n", " "))


if __name__ == "__main__":
    main()
