"""The catalogs of translators: whole, with the same places and all plural forms, and up to date."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tearoff.kit import times, words
from tearoff.kit.words import DOMAINS, LANGUAGES, languages, words_in
from tearoff.web.till import shell, verdicts

SAYING = {"words", "phrase", "ngettext", "pgettext", "plural_forms"}
ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src/tearoff/locale"
GAPS = {
    "till": {"it", "pt", "pl"}, "people": {"it", "pt", "pl"}, "dashboard": {"it", "pt", "pl", "ar"},
}  # fmt: skip
"""Languages that a domain does not speak: it answers in English."""

UNITS = {"h", "min", "s"}
SAME = {
    *UNITS, "Code", "Coupon", "NO", "OK", "Online", "Privacy", "Start", "Stop", "Vibration",
    "optional", "{n} minute", "{n} minutes",
    # of the dashboard
    "API", "Account SID", "Activation", "Active", "Alphabet", "Auth Token", "Browser",
    "CLIENT_ID", "Client id", "Coupon {code}", "Coupons", "Description",
    "E-mail", "Editor", "Extras", "Headers", "Limits", "Logo", "Manager", "Menu", "Message",
    "Messaging Service", "Name", "No", "Notes", "PIN", "Pages", "Port", "Question", "SMS",
    "Scans", "Secret", "Server", "Service", "Services", "Status", "System ID", "System type",
    "TLS", "Text", "Token", "Validation", "Wallets", "Website", "minutes",
    "Client ID", "Contacts", "Filters", "General", "Messages", "Passkey", "Passkeys",
    "Single sign-on", "Subaccounts", "Team", "Webhooks", "in Apple Wallet", "in Google Wallet",
    "ms", "{n} ms",

}  # fmt: skip
"""Phrases that another language may share with English; other equal ones were forgotten."""

FILES = [
    (domain, language)
    for domain in DOMAINS
    for language in languages(domain)
    if language != words.ENGLISH
]


def catalog_of(domain: str, language: str) -> Catalog:
    with (FOLDER / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        return read_po(file, locale=language, domain=domain, abort_invalid=True)


def phrases(domain: str, language: str) -> list[Message]:
    return [message for message in catalog_of(domain, language) if message.id]


def as_tuple(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def places(text: str) -> list[str]:
    return sorted(re.findall(r"{\w+}", text))


def optional_parts(text: str) -> list[tuple[list[str], bool]]:
    """The places in each part in brackets, and whether something else is said without them."""
    rest = verdicts.PART.sub("", text)
    assert not {*"[|]"} & {*rest}, f"brackets: {text}"
    return sorted((places(part[1]), part[2] is not None) for part in verdicts.PART.finditer(text))


@pytest.mark.parametrize("domain", DOMAINS)
def test_each_domain_speaks_all_languages_but_for_the_gaps_told_here(domain):
    assert set(languages(domain)) == set(LANGUAGES) - GAPS.get(domain, set())
    known = {path.parts[-3] for path in FOLDER.glob(f"*/LC_MESSAGES/{domain}.po")}
    assert known == set(languages(domain)) - {words.ENGLISH}


@pytest.mark.parametrize(("domain", "language"), FILES)
def test_every_phrase_is_there_with_the_same_places(domain, language):
    for message in phrases(domain, language):
        english, ours = as_tuple(message.id), as_tuple(message.string)
        assert not message.fuzzy, english
        for text in ours:
            assert text and text == text.strip(), english
            assert text not in english or text in SAME, english
            assert optional_parts(text) == optional_parts(english[-1]), english
            ends = text.rstrip(")]")[-1] in ".!?؟"
            assert english[0] in UNITS or ends == (english[-1].rstrip(")]")[-1] in ".!?"), english
            if len(english) == 1:
                assert places(text) == places(english[0]), english
            else:  # "one day" needs no figure
                assert set(places(text)) <= set(places(english[1])), english
        assert places(ours[-1]) == places(english[-1]), english


@pytest.mark.parametrize(("domain", "language"), FILES)
def test_plural_forms_are_those_of_the_header_and_of_cldr(domain, language):
    catalog = catalog_of(domain, language)
    header = dict(catalog.mime_headers)["Plural-Forms"]
    assert header == f"nplurals={catalog.num_plurals}; plural={catalog.plural_expr};"
    said = words_in(domain, language)
    rule = times.locale_of(language).plural_form
    for message in phrases(domain, language):
        if not message.pluralizable:
            continue
        one, many = message.id
        assert len(message.string) == catalog.num_plurals
        by_name = said.plural_forms(one, many)
        for n in range(1, 1001):
            told = said.ngettext(one, many, n)
            assert "{n}" not in told and (str(n) in told or n <= 2), (one, n)
            if n <= 100:
                assert told == by_name[rule(n)].replace("{n}", str(n)), (one, n)


@pytest.mark.parametrize(("domain", "language"), FILES)
def test_each_line_is_whole(domain, language):
    """Babel reads a line without its closing quotation mark, and cuts a letter."""
    text = (FOLDER / language / "LC_MESSAGES" / f"{domain}.po").read_text("utf-8")
    line = re.compile(r'#.*|(?:msg(?:ctxt|id|id_plural|str|str\[\d\]) )?"(?:[^"\\]|\\.)*"|')
    assert [one for one in text.splitlines() if not line.fullmatch(one)] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_two_kinds_of_digits(domain):
    """Clocks are drawn in 0 to 9, so all numbers are."""
    for language in languages(domain)[1:]:
        told = "".join("".join(as_tuple(m.string)) for m in phrases(domain, language))
        assert all(c in "0123456789" for c in told if c.isdigit())


def test_catalogs_are_up_to_date(tmp_path):
    """As `make words` leaves them: each phrase of the code is there, and no other one."""
    shutil.copytree(FOLDER, tmp_path / "locale")
    subprocess.run(
        ["make", "words", f"LOCALE={tmp_path / 'locale'}"], cwd=ROOT, check=True, timeout=200
    )
    for file in sorted(FOLDER.rglob("*.po")):
        renewed = tmp_path / "locale" / file.relative_to(FOLDER)
        assert told(renewed) == told(file), f"{file.name}: run `make words`"


def test_no_phrase_hides_where_it_is_not_looked_for():
    """What extracts phrases looks neither into f-strings nor behind `words_in(…)(…)`."""
    hidden = [
        f"{file.name}: {ast.unparse(call)}"
        for file in (ROOT / "src/tearoff").rglob("*.py")
        for text in ast.walk(ast.parse(file.read_text("utf-8")))
        for call in ast.walk(text)
        if isinstance(call, ast.Call)
        if (isinstance(text, ast.JoinedStr) and name_of(call.func) in SAYING)
        or (isinstance(call.func, ast.Call) and name_of(call.func.func) == "words_in")
    ]
    assert not hidden


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def told(file: Path) -> str:
    """Without its header, which names the version of the program that wrote it."""
    return file.read_text("utf-8").partition("\n\n")[2]


def test_plurals_of_polish_and_arabic():
    def days(language: str, n: int) -> str:
        return words_in("coupon", language).ngettext("{n} day left", "{n} days left", n)

    assert {n: days("pl", n) for n in (1, 2, 5, 12, 22, 25)} == {
        1: "został 1 dzień", 2: "zostały 2 dni", 5: "zostało 5 dni", 12: "zostało 12 dni",
        22: "zostały 22 dni", 25: "zostało 25 dni",
    }  # fmt: skip
    assert days("ar", 2) == "باقي يومان"
    assert days("ar", 7) == "باقي 7 أيام"
    assert days("ar", 11) == "باقي 11 يومًا"
    assert days("en", 1) == "1 day left"
    assert days("fr", 0) == "encore 0 jour"
    minutes = words_in("coupon", "pl").ngettext("{n} minute", "{n} minutes", 1)
    assert minutes == "1 minutę"


@pytest.fixture
def catalogs(tmp_path, monkeypatch):
    """A copy of all catalogs, which this process speaks from."""
    shutil.copytree(FOLDER, tmp_path / "locale")
    monkeypatch.setattr(words, "FOLDER", tmp_path / "locale")
    forget()
    yield tmp_path / "locale"
    forget()


def forget() -> None:
    for known in (words.languages, words.words_in):
        known.cache_clear()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"#", b"\xef\xbb\xbf#"),
        (b"\nmsgid", b"\n<<<<<<< ours\nmsgid"),
        (b"V", b"\xff"),
        (b"charset=utf-8", b"charset=CHARSET"),
        (b"charset=utf-8", b"charset=cp1252"),
        (b"Language: nl", b"Language: "),
        (b"Language: nl", b"Language: Dutch"),
        (b"Language: nl", b"Language: ar"),
        (b"plural=(n != 1)", b"plural=(n != 1"),
        (b"plural=(n != 1)", b"plural=EXPRESSION"),
        (b"plural=(n != 1)", b"plural=(n / 0)"),
        (b"plural=(n != 1)", b"plural=n"),
        (b"\n", b"\r"),
        (b"", None),
    ],
)
def test_a_catalog_that_cannot_be_read_is_named(catalogs, old, new):
    file = catalogs / "nl" / "LC_MESSAGES" / "till.po"
    known = file.read_bytes()
    assert old in known
    # Old Macintoshes ended lines with CR alone, all of them.
    file.write_bytes(known.replace(old, new, -1 if new == b"\r" else 1) if new is not None else b"")
    with pytest.raises(words.CatalogBroken, match=r"nl/till\.po"):
        words.read_catalogs()


def test_any_other_word_is_another_page_of_the_counter(catalogs):
    """A paired device keeps the page until its version is another one."""
    before, file = shell._page_version(""), catalogs / "nl" / "LC_MESSAGES" / "till.po"
    file.write_text(file.read_text().replace('"Controleer"', '"Nakijken"'))
    assert shell._page_version("") != before


def test_what_is_filled_in_is_filled_in_once():
    """A brand may be called like a place."""
    said = words_in("coupon", "en")
    assert said("A coupon from {brand}", brand="{brand} {n}") == "A coupon from {brand} {n}"


@pytest.mark.parametrize("domain", DOMAINS)
def test_nothing_is_nothing_in_every_language(domain):
    """An empty phrase names a catalog's own header."""
    for language in languages(domain):
        assert words_in(domain, language)("") == ""


def test_a_language_that_is_not_spoken_gives_english():
    assert words_in("till", "pl").language == "en"
    assert words_in("coupon", "xx")("Used") == "Used"
