"""What a scanner reads, and mail programs make of a link."""

import json
from pathlib import Path

import pytest

from tearoff.coupons.counter.scanned_text import read_scanned

VECTORS = json.loads((Path(__file__).parents[1] / "data/scan_vectors.json").read_text())["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["about"])
def test_readings(vector):
    scanned = read_scanned(vector["text"])
    if vector["kind"] is None:
        assert scanned is None
        return
    assert scanned is not None
    read = (scanned.kind, scanned.code, scanned.token)
    assert read == (vector["kind"], vector["code"], vector["token"])


def test_a_shops_own_code_may_have_the_signs_of_code_39():
    scanned = read_scanned("*VIP*")
    assert scanned is not None
    assert scanned.spellings == ("*VIP*", "VIP")


@pytest.mark.parametrize(
    ("text", "is_garbled"),
    [
        ('\'àà-"_&"""ç"&', True),
        ("SAVEß10", False),
        ("]Q", True),
        ("B&W-10%", False),
        ("k7m", False),
    ],
)
def test_what_a_keyboard_of_another_country_makes_is_told(text, is_garbled):
    scanned = read_scanned(text)
    assert scanned is not None
    assert scanned.is_garbled == is_garbled
