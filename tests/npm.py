"""Packages from npm that tests are checked against. Installed once into `.cache/npm`."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).parent.parent / ".cache" / "npm"


def npm_package(name: str, version: str) -> Path:
    """The folder of a package, with its own dependencies under `node_modules` beside it.

    Skips the test where npm is missing or the package cannot be had."""
    folder = CACHE / f"{name.replace('/', '-')}-{version}"
    package = folder / "node_modules" / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes run side by side
        if not (folder / "whole").exists():
            _install(folder, f"{name}@{version}")
            (folder / "whole").touch()
    return package


def _install(folder: Path, wanted: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    command = [npm, "install", "--prefix", str(folder), "--no-save", "--no-audit", "--no-fund"]
    done = subprocess.run(
        [*command, "--ignore-scripts", wanted],
        capture_output=True, text=True, timeout=200, check=False, cwd=folder,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"npm could not install {wanted}: {done.stderr.strip()[-200:]}")
