"""Files of others that lie in the package: which they are, and that they are what they say."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import tearoff.web

VENDOR = Path(tearoff.web.__file__).with_name("vendor")
LIST = json.loads((VENDOR / "vendored.json").read_text("utf-8"))


def test_each_file_is_listed_and_unchanged():
    listed = {file["path"]: file["sha256"] for part in LIST for file in part["files"]}
    found = {
        str(file.relative_to(VENDOR)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.rglob("*")
        if file.is_file() and file.name != "vendored.json"
    }
    assert listed == found


def test_each_says_where_it_is_from_and_under_what_licence():
    for part in LIST:
        assert all(part[name] for name in ("name", "version", "licence", "origin", "why"))


def test_the_reader_and_its_program_are_of_one_version():
    """A program of another version finds nothing and never says why."""
    folder = VENDOR / "zxing"
    program = hashlib.sha256((folder / "reader" / "zxing_reader.wasm").read_bytes()).hexdigest()
    assert program in (folder / "reader" / "index.js").read_text("utf-8")
    (version,) = (part["version"] for part in LIST if part["name"] == "zxing-wasm")
    assert f'"{version}"' in (folder / "share.js").read_text("utf-8")
