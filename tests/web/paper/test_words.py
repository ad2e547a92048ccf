"""Dates and languages of the consumer's page (its phrases: `tests/kit/test_words.py`)."""

from datetime import UTC, datetime

import pytest

from tearoff.kit import times
from tearoff.kit.words import LANGUAGES, languages, words_in
from tearoff.web.paper.languages import choose_language

DATES = {
    "en": "8 November 2026, 23:59",
    "nl": "8 november 2026, 23:59",
    "fr": "8 novembre 2026, 23:59",
    "de": "8. November 2026, 23:59",
    "es": "8 de noviembre de 2026, 23:59",
    "it": "8 novembre 2026, 23:59",
    "pt": "8 de novembro de 2026, 23:59",
    "pl": "8 listopada 2026, 23:59",
    "ar": "8 نوفمبر 2026، 23:59",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_dates(language):
    at = datetime(2026, 11, 8, 22, 59, tzinfo=UTC)
    assert times.words_of(at, "Europe/Brussels", language) == DATES[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_kinds_of_digits(language):
    """Clocks are drawn in 0 to 9, so all numbers are."""
    at = datetime(2026, 11, 8, 22, 59, tzinfo=UTC)
    told = times.words_of(at, "UTC", language) + times.hours_of(
        [1, 2, 3, 6], "09:00", "24:00", language
    )
    assert all(c in "0123456789" for c in told if c.isdigit())


def test_opening_hours_in_words():
    assert times.hours_of([1, 2, 3, 6], "09:00", "24:00", "pl") == "pon.–śr., sob. 09:00–24:00"
    assert times.hours_of([6, 1, 2], "09:00", "12:00", "ar").count("،") == 2


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("pt-BR,pt;q=0.9,en-US;q=0.8", "pt"), ("pt-PT", "pt"), ("pl-PL,pl;q=0.9,en;q=0.8", "pl"),
        ("it-IT,it;q=0.9", "it"), ("it-CH", "it"), ("es-419,es;q=0.9", "es"), ("ar-EG", "ar"),
        ("de-AT", "de"), ("fr-BE", "fr"), ("ja,pl;q=0.2", "pl"), ("pl;q=0,it;q=0.1", "it"),
        ("ja", "nl"), ("", "nl"),
    ],
)  # fmt: skip
def test_the_browsers_language(accepted, chosen):
    assert choose_language("", accepted, "nl") == chosen


@pytest.mark.parametrize("language", sorted({*LANGUAGES} - {*languages("people")}))
async def test_pages_with_fewer_languages_fall_back_to_english(coupon, language):
    page = await coupon.get(f"/sso/nothing?lang={language}")
    assert "This link is over" in page.text and '<html lang="en"' in page.text


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_page_in_each_language(make_coupon, language):
    coupon = await make_coupon(language=language, activation_seconds=900)
    words, page = words_in("coupon", language), await coupon.get()
    assert f'<html lang="{language}"' in page.text
    for phrase in (
        words("Ready to activate"),
        words("Activate coupon"),
        words.ngettext("{n} minute", "{n} minutes", 15),
    ):
        assert phrase in page.text
