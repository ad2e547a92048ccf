"""Whom the web processes and the worker run as."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import aiohttp
import msgspec
import pytest

from tearoff.cli import rootless
from tearoff.kit.db import Database
from tearoff.kit.embedded import EmbeddedServer
from tearoff.kit.pgprograms import USER, server_user
from tearoff.kit.services import Services
from tearoff.kit.vault import Vault
from tests.api.caller import Caller
from tests.cast import open_shop
from tests.journeys.test_web_processes import (
    below,
    ends_with_all_its_children,
    is_well,
    read_log,
    until,
    web_processes,
)
from tests.running import PATIENCE, Running, launch

PATHS = os.pathsep.join(p for p in sys.path if p and not p.startswith(sys.base_prefix))


@pytest.fixture
def data():
    """In a folder that every user may enter, as a real machine's are; pytest's own are closed."""
    folder = Path(tempfile.mkdtemp(prefix="tearoff-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def python():
    """A Python that the system user can run with all that is installed; ours if there is none."""
    user = server_user()
    for program in (sys.executable, "/usr/bin/python3"):
        if user is None or not Path(program).exists():
            continue
        tried = subprocess.run(
            ["/usr/bin/env", program, "-c", "import tearoff.app"],
            env={"PYTHONPATH": PATHS}, cwd="/",
            user=user.pw_uid, group=user.pw_gid, extra_groups=[], check=False, capture_output=True,
        )  # fmt: skip
        if tried.returncode == 0:
            return program, user.pw_uid
    return sys.executable, os.geteuid()


def uid_of(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    uids = next(line.split()[1:] for line in lines if line.startswith("Uid:"))
    return {int(uid) for uid in uids}


def all_of(uid, find):
    """Those it finds, once all of them are this user's. Between its fork and its program a child
    still is what made it, by its name too."""

    def found():
        with contextlib.suppress(FileNotFoundError):  # it has just ended
            return (pids := find()) and all(uid_of(pid) == {uid} for pid in pids) and pids
        return []

    return until(found)


def parts(server):
    return [below(server, words) for words in (b"cli.webserver", b"spawn_main", b"\0work\0")]


@pytest.mark.kill
@pytest.mark.timeout(400)
async def test_they_are_not_root_where_they_need_not_be(settings, data, python, tmp_path):
    program, uid = python
    settings = msgspec.structs.replace(settings, database_url="", data=data)
    key = tmp_path / "key"
    key.write_text(settings.secret_key)
    key.chmod(0o600)
    server = await asyncio.to_thread(
        launch, settings, tmp_path, python=program, PYTHONPATH=PATHS, HOME=str(tmp_path),
        TEAROFF_SECRET_KEY="", TEAROFF_SECRET_KEY_FILE=str(key),
    )  # fmt: skip
    try:
        web = until(lambda: all(found := parts(server)) and found)[1]
        all_of(uid, lambda: [pid for found in parts(server) for pid in found])
        assert uid_of(server.process.pid) == {os.geteuid()}
        os.kill(web[0], signal.SIGKILL)
        until(lambda: web_processes(server) not in ([], web) and is_well(server))
        all_of(uid, lambda: web_processes(server))
        db = await Database.open(EmbeddedServer(data).url(), size=2)
        services = Services(settings, db, Vault(settings.secret_key), settings.database_url)
        shop = await open_shop(services)
        async with aiohttp.ClientSession() as http:
            answer = await Caller(http, server.url, shop).send()
        await db.close()
        assert answer.status == 200, answer.text
        assert (data / "outbox.jsonl").stat().st_uid == uid
        kept = [line for line in read_log(server) if line["event"] == "root.kept"]
        assert len(kept) == (uid == os.geteuid() == 0)
        ends_with_all_its_children(server, signal.SIGTERM)
    finally:
        await asyncio.to_thread(server.stop)
    assert "Permission" not in server.log.read_text()


@pytest.mark.kill
@pytest.mark.timeout(400)
def test_a_worker_alone_is_not_root_either(settings, data, python, tmp_path):
    program, uid = python
    log = tmp_path / "work.log"
    env = {
        "PATH": os.environ["PATH"], "PYTHONPATH": PATHS, "HOME": str(tmp_path),
        "TEAROFF_DATA": str(data), "TEAROFF_SECRET_KEY": settings.secret_key,
    }  # fmt: skip
    with log.open("wb") as out:
        alone = subprocess.Popen(
            [program, "-m", "tearoff", "work"], env=env, stdout=out, stderr=out, cwd="/",
            start_new_session=True,
        )  # fmt: skip
    try:
        if uid == os.geteuid():  # nobody else can run it here: it stays one process
            until((data / "pg.users").exists)
            return
        running = Running("", alone, log)
        (worker,) = all_of(uid, lambda: below(running, b"\0work\0"))
        os.kill(worker, signal.SIGKILL)
        again = all_of(uid, lambda: [pid for pid in below(running, b"\0work\0") if pid != worker])
        assert again
        assert (data / "pg" / "cluster" / "postmaster.pid").exists()
    finally:
        alone.terminate()
        alone.wait(PATIENCE)
    until(lambda: not (data / "pg" / "cluster" / "postmaster.pid").exists())
    assert "root.kept" not in log.read_text() or uid == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("why", ["folder", "port", "program"])
def test_why_they_stay_root(settings, data, monkeypatch, tmp_path, why):
    user = server_user()
    data.mkdir()
    if why != "folder":
        os.chown(data, user.pw_uid, user.pw_gid)
    if why == "program":
        monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    port = 80 if why == "port" else 8080
    monkeypatch.setattr(rootless, "_first_free_port", lambda: 1024)
    choice = rootless.choose(msgspec.structs.replace(settings, data=data, port=port))
    told = {
        "folder": f"the folder {data} is not the user's {USER!r}",
        "port": "port 80 is for root alone",
        "program": f"the user {USER!r} cannot run the program: ",
    }
    assert choice.user is None
    assert choice.why.startswith(told[why])
