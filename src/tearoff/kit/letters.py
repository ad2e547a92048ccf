"""The one shape of mails of the house: plain text, and the same as HTML with a button.

Its words come from whoever writes the mail, in the receiver's language; what people or shops have
called themselves is escaped, and never becomes a link.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from markupsafe import escape

from tearoff.kit.words import direction_of


class Letter(msgspec.Struct, frozen=True):
    """A mail to one person. `lines` come before the button, `ending` after it; `url` may be empty,
    and then there is no button."""

    language: str
    subject: str
    greeting: str
    lines: Sequence[str]
    button: str = ""
    url: str = ""
    ending: Sequence[str] = ()


def as_text(letter: Letter) -> str:
    button = [f"{letter.button}:\n{letter.url}"] if letter.url else []
    return "\n\n".join([letter.greeting, *letter.lines, *button, *letter.ending]) + "\n"


def as_html(letter: Letter) -> str:
    """Styles stand at each element: mail programs drop style sheets. Nothing is loaded."""
    before = "".join(map(_paragraph, [letter.greeting, *letter.lines]))
    button = (
        f'<p style="margin:24px 0"><a href="{escape(letter.url)}" style="{_BUTTON}">'
        f"{escape(letter.button)}</a></p>" + _paragraph(letter.url, _SMALL)
        if letter.url
        else ""
    )
    after = "".join(_paragraph(line, _SMALL) for line in letter.ending)
    direction = direction_of(letter.language)
    return (
        f'<!doctype html><html lang="{letter.language}" dir="{direction}"><head>'
        f'<meta charset="utf-8"><title>{escape(letter.subject)}</title></head>'
        f'<body style="{_BODY}">{before}{button}{after}</body></html>'
    )


def _paragraph(text: str, style: str = "margin:0 0 16px") -> str:
    return f'<p style="{style}">{escape(text)}</p>'


_BODY = "margin:0;padding:24px;font:16px/1.5 sans-serif;color:#18201d;max-width:32em"
_BUTTON = (
    "display:inline-block;padding:12px 20px;border-radius:8px;background:#0a6b5b;color:#ffffff;"
    "font-weight:bold;text-decoration:none"
)
_SMALL = "margin:0 0 16px;font-size:14px;color:#525c58;word-wrap:break-word;overflow-wrap:anywhere"
