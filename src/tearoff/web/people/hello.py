"""A page that does nothing but open: whoever sets the server up tries with a phone in hand whether
the address in the messages is one that phones reach."""

from __future__ import annotations

from litestar import Router, route

from tearoff.web.paper import notes
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import READ, AnyRequest
from tearoff.web.people import page

PATH = "/hello"


@route(PATH, http_method=READ)
async def show_hello(request: AnyRequest) -> Answer:
    words = page.words_for(request)
    lines = [
        words("This phone reaches the server: the links in your messages will open."),
        words("You can close this page and go on at your computer."),
    ]
    return page.print_note(request, words, 200, words("It works"), lines, "tick")


ROUTES: list[Router] = [
    Router(
        path="/",
        route_handlers=[show_hello],
        exception_handlers={Exception: notes.trouble},
        include_in_schema=False,
    )
]
