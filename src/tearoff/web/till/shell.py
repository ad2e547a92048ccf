"""What the counter's page is made of and how it is printed: files with a hash in their address,
the service worker, the manifest, the policy."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

from markupsafe import Markup

from tearoff.kit.words import Words, read_domain, words_in
from tearoff.web.paper.html import Answer, Header, answer, render
from tearoff.web.paper.static_files import Shelf

_WEB = resources.files("tearoff.web")
OURS = Shelf("/till/static", "till", _WEB / "till" / "static", is_ours=True)
READER = Shelf("/till/static", "zxing", _WEB / "vendor" / "zxing", is_ours=False)

_TICK = "M3 13.5l6 6L21.5 6"
SHAPES = {
    "good": _TICK,
    "used": _TICK,
    "no": "M4.5 4.5l15 15M19.5 4.5l-15 15",
    "unchecked": "M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 0 0 0-19M12 6.5V12l3.2 3.4",
    "wait": "M7.5 12.5V5.2a1.5 1.5 0 0 1 3 0V11M10.5 10.5V3.7a1.5 1.5 0 0 1 3 0v6.8M13.5 10.5"
    "V5.2a1.5 1.5 0 0 1 3 0V12M16.5 12V8.2a1.5 1.5 0 0 1 3 0V15a7 7 0 0 1-7 7h-1.2a6 6 0 0 1"
    "-4.6-2.2l-3.4-5a1.6 1.6 0 0 1 2.5-2l1.7 1.9",
    "undone": "M9 5L3.5 10.5L9 16M3.5 10.5H15a5.5 5.5 0 0 1 0 11h-3",
    "checking": "M12 2.5a9.5 9.5 0 1 1-9.5 9.5",
}
"""Of verdicts: the script draws them, and the templates where there is none."""

_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';"
    " img-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_COMMON: list[Header] = [
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-robots-tag", "noindex, nofollow"),
]
_PAGE: list[Header] = [
    *_COMMON,
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "private, no-store"),
    ("content-security-policy", _POLICY),
    ("permissions-policy", "camera=(self), microphone=(), geolocation=()"),
    ("vary", "Accept-Encoding, Accept-Language, Cookie"),
]


def print_page(
    template: str,
    words: Words,
    *,
    title: str,
    status: int = 200,
    reads_gzip: bool = False,
    headers: Iterable[Header] = (),
    **values: Any,
) -> Answer:
    """A page of the counter. Styles and scripts are files: the device keeps them."""
    text = render(
        template,
        words,
        title=title,
        files=_addresses(),
        shapes=SHAPES,
        **values,
    )
    body, more = text.encode("utf-8", "replace"), [*_PAGE, *headers]
    if reads_gzip:
        body = gzip.compress(body, 6)
        more.append(("content-encoding", "gzip"))
    return answer(status, more, body)


@cache
def data_of_script(language: str) -> Markup:
    """What the script needs to know, as JSON that may stand in a page."""
    data = {
        "language": language,
        "words": _words_of_script(words_in("till", language)),
        "shapes": SHAPES,
        "files": {
            "camera": OURS.address("camera.js"),
            "glue": READER.address("reader/index.js"),
            "wasm": READER.address("reader/zxing_reader.wasm"),
        },
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - our own words, no tag can end here


def _words_of_script(words: Words) -> Any:
    return json.loads(render("till/script_words.json", words))


def print_file(version: str, path: str, *, reads_gzip: bool) -> Answer | None:
    for shelf in (OURS, READER):
        found = shelf.print(version, path, reads_gzip=reads_gzip)
        if found is not None:
            return found
    return None


def print_worker() -> Answer:
    """The service worker. It lies on no shelf: a browser looks for a new one at one address."""
    headers = [
        *_COMMON,
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "no-cache"),
        ("content-security-policy", "default-src 'none'; connect-src 'self'"),
        ("service-worker-allowed", "/till"),
    ]
    return answer(200, headers, _worker().encode())


def print_manifest(words: Words) -> Answer:
    icons = [
        {"src": OURS.address(name), "sizes": size, "type": "image/png", "purpose": purpose}
        for name, size, purpose in (
            ("icon-192.png", "192x192", "any"),
            ("icon-512.png", "512x512", "any"),
            ("icon-mask-512.png", "512x512", "maskable"),
        )
    ]
    manifest = {
        "id": "/till",
        "name": words("Counter"),
        "short_name": words("Counter"),
        "lang": words.language,
        "dir": words.direction,
        "start_url": "/till",
        "scope": "/till",
        "display": "standalone",
        "background_color": "#f1f0eb",
        "theme_color": "#0a6b5b",
        "icons": icons,
    }
    headers = [
        *_COMMON,
        ("content-type", "application/manifest+json; charset=utf-8"),
        ("cache-control", "public, max-age=3600"),
    ]
    return answer(200, headers, json.dumps(manifest, ensure_ascii=False).encode())


@cache
def _addresses() -> dict[str, str]:
    return {path: OURS.address(path) for path in OURS.files}


@cache
def _worker() -> str:
    kept = [path for path in sorted(OURS.files) if path.endswith((".js", ".css"))]
    text = _read("worker.js")
    version = f"{OURS.version}-{_page_version(text)}"
    head = {
        "VERSION": version,
        "VENDOR": READER.version,
        "FILES": [OURS.address(path) for path in kept],
    }
    lines = [f"const {name} = {json.dumps(value)};" for name, value in head.items()]
    return "\n".join([*lines, text])


def _page_version(worker: str) -> str:
    """Changes with anything of which the kept page is made: templates and words."""
    parts = [_read("templates", name) for name in ("till.html", "base.html", "parts.html")]
    whole = hashlib.sha256("".join([worker, *parts]).encode())
    whole.update(read_domain("till"))
    return whole.hexdigest()[:8]


def _read(*path: str) -> str:
    return _WEB.joinpath("till", *path).read_text("utf-8")
