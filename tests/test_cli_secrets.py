"""Secrets on the command line: each has a way that neither `ps` nor the shell's history shows."""

import argparse
import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tearoff.api.v4.campaigns import FIELDS as CAMPAIGN_FIELDS
from tearoff.api.v4.locations import FIELDS as LOCATION_FIELDS
from tearoff.cli.main import main, make_parser
from tearoff.config import SETTINGS
from tearoff.messages import connections
from tearoff.providers import registry
from tests.running import PATIENCE
from tests.test_cli import tearoff  # noqa: F401 (a fixture)

ROOT = Path(__file__).parent.parent
SECRET = re.compile(
    r"(^|[-_])(pins?|pass|password|passphrase|passcode|secrets?|tokens?|key|keys|auth|credentials?"
    r"|certificate|database[-_]url|smtp[-_]url|headers)($|[-_])"
)
"""Names of secrets. Whoever adds an option that is one under another name adds it here."""
ADD = ("provider", "add", "--account", "1", "--kind", "smpp")


def options(parser=None, path=()):
    """Every option and argument of every command, with the command's own parser."""
    parser = parser or make_parser()
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from options(child, (*path, name))
        else:
            yield " ".join(path), action, parser


def test_every_option_with_a_secret_has_a_safe_way():
    found = []
    for command, action, parser in options():
        for option in action.option_strings or [action.dest]:
            if not SECRET.search(option.lstrip("-")) or action.nargs == 0:
                continue
            if option.endswith("-file"):
                assert option.removesuffix("-file") in parser._option_string_actions
                continue
            assert action.nargs == "?", f"{command} {option}: without a value it asks"
            assert f"{option}-file" in parser._option_string_actions, f"{command} {option}"
            found.append(f"{command} {option}")
    assert found == ["campaign create --pin", "location create --pin", "location set --pin"]
    pairs = [(command, a) for command, a, _ in options() if a.metavar == "NAME=VALUE"]
    for command, _ in pairs:
        files = [a for c, a, _ in options() if (c, a.metavar) == (command, "NAME=FILE")]
        assert len(files) == 1, command
    assert [command for command, _ in pairs] == ["provider add", "provider set"]


def test_every_field_and_setting_with_a_secret_is_marked_as_one():
    fields = [("fields", field) for field in (*CAMPAIGN_FIELDS, *LOCATION_FIELDS)]
    fields += [(kind, field) for kind in registry.KINDS for field in registry.fields_of(kind)]
    fields += [("settings", setting) for setting in SETTINGS]
    named = {
        (kind, f.name)
        for kind, f in fields
        if SECRET.search(f.name) and not f.name.endswith("_file")
    }
    marked = {(kind, f.name) for kind, f in fields if f.secret}
    assert named - marked == {
        ("http", "auth"), ("settings", "apple_pass_type"), ("settings", "wrong_credentials"),
    }  # fmt: skip
    # Google's service account is a key file by another name.
    assert marked - named == {("settings", "google_account")}


def test_the_documents_show_the_safe_way():
    secret = {f.name for kind in registry.KINDS for f in registry.fields_of(kind) if f.secret}
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        text = page.read_text("utf-8")
        assert not set(re.findall(r"--set (\w+)=", text)) & secret, page
        typed = re.findall(r"--pin(?!-)[ =]+([^\s`|]+)", text)
        assert {word for word in typed if re.match(r"[0-9…]", word)} == set(), page


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "password: Cannot read {}: No such file"),
        ("a folder", "password: Cannot read {}: Is a directory"),
        (b"", "password: {} is empty"),
        (b"\n", "password: {} is empty"),
        (b"x" * 65_537, "password: {} is larger than 64 KB"),
        (b"\xff\xfep\0w\0", "password: {} is no text in UTF-8"),
        (b"p\0w", "password: {} is no text in UTF-8"),
    ],
)
def test_a_file_that_holds_no_secret(tmp_path, capsys, content, told):
    file = tmp_path / "s"
    if content == "a folder":
        file.mkdir()
    elif content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit, match="1"):
        main([*ADD, "--set-file", f"password={file}"])
    assert told.format(file) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set-file", "password"], "set-file: Use name=FILE"),
        (["--set-file", "password="], "set-file: Use name=FILE"),
        (["--set-file", "password=-", "--set-file", "host=-"], "host: Standard input is read for"),
        (["--set", "password=hunter2", "--set-file", "password=-"], "password: It is given twice"),
        (["--set", "password"], "password: There is no terminal to ask"),
        (["--set", "no_setting"], "set: 'no_setting' is not name=value"),
    ],
)
def test_a_secret_that_cannot_be_read(capsys, monkeypatch, words, told):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hunter2\n")))
    with pytest.raises(SystemExit, match="1"):
        main([*ADD, *words])
    err = capsys.readouterr().err
    assert told in err
    assert "hunter2" not in err


def test_a_pin_is_given_one_way(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["location", "set", "--account", "1", "--pin", "new", "--pin-file", "-"])
    assert "not allowed with" in capsys.readouterr().err


async def test_settings_from_a_file_and_standard_input(tearoff, services, shop, tmp_path):  # noqa: F811
    (tmp_path / "s").write_bytes("\ufeffhunter2 \r\n".encode())
    add = [
        *("provider", "add", "--account", str(shop.account), "--replace", "--kind", "http"),
        *("--set", "url=https://gateway.example.com", "--set", "auth=basic"),
        *("--set", "username=shop", "--set-file", "body=-", "--json"),
    ]
    body = '{"to": "{to}",\n "text": "{text}"}\n'
    safe = tearoff(*add, "--set-file", f"password={tmp_path / 's'}", stdin=body)
    assert set(safe) == {"provider", "kind", "callback_url"}
    rows = await connections.connections_of(services.db, shop.account)
    (found,) = [row for row in rows if row.id == safe["provider"]]
    kept = connections.open_settings(services.vault, found)
    assert (kept["password"], kept["body"]) == ("hunter2 ", body.removesuffix("\n"))


def test_a_secret_as_an_argument_works_and_warns(tearoff, shop):  # noqa: F811
    add = [
        *("provider", "add", "--account", str(shop.account), "--replace", "--kind", "smtp"),
        *("--set", "host=mail.example.com", "--set", "from=a@example.com"),
        *("--set", "username=shop"),
    ]
    done = tearoff(*add, "--set", "password=hunter2")
    assert "tearoff: password: others on this machine can see" in done.stderr
    assert "--set-file password=FILE" in done.stderr
    assert done.stderr.count("others on this machine") == 1
    assert "hunter2" not in done.stdout + done.stderr


def test_pins_from_standard_input_and_as_arguments(tearoff, shop):  # noqa: F811
    account = ["--account", str(shop.account)]
    made = tearoff("location", "create", *account, "--name", "Bruges", "--pin-file", "-", "--json",
                   stdin="580213\n")  # fmt: skip
    assert made["has_pin"]
    assert "pin" not in made
    create = ["campaign", "create", *account, "--name", "C", "--title", "T", "--location", "Bruges"]
    same = tearoff(*create, "--pin", "580213")
    assert "tearoff: pin: others on this machine can see" in same.stderr
    assert "--pin-file FILE" in same.stderr
    assert "580213" not in same.stdout + same.stderr
    other = tearoff(*create, "--pin-file", "-", stdin="580214\n", code=1)
    assert "Bruges has another PIN" in other.stderr
    change = ["location", "set", *account, "--location", f"loc_{made['id']}"]
    for words in (["--pin", "new"], ["--pin", "-"]):
        assert "others on this machine" not in tearoff(*change, *words).stderr


def test_a_terminal_is_asked_and_shows_nothing(settings, shop):
    """As typed at a terminal: the option alone, and `-` where nothing is piped in."""
    for option in (["--pin"], ["--pin-file", "-"]):
        mine, theirs = pty.openpty()
        done = subprocess.Popen(
            [sys.executable, "-m", "tearoff", "location", "create", "--account", str(shop.account),
             "--name", "Typed", *option],
            stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env={**os.environ, "TEAROFF_DATABASE_URL": settings.database_url,
                 "TEAROFF_SECRET_KEY": settings.secret_key, "TEAROFF_DATA": str(settings.data)},
        )  # fmt: skip
        asked = b""
        while not asked.endswith(b"pin: "):
            asked += os.read(done.stderr.fileno(), 1) or pytest.fail(asked.decode())
        os.write(mine, b"4711\n")
        out, err = done.communicate(timeout=PATIENCE)
        os.write(theirs, b"end")
        shown = os.read(mine, 1_000)
        assert b"4711" not in shown + out + err
        assert shown.endswith(b"end")
        assert b"6 to 8 digits" in err
        os.close(mine)
        os.close(theirs)
