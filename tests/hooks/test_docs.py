"""The receiver of the documentation, as somebody would run it who knows nothing else."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tearoff.hooks import attempt, retry_schedule
from tearoff.hooks.models import KINDS
from tests.hooks.listening import make_session, operate, wait_for_states
from tests.running import PATIENCE, free_port

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")


def block(language, beginning):
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.S | re.M)
    (found,) = [text for text in blocks if text.startswith(beginning)]
    return found


@pytest.fixture(params=["python", "php"])
def language(request):
    if request.param == "php" and shutil.which("php") is None and "CI" not in os.environ:
        pytest.skip("PHP is not installed (Debian: apt-get install php-cli)")
    return request.param


BEGINNINGS = {"python": "import", "php": "<?php"}


@contextlib.asynccontextmanager
async def documented_receiver(language, folder, secret, client_secret, port):
    (folder / "receiver").write_text(block(language, BEGINNINGS[language]))
    commands = {
        "python": [sys.executable, "receiver"],
        "php": ["php", "-S", f"127.0.0.1:{port}", "receiver"],
    }
    env = {
        "PATH": os.environ["PATH"], "PORT": str(port), "WEBHOOK_SECRET": secret,
        "CLIENT_SECRET": client_secret, "DATABASE": str(folder / "events.db"),
        "FOLDER": str(folder),
    }  # fmt: skip
    with (folder / "out").open("w") as out:
        process = subprocess.Popen(
            commands[language], cwd=folder, env=env, stdout=out,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        await until_listening(port)
        yield folder
    finally:
        process.terminate()
        process.wait(PATIENCE)


async def until_listening(port):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            assert time.monotonic() < end
            await asyncio.sleep(0.05)


def kept(language, folder):
    """Type and session of each event that was taken, in the order in which they were."""
    log = folder / ("log" if language == "php" else "out")
    lines = log.read_text().splitlines() if log.exists() else []
    return [tuple(line.split(" ")) for line in lines]


async def test_the_documented_receiver(language, caller, server, tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    env = {
        "PATH": "/usr/bin:/bin", "TEAROFF": server.url, "CLIENT_ID": caller.shop.client_id,
        "CLIENT_SECRET": caller.shop.client_secret, "URL": url,
    }  # fmt: skip
    done = subprocess.run(
        ["sh", "-c", block("", "curl")], env=env, capture_output=True, text=True, check=True
    )
    webhook = json.loads(done.stdout)["webhook"]
    assert webhook["events"] == ["coupon_validated", "coupon_voided"]
    secrets = (webhook["secret"], caller.shop.client_secret)
    async with documented_receiver(language, tmp_path, *secrets, port) as folder:
        codes = [await make_session(caller) for _ in range(3)]
        for code in codes:
            await operate(caller, code, "validated")
        rows = await wait_for_states(caller, webhook, *["delivered"] * 3)
        taken = kept(language, folder)
        assert set(taken) == {("coupon_validated", code) for code in codes}
        for row in rows:
            await caller.post("/v3/webhook/resend", {"event": row["event"]})
        await wait_for_states(caller, webhook, *["delivered"] * 3)
        assert kept(language, folder) == taken
        test = await caller.post("/v3/webhook/test", {"webhook": webhook["ID"]})
        assert (test.body["state"], test.body["http_status"]) == ("delivered", 204)
        assert kept(language, folder) == [*taken, ("webhook_test", "7k4m2p9d3w6x8c5b1f0h2")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "evt_1"},
        {"webhook-id": "evt_1", "webhook-timestamp": "now", "webhook-signature": "v1,abc"},
        {"webhook-id": "evt_1", "webhook-timestamp": "1700000000", "webhook-signature": "v1,",
         "X-Hmac": "00"},
    ],
)  # fmt: skip
async def test_it_takes_nothing_that_is_forged(language, http, tmp_path, headers):
    port = free_port()
    secrets = ("whsec_c2VjcmV0", "client secret")
    async with documented_receiver(language, tmp_path, *secrets, port) as folder:
        async with http.post(
            f"http://127.0.0.1:{port}/", data=b'{"id":"evt_1"}', headers=headers
        ) as answer:
            assert answer.status == 401
        assert kept(language, folder) == []


async def test_it_refuses_another_secret(language, caller, tmp_path):
    port = free_port()
    body = {"url": f"http://127.0.0.1:{port}/", "events": "coupon_opened"}
    webhook = (await caller.post("/v3/webhook/create", body)).body["webhook"]
    wrong = [("whsec_c2VjcmV0", caller.shop.client_secret), (webhook["secret"], "not mine")]
    for n, secrets in enumerate(wrong):
        folder = tmp_path / str(n)
        folder.mkdir()
        async with documented_receiver(language, folder, *secrets, port):
            test = await caller.post("/v3/webhook/test", {"webhook": webhook["ID"]})
            assert (test.body["state"], test.body["http_status"]) == ("failed", 401)


def test_the_page_names_every_kind_and_number():
    for kind in KINDS:
        assert f"`{kind}`" in PAGE
    assert f"{attempt.ANSWER_WITHIN} seconds" in PAGE and f"{attempt.KEPT:,} characters" in PAGE
    hours = ", ".join(str(int(wait.total_seconds() // 3600)) for wait in retry_schedule.WAITS[4:])
    assert f"{hours} hours" in PAGE
    assert [wait.total_seconds() for wait in retry_schedule.WAITS[:4]] == [5, 60, 300, 1800]
    json.loads(block("json", "{"))
