"""`tearoff campaign set`, `show`, `locations` and `picture`."""

import json
from datetime import datetime

import pytest

from tearoff.api.v4.campaigns import FIELDS
from tearoff.cli.values import on_the_clock
from tearoff.errors import Invalid
from tearoff.kit.times import iso
from tests.api.v4.client import as_made
from tests.api.v4.test_campaign_options import ALL, holds
from tests.test_cli import tearoff  # noqa: F401 (a fixture)
from tests.web.conftest import PICTURE

FILES = {"hours", "form", "scratch", "texts"}


@pytest.fixture
def run(tearoff):  # noqa: F811
    """A command on a campaign of a new account."""
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    account = ["--account", str(key["account"])]
    made = tearoff("campaign", "create", *account, "--name", "C", "--title", "T", "--pin", "471108",
                   "--json")  # fmt: skip

    def run(name, *words, code=0):
        return tearoff("campaign", name, *account, "--campaign", made["ID"], *words, code=code)

    return run


def flags(values, folder):
    """Each option as somebody types it; some of them from files."""
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value)
        if name in FILES:
            (folder / name).write_text(text, "utf-8")
            text = f"@{folder / name}"
        elif isinstance(value, list):
            text = ",".join(value)
        yield from (f"--{name.replace('_', '-')}", text)


def test_all_options_are_set_shown_and_emptied(run, tmp_path):
    plain = run("show", "--json")
    done = run("set", *flags(ALL, tmp_path), "--title", "Soup", "--tags", "warm,red", "--json")
    assert holds(done, ALL | {"title": "Soup", "tags": ["warm", "red"]})
    assert run("show", "--json") == done
    table = run("show").stdout
    assert 'methods             ["button", "webshop"]' in table
    empty = [word for name in ALL for word in (f"--{name.replace('_', '-')}", "-")]
    back = run("set", *empty, "--tags", "-", "--title", "T", "--json")
    assert as_made(back) == plain


def test_every_field_of_v4_is_a_flag(run):
    told = run("set", "--help").stdout
    for field in FIELDS:
        assert f"--{field.name.replace('_', '-')} VALUE" in told
    assert "One of: aztec, code128" in " ".join(told.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--barcode", "qrcode"], "--barcode. Use one of: aztec, code128"),
        (["--barcode", "ean13"], "--barcode: ean13 cannot hold a link. Set code_source to own"),
        (["--activation-seconds", "59"], "--activation-seconds. Use a number from 60 to 72000."),
        (["--limit-day", "many"], "--limit-day. Use a whole number."),
        (["--saves", "perhaps"], "tearoff: --saves: Use yes or no."),
        (["--methods", "pin,wave"], "--methods, value 2. Use one of: button, code, pin, webshop."),
        (["--form", "{"], "--form: This is not JSON"),
        (["--form", "@/nowhere.json"], "--form: There is no file /nowhere.json."),
        (["--help-url", "javascript:alert(1)"], "--help-url: Use an address that begins with"),
        ([], "Name at least one option"),
    ],
)
def test_problems_name_the_option_and_what_would_be_right(run, words, told):
    assert told in run("set", *words, code=1).stderr


def test_where_it_is_taken_in(run):
    first = run("locations", "--json")["locations"]
    assert len(first) == 1
    assert run("locations", "--set", "-").stdout.strip() == "All locations of the account."
    done = run("locations", "--set", f"loc_{first[0]}", "--json")
    assert done == {"locations": first, "restricted": True}
    assert "--locations: There is no location 1." in run("locations", "--set", "1", code=1).stderr
    assert "Use an id such as loc_100001." in run("locations", "--set", "here", code=1).stderr


def test_a_picture(run, tmp_path):
    done = run("picture", str(PICTURE), "--alt", "Two cups", "--json")
    assert done["picture"].endswith(".webp")
    assert done["picture_alt"] == "Two cups"
    assert run("picture", "-", "--json")["picture"] is None
    assert "no file" in run("picture", str(tmp_path / "none"), code=1).stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--timezone", "Europe/Brusels"], "in --timezone. "),
        (["--language", "xx"], "in --language. Use one of"),
        (["--starts", "2027-01-02", "--expires-at", "2027-01-01"], "--expires-at: The end must"),
    ],
)
def test_what_cannot_be_is_refused_when_a_campaign_is_made(tearoff, words, told):  # noqa: F811
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")
    done = tearoff("campaign", "create", "--account", str(key["account"]), "--name", "C",
                   "--title", "T", *words, code=1)  # fmt: skip
    assert told in done.stderr


def test_pins_alone_where_no_location_has_one(tearoff, run):  # noqa: F811
    key = tearoff("account", "create", "--name", "Shop", "--email", "b@example.com", "--json")
    account = ["--account", str(key["account"])]
    made = tearoff("campaign", "create", *account, "--name", "C", "--title", "T", "--json")
    pin = ["--methods", "pin"]
    done = tearoff("campaign", "set", *account, "--campaign", made["ID"], *pin)
    assert "No location of this campaign has a PIN" in done.stdout
    assert "has a PIN" not in run("set", *pin).stdout


def test_the_end_is_named_as_it_was_typed(run):
    done = run("set", "--starts-at", "2027-01-02T00:00:00Z", "--expires-at", "2027-01-01T00:00:00Z",
               code=1)  # fmt: skip
    assert "--expires-at: The end must be after the start." in done.stderr


WRITTEN = {
    "2030-01-31": ("2030-01-31T00:00:00+01:00", "2030-01-31T23:59:59+01:00"),
    "2030-07-31 08:30": ("2030-07-31T08:30:00+02:00",) * 2,
    "2030-01-31T08:30:15": ("2030-01-31T08:30:15+01:00",) * 2,
    "2030-01-31T08:30:00Z": ("2030-01-31T09:30:00+01:00",) * 2,
    "2030-01-31t08:30:00+05:00": ("2030-01-31T04:30:00+01:00",) * 2,
}


@pytest.mark.parametrize("typed", WRITTEN)
def test_times_as_they_are_typed(typed):
    """A day alone begins, or as an end is whole, on the clock of the campaign."""
    values = on_the_clock({"starts_at": typed, "expires_at": typed}, FIELDS, "Europe/Brussels")
    read = (datetime.fromisoformat(values[name]) for name in ("starts_at", "expires_at"))
    assert tuple(iso(at, "Europe/Brussels") for at in read) == WRITTEN[typed]


@pytest.mark.parametrize(
    "typed", ["31/01/2030", "2030-01-32", "tomorrow", "20300131", "0001-01-01"]
)
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(Invalid, match="Use yyyy-MM-dd or yyyy-MM-dd HH:mm"):
        on_the_clock({"expires_at": typed}, FIELDS, "Europe/Brussels")


def test_making_and_changing_a_campaign_read_times_alike(tearoff, run):  # noqa: F811
    key = tearoff("account", "create", "--name", "Shop", "--email", "t@example.com", "--json")
    account = ["--account", str(key["account"])]
    times = ["--timezone", "Asia/Tokyo", "--starts-at", "2030-01-30T12:00:00Z",
             "--expires-at", "2030-01-31"]  # fmt: skip
    made = tearoff("campaign", "create", *account, "--name", "C", "--title", "T", *times, "--json")
    shown = tearoff("campaign", "show", *account, "--campaign", made["ID"], "--json")
    told = [(one["starts_at"], one["expires_at"]) for one in (shown, run("set", *times, "--json"))]
    assert told == [("2030-01-30T12:00:00Z", "2030-01-31T14:59:59Z")] * 2
    assert (
        run("set", "--expires-at", "2030-02-01", "--json")["expires_at"] == "2030-02-01T14:59:59Z"
    )
