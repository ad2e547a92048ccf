"""What a barcode of each kind can hold. What it cannot hold is told to the marketer when the
code is set or imported, not to the customer at the counter.

Sources: GS1 General Specifications (check digits, element strings), ISO/IEC 15417 (Code 128),
16390 (ITF), 16022 (Data Matrix), 15438 (PDF417), 24778 (Aztec).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import zxingcpp

from tearoff.coupons.options import Barcode
from tearoff.errors import Invalid

_FORMATS = {
    "qr": zxingcpp.BarcodeFormat.QRCode,
    "code128": zxingcpp.BarcodeFormat.Code128,
    "ean13": zxingcpp.BarcodeFormat.EAN13,
    "upca": zxingcpp.BarcodeFormat.UPCA,
    "itf": zxingcpp.BarcodeFormat.ITF,
    "gs1_128": zxingcpp.BarcodeFormat.Code128,
    "databar": zxingcpp.BarcodeFormat.DataBarOmni,
    "databar_expanded": zxingcpp.BarcodeFormat.DataBarExpStk,
    "datamatrix": zxingcpp.BarcodeFormat.DataMatrix,
    "gs1_datamatrix": zxingcpp.BarcodeFormat.DataMatrix,
    "pdf417": zxingcpp.BarcodeFormat.PDF417,
    "aztec": zxingcpp.BarcodeFormat.Aztec,
}

MATRIX = ("qr", "datamatrix", "gs1_datamatrix", "aztec")
"""Square ones; the others are rows of bars."""

_GS1 = ("gs1_128", "databar_expanded", "gs1_datamatrix")
_DIGITS = {"ean13": 13, "upca": 12, "databar": 14}
_LONGEST = {"code128": 48, "itf": 30}
_LONGEST_OTHER = 300
_WIDEST = 355
"""Modules without the quiet zone. Wider bars were read from some phones only: decision 0013."""

_ROOMY = 25
"""So many characters of Code 128 always fit: 11 modules each, and 35 for start, check and stop."""
_ELEMENT = re.compile(r"\((\d{2,4})\)([^()]+)")


def check(barcode: Barcode, text: str, field: str = "fixed_code") -> None:
    """Raises `Invalid` that says what would be right."""
    problem = problem_of(barcode, text)
    if problem:
        raise Invalid(problem, field=field)


def can_hold(barcode: Barcode, text: str) -> bool:
    return not problem_of(barcode, text)


def make(barcode: Barcode, text: str) -> zxingcpp.Barcode:
    """The symbol. Raises `Invalid` where `check` does."""
    check(barcode, text)
    return _make(barcode, text)


@lru_cache(2048)
def problem_of(barcode: Barcode, text: str) -> str:
    """What is wrong with the text; "" when the barcode can hold it."""
    if not text:
        return "There is no code."
    if barcode in _DIGITS:
        return _problem_of_number(text, _DIGITS[barcode])
    if barcode in _GS1:
        problem = _problem_of_elements(text)
        if problem:
            return problem
    longest = _LONGEST.get(barcode, _LONGEST_OTHER)
    if len(text) > longest:
        return f"At most {longest} characters; these are {len(text)}."
    if barcode == "itf" and (not _is_number(text) or len(text) % 2):
        return "An even number of digits."
    if barcode not in ("qr", "pdf417", "aztec", "datamatrix") and not _is_ascii(text):
        return "Letters without accents, digits and signs only."
    if barcode not in _GS1 and text.isascii() and (barcode != "code128" or len(text) <= _ROOMY):
        return ""  # within these lengths all of them can be drawn, which is not cheap
    try:
        image: Any = _make(barcode, text).to_image(scale=1, add_quiet_zones=False)
        pixels: Any = memoryview(image)
    except (ValueError, RuntimeError) as error:
        return f"It cannot be drawn: {str(error).partition(' (')[0]}."
    if barcode in ("code128", "gs1_128") and pixels.shape[1] > _WIDEST:
        return (
            "Too long for bars on a phone: about 28 letters or 48 digits fit."
            " Square codes hold more."
        )
    return ""


def _make(barcode: Barcode, text: str) -> zxingcpp.Barcode:
    # As a keyword: written into the options' text, the wish for GS1 is silently ignored.
    more = {"gs1": True} if barcode in _GS1 else {}
    return zxingcpp.create_barcode(text, _FORMATS[barcode], **more)


def _problem_of_number(text: str, length: int) -> str:
    if not _is_number(text) or len(text) != length:
        return f"{length} digits."
    digit = check_digit(text[:-1])
    return "" if text[-1] == digit else f"The last digit should be {digit}."


def _problem_of_elements(text: str) -> str:
    """GS1 element strings: identifiers in brackets, each followed by its value."""
    found = _ELEMENT.findall(text)
    if not found or "".join(f"({ai}){value}" for ai, value in found) != text:
        return "Identifiers in brackets, such as (01)09506000134352(10)ABC123."
    for ai, value in found:
        if ai in ("01", "02"):
            problem = _problem_of_number(value, 14)
            if problem:
                return f"After ({ai}): {problem}"
    return ""


def check_digit(digits: str) -> str:
    """Of a GTIN without it: weights 3 and 1 from the right, up to the next ten."""
    total = sum(int(d) * (3, 1)[i % 2] for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable()
