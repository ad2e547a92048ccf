"""The settings of the generic gateway, checked and put into shape once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from yarl import URL

from tearoff.providers.base import BadSettings, Field, Reason, ReceiptState
from tearoff.providers.exchange import basic
from tearoff.providers.gateway_template import (
    CREDENTIALS,
    MESSAGE_NAMES,
    Values,
    check_names,
    fill,
    parse_object,
    parse_template,
)
from tearoff.providers.reading import FORM, address, flag

E = TypeVar("E", bound=StrEnum)

METHODS = ("POST", "PUT", "GET")
FORMATS = ("json", "form", "query")
AUTHS = ("none", "basic", "bearer")
DIGESTS = ("sha256", "sha1", "sha512")
NAMES = (*MESSAGE_NAMES, *CREDENTIALS)

_CREDENTIALS = " ".join(f"{{{name}}}" for name in CREDENTIALS)
_ALL = " ".join(f"{{{name}}}" for name in NAMES)

FIELDS: Sequence[Field] = (
    Field("url", f"address to send to, with {_CREDENTIALS} filled in", required=True),
    Field("method", f"one of {', '.join(METHODS)}", default="POST"),
    Field("headers", f"JSON object, with {_CREDENTIALS} filled in", secret=True),
    Field("body_format", f"one of {', '.join(FORMATS)}", default="json"),
    Field("body", f"JSON object, with {_ALL} filled in", required=True),
    Field("alphabet_words", "{alphabet} for GSM-7 and for UCS-2", default="text,unicode"),
    Field("auth", f"one of {', '.join(AUTHS)}", default="none"),
    Field("username", "for auth=basic, and as {username}"),
    Field("password", "for auth=basic, and as {password}", secret=True),
    Field("token", "for auth=bearer, and as {token}", secret=True),
    Field("sender", "name or number shown as the sender"),
    Field("success_path", "where a 2xx answer says whether the message was taken"),
    Field("success_values", "the words there that mean yes, with commas"),
    Field("id_path", "where the answer names the message"),
    Field("error_path", "where the answer has its error code"),
    Field("error_text_path", "where the answer has its error in words"),
    Field("error_words", 'JSON object from error codes to reasons: {"9": "no_credit", "4*": …}'),
    Field("receipts_path", "where a callback has its list of receipts; empty: it is one"),
    Field("receipt_id_path", "in a receipt: the service's name of the message"),
    Field("receipt_own_id_path", "in a receipt: what was sent as {id}"),
    Field("receipt_to_path", "in a receipt: the receiver's number"),
    Field("receipt_status_path", "in a receipt: the status"),
    Field("receipt_words", "JSON object from statuses to sent, delivered, failed, unknown"),
    Field("receipt_error_path", "in a receipt: the error code"),
    Field("receipt_error_words", "JSON object from those error codes to reasons"),
    Field("replies_path", "where a callback has its list of replies; empty: it is one"),
    Field("reply_from_path", "in a reply: who sent it"),
    Field("reply_to_path", "in a reply: to which number"),
    Field("reply_text_path", "in a reply: the text"),
    Field("reply_id_path", "in a reply: the service's name of it"),
    Field("provider_replies", "whether the service itself answers STOP", default="false"),
    Field("hmac_header", "header with the HMAC of a callback's body, hexadecimal or base64"),
    Field("hmac_secret", "the key of that HMAC", secret=True),
    Field("hmac_digest", f"one of {', '.join(DIGESTS)}", default="sha256"),
)

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_OPEN_HEADERS = frozenset({"accept", "content-type", "user-agent"})


class Request(msgspec.Struct, frozen=True):
    """How a message is sent. `secrets` are what may not be seen in any record."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body_format: str
    template: dict[str, Any]
    alphabet_words: tuple[str, str]
    sender: str
    credentials: Values
    secrets: tuple[str, ...]


class AnswerShape(msgspec.Struct, frozen=True):
    """Where an answer says what. An empty path is a thing that the service does not say."""

    success_path: str
    success_values: frozenset[str]
    id_path: str
    error_path: str
    error_text_path: str
    error_words: Mapping[str, Reason]


class ReceiptShape(msgspec.Struct, frozen=True):
    list_path: str
    id_path: str
    own_id_path: str
    to_path: str
    status_path: str
    words: Mapping[str, ReceiptState]
    error_path: str
    error_words: Mapping[str, Reason]


class ReplyShape(msgspec.Struct, frozen=True):
    list_path: str
    from_path: str
    to_path: str
    text_path: str
    id_path: str
    provider_handles: bool


class Signing(msgspec.Struct, frozen=True):
    """`header` is in lower case; empty when callbacks are not signed."""

    header: str
    secret: str
    digest: str


class Given:
    """The settings as they were typed, with their defaults."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._defaults = {field.name: field.default for field in FIELDS}
        self.settings = settings

    def __getitem__(self, name: str) -> str:
        return self.settings.get(name, "").strip() or self._defaults[name]

    def choice(self, name: str, choices: Sequence[str]) -> str:
        for choice in choices:
            if choice.lower() == self[name].lower():
                return choice
        raise BadSettings(name, f"use one of {', '.join(choices)}.")

    def words(self, name: str, kind: type[E]) -> dict[str, E]:
        """A JSON object from a service's words to ours, for `meaning`."""
        table = parse_object(name, self[name])
        try:
            return {theirs.lower(): kind(ours) for theirs, ours in table.items()}
        except (ValueError, TypeError) as error:
            raise BadSettings(name, f"{error}. Use {', '.join(kind)}.") from None


def meaning(words: Mapping[str, E], word: str) -> E | None:
    """What a service's word means: in any case, and by its beginning where the table has a
    word that ends in `*` (the longest such word wins)."""
    word = word.lower()
    if not word or word in words:
        return words.get(word)
    begun = [known for known in words if known[-1:] == "*" and word.startswith(known[:-1])]
    return words[max(begun, key=len)] if begun else None


def request_of(given: Given) -> Request:
    method, body_format = given.choice("method", METHODS), given.choice("body_format", FORMATS)
    if method == "GET" and body_format != "query":
        raise BadSettings("body_format", "GET has no body: use query.")
    credentials = {name: given[name] for name in CREDENTIALS}
    headers, secrets = _headers_of(given, credentials)
    hidden = (given["password"], given["token"], given["hmac_secret"], *secrets)
    return Request(
        method=method,
        url=_url_of(given, credentials),
        headers=headers,
        body_format=body_format,
        template=_template_of(given, body_format),
        alphabet_words=_alphabet_words_of(given),
        sender=given["sender"],
        credentials=credentials,
        secrets=tuple(secret for secret in hidden if secret),
    )


def _url_of(given: Given, credentials: Values) -> URL:
    check_names("url", given["url"], CREDENTIALS)
    quoted = {name: quote(value or "", safe="") for name, value in credentials.items()}
    return address({"url": fill(given["url"], quoted)}, "url")


def _headers_of(given: Given, credentials: Values) -> tuple[dict[str, str], list[str]]:
    """The headers, and what in them is secret."""
    template = parse_template("headers", given["headers"], CREDENTIALS)
    headers = {}
    for name, value in template.items():
        filled = fill(value, credentials) if isinstance(value, str) else ""
        if not _HEADER_NAME.fullmatch(name) or not filled.isprintable() or not filled:
            raise BadSettings("headers", f"{name!r} must be a header name with a text of one line.")
        headers[name] = filled
    if authorization := _authorization_of(given):
        headers["Authorization"] = authorization
    secrets = [value for name, value in headers.items() if name.lower() not in _OPEN_HEADERS]
    secrets += [value.partition(" ")[2] for value in secrets if " " in value]
    return headers, secrets


def _authorization_of(given: Given) -> str:
    auth = given.choice("auth", AUTHS)
    if auth == "basic":
        return basic(_needed(given, "username", auth), _needed(given, "password", auth))
    return f"Bearer {_needed(given, 'token', auth)}" if auth == "bearer" else ""


def _needed(given: Given, name: str, auth: str) -> str:
    if not given[name]:
        raise BadSettings(name, f"auth={auth} needs it.")
    return given[name]


def _template_of(given: Given, body_format: str) -> dict[str, Any]:
    template = parse_template("body", given["body"], NAMES)
    if body_format != "json" and any(isinstance(v, dict | list) for v in template.values()):
        raise BadSettings("body", f"body_format={body_format} has no room for objects and lists.")
    if not any(f"{{{name}}}" in given["body"] for name in ("to", "to_digits")):
        raise BadSettings("body", "must have {to} or {to_digits} somewhere.")
    return template


def _alphabet_words_of(given: Given) -> tuple[str, str]:
    words = [part.strip() for part in given["alphabet_words"].split(",")]
    if len(words) != 2:
        raise BadSettings("alphabet_words", "use two words with a comma, such as text,unicode.")
    return words[0], words[1]


def answer_shape_of(given: Given) -> AnswerShape:
    values = frozenset(v.strip().lower() for v in given["success_values"].split(",") if v.strip())
    if bool(values) != bool(given["success_path"]):
        missing = "success_path" if values else "success_values"
        raise BadSettings(missing, "success_path and success_values need each other.")
    return AnswerShape(
        success_path=given["success_path"],
        success_values=values,
        id_path=given["id_path"],
        error_path=given["error_path"],
        error_text_path=given["error_text_path"],
        error_words=given.words("error_words", Reason),
    )


def receipt_shape_of(given: Given) -> ReceiptShape:
    return ReceiptShape(
        list_path=given["receipts_path"],
        id_path=given["receipt_id_path"],
        own_id_path=given["receipt_own_id_path"],
        to_path=given["receipt_to_path"],
        status_path=given["receipt_status_path"],
        words=given.words("receipt_words", ReceiptState),
        error_path=given["receipt_error_path"],
        error_words=given.words("receipt_error_words", Reason),
    )


def reply_shape_of(given: Given) -> ReplyShape:
    return ReplyShape(
        list_path=given["replies_path"],
        from_path=given["reply_from_path"],
        to_path=given["reply_to_path"],
        text_path=given["reply_text_path"],
        id_path=given["reply_id_path"],
        provider_handles=flag(given.settings, "provider_replies", "false"),
    )


def signing_of(given: Given) -> Signing:
    header, secret = given["hmac_header"].lower(), given["hmac_secret"]
    if bool(header) != bool(secret):
        missing = "hmac_secret" if header else "hmac_header"
        raise BadSettings(missing, "hmac_header and hmac_secret need each other.")
    return Signing(header, secret, given.choice("hmac_digest", DIGESTS))


def content_type_of(request: Request) -> dict[str, str]:
    if request.body_format == "query":
        return {}
    return {"Content-Type": FORM if request.body_format == "form" else "application/json"}
