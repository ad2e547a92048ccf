from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tearoff.providers import registry
from tearoff.providers.base import BadSettings, Surroundings

TWILIO = {"account_sid": "AC" + "0" * 32, "auth_token": "t", "sender": "Bakery"}


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_kind_has_fields(kind: str) -> None:
    fields = registry.fields_of(kind)
    names = [field.name for field in fields]
    assert len(names) == len(set(names))
    assert all(field.help for field in fields)
    assert "sender" in names or registry.channel_of(kind) == "email"


def test_secrets_are_marked() -> None:
    secret = {f.name for kind in registry.KINDS for f in registry.fields_of(kind) if f.secret}
    assert {"auth_token", "password", "token", "hmac_secret", "headers"} <= secret


def test_opens(tmp_path: Path) -> None:
    assert registry.open_provider("log", {}, Surroundings(str(tmp_path))).kind == "log"
    assert registry.open_provider("twilio", TWILIO, Surroundings(str(tmp_path))).kind == "twilio"


@pytest.mark.parametrize(
    ("kind", "settings", "field", "says"),
    [
        ("carrier-pigeon", {}, "kind", "not one of log, twilio"),
        ("log", {"colour": "red"}, "colour", "not a setting of log. Known: country, delay_ms"),
        ("twilio", {"account_sid": "x"}, "auth_token", "needs it: Auth Token"),
        ("twilio", TWILIO | {"auth_token": "  "}, "auth_token", "needs it"),
        ("twilio", TWILIO | {"account_sid": "AC1"}, "account_sid", "AC and 32 hexadecimal"),
        ("twilio", {**TWILIO, "sender": ""}, "sender", "or a messaging_service_sid"),
        ("http", {"body": "{}"}, "url", "needs it"),
    ],
)
def test_bad_settings_name_the_field(
    kind: str, settings: dict[str, str], field: str, says: str
) -> None:
    with pytest.raises(BadSettings, match=says) as raised:
        registry.open_provider(kind, settings, Surroundings("."))
    assert raised.value.field == field


def test_adapters_are_imported_at_first_use() -> None:
    """A process that only logs pays for no other adapter."""
    code = (
        "import sys; from tearoff.providers import registry; registry.fields_of('log');"
        "assert not [m for m in sys.modules if 'twilio' in m or 'smpp' in m or 'gateway' in m]"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
