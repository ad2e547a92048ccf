"""Segmentation against vectors whose answers come from another implementation."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearoff.messages.segments import EACH, EXTENSION, GSM_7, SINGLE, UCS_2, measure

VECTORS = json.loads(
    (Path(__file__).parents[1] / "data" / "segment_vectors.json").read_text("utf-8")
)["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["id"])
def test_agrees_with_the_vectors(vector):
    expect = vector["expect"]
    found = measure(vector["text"])
    assert (found.encoding, found.segments, found.units) == (
        expect["encoding"],
        expect["segments"],
        expect["units"],
    )
    known_cuts = [expect["segment_texts"], vector.get("unit_policy_segment_texts")]
    assert list(found.parts) in known_cuts


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v["id"])
def test_names_what_forces_ucs2(vector):
    named = "".join(vector["non_gsm"])
    assert set(measure(vector["text"]).offending) <= set(named)
    assert bool(measure(vector["text"]).offending) == bool(named)


def size(part, encoding):
    if encoding == GSM_7:
        return len(part) + sum(c in EXTENSION for c in part)
    return len(part.encode("utf-16-le")) // 2


@given(st.text(alphabet=st.sampled_from("ab€{é\r\nł😀👨\u200d👩\u0301🇧🇪"), max_size=800))
def test_parts_are_whole_and_fit(text):
    found = measure(text)
    assert "".join(found.parts) == text
    limit = SINGLE[found.encoding] if found.segments == 1 else EACH[found.encoding]
    assert all(size(part, found.encoding) <= limit for part in found.parts)
    assert found.units == size(text, found.encoding)
    assert found.encoding in (GSM_7, UCS_2)
