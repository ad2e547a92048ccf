"""The words of the consumer's page: whole in nine languages, with the right plurals and dates."""

import re
from datetime import UTC, datetime

import pytest

from tearoff.coupons.options import LANGUAGES
from tearoff.kit import times
from tearoff.web.coupon import stop_words
from tearoff.web.paper.words import WORDS, Words, choose_language, counted
from tearoff.web.people import sign_in_words

EN = WORDS["en"]
SAME = {"hour", "minute", "second", "privacy"}
"""Words that another language may share with English; other equal ones were forgotten."""


def places(text):
    return sorted(re.findall(r"{\w+}", text))


def test_campaigns_and_pages_have_the_same_languages():
    assert tuple(WORDS) == LANGUAGES


@pytest.mark.parametrize("language", [name for name in WORDS if name != "en"])
@pytest.mark.parametrize("name", Words.__struct_fields__)
def test_every_phrase_is_there_with_the_same_places(language, name):
    ours, english = getattr(WORDS[language], name), getattr(EN, name)
    if isinstance(english, dict):
        assert all(set(places(form)) <= {"{n}"} for form in ours.values())
        assert places(ours["other"]) == ["{n}"]
        return
    assert ours.strip() == ours
    assert ours
    assert places(ours) == places(english)
    assert ours != english or name in SAME
    if name not in SAME:
        assert ours.endswith(".") == english.endswith("."), "a sentence stays a sentence"


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("name", ["days_left", "tries_left", "for_minutes", "minutes_left"])
def test_every_plural_form_is_there(language, name):
    rule, forms = times.locale_of(language).plural_form, getattr(WORDS[language], name)
    asked = {rule(n) for n in range(1001)}
    assert set(forms) == asked | {"other"}
    for n in range(1001):
        told = counted(language, forms, n)
        assert "{" not in told
        assert str(n) in told or (language == "ar" and n <= 2)


def test_plurals_of_polish_and_arabic():
    days = {n: counted("pl", WORDS["pl"].days_left, n) for n in (1, 2, 5, 12, 22, 25)}
    assert days == {
        1: "został 1 dzień", 2: "zostały 2 dni", 5: "zostało 5 dni", 12: "zostało 12 dni",
        22: "zostały 22 dni", 25: "zostało 25 dni",
    }  # fmt: skip
    assert counted("pl", WORDS["pl"].for_minutes, 1) == "1 minutę"
    assert counted("ar", WORDS["ar"].days_left, 2) == "باقي يومان"
    assert counted("ar", WORDS["ar"].days_left, 7) == "باقي 7 أيام"
    assert counted("ar", WORDS["ar"].days_left, 11) == "باقي 11 يومًا"
    assert counted("en", EN.days_left, 1) == "1 day left"
    assert counted("fr", WORDS["fr"].days_left, 0) == "encore 0 jour"


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


@pytest.mark.parametrize("language", WORDS)
def test_dates(language):
    at = datetime(2026, 11, 8, 22, 59, tzinfo=UTC)
    assert times.words_of(at, "Europe/Brussels", language) == DATES[language]


@pytest.mark.parametrize("language", WORDS)
def test_no_two_kinds_of_digits(language):
    """Clocks are drawn in 0 to 9, so all numbers are."""
    at = datetime(2026, 11, 8, 22, 59, tzinfo=UTC)
    told = times.words_of(at, "UTC", language) + times.hours_of(
        [1, 2, 3, 6], "09:00", "24:00", language
    )
    phrases = [getattr(WORDS[language], name) for name in Words.__struct_fields__]
    told += "".join("".join(p.values()) if isinstance(p, dict) else p for p in phrases)
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


@pytest.mark.parametrize("language", [x for x in WORDS if x not in sign_in_words.WORDS])
async def test_pages_with_fewer_languages_fall_back_to_english(coupon, language):
    assert set(sign_in_words.WORDS) == {"en", "nl", "fr", "de", "es", "ar"}
    page = await coupon.get(f"/sso/nothing?lang={language}")
    assert sign_in_words.WORDS["en"].over in page.text
    if language not in stop_words.WORDS:
        page = await coupon.get(f"{coupon.path}/stop?lang={language}")
        assert '<html lang="en"' in page.text


@pytest.mark.parametrize("language", WORDS)
async def test_a_page_in_each_language(make_coupon, language):
    coupon = await make_coupon(language=language, activation_seconds=900)
    words, page = WORDS[language], await coupon.get()
    assert f'<html lang="{language}"' in page.text
    for phrase in (words.claimable, words.activate, counted(language, words.for_minutes, 15)):
        assert phrase in page.text
