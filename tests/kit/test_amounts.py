"""Amounts as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearoff.kit.amounts import is_unlikely, read_amount

VECTORS = json.loads((Path(__file__).parents[1] / "data/amount_vectors.json").read_text())[
    "vectors"
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: repr(v["text"]))
def test_what_people_type(vector):
    assert read_amount(vector["text"]) == vector["amount"]


@given(st.integers(0, 999_999_999), st.integers(0, 99), st.sampled_from([".,", ",.", " ,", "'."]))
def test_each_amount_is_read_as_it_is_printed(whole, cents, signs):
    group, point = signs
    for printed in (f"{whole:,}".replace(",", group), str(whole)):
        read = read_amount(f"{printed}{point}{cents:02}")
        assert read is not None
        assert round(float(read) * 100) == whole * 100 + cents
        assert read_amount(read) == read


@given(st.text(max_size=60))
def test_nothing_that_is_typed_is_in_the_way(text):
    read = read_amount(text)
    assert read is None or read_amount(read) == read


def test_nothing_and_very_much_are_asked_about_once_more():
    asked = {"0": True, "0.01": False, "99999.99": False, "100000": True, "999999999": True}
    assert {amount: is_unlikely(amount) for amount in asked} == asked
