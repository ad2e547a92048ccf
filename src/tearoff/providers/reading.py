"""Reading what services write: bodies, callbacks, settings. Nothing here raises for garbage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qs, parse_qsl, urlsplit

import msgspec
from yarl import URL

from tearoff.kit.http import as_given
from tearoff.providers.base import BadSettings, Callback

S = TypeVar("S")

MAX_FIELDS = 500
"""Form fields of one callback that are read; one with more is not read at all."""

FORM = "application/x-www-form-urlencoded"


def read_json(body: bytes, shape: type[S]) -> S | None:
    """The body as this type, or None."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def fields_of(callback: Callback) -> dict[str, str]:
    """The flat fields of a callback: of its form, its JSON object, or, without a body, its
    query. {} when it cannot be read."""
    if not callback.body:
        return {name: values[0] for name, values in query_of(callback.url).items()}
    if is_form(callback):
        return dict(form_pairs(callback.body) or ())
    found = read_json(callback.body, dict[str, object]) or {}
    return {name: str(value) for name, value in found.items() if value is not None}


def is_form(callback: Callback) -> bool:
    given = callback.headers.get("content-type", FORM)
    return given.partition(";")[0].strip().lower() == FORM


def form_pairs(body: bytes) -> list[tuple[str, str]] | None:
    """Names and values of a form in UTF-8, in their order; None when it is not one."""
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:
        return None


def query_of(url: str) -> dict[str, list[str]]:
    try:
        return parse_qs(urlsplit(url).query, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return {}


def own_id(url: str) -> int | None:
    """Our number of the message, which travels as `m` in the callback address."""
    return read_number(query_of(url).get("m", [""])[0])


def read_number(text: str) -> int | None:
    """A whole number that fits our ids."""
    is_number = text.isascii() and text.isdigit() and len(text) < 19
    return int(text) if is_number else None


def flag(settings: Mapping[str, str], name: str, default: str) -> bool:
    value = (settings.get(name, "").strip() or default).lower()
    if value not in ("true", "false"):
        raise BadSettings(name, "use true or false.")
    return value == "true"


def address(settings: Mapping[str, str], name: str, default: str = "") -> URL:
    """An http(s) address without user and password in it, to be called as it was typed."""
    given = settings.get(name, "").strip() or default
    try:
        url = as_given(given)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host or url.user or url.password:
        example = default or "https://api.example.com/sms"
        raise BadSettings(name, f"use an address such as {example}, without user and password.")
    return url
