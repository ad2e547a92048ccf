"""One webhook: how it stands, what was sent to it and what it answered, and sending it again."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4 import webhook_log as v4
from tearoff.api.v4.fields import BadFields
from tearoff.api.v4.pages import Page
from tearoff.errors import Conflict, Invalid
from tearoff.hooks import sentences
from tearoff.hooks.endpoints import WebhookNotFound, WebhookOff
from tearoff.hooks.shown import TRIES
from tearoff.kit import times
from tearoff.web.dashboard import sure, webhook_words
from tearoff.web.dashboard.forms import clock_text, moment_of
from tearoff.web.dashboard.moments import Moments
from tearoff.web.dashboard.pages import nothing_new, page, to
from tearoff.web.dashboard.saying import Problems
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.dashboard.webhooks import AT, CHOSEN, ONE, hook_of, problems
from tearoff.web.paper.html import Answer

ROWS = 50
_ASKED = ("state", "type", "since", "until", "cursor")
_WATCHED = timedelta(minutes=30)
"""How long a page that stands open asks how far it has come."""
_NO_PROBLEMS = Problems()


async def show(visit: Visit) -> Answer:
    hook, wrong = await hook_of(visit), _NO_PROBLEMS
    asked = {name: visit.query[name] for name in _ASKED if visit.query.get(name)}
    found: Any = Page([])
    try:
        found = await visit.read(v4.LIST, id=hook.id, limit=ROWS, **_on_the_clock(visit, asked))
    except BadFields as error:
        wrong = problems(visit, error)
    return await _one(visit, hook, found, asked, wrong)


def _on_the_clock(visit: Visit, asked: dict[str, str]) -> dict[str, str]:
    """What was typed is by the account's clock."""
    zone = visit.account.timezone
    moments = {n: moment_of(v, zone) for n, v in asked.items() if n in ("since", "until")}
    return {**asked, **moments}


async def _one(
    visit: Visit, hook: Any, found: Any, asked: dict[str, str], wrong: Problems
) -> Answer:
    words, kept = visit.words, {n: v for n, v in asked.items() if n != "cursor"}
    path, since = f"{AT}/{hook.id}", clock_text(hook.missed_since, visit.account.timezone)
    return await page(
        visit,
        "webhook",
        title=hook.url,
        at=AT,
        status=422 if wrong else 200,
        hook=hook,
        standing=webhook_words.standing_of(words, hook),
        tested=await _tested(visit, hook.id),
        rows=found.data,
        asked=asked,
        problems=wrong,
        first=visit.address(path, **kept) + "#log" if "cursor" in asked else "",
        next=visit.address(path, **kept, cursor=found.next_cursor) + "#log"
        if found.next_cursor
        else "",
        since=since,
        span_since=visit.query.get("span_since") or since,
        span_until=visit.query.get("span_until", ""),
        groups=webhook_words.GROUPS,
        all_kinds=CHOSEN,
        once=secrets.token_urlsafe(9),
        **_shared(visit),
    )


def _shared(visit: Visit) -> dict[str, Any]:
    words = visit.words
    return {
        "states": webhook_words.STATES,
        "filters": webhook_words.FILTERS,
        "tries": TRIES,
        "told": lambda text: sentences.said(words, text),
        "means": lambda kind: webhook_words.meaning(words, kind),
    }


async def _tested(visit: Visit, webhook_id: int) -> v4.DeliveryInFull | None:
    """None too where the address was cut or the log has forgotten it: the page stands without."""
    ref = visit.query.get("test", "")
    try:
        return await _delivery(visit, webhook_id, ref) if ref else None
    except (BadFields, WebhookNotFound):
        return None


async def _delivery(visit: Visit, webhook_id: int, ref: str) -> v4.DeliveryInFull:
    found: v4.DeliveryInFull = await visit.read(v4.GET, id=webhook_id, event=ref)
    return found


async def show_delivery(visit: Visit) -> Answer:
    hook = await hook_of(visit)
    one = await _delivery(visit, hook.id, visit.path["event"])
    is_live = one.state == "waiting" and _is_watched(visit)
    mark = f"{one.state}-{one.tries}-{one.tried_at}"
    if visit.is_part and visit.query.get("mark") == mark and is_live:
        return nothing_new()
    return await page(
        visit,
        "webhook_delivery",
        title=webhook_words.meaning(visit.words, one.type),
        at=AT,
        hook=hook,
        one=one,
        request=_message([*one.request_head], _spread(one.body)),
        answer=_message([f"HTTP {one.http_status}", *one.answer_head], one.answer),
        is_live=is_live,
        next=_again(visit, f"{AT}/{hook.id}/deliveries/{one.event}", mark),
        once=secrets.token_urlsafe(9),
        **_shared(visit),
    )


def _message(head: list[str], body: str) -> str:
    """As it is on the wire, for people."""
    return "\n".join([*head, "", body] if body else head).strip()


def _spread(body: str) -> str:
    """On lines of its own, for people; what was cut stays as it is."""
    try:
        return msgspec.json.format(body.encode(), indent=2).decode()
    except msgspec.DecodeError:
        return body


def _again(visit: Visit, path: str, mark: str) -> str:
    """Where a part asks for news of itself, as long as its page is watched."""
    return visit.address(path, mark=mark, began=int(_began(visit).timestamp()))


def _began(visit: Visit) -> datetime:
    text = visit.query.get("began", "")
    if not (visit.is_part and text.isascii() and text.isdigit() and len(text) < 12):
        return visit.now
    return datetime.fromtimestamp(int(text), UTC)


def _is_watched(visit: Visit) -> bool:
    return visit.now - _began(visit) < _WATCHED


async def resend(visit: Visit) -> Answer:
    hook, ref = await hook_of(visit), visit.path["event"]
    path = f"{AT}/{hook.id}/deliveries/{ref}"
    try:
        once = visit.typed.text("once")
        await visit.do(v4.RESEND, {"event": ref, "webhook": hook.id}, once=once)
    except WebhookOff:
        return to(visit, path, visit.words("It is off. Switch it on first."))
    said = visit.words(
        "It is on its way again. What happened before to the same coupon and has not arrived yet"
        " goes first."
    )
    return to(visit, path, said)


# a span ------------------------------------------------------------------------------------------


async def ask_replay(visit: Visit) -> Answer:
    """Says how many it is about. What is left open is until now, and what is missed until the
    answer goes along."""
    hook, words = await hook_of(visit), visit.words
    typed = {n: visit.query[n] for n in ("since", "until") if visit.query.get(n)}
    span = _on_the_clock(visit, typed)
    path, kept = f"{AT}/{hook.id}", _kept(typed)
    if "since" not in span:
        return to(visit, path, words("Say from when on."), **kept)
    try:
        n = (await visit.read(v4.MISSING, id=hook.id, **span)).events
    except (BadFields, Invalid) as error:
        return to(visit, path, problems(visit, error).without(), **kept)
    if not n:
        return to(visit, path, words("All of this span has arrived."), **kept)
    return await sure.ask(
        visit,
        title=words.ngettext(
            "Send {n} event again?", "Send {n} events again?", n, n=_number(visit, n)
        ),
        text=_span_in_words(visit, span, on=not hook.active),
        button=words("Switch on and send") if not hook.active else words("Send again"),
        action=f"{path}/replay",
        back=visit.address(path, **kept),
        at=AT,
        names=[hook.url],
        values=[*typed.items(), ("switch_on", "" if hook.active else "1")],
        is_dangerous=False,
    )


def _kept(typed: dict[str, str]) -> dict[str, str]:
    """A span that was typed, for the address of the page that asks for it; the log below has one of
    its own there."""
    return {f"span_{name}": text for name, text in typed.items()}


def _number(visit: Visit, n: int) -> str:
    return Moments(visit.words, visit.account.timezone, visit.now).number(n)


def _span_in_words(visit: Visit, span: dict[str, str], *, on: bool) -> str:
    words = visit.words
    since, until = (_told(visit, span.get(name)) for name in ("since", "until"))
    about = (
        words(
            "What did not arrive of all that happened from {since} until {until}.",
            since=since,
            until=until,
        )
        if until
        else words("What did not arrive of all that happened from {since} until now.", since=since)
    )
    text = words(
        "It goes out for each coupon in the order in which it happened, each event once; what has"
        " arrived is not sent again."
    )
    first = words("It is switched on first.")
    return f"{first} {about} {text}" if on else f"{about} {text}"


def _told(visit: Visit, moment: str | None) -> str:
    if not moment:
        return ""
    at = datetime.fromisoformat(moment.upper())
    return times.words_of(at, visit.account.timezone, visit.words.language)


async def replay(visit: Visit) -> Answer:
    hook, words, form = await hook_of(visit), visit.words, visit.typed
    typed = {n: form.text(n) for n in ("since", "until") if form.text(n)}
    given: dict[str, Any] = {"id": hook.id, **_on_the_clock(visit, typed)}
    if form.is_ticked("switch_on"):
        given["switch_on"] = True
    try:
        begun = await visit.do(v4.REPLAY, given, once=form.text("once"))
    except (Conflict, Invalid) as error:
        return to(visit, f"{AT}/{hook.id}", _why_not(visit, error), **_kept(typed))
    if begun is None:  # the same form, sent again
        return to(visit, f"{AT}/{hook.id}")
    return to(
        visit,
        f"{AT}/{hook.id}/replays/{begun.id}",
        words.ngettext(
            "{n} event is on its way again.", "{n} events are on their way again.", begun.events
        ),
    )


def _why_not(visit: Visit, error: Conflict | Invalid) -> str:
    if isinstance(error, WebhookOff):
        return visit.words("It is off. Switch it on first.")
    return problems(visit, error).without()


async def show_replay(visit: Visit) -> Answer:
    hook = await hook_of(visit)
    one = await visit.read(v4.PROGRESS, id=hook.id, replay=visit.path["replay"])
    is_live = one.waiting > 0 and _is_watched(visit)
    mark = f"{one.waiting}-{one.delivered}-{one.failed}"
    if visit.is_part and visit.query.get("mark") == mark and is_live:
        return nothing_new()
    return await page(
        visit,
        "webhook_replay",
        title=visit.words("Sent again"),
        at=AT,
        hook=hook,
        one=one,
        is_live=is_live,
        next=_again(visit, f"{AT}/{hook.id}/replays/{one.id}", mark),
        **_shared(visit),
    )


SCREENS = (
    Screen(path=ONE, right=Right.HOOKS, act=show),
    Screen(path=f"{ONE}/deliveries/{{event:str}}", right=Right.HOOKS, act=show_delivery),
    Screen(method="POST", path=f"{ONE}/deliveries/{{event:str}}", right=Right.HOOKS, act=resend),
    Screen(path=f"{ONE}/replay", right=Right.HOOKS, act=ask_replay),
    Screen(method="POST", path=f"{ONE}/replay", right=Right.HOOKS, act=replay),
    Screen(path=f"{ONE}/replays/{{replay:int}}", right=Right.HOOKS, act=show_replay),
)
