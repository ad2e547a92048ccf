"""The words of pages and mails: gettext catalogs, `locale/{language}/LC_MESSAGES/{domain}.po`.

English stands where it is said, as `_("…")` in templates and `words("…")` in Python; the catalogs
have it in the other languages. A domain is what one kind of reader sees (`coupon`, `till`,
`people`). A language that has no catalog of a domain is not spoken there. `make words` brings the
catalogs up to date with the code.

A phrase may have `{places}`, which are filled in as they are: whoever puts it into HTML escapes it.
"""

from __future__ import annotations

import io
import re
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import NullTranslations, Translations

from tearoff.errors import TearoffError
from tearoff.kit.times import locale_of

LANGUAGES = ("en", "nl", "fr", "de", "es", "it", "pt", "pl", "ar")
"""In which coupons speak; the first is the one in which phrases are written."""

ENGLISH = LANGUAGES[0]

DOMAINS = ("coupon", "till", "people", "dashboard")

FOLDER: Traversable = resources.files("tearoff") / "locale"

_PLACE = re.compile(r"\{(\w+)\}")
_COUNTS = (1_000_000, *range(101))
"""Numbers of all plural categories, in all languages that we speak."""


class CatalogBroken(TearoffError):
    """A catalog cannot be read: it says which, and why."""


class Words:
    """What a domain says in one language. Called with a phrase in English, it gives the phrase."""

    def __init__(self, language: str, translations: NullTranslations) -> None:
        self.language = language
        self._translations = translations

    @property
    def direction(self) -> str:
        return direction_of(self.language)

    def __call__(self, phrase: str, /, **places: object) -> str:
        # "" is the name of a catalog's own header.
        return _fill(str(self._translations.gettext(phrase)), places) if phrase else ""

    def pgettext(self, context: str, phrase: str, /, **places: object) -> str:
        """For a phrase that is another one elsewhere, in some language."""
        return _fill(str(self._translations.pgettext(context, phrase)), places)

    def ngettext(self, one: str, many: str, n: int, /, **places: object) -> str:
        """The phrase for this number; `{n}` is filled in."""
        said: str = self._translations.ngettext(one, many, n)
        return _fill(said, {"n": n, **places})

    def plural_forms(self, one: str, many: str) -> dict[str, str]:
        """The phrase by CLDR's plural categories, for a script that counts by `Intl.PluralRules`.
        A category of fractions alone is left to `other`."""
        rule = locale_of(self.language).plural_form
        found = {rule(n): self._translations.ngettext(one, many, n) for n in _COUNTS}
        return {**found, "other": found.get("other", self._translations.ngettext(one, many, 100))}


@lru_cache(64)
def direction_of(language: str) -> str:
    """`ltr` or `rtl`. Reads all that Babel knows of the language, at the first page in it."""
    direction: str = locale_of(language).text_direction
    return direction


def phrase(text: str) -> str:
    """Marks a phrase that is said elsewhere, for `make words`."""
    return text


@cache
def languages(domain: str) -> tuple[str, ...]:
    """In which a domain speaks."""
    return tuple(
        language for language in LANGUAGES
        if language == ENGLISH or _file(domain, language).is_file()
    )  # fmt: skip


def read_catalogs() -> None:
    """All of them, so that a catalog that cannot be read is known at the start."""
    for domain in DOMAINS:
        for language in languages(domain):
            words_in(domain, language)


def read_domain(domain: str) -> bytes:
    """Its catalogs as they are: another one for any other word."""
    return b"".join(_file(domain, language).read_bytes() for language in languages(domain)[1:])


@cache
def words_in(domain: str, language: str) -> Words:
    """A language that the domain does not speak gives English. Raises `CatalogBroken`."""
    if language not in languages(domain) or language == ENGLISH:
        return Words(ENGLISH, NullTranslations())
    try:
        return Words(language, _translations(domain, language))
    # LookupError: a charset that nobody knows; ArithmeticError: plural forms that divide by 0.
    except (PoFileError, ValueError, LookupError, ArithmeticError) as error:
        raise CatalogBroken(f"The words of {language}/{domain}.po: {error}") from error


def _translations(domain: str, language: str) -> Translations:
    with _file(domain, language).open("rb") as file:
        catalog = read_po(file, locale=language, domain=domain, abort_invalid=True)
    if catalog.locale_identifier != language:  # Babel then counts as in no language, or another
        raise ValueError(f"its header must say Language: {language}")
    if catalog.charset.lower() != "utf-8":
        raise ValueError("its header must say charset=utf-8")
    if not any(message.id for message in catalog):
        raise ValueError("there is no phrase in it")
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    translations = Translations(compiled, domain=domain)
    for n in _COUNTS:
        if not 0 <= translations.plural(n) < catalog.num_plurals:
            raise ValueError(f"its plural forms have none for {n}")
    return translations


def _file(domain: str, language: str) -> Traversable:
    return FOLDER / language / "LC_MESSAGES" / f"{domain}.po"


def _fill(text: str, places: dict[str, object]) -> str:
    if not places:
        return text
    return _PLACE.sub(lambda found: str(places.get(found[1], found[0])), text)
