"""The counter's pages for the staff's phone or till: getting in, the page itself, and the same
without script. The program's side of it is `till.py`.

Other sites can do nothing here: the cookie does not travel with their forms, every form carries
a token that is tied to the device, and nobody may frame the pages.
"""

from __future__ import annotations

from typing import Any, Literal

from litestar import Request, Router, route
from litestar.params import FromPath

from tearoff.web import notes, till_shell
from tearoff.web.paper import Answer
from tearoff.web.till_words import WORDS, Words
from tearoff.web.words import preferred

AnyRequest = Request[Any, Any, Any]

_READ: list[Literal["GET", "HEAD"]] = ["GET", "HEAD"]
_LANGUAGE = "tearoff_till_language"
_NOBODY: dict[str, Any] = {"place": "", "staff": "", "recent": []}


@route("/till/shell", http_method=_READ)
async def show_shell(request: AnyRequest) -> Answer:
    """The page with nobody's data: what the device keeps for the time without network."""
    return _board(request, words_for(request), _NOBODY, "")


@route("/till/worker.js", http_method=_READ)
async def show_worker(request: AnyRequest) -> Answer:
    return till_shell.print_worker()


@route("/till/manifest.webmanifest", http_method=_READ)
async def show_manifest(request: AnyRequest) -> Answer:
    return till_shell.print_manifest(words_for(request))


@route("/till/static/{version:str}/{path:path}", http_method=_READ)
async def show_file(request: AnyRequest, version: FromPath[str], path: FromPath[str]) -> Answer:
    gzip = notes.reads_gzip(request)
    found = till_shell.print_file(version, str(path).lstrip("/"), reads_gzip=gzip)
    return found or notes.unknown(request)


def words_for(request: AnyRequest) -> Words:
    """In the language that the device was set to, else the browser's."""
    chosen = (notes.asked_language(request), str(request.cookies.get(_LANGUAGE, ""))[:10])
    for tag in (*chosen, *preferred(notes.accepted_languages(request))):
        language = tag.partition("-")[0].lower()
        if language in WORDS:
            return WORDS[language]
    return WORDS["en"]


def _board(
    request: AnyRequest, words: Words, state: Any, form_token: str, problem: str = ""
) -> Answer:
    return till_shell.print_page(
        "till.html",
        words,
        title=words.name,
        kind="board-page",
        status=422 if problem else 200,
        reads_gzip=notes.reads_gzip(request),
        state=state,
        form_token=form_token,
        key="",
        problem=problem,
        data=till_shell.data_of_script(words.language),
        languages=[(code, w.own_name) for code, w in WORDS.items()],
    )


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[show_shell, show_worker, show_manifest, show_file],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
