"""The counter's page for the staff's phone or till, and the same without script: plain forms
that answer with a whole page. What its script asks is in `api.py`, getting in is in
`pairing.py`.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

import msgspec
from litestar import Router, post, route
from litestar.params import FromPath

from tearoff.accounts import devices
from tearoff.coupons.counter import counter, scan_lists, scan_log
from tearoff.coupons.counter.scan_log import Look
from tearoff.coupons.counter.scanned_text import LONGEST
from tearoff.errors import Invalid, NotFound
from tearoff.kit import clock, times
from tearoff.kit.amounts import LONGEST as LONGEST_AMOUNT
from tearoff.kit.amounts import is_unlikely, read_amount
from tearoff.kit.codes import shown_code
from tearoff.kit.services import services_of
from tearoff.kit.words import Words, languages, words_in
from tearoff.web.paper import notes, reading
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import READ, AnyRequest, patiently
from tearoff.web.till import api, shell
from tearoff.web.till.api import Refused, Visitor
from tearoff.web.till.pairing import (
    form_token,
    is_ours,
    keep_language,
    read_form,
    redirect,
    words_for,
)
from tearoff.web.till.verdicts import Row, Verdict, row_of

_NOBODY: dict[str, Any] = {"place": "", "staff": "", "recent": []}
_KEY = re.compile(r"[0-9A-Za-z_-]{8,64}\Z")


class _Asked(msgspec.Struct, frozen=True):
    """What was typed under a verdict, the amount that it means, and what is wrong with which."""

    amount: str = ""
    receipt: str = ""
    sure: str = ""
    problem: str = ""
    wrong: str = ""


@route("/till", http_method=READ)
async def show_board(request: AnyRequest) -> Answer:
    who = await _visitor(request)
    if isinstance(who, Answer):
        return who
    return await _board(request, who, words_for(request, who.account.language))


@route("/till/shell", http_method=READ)
async def show_shell(request: AnyRequest) -> Answer:
    """The page with nobody's data: what the device keeps for the time without network."""
    return _print_board(request, words_for(request), _NOBODY)


@post("/till/check")
async def check(request: AnyRequest) -> Answer:
    who, form = await _sender(request)
    if isinstance(who, Answer):
        return who
    words = words_for(request, who.account.language)
    code = form.get("code", "").strip()[:LONGEST]
    if not code:
        return await _board(request, who, words, problem=words("Type the code first."))
    look = Look(key=_key(form), text=code)
    try:
        return await _look(request, who, words, look)
    except Invalid:  # the page of another scan, come back to
        look = msgspec.structs.replace(look, key=_new_key())
        return await _look(request, who, words, look)


@post("/till/redeem")
async def redeem(request: AnyRequest) -> Answer:
    who, form = await _sender(request)
    if isinstance(who, Answer):
        return who
    words = words_for(request, who.account.language)
    typed, receipt = form.get("amount", "").strip(), _printable(form.get("receipt", ""))[:50]
    amount = read_amount(typed)
    look = Look(
        key=_key(form),
        text=form.get("code", "")[:LONGEST],
        amount=amount,
        receipt=receipt or None,
        redeems=True,
    )
    field, problem = "amount", _problem_of_amount(words, typed, amount, form.get("sure", ""))
    try:
        if not problem:
            return await _look(request, who, words, look)
    except Invalid as error:
        if error.field == "key":
            return await _board(
                request, who, words, problem=words("This page was too old. Try again.")
            )
        field = error.field or "amount"
        problem = (
            words("The amount is needed. Type an amount like 12.50.")
            if field == "amount"
            else words("Type the number of the receipt.")
        )
    asked = _Asked(typed[:LONGEST_AMOUNT], receipt, amount or "", problem, field)
    return await _ask_again(request, who, words, look.text, asked)


def _problem_of_amount(words: Words, typed: str, amount: str | None, sure: str) -> str:
    """An unlikely one is asked about once: sent again with the answer, it is meant."""
    if typed and amount is None:
        return words("Type an amount like 12.50.")
    if amount is not None and is_unlikely(amount) and amount != sure:
        return words("{amount}? Press again if that is right.", amount=typed[:LONGEST_AMOUNT])
    return ""


@post("/till/undo")
async def undo(request: AnyRequest) -> Answer:
    who, form = await _sender(request)
    if isinstance(who, Answer):
        return who
    words = words_for(request, who.account.language)
    try:
        work = counter.undo(services_of(request).db, who.till, _key(form), clock.now())
        outcome = await patiently(work)
    except NotFound:
        return redirect("/till")
    return _verdict(request, words, _told(who, words, outcome), "")


@post("/till/sign-out")
async def sign_out(request: AnyRequest) -> Answer:
    who, _ = await _sender(request)
    if isinstance(who, Answer):
        return who
    services = services_of(request)
    work = devices.remove(services.db, who.account.id, who.till.device.id, clock.now())
    await patiently(work)
    return redirect("/till/pair", api.cookie(services, "", 0))


async def _visitor(request: AnyRequest) -> Visitor | Answer:
    """Who asks, or the way to the pairing or the PIN."""
    try:
        return await api.visitor(request, clock.now())
    except Refused as refused:
        return redirect("/till/pin" if refused.body.get("need") == "pin" else "/till/pair")


async def _sender(request: AnyRequest) -> tuple[Visitor | Answer, dict[str, str]]:
    """Who sends a form, and the form; a form that is not of this device leads to the page."""
    form = await read_form(request)
    who = await _visitor(request)
    if isinstance(who, Visitor) and not is_ours(request, form.get("t", "")):
        words = words_for(request, who.account.language)
        return await _board(
            request, who, words, problem=words("This page was too old. Try again.")
        ), form
    return who, form


async def _look(request: AnyRequest, who: Visitor, words: Words, look: Look) -> Answer:
    services = services_of(request)
    work = counter.look(services.db, services.vault, who.till, look, clock.now())
    return _verdict(request, words, _told(who, words, await patiently(work)), look.text)


async def _ask_again(
    request: AnyRequest, who: Visitor, words: Words, code: str, asked: _Asked
) -> Answer:
    """The verdict once more, with what was typed and what is wrong with it."""
    services = services_of(request)
    question = Look(key=_new_key(), text=code)
    work = counter.look(services.db, services.vault, who.till, question, clock.now())
    told = _told(who, words, await patiently(work))
    return _verdict(request, words, told, code, asked)


def _told(who: Visitor, words: Words, outcome: scan_log.Outcome) -> Verdict:
    return msgspec.structs.replace(who, language=words.language).told(outcome)


def _verdict(
    request: AnyRequest,
    words: Words,
    verdict: Verdict,
    code: str,
    asked: _Asked | None = None,
) -> Answer:
    lines = [verdict.title, verdict.value, verdict.text]
    left = verdict.uses_left or 0
    if verdict.verdict != "no" and left > (verdict.verdict == "good"):
        lines.append(words.ngettext("{n} use left.", "{n} uses left.", left))
    if verdict.verdict == "good":
        lines.append(verdict.conditions)
    return shell.print_page(
        "till/verdict.html",
        words,
        title=verdict.word,
        kind="verdict-page",
        status=422 if asked else 200,
        reads_gzip=reading.reads_gzip(request),
        v=verdict,
        lines=[line for line in lines if line],
        code=code,
        key=_new_key(),
        form_token=form_token(request),
        f=asked or _Asked(),
    )


async def _board(request: AnyRequest, who: Visitor, words: Words, problem: str = "") -> Answer:
    zone, now = who.account.timezone, clock.now()
    recent = await patiently(scan_lists.recent(services_of(request).db, who.till, now, zone))
    state = {
        "place": who.till.place.name,
        "staff": who.till.device.name,
        "recent": [_row(row_of(one, words.language, zone), zone) for one in recent],
    }
    return _print_board(request, words, state, form_token(request), problem)


def _own_name(language: str) -> str:
    """Of a language, in it."""
    words = words_in("till", language)
    return words("English")


def _print_board(
    request: AnyRequest, words: Words, state: Any, token: str = "", problem: str = ""
) -> Answer:
    return shell.print_page(
        "till/till.html",
        words,
        title=words("Counter"),
        kind="board-page",
        status=422 if problem else 200,
        reads_gzip=reading.reads_gzip(request),
        headers=keep_language(request),
        state=state,
        form_token=token,
        key=_new_key(),
        problem=problem,
        data=shell.data_of_script(words.language),
        languages=[(code, _own_name(code)) for code in languages("till")],
    )


def _row(row: Row, zone: str) -> dict[str, Any]:
    """As the script shows it: a coupon's six characters as its page has them, and the clock at
    which it was scanned."""
    code = row.code
    if re.fullmatch(r"[0-9a-z]{6}", code):
        code = shown_code(code)
    clock_time = f"{times.clock_of(row.scanned_at, zone):%H:%M}" if row.scanned_at else ""
    return msgspec.structs.asdict(row) | {"code": code, "clock": clock_time}


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).strip()


def _key(form: dict[str, str]) -> str:
    key = form.get("key", "")
    return key if _KEY.match(key) else _new_key()


def _new_key() -> str:
    return secrets.token_hex(12)


@route("/till/worker.js", http_method=READ)
async def show_worker(request: AnyRequest) -> Answer:
    return shell.print_worker()


@route("/till/manifest.webmanifest", http_method=READ)
async def show_manifest(request: AnyRequest) -> Answer:
    return shell.print_manifest(words_for(request))


@route("/till/static/{version:str}/{path:path}", http_method=READ)
async def show_file(request: AnyRequest, version: FromPath[str], path: FromPath[str]) -> Answer:
    gzip = reading.reads_gzip(request)
    found = shell.print_file(version, str(path).lstrip("/"), reads_gzip=gzip)
    return found or notes.unknown(request)


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[
            show_board,
            show_shell,
            check,
            redeem,
            undo,
            sign_out,
            show_worker,
            show_manifest,
            show_file,
        ],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
