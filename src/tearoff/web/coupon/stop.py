"""The page on which somebody stops messages: GET asks, POST does.

It stops what the coupon was sent to, for all campaigns of the sender, as a STOP reply does.
Undoing takes back only what was done here: whoever has the link is not always the person who
answered STOP.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import msgspec
from litestar import post, route
from litestar.params import FromPath

from tearoff.accounts.queries import account
from tearoff.coupons.sessions.behind_link import Linked
from tearoff.kit import clock
from tearoff.kit.db import Handle
from tearoff.kit.services import Services, services_of
from tearoff.kit.words import LANGUAGES, Words, phrase, words_in
from tearoff.messages.queries import message
from tearoff.people import optouts
from tearoff.web.coupon.finding import PERSONAL, find
from tearoff.web.coupon.robots import NO_PERSON, is_robot
from tearoff.web.paper import forms, html, notes, reading
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.languages import choose_language
from tearoff.web.paper.reading import READ, AnyRequest, patiently

Part = FromPath[str]

HERE = "link"
"""The source of what is stopped here."""

_STOP = [f"{path}/stop" for path in PERSONAL]
_UNDO = [f"{path}/stop/undo" for path in PERSONAL]


_NOT_DONE = {
    "old": phrase("This page was open for too long. Press the button again."),
    "robot": NO_PERSON,
}


class Standing(msgspec.Struct, frozen=True):
    """Whom the messages are from, what they go to (numbers and e-mail addresses), and for what
    reasons each of these gets none."""

    sender: str
    stopped: dict[str, set[str]]

    @property
    def is_stopped(self) -> bool:
        return all(self.stopped.values())

    @property
    def is_ours(self) -> bool:
        """Whether undoing here would let messages through again."""
        return all(sources == {HERE} for sources in self.stopped.values())


class Address(msgspec.Struct, frozen=True):
    before: str
    shown: str
    after: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the page says. `action` is where its button leads, if it has one."""

    title: str
    icon: str
    sender: str
    lines: tuple[str, ...]
    back: str
    addresses: tuple[Address, ...] = ()
    alert: str = ""
    action: str = ""
    button: str = ""
    is_undo: bool = False
    token: str = ""


@route(_STOP, http_method=READ)
async def show_stop(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    found = await find(services_of(request), campaign, session)
    if found is None:
        return notes.unknown(request)
    tried = next(
        (one for one in _NOT_DONE if request.scope["query_string"] and one in request.query_params),
        "",
    )
    return await _show(request, found, tried)


@post(_STOP)
async def stop(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    return await _change(request, campaign, session, is_undo=False)


@post(_UNDO)
async def undo(request: AnyRequest, campaign: Part, session: Part) -> Answer:
    return await _change(request, campaign, session, is_undo=True)


async def _change(request: AnyRequest, campaign: str, session: str, *, is_undo: bool) -> Answer:
    services, form, now = services_of(request), await forms.read_form(request), clock.now()
    found = await find(services, campaign, session)
    if found is None:
        return notes.unknown(request)
    standing = await patiently(_standing(services.db, found))
    meant = _form_of(found, standing, is_undo=is_undo)
    if forms.shown_uses(services.vault, form.token, meant, now) is None:
        to = f"{_path(found)}/stop{_query(request, 'old=1')}"
        return answer(303, [("location", to), ("cache-control", "no-store")])
    # A browser that hides its name is a person's as well: messages must be easy to stop.
    if is_robot(request) and request.headers.get("user-agent"):
        query = _query(request, "robot=1")
    else:
        words = words_in("coupon", _language(request, found))
        await patiently(_write(services, found, words, now, is_undo=is_undo))
        query = _query(request, "again=1" if is_undo else "")
    to = f"{_path(found)}/stop{query}"
    return answer(303, [("location", to), ("cache-control", "no-store")])


async def _write(
    services: Services, found: Linked, words: Words, now: datetime, *, is_undo: bool
) -> None:
    async with services.db.transaction() as db:
        standing = await _standing(db, found)
        pressed = words("Undo")
        if not is_undo:
            asked = words("You will get no more messages from {sender}.", sender=standing.sender)
            pressed = asked + " [" + words.pgettext("button", "Stop messages") + "]"
        evidence = optouts.Evidence(words=pressed, received_by=f"{_path(found)}/stop")
        owner = found.campaign.account_id
        # In one order for all: two of these at once wait for each other, never both.
        for address in sorted(standing.stopped):
            if is_undo:
                await optouts.lift(
                    db, owner, address, now=now, evidence=evidence, sources=[HERE], by=HERE
                )
            else:
                await optouts.add(db, owner, address, source=HERE, now=now, evidence=evidence)


async def _standing(db: Handle, found: Linked) -> Standing:
    session, campaign = found.session, found.campaign
    addresses = [address for address in (session.phone, session.email) if address]
    if not addresses and session.last_message_id is not None:
        sent = await message(db, session.last_message_id, session.account_id)
        addresses = [sent.recipient] if sent else []
    owner = await account(db, campaign.account_id) if not campaign.brand else None
    sender = campaign.brand or (owner.name if owner else "")
    return Standing(sender, await optouts.sources_of(db, campaign.account_id, addresses))


async def _show(request: AnyRequest, found: Linked, tried: str) -> Answer:
    """`tried`: why the last try did nothing, a key of `_NOT_DONE`, or ""."""
    services = services_of(request)
    standing = await patiently(_standing(services.db, found))
    language = _language(request, found)
    words = words_in("coupon", language)
    shown = _say(request, found, standing, words)
    if tried:
        shown = msgspec.structs.replace(shown, alert=words(_NOT_DONE[tried]))
    if shown.action:
        meant = _form_of(found, standing, is_undo=shown.is_undo)
        token = forms.make_token(services.vault, meant, 0, clock.now())
        shown = msgspec.structs.replace(shown, token=token)
    text = html.render("coupon/stop.html", words, s=shown)
    beginning = _beginning(language, found.campaign.brand_color)
    status = 422 if tried == "old" else 200
    return html.print_page(beginning, text, status=status, gzip=reading.reads_gzip(request))


def _say(request: AnyRequest, found: Linked, standing: Standing, words: Words) -> Shown:
    path, query = _path(found), _query(request)
    title, icon, lines, action = _told(request, standing, words)
    listed = (a for a, sources in standing.stopped.items() if action != "stop" or not sources)
    return Shown(
        title=title,
        icon=icon,
        sender=standing.sender,
        lines=lines,
        addresses=tuple(_address(address, words) for address in listed),
        back=f"{path}{query}",
        action=f"{path}/{action}{query}" if action else "",
        button=words.pgettext("button", "Stop messages") if action == "stop" else words("Undo"),
        is_undo=action == "stop/undo",
    )


def _told(
    request: AnyRequest, standing: Standing, words: Words
) -> tuple[str, str, tuple[str, ...], str]:
    """Title, icon, sentences, and what the button does."""
    if not standing.stopped:
        text = words(
            "This coupon is not tied to a number or e-mail address. Answer STOP to the message"
            " that you got."
        )
        return words("We cannot stop messages here"), "bell", (text,), ""
    # A name in Latin letters in an Arabic sentence stays in one piece.
    sender = f"\u2068{standing.sender}\u2069"
    if standing.is_stopped:
        title, lines = words("You get no more messages"), []
        lines.append(
            words("{sender} sends you nothing more. Your coupon stays valid.", sender=sender)
        )
        if not standing.is_ours:
            lines.append(words("To get messages again, ask {sender}.", sender=sender))
        return title, "quiet", tuple(lines), "stop/undo" if standing.is_ours else ""
    if request.scope["query_string"] and "again" in request.query_params:
        text = words("{sender} may write to you again.", sender=sender)
        return words("You get messages again"), "bell", (text,), ""
    text = words("You will get no more messages from {sender}.", sender=sender)
    return words("Stop messages?"), "bell", (text,), "stop"


def _address(address: str, words: Words) -> Address:
    if "@" in address:
        before, after = words("E-mail address {mail}").split("{mail}")
        return Address(before, mask(address), after)
    before, after = words("Number ending in {end}").split("{end}")
    return Address(before, address[-3:], after)


def mask(mail: str) -> str:
    """`a•••@e•••.com`: enough to know one's own, too little to learn somebody's."""
    name, _, host = mail.rpartition("@")
    first, dot, last = host.rpartition(".")
    return f"{name[:1]}•••@{(first or last)[:1]}•••{dot}{last if first else ''}"


def _form_of(found: Linked, standing: Standing, *, is_undo: bool) -> str:
    """What the form's token is made for: this act, for the addresses that the page has named."""
    act = "undo" if is_undo else "stop"
    return ":".join((act, found.session.code, *sorted(standing.stopped)))


def _path(found: Linked) -> str:
    return f"/p/{found.campaign.code}/{found.session.code}"


def _language(request: AnyRequest, found: Linked) -> str:
    asked, accepted = reading.asked_language(request), reading.accepted_languages(request)
    known = found.session.language or ""
    return choose_language(asked, accepted, found.campaign.language, known)


def _query(request: AnyRequest, more: str = "") -> str:
    asked = reading.asked_language(request)
    parts = [f"lang={asked}" if asked in LANGUAGES else "", more]
    query = "&".join(part for part in parts if part)
    return f"?{query}" if query else ""


@lru_cache(256)
def _beginning(language: str, color: str) -> html.Beginning:
    return html.begin(language, html.style_of(color), "paper/note_head.html", notes.STYLE)


HANDLERS = [show_stop, stop, undo]
