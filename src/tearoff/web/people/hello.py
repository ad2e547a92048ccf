"""A page that does nothing but open: whoever sets the server up tries with a phone in hand whether
the address in the messages is one that phones reach; and its like for programs, by which this
installation knows itself."""

from __future__ import annotations

from litestar import Router, route
from litestar.params import FromPath

from tearoff.kit.address_check import ECHO, echo_of
from tearoff.kit.services import services_of
from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer, answer
from tearoff.web.paper.reading import READ, AnyRequest
from tearoff.web.people import page

PATH = "/hello"
_HEADERS = [("cache-control", "no-store"), ("x-robots-tag", "noindex, nofollow")]


@route(PATH, http_method=READ)
async def show_hello(request: AnyRequest) -> Answer:
    words = page.words_for(request)
    lines = [
        words("This phone reaches the server: the links in your messages will open."),
        words("You can close this page and go on at your computer."),
    ]
    return page.print_note(request, words, 200, words("It works"), lines, "tick")


@route(ECHO + "/{word:str}", http_method=READ)
async def show_echo(request: AnyRequest, word: FromPath[str]) -> Answer:
    """Says who this is to whoever knows the key: to this installation, from outside."""
    body = echo_of(services_of(request).vault, word)
    return answer(200, [("content-type", "text/plain; charset=utf-8"), *_HEADERS], body)


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[show_hello, show_echo],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
