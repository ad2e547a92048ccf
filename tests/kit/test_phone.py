import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tearoff.kit.phone import PhoneInvalid, parse_phone, time_zones_of

E164 = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


@pytest.mark.parametrize(
    ("given_text", "e164"),
    [
        ("+32470001234", "+32470001234"),
        ("+32 470 00 12 34", "+32470001234"),
        ("+32-470-00.12.34", "+32470001234"),
        ("(+32) 470001234", "+32470001234"),
        ("0032470001234", "+32470001234"),
        ("32470001234", "+32470001234"),
        (32470001234, "+32470001234"),
        ("+1 (201) 555-0123", "+12015550123"),
        ("+33600001234", "+33600001234"),
    ],
)
def test_accepted_forms(given_text, e164):
    assert parse_phone(given_text).e164 == e164


@pytest.mark.parametrize(
    "given_text",
    [
        "", "+", "0470001234", "+32(0)470001234", "tel:+32470001234", "++32470001234",
        "＋32470001234", "+٣٢٤٧٠٠٠١٢٣٤", "+1800FLOWERS", "+32470001234;ext=5", "+32470001234x5",
        "+123456789", "+15551234567", "+31600000000", "+18005550123", "+32470001234\n",
        "+0032470001234",
        "+32/470001234", "+447012345678", None, True, 3.5, [], {}, "9" * 5000, "+32470001234\x00",
    ],
)  # fmt: skip
def test_refused_forms(given_text):
    with pytest.raises(PhoneInvalid):
        parse_phone(given_text)


def test_islands_count_as_britain_for_rules():
    phone = parse_phone("+447911123456")
    assert (phone.region, phone.rules_region) == ("GG", "GB")


def test_numbers_of_no_country_are_told_apart():
    assert not parse_phone("+881612345678").is_geographic


def test_the_pattern_cache_is_large_enough_for_all_countries():
    assert getattr(re, "_MAXCACHE", 8192) >= 8192


def test_time_zones():
    assert time_zones_of("+32470001234") == ("Europe/Brussels",)
    assert "America/New_York" in time_zones_of("+12015550123")


@given(st.one_of(st.text(), st.integers(), st.from_regex(r"\+?[0-9 ()./-]{5,20}"), st.binary()))
@example("+32470001234")
def test_any_input_is_read_or_refused(text):
    try:
        phone = parse_phone(text)
    except PhoneInvalid:
        return
    assert E164.fullmatch(phone.e164)
    assert parse_phone(phone.e164) == phone
