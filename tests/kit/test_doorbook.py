"""What the doors write into the log, and how much of it."""

from pathlib import Path

import structlog
from structlog.testing import capture_logs

from tearoff.kit import doorbook
from tearoff.kit.doorbook import Event

ROOT = Path(__file__).parents[2]


def test_every_event_is_in_the_operators_pages():
    page = (ROOT / "docs" / "operators.md").read_text("utf-8")
    assert [event for event in Event if f"`{event}`" not in page] == []


def test_a_loop_of_knocks_does_not_fill_the_log(monkeypatch):
    monkeypatch.setattr(doorbook, "log", structlog.get_logger())
    monkeypatch.setattr(doorbook, "_valves", {})
    with capture_logs() as lines:
        for _ in range(10_000):
            doorbook.note(Event.PASSWORD_REFUSED, address="10.0.0.1", account=None)
        doorbook.note(Event.SIGN_IN, account=1, member=2)
        doorbook._valves[Event.PASSWORD_REFUSED].at -= 2 * doorbook.EVERY
        doorbook.note(Event.PASSWORD_REFUSED, address="10.0.0.1")
    refused = [line for line in lines if line["event"] == "password.refused"]
    # One in two seconds on top of the burst, however slow the machine is.
    assert doorbook.BURST < len(refused) < 100
    assert refused[0] == {
        "event": "password.refused", "log_level": "warning", "address": "10.0.0.1"
    }  # fmt: skip
    assert sum(line.get("left_out", 0) for line in refused) == 10_001 - len(refused)
    # Another kind of event has room of its own.
    assert {"event": "sign_in.good", "log_level": "info", "account": 1, "member": 2} in lines
