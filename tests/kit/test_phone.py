import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tearoff.kit.phone import (
    PhoneInvalid,
    parse_phone,
    parse_written,
    phone_key,
    read_phone,
    read_sender,
    spellings,
    time_zones_of,
)

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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5215512345678", "+525512345678"),
        ("+5491123456789", "+541123456789"),
        ("+5493512345678", "+543512345678"),
        ("+5511987654321", "+551187654321"),
        ("+5511912345678", "+551112345678"),
    ],
)
def test_two_spellings_are_one_number(one, other):
    assert phone_key(one) == phone_key(other)
    assert set(spellings(one)) == set(spellings(other)) == {one, other}
    assert spellings(one)[0] == phone_key(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5511945678901", "+551145678901"),  # a landline of São Paulo, and a mobile
        ("+12015550123", "+2015550123"),
        ("+5215512345678", "+15512345678"),
    ],
)
def test_other_numbers_are_not(one, other):
    assert phone_key(one) != phone_key(other)


@given(st.from_regex(E164, fullmatch=True))
@example("+549112345678")
@example("+52155123456789")
def test_a_key_is_a_spelling_and_its_own_key(number):
    assert phone_key(phone_key(number)) == phone_key(number)
    assert number in spellings(number)
    assert {phone_key(one) for one in spellings(number)} == {phone_key(number)}


@pytest.mark.parametrize(
    "given_text",
    [
        "\u202a+32 470\u201100\u201112\u201134\u202c", "+32\u00a0470\u00a000\u00a012\u00a034",
        "+32\u202f470\u202f00 12\u200934", "\ufeff+32470001234", "+3247000\u200b1234",
        "+32\u00ad470001234", "+32 (0)470/00.12.34", "+32(0)470001234", "0032 (0) 470 00 12 34",
        "+32\u2013470\u2014001\u2212234", "＋３２４７０００１２３４", "+٣٢٤٧٠٠٠١٢٣٤",
        "tel:+32-470-00-12-34", "'+32470001234", "+32470001234\r\n", "32 470 00 12 34", 32470001234,
    ],
)  # fmt: skip
def test_numbers_as_people_paste_them(given_text):
    assert read_phone(given_text) == "+32470001234"
    assert parse_written(given_text).e164 == "+32470001234"


@pytest.mark.parametrize(
    "given_text",
    ["", "+", "0470001234", "+32470001234x5", "+1800FLOWERS", "8850", "BEANLEAF", "+32470", None,
     True, 3.5, [], "9" * 5000, "+32470001234 or +32470001235"],
)  # fmt: skip
def test_what_is_no_number_however_it_is_pasted(given_text):
    with pytest.raises(PhoneInvalid):
        read_phone(given_text)


def test_who_wants_nothing_need_not_have_a_number_in_use():
    assert read_phone("+31600000000") == "+31600000000"
    with pytest.raises(PhoneInvalid):
        parse_written("+31600000000")
    assert parse_written("+52 1 55 1234 5678").e164 == "+525512345678"


@pytest.mark.parametrize(
    ("typed", "country", "e164"),
    [
        ("0470 00 12 34", "BE", "+32470001234"),
        ("0470/00.12.34", "BE", "+32470001234"),
        ("0470-00-12-34", "BE", "+32470001234"),
        ("(0)470 00 12 34", "BE", "+32470001234"),
        ("0470\u00a000\u00a012\u00a034", "BE", "+32470001234"),
        ("0470\u201300\u201312\u201334", "BE", "+32470001234"),
        ("٠٤٧٠٠٠١٢٣٤", "BE", "+32470001234"),
        ("０４７０００１２３４", "BE", "+32470001234"),
        ("470001234", "BE", "+32470001234"),
        ("32470001234", "BE", "+32470001234"),
        ("32 (0)470 00 12 34", "BE", "+32470001234"),
        ("+32 (0) 470 00 12 34", "FR", "+32470001234"),
        ("+32 0470 00 12 34", "BE", "+32470001234"),
        ("0032 470 00 12 34", "FR", "+32470001234"),
        ("33 6 00 00 12 34", "BE", "+33600001234"),
        ("06 00 00 12 34", "FR", "+33600001234"),
        ("(201) 555-0123", "US", "+12015550123"),
        ("1-201-555-0123", "US", "+12015550123"),
        ("011 32 470 00 12 34", "US", "+32470001234"),
        ("0011 32 470 00 12 34", "AU", "+32470001234"),
        ("0011 1 201 555 0123", "AU", "+12015550123"),
        ("001 32 470 00 12 34", "SG", "+32470001234"),
        ("0032 470 00 12 34", "SG", "+32470001234"),
        ("0470 00 12 34", None, None),
        ("0470 00 12", "BE", None),
        ("0800 12 345", "BE", None),
        ("+470 00 12 34", "BE", None),  # it says that it is of another country
        ("+0470 00 12 34", "BE", None),
        ("0470 00 12 34 or 35", "BE", None),
        ("0470 00 12 34 x5", "BE", None),
    ],
)
def test_numbers_as_people_type_them(typed, country, e164):
    if e164 is None:
        with pytest.raises(PhoneInvalid):
            parse_written(typed, country)
    else:
        assert parse_written(typed, country).e164 == read_phone(typed, country) == e164


@pytest.mark.parametrize(
    ("sender", "ton", "country", "e164"),
    [
        ("32470001234", 1, None, "+32470001234"),
        ("+32470001234", 0, None, "+32470001234"),
        ("0032470001234", 0, None, "+32470001234"),
        ("0032470001234", 1, "FR", "+32470001234"),
        ("+0032470001234", 1, None, "+32470001234"),
        ("32470001234", 0, "FR", "+32470001234"),
        ("0470001234", 0, "BE", "+32470001234"),
        ("0470001234", 1, "BE", "+32470001234"),
        ("0470001234", 2, "BE", "+32470001234"),
        ("470001234", 0, "BE", "+32470001234"),
        ("470001234", 2, "BE", "+32470001234"),
        ("+470001234", 1, "BE", "+32470001234"),
        ("32470001234", 2, "BE", "+32470001234"),
        ("0600001234", 0, "FR", "+33600001234"),
        ("2015550123", 0, "US", "+12015550123"),
        ("2015550123", 2, "US", "+12015550123"),
        ("12015550123", 0, "US", "+12015550123"),
        ("01132470001234", 0, "US", "+32470001234"),
        ("5215512345678", 1, None, "+525512345678"),
        ("5512345678", 2, "MX", "+525512345678"),
        ("551187654321", 1, None, "+5511987654321"),
        ("11 8765-4321", 2, "BR", "+5511987654321"),
        ("541123456789", 1, None, "+541123456789"),
        ("01115 2345 6789", 0, "AR", "+5491123456789"),
        ("31600000000", 1, None, "+31600000000"),
        ("447700900123", 5, None, "+447700900123"),
    ],
)
def test_who_a_text_came_from(sender, ton, country, e164):
    assert read_sender(sender, ton=ton, country=country)[0] == e164


@pytest.mark.parametrize(
    ("sender", "country"),
    [("36111", "FR"), ("8850", "BE"), ("BEANLEAF", "BE"), ("0470001234", None), ("", "BE"),
     ("470001234", None), ("\0", "BE"), ("+", "BE")],
)  # fmt: skip
def test_short_codes_names_and_national_numbers_of_nowhere_are_not_guessed(sender, country):
    assert read_sender(sender, country=country) == ()


@given(st.text(), st.integers(0, 7), st.sampled_from([None, "BE", "US", "AR", "XX"]))
def test_no_sender_breaks_it(text, ton, country):
    for found in read_sender(text, ton=ton, country=country):
        assert E164.fullmatch(found)
