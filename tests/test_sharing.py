"""The suite itself: it ends, whatever happens to a process of it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIES = """
import os, pytest

@pytest.mark.parametrize("n", range(12))
def test_one(n):
    if n == 3:
        os._exit(1)
"""


def test_a_process_that_dies_is_a_failure_and_the_run_ends(tmp_path):
    (tmp_path / "test_dies.py").write_text(DIES)
    # Only what pyproject.toml speaks of is loaded: three processes start for this.
    plugins = ["xdist.plugin", "pytest_asyncio.plugin", "pytest_timeout", "tests.sharing"]
    command = [
        sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", "-n", "2",
        *(word for plugin in plugins for word in ("-p", plugin)), "--rootdir", tmp_path, tmp_path,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "crashed while running" in done.stdout
