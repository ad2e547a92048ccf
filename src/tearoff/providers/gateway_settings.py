"""The settings of the generic gateway, checked and put into shape once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from yarl import URL

from tearoff.kit.words import phrase
from tearoff.providers.base import YES_NO, BadSettings, Field, Reason, ReceiptState
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

FIELDS: Sequence[Field] = (
    Field("url", phrase("address to send to, with {username} {password} {token} filled in"),
          required=True, label=phrase("Address"), leads="url"),
    Field("method", phrase("one of POST, PUT, GET"), default="POST", label=phrase("Method"),
          choices=METHODS),
    Field("headers", phrase("JSON object, with {username} {password} {token} filled in"),
          secret=True, label=phrase("Headers"), advanced=True),
    Field("body_format", phrase("one of json, form, query"), default="json",
          label=phrase("Form of the body"), choices=FORMATS),
    Field("body", phrase("JSON object, with {to} {to_digits} {text} {sender} {id} {callback}"
          " {alphabet} {username} {password} {token} filled in"), required=True,
          label=phrase("Body"), lines=True),
    Field("alphabet_words", phrase("{alphabet} for GSM-7 and for UCS-2"),
          default="text,unicode", label=phrase("Words for the alphabet"), advanced=True),
    Field("auth", phrase("one of none, basic, bearer"), default="none", label=phrase("Login by"),
          choices=AUTHS),
    Field("username", phrase("for auth=basic, and as {username}"), label=phrase("Login")),
    Field("password", phrase("for auth=basic, and as {password}"), secret=True,
          label=phrase("Password")),
    Field("token", phrase("for auth=bearer, and as {token}"), secret=True, label=phrase("Token")),
    Field("sender", phrase("name or number shown as the sender"), label=phrase("Sender")),
    Field("success_path", phrase("where a 2xx answer says whether the message was taken"),
          label=phrase("Success at"), advanced=True),
    Field("success_values", phrase("the words there that mean yes, with commas"),
          label=phrase("Words of success"), advanced=True),
    Field("id_path", phrase("where the answer names the message"), label=phrase("Id at")),
    Field("error_path", phrase("where the answer has its error code"),
          label=phrase("Error code at"), advanced=True),
    Field("error_text_path", phrase("where the answer has its error in words"),
          label=phrase("Error text at"), advanced=True),
    Field("error_words", phrase('JSON object from error codes to reasons: {"9": "no_credit",'
          ' "4*": …}'), label=phrase("Words for errors"), advanced=True, lines=True),
    Field("receipts_path", phrase("where a callback has its list of receipts; empty: it is one"),
          label=phrase("Receipts at"), advanced=True),
    Field("receipt_id_path", phrase("in a receipt: the service's name of the message"),
          label=phrase("Receipt: its id at"), advanced=True),
    Field("receipt_own_id_path", phrase("in a receipt: what was sent as {id}"),
          label=phrase("Receipt: our id at"), advanced=True),
    Field("receipt_to_path", phrase("in a receipt: the receiver's number"),
          label=phrase("Receipt: receiver at"), advanced=True),
    Field("receipt_status_path", phrase("in a receipt: the status"),
          label=phrase("Receipt: status at"), advanced=True),
    Field("receipt_words", phrase("JSON object from statuses to sent, delivered, failed, unknown"),
          label=phrase("Words for statuses"), advanced=True, lines=True),
    Field("receipt_error_path", phrase("in a receipt: the error code"),
          label=phrase("Receipt: error at"), advanced=True),
    Field("receipt_error_words", phrase("JSON object from those error codes to reasons"),
          label=phrase("Words for errors of receipts"), advanced=True, lines=True),
    Field("replies_path", phrase("where a callback has its list of replies; empty: it is one"),
          label=phrase("Replies at"), advanced=True),
    Field("reply_from_path", phrase("in a reply: who sent it"), label=phrase("Reply: from at"),
          advanced=True),
    Field("reply_to_path", phrase("in a reply: to which number"), label=phrase("Reply: to at"),
          advanced=True),
    Field("reply_text_path", phrase("in a reply: the text"), label=phrase("Reply: text at"),
          advanced=True),
    Field("reply_id_path", phrase("in a reply: the service's name of it"),
          label=phrase("Reply: id at"), advanced=True),
    Field("provider_replies", phrase("whether the service itself answers STOP"), default="false",
          label=phrase("Service answers STOP"), choices=YES_NO, advanced=True),
    Field("hmac_header", phrase("header with the HMAC of a callback's body, hexadecimal or"
          " base64"), label=phrase("Header of the signature"), advanced=True),
    Field("hmac_secret", phrase("the key of that HMAC"), secret=True,
          label=phrase("Key of the signature"), advanced=True, stays=True),
    Field("hmac_digest", phrase("one of sha256, sha1, sha512"), default="sha256",
          label=phrase("Digest of the signature"), choices=DIGESTS, advanced=True),
)  # fmt: skip

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

    def table(self, name: str, kind: type[E]) -> dict[str, E]:
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
        error_words=given.table("error_words", Reason),
    )


def receipt_shape_of(given: Given) -> ReceiptShape:
    return ReceiptShape(
        list_path=given["receipts_path"],
        id_path=given["receipt_id_path"],
        own_id_path=given["receipt_own_id_path"],
        to_path=given["receipt_to_path"],
        status_path=given["receipt_status_path"],
        words=given.table("receipt_words", ReceiptState),
        error_path=given["receipt_error_path"],
        error_words=given.table("receipt_error_words", Reason),
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
