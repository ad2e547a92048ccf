"""What a coupon's mail says."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearoff.coupons.models import Campaign
from tearoff.distribution import mail
from tearoff.errors import Invalid

URL = "https://coupons.example.com/p/vuhykb/ac6s7u3g8a25ja7x9qg87"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
NAMES = dict.fromkeys(mail.FIELDS, "") | {"first_name": "Zoë & co", "email": "z@example.com"}


def campaign(**changes: Any) -> Campaign:
    given = dict.fromkeys(Campaign.__struct_fields__, "") | {
        "id": 1, "code": "vuhykb", "title": "2-for-1 cappuccino", "value": "Second cup free",
        "brand": "Bean & Leaf", "brand_color": "#0b5d4b", "language": "en", "picture_id": 3,
        "timezone": "Europe/Brussels", "expires_at": datetime(2026, 12, 24, 22, 59, tzinfo=UTC),
        "terms": "One per person.", "raw_options": "{}", "starts_at": None,
        "description": "Any size.\nIn all our shops.",
    }  # fmt: skip
    return Campaign(**(given | changes))


def page(**changes: Any) -> mail.Page:
    return page_of(campaign(**changes))


def page_of(of: Campaign, language: str = "en", own: datetime | None = None) -> mail.Page:
    ends = of.end_of(own)
    return mail._page(of, language, ends, "https://coupons.example.com", URL, NOW)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("Hi {first_name}!", "Hi Zoë &amp; co!"),
        ("Your coffee: {link}", "Your coffee"),
        ("Your coffee – {link}.", "Your coffee"),
        ("{link}", ""),
        ("", ""),
        ("Open {link} now", f'Open <a href="{URL}">{URL}</a> now'),
        ("a\n\nb", "a<br><br>b"),
        ("<b>{customid}</b>", None),
        ("{unknown} & {", "{unknown} &amp; {"),
    ],
)
def test_the_text_above_the_coupon(asked: str, shown: str | None) -> None:
    if shown is None:
        with pytest.raises(Invalid):
            mail._without_link(asked, NAMES, URL)
    else:
        assert mail._without_link(asked, NAMES, URL) == shown


def test_the_plain_text_has_the_link_once() -> None:
    for intro in ("Enjoy", f"Open {URL} now"):
        text = mail._text(page(), intro)
        assert text.count(URL) == 1
        assert "2-for-1 cappuccino\nSecond cup free" in text
        assert "Valid until 24 December 2026, 23:59" in text
        assert "Terms: One per person." in text


def test_the_sessions_own_end_counts() -> None:
    ends = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
    assert page_of(campaign(), own=ends).until == "30 November 2026, 23:59"
    assert page(expires_at=None).until == ""


def test_it_says_what_the_page_says() -> None:
    """The description, from when and until when, and at which hours: in both forms."""
    hours = '{"hours": [{"days": [1, 2, 3, 4, 5], "start": "09:00", "end": "17:00"}]}'
    told = page(
        starts_at=datetime(2026, 12, 4, 23, tzinfo=UTC), raw_options=hours,
        expires_at=datetime(2026, 12, 19, 23, tzinfo=UTC),
    )  # fmt: skip
    text = mail._text(told, "")
    assert "Second cup free\n\nAny size.\nIn all our shops.\n\nOpen" in text
    assert (
        "Valid from 7 December 2026, 09:00\nValid until 18 December 2026, 17:00\n"
        "Can be used: Mon–Fri 09:00–17:00\n" in text
    )
    written = Reader(mail._html(told, mail._without_link("", NAMES, URL), "Subject")).words
    for words in ("Any size.\nIn all our shops.", "Valid from 7 December 2026, 09:00"):
        assert words in written
    for words in ("Valid until 18 December 2026, 17:00", "Can be used: Mon–Fri 09:00–17:00"):
        assert words in written


def test_an_end_at_midnight_names_the_day_before() -> None:
    assert page(expires_at=datetime(2026, 12, 24, 23, tzinfo=UTC)).until.startswith("24 Dec")


def test_much_is_cut() -> None:
    assert len(page(description="word " * 2000).description) <= mail.MOST_LETTERS + 1


def test_what_is_missing_leaves_no_hole() -> None:
    bare = page(brand="", value="", picture_id=None, terms="", description="", expires_at=None)
    shown = mail._html(bare, mail._without_link("", NAMES, URL), "Subject")
    assert "<img" not in shown
    assert "Valid" not in shown
    assert "Can be used" not in shown
    assert "Terms" not in shown
    assert mail._text(bare, "") == f"2-for-1 cappuccino\n\nOpen your coupon: {URL}\n"


class Reader(HTMLParser):
    """The tags, addresses and words of a page, as a mail program reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.words += data


PLAIN = Reader(mail._html(page(), mail._without_link("x", NAMES, URL), "Subject"))


@settings(max_examples=200)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=5, max_size=5))
def test_nothing_that_is_written_becomes_markup(words: list[str]) -> None:
    title, value, brand, terms, body = (f"{word}<script>\"'></td>" for word in words)
    shown = page(
        title=title, value=value, brand=brand, terms=terms, description=terms, picture_alt=title
    )
    asked = body.replace("{", "(").replace("\n", " ")
    found = Reader(mail._html(shown, mail._without_link(asked, NAMES, URL), title))
    assert found.tags == PLAIN.tags
    assert set(found.addresses) == {URL, "https://coupons.example.com/p/vuhykb/picture/3.webp"}


def test_the_mail_asks_nobody_for_style_or_script() -> None:
    shown = mail._html(page(), mail._without_link("x", NAMES, URL), "Subject")
    assert "<script" not in shown
    assert "@import" not in shown
    assert "<link" not in shown
    outside = {u for u in re.findall(r"https?://[^\"'<) ]+", html.unescape(shown)) if u != URL}
    assert outside == {"https://coupons.example.com/p/vuhykb/picture/3.webp"}
    assert len(shown.encode()) < 20_000


def test_a_mail_is_in_the_language_of_its_reader():
    texts = '{"texts": {"nl": {"title": "Twee cappuccino", "value": "Tweede gratis"}}}'
    shown = page_of(campaign(raw_options=texts), "nl")
    assert (shown.title, shown.value, shown.terms) == (
        "Twee cappuccino", "Tweede gratis", "One per person."
    )  # fmt: skip
    assert shown.words("Valid until") == "Geldig tot"
    assert mail._language(campaign(), "nl") == "nl"
    assert mail._language(campaign(language="fr-BE"), "xx") == "fr"
