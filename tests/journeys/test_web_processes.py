"""Web processes die, and come back; silent connections stop nobody."""

import os
import signal
import socket
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest

from tearoff.cli import webserver
from tests.running import descendants, start_server


def web_processes(server):
    found = []
    for pid in descendants(server.process.pid):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"spawn_main" in command:
            found.append(pid)
    return found


def is_well(server, within=2):
    try:
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=within) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_the_loop_that_is_overridden_is_one_that_was_read():
    assert version("granian").startswith(webserver.REVIEWED)


@pytest.mark.kill
def test_ten_kills_in_twenty_seconds(settings, tmp_path):
    with start_server(settings, tmp_path, workers=2, with_worker=False) as server:
        kills, end = 0, time.monotonic() + 20
        while time.monotonic() < end and kills < 10:
            for pid in web_processes(server):
                os.kill(pid, signal.SIGKILL)
                kills += 1
            time.sleep(0.3)
        assert kills >= 4
        end = time.monotonic() + 30
        while not is_well(server):
            assert server.process.poll() is None, "the server has ended"
            assert time.monotonic() < end, "no answer within 30 s"
            time.sleep(0.3)


def test_silent_connections_stop_nobody(server):
    host, port = server.url.removeprefix("http://").split(":")
    silent = [socket.create_connection((host, int(port)), 20) for _ in range(2500)]
    try:
        assert is_well(server, within=20)
    finally:
        for connection in silent:
            connection.close()
