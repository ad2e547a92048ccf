"""`tearoff location …`, and the QR code that it prints."""

import re

import pytest
import zxingcpp
from PIL import Image

from tests.test_cli import tearoff  # noqa: F401 (a fixture)


@pytest.fixture
def run(tearoff):  # noqa: F811
    """A command on the locations of a new account."""
    key = tearoff("account", "create", "--name", "Shop", "--email", "a@example.com", "--json")

    def run(name, *words, code=0):
        return tearoff("location", name, "--account", str(key["account"]), *words, code=code)

    return run


def test_a_location_by_hand(run, tmp_path):
    assert run("list").stdout.strip() == "There is none yet."
    assert "--location: Name one: there is none yet." in run("pair", code=1).stderr
    hours = tmp_path / "hours"
    hours.write_text('[{"days": [1,2,3,4,5], "start": "08:00", "end": "18:00"}]')
    made = run("create", "--name", "Ghent", "--pin", "471108", "--street", "Korenmarkt 1", "--city",
               "Ghent", "--hours", f"@{hours}", "--json")  # fmt: skip
    assert (made["name"], made["has_pin"]) == ("Ghent", True)
    told = run("list").stdout
    assert "Ghent\n  Korenmarkt 1, Ghent\n  Mon–Fri 08:00–18:00\n  known by its PIN" in told
    changed = run("set", "--trusts-offline", "yes", "--pin", "-", "--json")
    assert (changed["trusts_offline"], changed["has_pin"]) == (True, False)
    assert "--country. Use two capital letters" in run("set", "--country", "Be", code=1).stderr
    refused = run("set", "--redeems-at-once", "maybe", code=1)
    assert refused.stderr == "tearoff: --redeems-at-once: Use yes or no.\n"
    assert run("set", "--help").stdout.count("One of: yes, no.") == 2
    run("create", "--name", "Bruges")
    assert "6 to 8 digits" in run("set", "--location", f"loc_{made['id']}", "--pin", "4711",
                                  code=1).stderr  # fmt: skip
    drawn = run("set", "--location", f"loc_{made['id']}", "--pin", "new", "--json")
    assert re.fullmatch("[0-9]{6}", drawn["pin"])
    assert "(Bruges)" in run("pair", code=1).stderr
    removed = run("remove", "--location", f"loc_{made['id']}").stdout
    assert removed.strip() == "Ghent is removed, and its devices are thrown out."


def test_the_printed_code_leads_to_the_printed_link(run):
    run("create", "--name", "Ghent")
    told = run("pair").stdout
    (link,) = re.findall(r"http://\S+/till/pair/\w{49}", told)
    (found,) = zxingcpp.read_barcodes(photo(told), formats=zxingcpp.BarcodeFormat.QRCode)
    assert found.text == link
    assert run("devices").stdout.strip() == "None is paired."
    assert run("throw-out", "--device", "dev_1", code=1).stderr


def photo(text: str) -> Image.Image:
    """How a terminal shows it: each character is two modules high; blocks are white."""
    rows = re.findall(r"\x1b\[97;40m(.*)\x1b\[0m", text)
    image = Image.new("L", (len(rows[0]), 2 * len(rows)))
    for y, row in enumerate(rows):
        for x, character in enumerate(row):
            image.putpixel((x, 2 * y), 255 * (character in "▀█"))
            image.putpixel((x, 2 * y + 1), 255 * (character in "▄█"))
    return image.resize((image.width * 6, image.height * 6), Image.Resampling.NEAREST)
