"""A language made from English: longer words with marks on them, written from right to left. What
a page says past the catalogs stays English in it, and what is too long for its place is seen.

It is Persian to Babel, and to nobody else: only servers started with `speaking(folder)` speak it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from tearoff.kit.words import DOMAINS

LANGUAGE = "fa"
LOCALE = Path(__file__).parent.parent / "src/tearoff/locale"
_LETTERS = str.maketrans("acdeghijklnorstuwyACEGIJLNORSUWZ", "åçđéğħîĵķļñöŕšţûŵýÅÇÉĞÎĴĻÑÖŔŠÛŴŽ")
_KEPT = re.compile(r"(\{\w+\}|[\[\]|])")


def pseudo(text: str) -> str:
    """`Wait {n} s` is `Ŵååîîţ {n} š` and some."""
    return "".join(part if _KEPT.fullmatch(part) else _longer(part) for part in _KEPT.split(text))


def _longer(text: str) -> str:
    return re.sub(r"[aeiou]", lambda vowel: vowel[0] * 2, text).translate(_LETTERS)


def english_phrases(domain: str) -> list[str]:
    """As they stand in the code."""
    found: list[str] = []
    for message in _catalog(domain):
        found += [message.id] if isinstance(message.id, str) else list(message.id)
    return [phrase for phrase in found if phrase]


def speaking(folder: Path) -> dict[str, str]:
    """The environment of a server that speaks it too; `folder` is for its catalogs."""
    for domain in DOMAINS:
        made = Catalog(locale=LANGUAGE, domain=domain)
        for message in _catalog(domain):
            if isinstance(message.id, str):
                made.add(message.id, pseudo(message.id), context=message.context)
            else:
                one, *_, many = message.id
                forms = [pseudo(one)] + [pseudo(many)] * (made.num_plurals - 1)
                made.add(tuple(message.id), tuple(forms), context=message.context)
        target = folder / "locale" / LANGUAGE / "LC_MESSAGES"
        target.mkdir(parents=True, exist_ok=True)
        with (target / f"{domain}.po").open("wb") as file:
            write_po(file, made)
    for known in LOCALE.iterdir():
        (folder / "locale" / known.name).symlink_to(known)
    (folder / "sitecustomize.py").write_text(
        "from pathlib import Path\n"
        "from tearoff.kit import words\n"
        f"words.FOLDER = Path({str(folder / 'locale')!r})\n"
        f"words.LANGUAGES += ({LANGUAGE!r},)\n"
    )
    return {"PYTHONPATH": os.pathsep.join([str(folder), *os.environ.get("PYTHONPATH", "").split()])}


def _catalog(domain: str) -> list:
    path = LOCALE / "nl" / "LC_MESSAGES" / f"{domain}.po"
    if not path.exists():
        return []
    with path.open("rb") as file:
        return [message for message in read_po(file, locale="nl") if message.id]
