"""Embedded servers, seen from outside."""

import asyncio
import contextlib
import os
import time

import asyncpg

from tests.running import PATIENCE


def postmaster(server):
    """The pid of the running server, None when there is none."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((server.home() / "cluster" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, 0)
        return pid
    return None


def ask(url, *statements):
    async def run():
        connection = await asyncpg.connect(url, timeout=PATIENCE)
        try:
            return [await connection.fetchval(s) for s in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


def told(process):
    return process.stdout.readline().strip()


def leave(process):
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


def wait_until(is_so, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
