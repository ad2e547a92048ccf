"""Data folders with embedded servers of their own."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tearoff.kit.embedded import EmbeddedServer
from tests.kit.servers import postmaster
from tests.running import PATIENCE

HOLD = """
import sys, time
from pathlib import Path
from tearoff.kit.embedded import EmbeddedServer
from tests.running import PATIENCE
server = EmbeddedServer(Path(sys.argv[1]))
print(server.attach(), flush=True)
sys.stdin.read()
server.detach()
"""


@pytest.fixture
def open_folder():
    """A folder that every user may enter, as a real machine's are; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="tearoff-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def data(open_folder):
    folder = open_folder / "data"
    yield folder
    if (folder / "pg.lock").exists():
        server = EmbeddedServer(folder)
        if postmaster(server):
            server.attach()
            server.detach()
        if (folder / "pg.home").exists():
            shutil.rmtree(server.home(), ignore_errors=True)


@pytest.fixture
def hold():
    """Makes processes that use the server until their standard input closes."""
    processes = []

    def start(folder, python=sys.executable, **identity):
        process = subprocess.Popen(
            [python, "-c", HOLD, str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **identity,
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.communicate(timeout=PATIENCE)
