"""Web processes die, and come back; silent connections stop nobody."""

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import time
import urllib.request
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

from tearoff.cli import webserver
from tearoff.coupons.campaigns import campaigns
from tearoff.coupons.sessions import minting
from tearoff.kit.embedded import EmbeddedServer
from tests.journeys.test_kill import ROUNDS
from tests.running import PATIENCE, descendants, launch, start_server
from tests.web.conftest import PHONE


def below(server, words):
    """Processes of the server whose command line has these words."""
    found = []
    for pid in descendants(server.process.pid):
        with contextlib.suppress(OSError):
            if words in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def web_processes(server):
    return below(server, b"spawn_main")


def until(is_so, seconds=PATIENCE):
    """What `is_so` gives, once it gives something."""
    end = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
    return found


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def postmaster(data):
    """The pid of the embedded PostgreSQL; None when it does not run."""
    with contextlib.suppress(OSError):
        file = EmbeddedServer(data).home() / "cluster" / "postmaster.pid"
        return int(file.read_text().split()[0])
    return None


def read_log(server):
    lines = server.log.read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def is_well(server, within=2):
    try:
        with urllib.request.urlopen(f"{server.url}/healthz", timeout=within) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_the_loop_that_is_overridden_is_one_that_was_read():
    assert version("granian").startswith(webserver.REVIEWED)


def end_a_process(find, seconds=PATIENCE):
    """Kill one of the processes that `find` finds, as soon as one lives. Gives its pid."""
    pid = until(find, seconds)[0]
    os.kill(pid, signal.SIGKILL)
    until(lambda: pid not in find(), seconds)
    return pid


@pytest.mark.kill
def test_kills_in_a_row_and_who_asks_twice(settings, commands, tmp_path):
    """Whichever lives is killed: each process dies again within seconds. Then one hangs: who asks
    twice does not wait for it."""
    workers, kills = (4, 10) if ROUNDS > 1 else (2, 2)
    with start_server(settings, tmp_path, workers=workers) as server:
        for _ in range(kills):
            end_a_process(lambda: web_processes(server))
        until(lambda: is_well(server) and below(server, b"\0work\0"))
        assert server.process.poll() is None
        the_port_is_taken(server, commands, tmp_path / "other")
        children = descendants(server.process.pid)
        os.kill(until(lambda: web_processes(server))[0], signal.SIGSTOP)
        server.process.send_signal(signal.SIGINT)
        until(lambda: "process.killed" in server.log.read_text() or again(server))
        assert server.process.wait(PATIENCE) == 0
    assert not [pid for pid in children if is_alive(pid)]
    killed = [line for line in read_log(server) if line["event"] == "process.killed"]
    assert killed[0] == killed[0] | {"process": "web", "hurried": True}


def the_port_is_taken(server, commands, data):
    words = ["serve", "--port", server.url.rpartition(":")[2]]
    taken = commands.run(words, {**os.environ, "TEAROFF_DATA": str(data)})
    assert (taken.returncode, taken.stderr.count("Cannot listen")) == (1, 1)
    assert "Address already in use" in taken.stderr
    assert not data.exists()


@pytest.mark.kill
def test_whatever_dies_the_rest_lives_on(settings, tmp_path):
    """One web process, the smallest server there is, with its own PostgreSQL."""
    data = tmp_path / "data"
    settings = msgspec.structs.replace(settings, database_url="", data=data)
    server = launch(settings, tmp_path)
    try:
        stays = [server.process.pid, postmaster(data)]
        end_a_process(lambda: web_processes(server))
        until(lambda: is_well(server))
        worker = until(lambda: below(server, b"\0work\0"))
        end_a_process(lambda: below(server, b"tearoff.cli.webserver"))
        until(lambda: below(server, b"tearoff.cli.webserver") and is_well(server))
        assert below(server, b"\0work\0") == worker
        for _ in range(2):
            end_a_process(lambda: below(server, b"\0work\0"))
        until(lambda: below(server, b"\0work\0"))
        assert stays == [server.process.pid, postmaster(data)]
        assert server.process.poll() is None
        # Two signals in one breath: the system hands the second to another thread.
        ends_with_all_its_children(server, signal.SIGINT, signal.SIGTERM)
        told = [line for line in read_log(server) if line["event"] == "process.ended"]
        assert [(line["process"], line["how"], line["again_in"]) for line in told] == [
            ("web", "signal 9", 1.0),
            ("worker", "signal 9", 1.0),
            ("worker", "signal 9", 2.0),
        ]
    finally:
        server.stop()
    assert postmaster(data) is None


def ends_with_all_its_children(server, *signals):
    children = descendants(server.process.pid)
    assert len(children) >= 2
    for one in signals:
        server.process.send_signal(one)
    assert server.process.wait(PATIENCE) == 0
    assert not [pid for pid in children if is_alive(pid)]


def again(server):
    server.process.send_signal(signal.SIGINT)


@contextlib.contextmanager
def silence(server, n):
    """So many connections that say nothing. The server closes each after half a minute."""
    host, port = server.url.removeprefix("http://").split(":")
    with contextlib.ExitStack() as held:
        yield [
            held.enter_context(socket.create_connection((host, int(port)), 20)) for _ in range(n)
        ]


def is_open(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


@pytest.fixture
async def page(services, shop):
    """The path of a coupon's page."""
    async with services.db.transaction() as db:
        campaign = await campaigns.campaign(db, shop.account, shop.campaign)
        await minting.mint(db, campaign, 1, datetime.now(UTC))
        code = await db.fetchval("SELECT code FROM sessions WHERE account_id = $1", shop.account)
    return f"/p/{shop.code}/{code}"


def test_silent_connections_stop_nobody(server, page):
    with silence(server, 2500):
        for path in ("/healthz", page):
            assert seconds_of(server, path, within=PATIENCE) > 0


def seconds_of(server, path, within):
    """How long an answer takes."""
    began = time.monotonic()
    request = urllib.request.Request(server.url + path, headers={"User-Agent": PHONE})
    with urllib.request.urlopen(request, timeout=within) as answer:
        assert answer.status == 200
        answer.read()
    return time.monotonic() - began


@pytest.mark.soak
async def test_five_thousand_silent_connections_cost_nobody_a_second(settings, page, tmp_path):
    """A volume, so a time may be asserted; the better of three, because others use the machine."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    try:
        server = await asyncio.to_thread(launch, settings, tmp_path)
        try:
            with silence(server, 5000) as silent:
                took = [
                    min(seconds_of(server, path, within=20) for _ in range(3))
                    for path in ("/healthz", page)
                ]
                assert all(map(is_open, silent)), "they were not silent at the same time"
        finally:
            await asyncio.to_thread(server.stop)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print("seconds with 5,000 silent connections, /healthz and a coupon:", took)
    assert max(took) < 1
