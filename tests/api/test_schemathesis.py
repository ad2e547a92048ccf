"""Inputs that nobody thought of, against the served OpenAPI document: never a server error, and
every answer as the document says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cast import open_shop

EXAMPLES = os.environ.get("TEAROFF_EXAMPLES", "1")
"""How many odd inputs each endpoint gets; `make soak` tries many more, and each of the 11,000 that
lie at a border of the document: a string too long by one, a number where none may be."""
PHASES = "examples,fuzzing,stateful"
if int(EXAMPLES) > 10:
    PHASES += ",coverage"

CHECKS = ",".join(
    (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
)


@pytest.mark.long
@pytest.mark.timeout(9000)
async def test_no_input_breaks_the_server(server, services, tmp_path):
    shop = await open_shop(services, settings={"scripted": "true"})
    # v3 is lenient on purpose, so that odd input is accepted is no finding. One worker: Python
    # 3.11's parser, which describes the generated values, fails now and then in two threads.
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"), "run",
            f"{server.url}/openapi.json", "--checks", CHECKS, "--max-examples", EXAMPLES,
            "--header", f"X-Client-Id: {shop.client_id}",
            "--header", f"X-Client-Secret: {shop.client_secret}",
            "--phases", PHASES, "--workers", "1", "--seed", "1",
        ],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=8900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
