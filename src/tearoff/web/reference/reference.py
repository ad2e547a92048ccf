"""The API reference: the OpenAPI document as a page that works without script.

It is made once from the same document that `/openapi.json` serves; only the reader's host
differs, and for somebody who is signed in the client id. It shows no secrets and asks nobody else
for anything.
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from litestar import Request, route
from litestar.handlers import HTTPRouteHandler
from markupsafe import Markup, escape

from tearoff.kit.services import services_of
from tearoff.web.paper import reading
from tearoff.web.paper.html import Answer, answer, hash_of, read_template, render

Document = Mapping[str, Any]
VERBS = ("get", "post", "put", "patch", "delete")
MakeDocument = Callable[[], Document]
HOST = "https://tearoff.invalid"
"""Stands for the reader's host until somebody reads."""
HOME = "/a/0/api"
"""Stands for the dashboard's page of API keys of somebody who is signed in."""


class Row(msgspec.Struct, frozen=True):
    """A value in a table. `link` is the thing whose table says more."""

    name: str
    kind: str
    link: str
    help: str
    required: bool = False
    example: str = ""
    place: str = ""


class AnswerShown(msgspec.Struct, frozen=True):
    status: str
    text: str
    rows: list[Row]
    example: str


class Shown(msgspec.Struct, frozen=True):
    """One operation, or one kind of event."""

    id: str
    verb: str
    path: str
    summary: str
    takes: list[Row]
    answers: list[AnswerShown]
    errors: list[Mapping[str, Any]]
    curl: str = ""
    python: str = ""
    scope: str = ""


class Chapter(msgspec.Struct, frozen=True):
    id: str
    name: str
    about: str
    operations: list[Shown]


class Thing(msgspec.Struct, frozen=True):
    id: str
    name: str
    about: str
    rows: list[Row]


def make_route(make_document: MakeDocument) -> HTTPRouteHandler:
    """The public page's route. The document is made when somebody first reads it."""

    @route("/docs/api", http_method=["GET", "HEAD"])
    async def show_reference(request: Request[Any, Any, Any]) -> Answer:
        return show(request, make_document)

    return show_reference


def show(request: Request[Any, Any, Any], make_document: MakeDocument) -> Answer:
    """The same for every reader of this address."""
    return _packed(request, _printed(make_document), "public, max-age=300")


def show_own(
    request: Request[Any, Any, Any], make_document: MakeDocument, home: str, client_id: str
) -> Answer:
    """For somebody who is signed in: with the client id in the samples, if there is one, and links
    to the dashboard's pages below `home`. The secret is a placeholder here too."""
    text = _printed(make_document, is_own=True).replace(HOME, html.escape(home))
    if client_id.isascii() and client_id.isdigit():
        text = text.replace("$CLIENT_ID", client_id)
        text = text.replace("os.environ[&#34;CLIENT_ID&#34;]", f"&#34;{client_id}&#34;")
    return _packed(request, text, "private, no-store")


def _packed(request: Request[Any, Any, Any], text: str, cache: str) -> Answer:
    body = text.replace(HOST, html.escape(host_of(request))).encode()
    packed = reading.reads_gzip(request)
    encoding = (("content-encoding", "gzip"),) if packed else ()
    headers = [*_HEADERS, ("cache-control", cache), *encoding]
    return answer(200, headers, gzip.compress(body, 4) if packed else body)


_PLAUSIBLE = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,260}")


def host_of(request: Request[Any, Any, Any]) -> str:
    """Where the reader would call: the public address, or that of this page."""
    public = services_of(request).settings.public_url
    given = public or str(request.base_url).rstrip("/")
    return given if _PLAUSIBLE.fullmatch(given) else "http://localhost:8080"


@cache
def _printed(make_document: MakeDocument, *, is_own: bool = False) -> str:
    document = make_document()
    return render(
        "reference/reference.html",
        ticks=_ticks,
        css=_CSS,
        script=_SCRIPT,
        host=HOST,
        home=HOME if is_own else "",
        version=document["info"]["version"],
        about=document["info"]["description"],
        chapters=list(_chapters(document)),
        things=list(_things(document)),
        codes=document["x-error-codes"],
        scopes=document["x-scopes"],
        headers=document["components"]["headers"],
    )


_TICKED = re.compile(r"`([^`]+)`")


def _ticks(text: str) -> Markup:
    """What stands between backticks as code."""
    return Markup(_TICKED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 (escaped)


def _chapters(document: Document) -> Iterator[Chapter]:
    shown: dict[str, list[Shown]] = {tag["name"]: [] for tag in document["tags"]}
    for path, verbs in document["paths"].items():
        for verb in VERBS:
            # Reads of v3 answer GET and POST alike; they are shown once.
            if verb in verbs and not (verb == "get" and "post" in verbs and "/v3" in path):
                operation = verbs[verb]
                shown[operation["tags"][0]].append(_operation(document, verb, path, verbs))
    for kind, event in document["webhooks"].items():
        shown[event["post"]["tags"][0]].append(_event(kind, event["post"]))
    for tag in document["tags"]:
        if shown[tag["name"]]:
            about = tag["description"]
            yield Chapter(_slug(tag["name"]), tag["name"], about, shown[tag["name"]])


def _operation(document: Document, verb: str, path: str, verbs: Mapping[str, Any]) -> Shown:
    described = verbs[verb]
    both = verb == "post" and "get" in verbs and path.startswith("/v3")
    content = described.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {})
    takes = [_parameter(document, p) for p in described.get("parameters", [])]
    takes += _rows(body.get("schema", {}), "body")
    takes += [Row("the body", kind, "", "", True, "", "body") for kind in content if kind in _FILES]
    return Shown(
        id=described["operationId"],
        verb="GET or POST" if both else verb.upper(),
        path=path,
        summary=described["summary"],
        takes=takes,
        answers=[
            _answer(status, found)
            for status, found in described["responses"].items()
            if status.startswith("2")
        ],
        errors=described["x-errors"],
        curl=_curl(document, verb, path, described),
        python=_python(document, verb, path, described),
        scope=described["x-scope"],
    )


def _event(kind: str, described: Mapping[str, Any]) -> Shown:
    body = described["requestBody"]["content"]["application/json"]
    told = AnswerShown(
        "body", "What is sent", [Row("", "WebhookEvent", "WebhookEvent", "The event.")],
        _json(body["example"]),
    )  # fmt: skip
    takes = [
        Row(p["name"], "text", "", p["description"], place="header")
        for p in described["parameters"]
    ]
    return Shown(f"event_{kind}", "POST", kind, described["summary"], takes, [told], [])


def _answer(status: str, found: Mapping[str, Any]) -> AnswerShown:
    media = found.get("content", {}).get("application/json", {})
    example = _json(media["example"]) if "example" in media else ""
    return AnswerShown(status, found["description"], _rows(media.get("schema", {}), ""), example)


def _parameter(document: Document, parameter: Mapping[str, Any]) -> Row:
    found = _resolve(document, parameter)
    schema = found["schema"]
    return Row(
        found["name"], _kind(schema)[0], "",
        found.get("description") or schema.get("description", ""), found["required"],
        _example(schema), found["in"],
    )  # fmt: skip


def _rows(schema: Mapping[str, Any], place: str, prefix: str = "") -> list[Row]:
    """A row for each value of an object, those of objects inside it with a dot."""
    kind, link = _kind(schema)
    if link and not prefix:
        return [Row("", kind, link, "")]
    found = []
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        kind, link = _kind(inner)
        path = f"{prefix}{name}"
        help = inner.get("description", "")
        found.append(Row(path, kind, link, help, name in required, _example(inner), place))
        nested = inner.get("items", inner)
        if not link and nested.get("properties"):
            dot = "[]." if "items" in inner else "."
            found += _rows(nested, place, f"{path}{dot}")
    return found


def _things(document: Document) -> Iterator[Thing]:
    for name, schema in document["components"]["schemas"].items():
        about = schema.get("description", "")
        yield Thing(f"thing-{_plain(name)}", _plain(name), about, _rows(schema, ""))


_WORDS = {
    "string": "text", "integer": "number", "boolean": "true or false", "object": "object",
    "array": "list", "null": "null", "number": "number",
}  # fmt: skip


def _kind(schema: Mapping[str, Any]) -> tuple[str, str]:
    """How a type reads, and the thing that it leads to."""
    if "$ref" in schema:
        name = _plain(schema["$ref"].rpartition("/")[2])
        return name, name
    if "anyOf" in schema:
        kinds = [_kind(one) for one in schema["anyOf"]]
        link = next((link for _, link in kinds if link), "")
        return " or ".join(kind for kind, _ in kinds), link
    if schema.get("type") == "array":
        kind, link = _kind(schema.get("items", {}))
        return f"list of {kind}", link
    if "const" in schema:
        return f"“{schema['const']}”", ""
    types = schema.get("type", [])
    names = [_WORDS[t] for t in ([types] if isinstance(types, str) else types)]
    kind = " or ".join(dict.fromkeys(names)) or "anything"
    choices = schema.get("enum", ())
    if choices and len(choices) < 12:
        kind = "one of " + ", ".join(map(str, choices))
    form = {"date-time": "moment (RFC 3339)", "date": "day (yyyy-MM-dd)"}.get(
        schema.get("format", "")
    )
    return (kind.replace("text", form) if form else kind), ""


def _plain(name: str) -> str:
    return name.replace("Page_", "Page of ").strip("_")


def _resolve(document: Document, found: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in found:
        return found
    target: Any = document
    for part in found["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    resolved: Mapping[str, Any] = target
    return resolved


def _example(schema: Mapping[str, Any]) -> str:
    examples = schema.get("examples")
    if not examples:
        return ""
    return examples[0] if isinstance(examples[0], str) else json.dumps(examples[0])


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


# samples ----------------------------------------------------------------------------------


def _url(document: Document, path: str, described: Mapping[str, Any]) -> str:
    for parameter in described.get("parameters", []):
        found = _resolve(document, parameter)
        if found["in"] == "path":
            path = path.replace(f"{{{found['name']}}}", _example(found["schema"]))
    return f"{HOST}{path}"


def _needed(document: Document, described: Mapping[str, Any]) -> str:
    """The query string of what must be given."""
    found = (_resolve(document, p) for p in described.get("parameters", []))
    needed = [p for p in found if p["in"] == "query" and p["required"]]
    text = "&".join(f"{p['name']}={_example(p['schema'])}" for p in needed)
    return f"?{text}" if text else ""


def _curl(document: Document, verb: str, path: str, described: Mapping[str, Any]) -> str:
    url = _url(document, path, described) + _needed(document, described)
    lines = ["curl" if verb in ("get", "post") else f"curl -X {verb.upper()}"]
    lines[0] += f" '{url}'"
    lines.append('  -H "x-api-key: $CLIENT_ID" -H "x-api-secret: $CLIENT_SECRET"')
    body, kind = _body(described)
    if kind:
        lines += [f"  -H 'Content-Type: {kind}'", f"  --data-binary @{_FILES[kind]}"]
    elif body is not None:
        told = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{told}'"]
    elif verb == "post":
        lines.append("  -d ''")
    return " \\\n".join(lines)


def _python(document: Document, verb: str, path: str, described: Mapping[str, Any]) -> str:
    url = _url(document, path, described) + _needed(document, described)
    lines = [
        "import os, requests",
        "",
        "answer = requests.request(",
        f'    "{verb.upper()}", "{url}",',
        '    headers={"x-api-key": os.environ["CLIENT_ID"],',
        '             "x-api-secret": os.environ["CLIENT_SECRET"]},',
    ]
    body, kind = _body(described)
    if kind:
        lines.append(f'    data=open("{_FILES[kind]}", "rb"),')
    elif body is not None:
        lines.append(f"    json={body!r},")
    return "\n".join([*lines, "    timeout=30,", ")", "print(answer.status_code, answer.text)"])


_FILES = {"text/csv": "list.csv", "application/octet-stream": "picture.jpg"}


def _body(described: Mapping[str, Any]) -> tuple[Any, str]:
    """The example of the body, if there is one, and of what kind it is if it is a file."""
    content = described.get("requestBody", {}).get("content", {})
    kind = next((kind for kind in content if kind in _FILES), "")
    return content.get("application/json", {}).get("example"), kind


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


_CSS = read_template("reference/reference.css")
_SCRIPT = read_template("reference/reference.js")
_HEADERS = [
    ("content-type", "text/html; charset=utf-8"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("vary", "Accept-Encoding"),
    (
        "content-security-policy",
        f"default-src 'none'; script-src {hash_of(_SCRIPT)}; style-src {hash_of(_CSS)};"
        " img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
]
