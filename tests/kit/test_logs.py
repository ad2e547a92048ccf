"""What may stand in a log: nothing that was quoted, nothing that looks like somebody's."""

import asyncio
import contextlib
import io
import json
import logging
import os
import subprocess
import sys

import asyncpg
import msgspec
import pytest
import structlog

from tearoff.kit import logs
from tests.logs import reset_logs

PHONE, CODE, NAME = "+32470001234", "k3d9x7w2p5m8q4r6t1v0z", "Ann"


@pytest.fixture
def written(settings, monkeypatch):
    """Configure the log as a server does; gives what was written since."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    logs.configure(msgspec.structs.replace(settings, log_format="json", log_level="debug"))
    yield stream.getvalue
    reset_logs()


def of_the_database(url):
    """An error in which PostgreSQL quotes a whole row."""

    async def run():
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("CREATE TEMP TABLE people (name text, number text UNIQUE)")
            for _ in range(2):
                await connection.execute("INSERT INTO people VALUES ($1, $2)", NAME, PHONE)
        finally:
            await connection.close()

    asyncio.run(run())


def of_a_caller(_url):
    try:
        int(NAME)
    except ValueError as error:
        raise KeyError(CODE) from error


def in_a_group(url):
    try:
        of_the_database(url)
    except asyncpg.UniqueViolationError as error:
        raise ExceptionGroup("several", [error, ValueError(f"for '{NAME}'")]) from None


@pytest.mark.parametrize("fail", [of_the_database, of_a_caller, in_a_group])
def test_an_error_is_told_without_what_it_quotes(written, database_url, fail):
    try:
        fail(database_url)
    except Exception as error:
        structlog.get_logger().error("call.broke", exc_info=error)
        logging.getLogger("a.library").exception("it broke for %s", PHONE)
    text = written()
    assert PHONE not in text and CODE not in text and NAME not in text
    assert text.count(f"in {fail.__name__}") >= 2  # ours and the library's
    assert ("Violation" in text) == (fail is not of_a_caller)


@pytest.mark.parametrize(
    "secret",
    [
        "+32 470 00 12 34", "0470/00.12.34", "(0470) 001234", "32470001234", "ann@example.com",
        CODE, "s3cr3tS3cr3tS3cr3tS3cr3t", "0123456789abcdef0123456789abcdef",
    ],
)  # fmt: skip
def test_the_net_takes_out_what_looks_like_somebodys(secret):
    assert logs.mask(f"of {secret}, it seems") == "of […], it seems"


@pytest.mark.parametrize(
    "plain",
    [
        "10.11.12.13", "192.168.100.200:54321", "2001:db8::1", "msg_100000000000012",
        "2026-11-29 09:04:51", "/v4/campaigns/100001", "http://127.0.0.1:18931", "cam_100001",
        'File "/usr/lib/python3.11/asyncio/tasks.py", line 1234, in wait_for',
    ],
)  # fmt: skip
def test_the_net_lets_through_what_a_reader_needs(plain):
    assert logs.mask(f"at {plain}, it seems") == f"at {plain}, it seems"


WRITES = """
import sys, structlog
from tearoff.config import read_settings
from tearoff.kit import logs

logs.configure(read_settings({}, log_format="json"))
log = structlog.get_logger()
print(flush=True)
sys.stdin.readline()
for i in range(3_000):
    log.warning("page.trouble", error="Too much of this is being done just now.", i=i)
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_records_of_several_processes_have_a_line_each(unbuffered):
    """As web processes and the worker write into the one pipe that their parent was given."""
    reading, writing = os.pipe()
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    command = [sys.executable, "-c", WRITES]
    with os.fdopen(reading) as lines, contextlib.ExitStack() as stack:
        writers = [
            stack.enter_context(subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=writing, env=env
            )) for _ in range(2)
        ]  # fmt: skip
        os.close(writing)
        for writer in writers:
            writer.stdout.readline()  # it is ready to begin
        for writer in writers:
            writer.stdin.close()
        written = lines.read().splitlines()
    assert sorted(json.loads(line)["i"] for line in written) == sorted([*range(3_000)] * 2)
