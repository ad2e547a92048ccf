"""What pyproject.toml asks for, what requirements/ pins, and the audit of it agree."""

import http.server
import json
import os
import re
import subprocess
import threading
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)(?: ; (?P<marker>.+?))? \\$")
RUN, DEV = "run.txt", "dev.txt"
WANTED = {
    RUN: PROJECT["project"]["dependencies"],
    DEV: PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"],
}


def pins(file):
    """Name to version of what a file pins for this machine."""
    found = {}
    for line in (ROOT / "requirements" / file).read_text().splitlines():
        if line.startswith("    --hash=sha256:"):
            continue
        pin = PIN.match(line)
        assert pin, f"{file}: not a pin with hashes: {line}"
        if pin["marker"] is None or Requirement(f"x ; {pin['marker']}").marker.evaluate():
            found[pin["name"]] = pin["version"]
    return found


def needed(requirement, *, extra=""):
    marker = requirement.marker
    return marker is None or marker.evaluate({**default_environment(), "extra": extra})


def everything_wanted(file):
    """Requirements of ours, and theirs in turn, each with who asks."""
    todo = [("pyproject.toml", Requirement(text), "") for text in WANTED[file]]
    seen = set()
    while todo:
        who, requirement, extra = todo.pop()
        if (who, str(requirement), extra) in seen or not needed(requirement, extra=extra):
            continue
        seen.add((who, str(requirement), extra))
        yield who, requirement
        for more in ("", *requirement.extras):
            texts = metadata.requires(requirement.name) or []
            todo += [(requirement.name, Requirement(text), more) for text in texts]


@pytest.mark.parametrize("file", [RUN, DEV])
def test_every_requirement_is_pinned_within_its_range_and_nothing_else(file):
    pinned, asked = pins(file), set()
    for who, requirement in everything_wanted(file):
        name = canonicalize_name(requirement.name)
        asked.add(name)
        assert name in pinned, f"{who} asks for {requirement}: {file} does not pin it"
        version = Version(pinned[name])
        assert requirement.specifier.contains(version, prereleases=True), (
            f"{who} asks for {requirement}, {file} pins {version}"
        )
    assert set(pinned) == asked


def test_both_files_pin_the_same():
    run, dev = pins(RUN), pins(DEV)
    assert {name: dev[name] for name in run} == run


def test_what_is_installed_is_what_is_pinned():
    for name, version in pins(DEV).items():
        assert metadata.version(name) == version, name


KNOWN = {"id": "PYSEC-0", "aliases": ["CVE-2019-10906"], "published": "2019-04-07T00:00:00Z"}


def fault(name):
    return {"vulns": [KNOWN | {"affected": [{"package": {"name": name, "ecosystem": "PyPI"}}]}]}


@pytest.fixture
def advisories():
    """A database of advisories of which a test says what it answers (name and version to body;
    None: nothing more)."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = self.server.answer(asked["package"]["name"], asked["version"])
            self.send_response(503 if body is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(body or {}).encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def audit(port):
    env = {**os.environ, "OSV_URL": f"http://127.0.0.1:{port}/v1/query"}
    done = subprocess.run(
        ["bash", ROOT / "tests" / "audit"], env=env, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def knows(name, version):
    return fault(name) if (name, version) == ("jinja2", "2.10") else {}


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (knows, 0, "Audited: no known faults"),
        (lambda *_: {}, 2, "NOT AUDITED"),
        (lambda *_: None, 2, "NOT AUDITED"),
        (lambda name, _: None if name == "yarl" else knows(name, "2.10"), 2, "NOT AUDITED"),
        (lambda name, _: fault(name) if name in ("jinja2", "yarl") else {}, 1, "yarl"),
    ],
    ids=["knows", "knows nothing", "is out of order", "breaks off", "finds"],
)
def test_an_audit_without_advisories_is_none(advisories, answer, code, words):
    advisories.answer = answer
    told = audit(advisories.server_port)
    assert told[0] == code
    assert words in told[1]


def test_an_audit_that_reaches_nobody_is_none(advisories):
    advisories.answer = knows
    advisories.server_close()
    assert audit(advisories.server_port)[0] == 2
