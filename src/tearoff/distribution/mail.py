"""A coupon by e-mail: from what a caller asked to the text and the HTML that leave."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tearoff.accounts.models import Account
from tearoff.accounts.tallies import Tally
from tearoff.coupons import rules
from tearoff.coupons.models import Campaign
from tearoff.coupons.options import OWN_TEXTS, Text
from tearoff.distribution import draft as drafts
from tearoff.distribution.context import SendContext
from tearoff.distribution.draft import Carried, Draft, SendRequest
from tearoff.kit import times
from tearoff.kit.colors import brand_colors
from tearoff.kit.hours import in_words
from tearoff.kit.words import LANGUAGES, Words, words_in
from tearoff.messages.template import FIELDS, LINK, without_empty
from tearoff.providers.base import Letter

MOST_LETTERS = 2000
"""Of the description, and of the terms, in a mail; the coupon's page shows all."""

_JINJA = Environment(
    loader=PackageLoader("tearoff.distribution"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
)


def make_draft(
    context: SendContext, request: SendRequest, carried: Carried, link_host: str, now: datetime
) -> Draft:
    campaign, account, route = context.campaign, context.caller.account, context.route
    assert campaign is not None
    assert route is not None
    assert request.mail is not None
    asked = campaign.message_text if request.body is None else request.body
    language = _language(campaign, request.mail.language or carried.new.language or "")
    written = asked if request.body is None else drafts.tidied(asked)
    address, host = request.mail.email, account.link_host or link_host
    url = f"{host}/p/{campaign.code}/{carried.code}"
    fields = {name: carried.new.field(name) for name in FIELDS} | {"email": address}
    subject = _subject(campaign, request, language, fields)
    page = _page(campaign, language, carried.ends, host, url, now)
    has_link = f"{{{LINK}}}" in written
    intro = drafts.fill(written, fields, url) if has_link else _words(written, fields)
    cost = route.segment_price
    return Draft(
        campaign=campaign,
        channel="email",
        recipient=address,
        sender=None,
        text=_text(page, intro),
        asked_text=asked,
        encoding="UTF-8",
        parts=(),
        cost=cost,
        letter=Letter(
            subject=subject,
            html=_html(page, _without_link(written, fields, url), subject),
            to_name=f"{carried.new.firstname or ''} {carried.new.lastname or ''}".strip(),
            from_name=campaign.brand,
        ),
        session_code=carried.code,
        session_id=carried.session_id,
        is_new=carried.is_new,
        url=url,
        new=carried.new,
        guard=_guard(campaign.id, address, subject, _words(written, fields)),
        tallies=_tallies(account, campaign, request, cost, carried),
    )


def _subject(
    campaign: Campaign, request: SendRequest, language: str, fields: Mapping[str, str]
) -> str:
    """What the caller asked, else the campaign's title. A guest who asks for the mail cannot
    mend a title that tells something nobody knows of them: it goes without that."""
    assert request.mail is not None
    subject = drafts.tidied(request.mail.subject, field="subject")
    if not subject:
        subject = _told(campaign, language).title or campaign.name
        if request.by_guest:
            subject = without_empty(subject, fields) or without_empty(campaign.name, fields)
    return drafts.fill(subject, fields, "", field="subject").strip()


class Page(msgspec.Struct, frozen=True):
    """What the mail shows of the coupon. `since` is "" for what can be used already."""

    url: str
    language: str
    brand: str
    title: str
    subtitle: str
    value: str
    description: str
    picture: str
    picture_alt: str
    since: str
    until: str
    hours: str
    terms: str
    color: str

    @property
    def words(self) -> Words:
        return words_in("coupon", self.language)


def _language(campaign: Campaign, known: str) -> str:
    """The reader's, where we speak it, else the campaign's."""
    for language in (known, campaign.language.partition("-")[0].lower()):
        if language in LANGUAGES:
            return language
    return "en"


def _told(campaign: Campaign, language: str) -> Text:
    """The campaign's words in this language, where it has them."""
    other = campaign.options.texts.get(language, Text())
    words = {name: getattr(other, name) or getattr(campaign, name) for name in OWN_TEXTS}
    return Text(**words)


def _page(
    campaign: Campaign, language: str, ends: datetime | None, host: str, url: str, now: datetime
) -> Page:
    starts, ends = rules.first_use(campaign), rules.last_use(campaign, ends)
    picture, told, zone = campaign.picture_id, _told(campaign, language), campaign.timezone
    return Page(
        url=url,
        language=language,
        brand=campaign.brand,
        title=told.title or campaign.name,
        subtitle=told.subtitle,
        value=told.value,
        description=_cut(told.description),
        picture=f"{host}/p/{campaign.code}/picture/{picture}.webp" if picture else "",
        picture_alt=told.picture_alt,
        since=times.words_of(starts, zone, language) if starts and starts > now else "",
        until=times.end_of(ends, zone, language) if ends else "",
        hours=" · ".join(in_words(campaign.options.hours, language)),
        terms=_cut(told.terms),
        color=campaign.brand_color,
    )


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS].rstrip()}…"


def _text(page: Page, intro: str) -> str:
    """The plain text, for programs that show no HTML. The link stands in it once."""
    words = page.words
    offer = "\n".join(part for part in (page.title, page.subtitle, page.value) if part)
    link = "" if page.url in intro else words("Open your coupon") + f": {page.url}"
    told = ((words("Valid from"), page.since), (words("Valid until"), page.until),
            (words("Can be used:"), page.hours))  # fmt: skip
    dates = "\n".join(f"{word} {text}" for word, text in told if text)
    terms = words("Terms") + f": {page.terms}" if page.terms else ""
    parts = (page.brand, intro, offer, page.description, link, dates, terms)
    return "\n\n".join(part for part in parts if part) + "\n"


def _html(page: Page, intro: Markup, subject: str) -> str:
    shown = {name: getattr(page, name) for name in Page.__struct_fields__}
    return _JINJA.get_template("mail.html").render(
        **shown,
        _=page.words,
        direction=times.locale_of(page.language).text_direction,
        colors=brand_colors(page.color),
        intro=intro,
        subject=subject,
        preview=" – ".join(part for part in (page.value, page.brand) if part),
    )


_MARK = "\ue000"
"""Stands for the link while a text is filled: a character that no text holds for itself."""


def _words(written: str, fields: Mapping[str, str]) -> str:
    """The text filled, without its link."""
    return drafts.fill(written, fields, _MARK).replace(_MARK, "").strip()


_LAST_LINK = re.compile(rf"[\s:–—-]*{_MARK}[\s.!]*\Z")


def _without_link(written: str, fields: Mapping[str, str], url: str) -> Markup:
    """The text filled, as HTML. A link at its end is left out, because the button follows; one
    within a sentence stays."""
    filled = _LAST_LINK.sub("", drafts.fill(written.strip(), fields, _MARK))
    anchor = Markup('<a href="{0}">{0}</a>').format(url)
    return Markup("<br>").join(anchor.join(line.split(_MARK)) for line in filled.split("\n"))


def _guard(campaign_id: int, address: str, subject: str, text: str) -> bytes:
    equal = f"email\0{campaign_id}\0{address.lower()}\0{subject}\0{text}"
    return hashlib.sha256(equal.encode()).digest()[:16]


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def _tallies(
    account: Account, campaign: Campaign, request: SendRequest, cost: int, carried: Carried
) -> tuple[Tally, ...]:
    """The limits that this send counts against: those of a number count for an address too, what
    guests ask for apart from what the account sends."""
    found = address_tallies(account, request.recipient, by_guest=request.by_guest)
    found.extend(drafts.campaign_tally(campaign, carried))
    found.extend(drafts.spend_tallies(account, cost))
    return tuple(found)


def address_tallies(account: Account, recipient: str, *, by_guest: bool = False) -> list[Tally]:
    """How many mails an address may get."""
    found: list[Tally] = []
    address, of = recipient.lower(), "asked" if by_guest else "address"
    if account.limit_number_day is not None:
        found.append(Tally(f"{of}-day:{address}", account.limit_number_day, _DAY))
    if account.limit_number_hour is not None:
        found.append(Tally(f"{of}-hour:{address}", account.limit_number_hour, _HOUR))
    return found
