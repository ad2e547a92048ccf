"""Who is meant by an e-mail address, however it is written."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearoff.kit.mail_addresses import (
    AddressInvalid,
    canonical_address,
    mail_address,
    person_key,
)
from tearoff.kit.visible import as_seen, without_hidden

SPELLINGS = [
    ("ann@example.com", "ann@example.com"),
    ("Ann@EXAMPLE.com", "ann@example.com"),
    (" ann@example.com\u00a0", "ann@example.com"),
    ("a\u200bnn@example.com", "ann@example.com"),
    ("ann\u00ad@exam\u00adple.com", "ann@example.com"),
    ("\u202aann@example.com\u202c", "ann@example.com"),
    ("\uff45ve@example.com", "eve@example.com"),
    ("ann@ｅxample。com", "ann@example.com"),
    ("ann+shop@example.com", "ann+shop@example.com"),
    ("a.n.n@example.com", "a.n.n@example.com"),
    ("anna@straße.de", "anna@xn--strae-oqa.de"),
    ("anna@XN--STRAE-OQA.de", "anna@xn--strae-oqa.de"),
    ("anna@STRASSE.de", "anna@strasse.de"),
    ("JO\u0308RG@example.com", "jörg@example.com"),
    ("o'neil@example.com", "o'neil@example.com"),
]


@pytest.mark.parametrize(("spelling", "canonical"), SPELLINGS)
def test_one_person_has_one_address(spelling: str, canonical: str) -> None:
    assert canonical_address(spelling) == canonical
    assert canonical_address(mail_address(spelling)) == canonical
    assert mail_address(spelling).lower() == canonical


@pytest.mark.parametrize(
    ("spelling", "key"),
    [
        ("Ann+shop@Example.com", "ann@example.com"),
        ("ann+a+b@example.com", "ann@example.com"),
        ("a.n.n@example.com", "a.n.n@example.com"),
        ("A.nn.a+7@gmail.com", "anna@gmail.com"),
        ("a\u200bn.na@GoogleMail.com", "anna@gmail.com"),
        ("an.na@mail.gmail.com", "an.na@mail.gmail.com"),
        ("+shop@example.com", "+shop@example.com"),
        ("Nobody", "nobody"),
    ],
)
def test_one_person_has_one_key(spelling: str, key: str) -> None:
    assert person_key(spelling) == key == person_key(key)


def test_the_case_of_plain_letters_stays_to_be_shown() -> None:
    assert mail_address("Ann@Example.com\u200b") == "Ann@Example.com"


@pytest.mark.parametrize(
    "given",
    ["", "@", "ann", "ann@", "@example.com", "mailto:ann@example.com", '"ann"@example.com',
     "'ann@example.com'", "'ann@example.com", "“ann@example.com”", "<ann@example.com>",
     "Ann <ann@example.com>", "ann@b@example.com", "ann@@example.com", "an n@example.com",
     "ann@exam ple.com", "ann@example.com, ben@example.com", "ann@example.com;ben@example.com",
     "ann@example", "ann@192.0.2.1", "ann@[192.0.2.1]", "ann@exam_ple.com", "ann@-example.com",
     ".ann@example.com", "ann.@example.com", "a..nn@example.com", "ann@example..com",
     "ann@example.com.", "a@b..c", "ann@example，com", "ann，b@example.com", "ann@example.com，",
     "ann@example、com", "ann@example.com；", "ann@example.c0m", "☃@example.com", "ann@☃.example",
     "a\x00nn@example.com", "a" * 65 + "@example.com", "ann@" + "x" * 64 + ".com",
     "ann@" + "x." * 125 + "com"],
)  # fmt: skip
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(AddressInvalid):
        canonical_address(given)


@given(st.text(max_size=40), st.sampled_from(["example.com", "straße.de", "例え.jp", "x"]))
def test_what_is_canonical_stays_so(local: str, domain: str) -> None:
    try:
        canonical = canonical_address(f"{local}@{domain}")
    except AddressInvalid:
        return
    assert canonical_address(canonical) == canonical
    assert canonical == without_hidden(canonical) == canonical.lower()


@given(st.text(max_size=40))
def test_what_is_seen_stays_so(text: str) -> None:
    seen = as_seen(text)
    assert as_seen(seen) == seen
    assert as_seen(unicodedata.normalize("NFD", text)) == seen
    assert as_seen("\u200b".join(text)) == seen
