"""What a barcode cannot hold is told before it is set."""

import pytest

from tearoff.coupons import symbols
from tearoff.errors import Invalid
from tests.web.coupon.test_barcodes import HOLDS

TOO_LONG = (
    "Too long for bars on a phone: about 28 letters or 48 digits fit. Square codes hold more."
)


@pytest.mark.parametrize("barcode", HOLDS)
def test_what_it_can_hold_is_taken(barcode):
    symbols.check(barcode, HOLDS[barcode][0])


@pytest.mark.parametrize("text", ["x" * 28, "1" * 48])
def test_long_ones_that_a_phone_can_show_are_taken(text):
    symbols.check("code128", text)


@pytest.mark.parametrize(
    ("barcode", "text", "says"),
    [
        ("ean13", "4006381333932", "The last digit should be 1."),
        ("ean13", "400638133393", "13 digits."),
        ("ean13", "٤٠٠٦٣٨١٣٣٣٩٣١", "13 digits."),
        ("upca", "036000291453", "The last digit should be 2."),
        ("databar", "09506000134353", "The last digit should be 2."),
        ("itf", "123", "An even number of digits."),
        ("itf", "12a4", "An even number of digits."),
        ("code128", "x" * 49, "At most 48 characters; these are 49."),
        ("code128", "x" * 30, TOO_LONG),
        ("gs1_128", "(01)09506000134352(10)ABCDEFGHIJKL(21)MNOPQRSTU", TOO_LONG),
        ("code128", "café", "Letters without accents, digits and signs only."),
        (
            "gs1_128",
            "0109506000134352",
            "Identifiers in brackets, such as (01)09506000134352(10)ABC123.",
        ),
        ("gs1_128", "(01)09506000134353", "After (01): The last digit should be 2."),
        ("gs1_datamatrix", "(01)0950", "After (01): 14 digits."),
        ("qr", "", "There is no code."),
        ("pdf417", "x" * 301, "At most 300 characters; these are 301."),
    ],
)
def test_what_it_cannot_hold_is_told(barcode, text, says):
    with pytest.raises(Invalid) as told:
        symbols.check(barcode, text)
    assert str(told.value) == says
    assert told.value.field == "fixed_code"


def test_check_digits_are_those_of_the_standard():
    """Examples of the GS1 General Specifications."""
    assert symbols.check_digit("629104150021") == "3"
    assert symbols.check_digit("0950600013435") == "2"
