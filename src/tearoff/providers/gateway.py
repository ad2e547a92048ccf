"""`http`: any service that takes a message by one HTTP request, described by settings alone.

What is sent is a template; what is answered is found by dotted paths (`messages.0.status`;
`*` stands for every item of a list). A 2xx answer with a refusal inside is a refusal.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import msgspec
from yarl import URL

from tearoff.kit.http import Answer, resolve_public
from tearoff.kit.words import phrase
from tearoff.providers.base import (
    PLAIN_WORDS,
    Accepted,
    Callback,
    Field,
    NoAnswer,
    Outcome,
    Outgoing,
    Reason,
    Receipt,
    ReceiptState,
    Reply,
    Surroundings,
    refused,
)
from tearoff.providers.exchange import UNREADABLE, Exchange, outcome_of_status
from tearoff.providers.gateway_settings import (
    FIELDS,
    Given,
    ReceiptShape,
    ReplyShape,
    answer_shape_of,
    content_type_of,
    meaning,
    receipt_shape_of,
    reply_shape_of,
    request_of,
    signing_of,
)
from tearoff.providers.gateway_template import fill_template, find, first_word, values_of, word
from tearoff.providers.reading import body_of, fields_of, own_id, read_json, read_number

SHORT_CODE = 7
"""Digits below which a number has no country code."""


class GatewayProvider:
    kind: ClassVar[str] = "http"
    title: ClassVar[str] = phrase("Any service with an HTTP interface")
    fields: ClassVar[Sequence[Field]] = FIELDS

    def __init__(self, settings: Mapping[str, str], surroundings: Surroundings) -> None:
        given = Given(settings)
        self._request = request_of(given)
        self._headers = content_type_of(self._request) | dict(self._request.headers)
        self._answers = answer_shape_of(given)
        self._receipts = receipt_shape_of(given)
        self._replies = reply_shape_of(given)
        self._signing = signing_of(given)
        self._surroundings = surroundings
        self._exchange = Exchange(surroundings, self._request.secrets)

    async def send(self, message: Outgoing) -> Outcome:
        url, data = self._written(message)
        answer = await self._exchange.ask(
            self._request.method, url, headers=self._headers, data=data
        )
        return self._outcome(answer, message) if isinstance(answer, Answer) else answer

    def _written(self, message: Outgoing) -> tuple[URL, bytes | None]:
        """The address and the body for one message."""
        request = self._request
        values = values_of(message, request.sender, request.alphabet_words)
        filled = fill_template(request.template, {**values, **request.credentials})
        if request.body_format == "json":
            return request.url, msgspec.json.encode(filled)
        pairs = {name: word(value) for name, value in filled.items()}
        if request.body_format == "query":
            return request.url.extend_query(pairs), None
        return request.url, urlencode(pairs).encode()

    def _outcome(self, answer: Answer, message: Outgoing) -> Outcome:
        raw = self._exchange.hide(answer.body)
        body = read_json(answer.body, object)
        reason, detail = self._refusal_in(body)
        decided = outcome_of_status(answer, raw=raw, reason=reason, detail=detail)
        return decided or self._judge(body, raw, message)

    def _judge(self, body: Any, raw: str, message: Outgoing) -> Outcome:
        """What a 2xx answer says. A message of several parts that was taken in part counts as
        not answered: nobody can take back the rest."""
        shape = self._answers
        ids = tuple(name for name in map(word, _found(body, shape.id_path)) if name)
        if not shape.success_path:
            return Accepted(ids, raw) if ids else self._unnamed(body, raw)
        found = find(body, shape.success_path)
        said = [word(value).lower() in shape.success_values for value in found]
        if said and all(said):
            return Accepted(ids, raw)
        if any(said):
            return NoAnswer("The SMS provider took only a part of the message.", raw)
        return self._unnamed(body, raw, is_refusal=bool(said))

    def _unnamed(self, body: Any, raw: str, *, is_refusal: bool = False) -> Outcome:
        """A 2xx answer without a yes in it; a yes only where the service never says more."""
        reason, detail = self._refusal_in(body)
        if reason or is_refusal:
            return refused(reason or Reason.OTHER, raw=raw, detail=detail)
        if not (self._answers.id_path or self._answers.success_path):
            return Accepted((), raw)
        return NoAnswer(UNREADABLE, raw)

    def _refusal_in(self, body: Any) -> tuple[Reason | None, str]:
        """The reason and the words of a refusal, as far as the answer has them."""
        code = first_word(body, self._answers.error_path)
        text = self._exchange.hide(first_word(body, self._answers.error_text_path))
        reason = meaning(self._answers.error_words, code)
        return reason, ": ".join(part for part in (self._exchange.hide(code), text) if part)

    async def look_up(
        self, message: Outgoing, provider_id: str, sent_at: datetime
    ) -> Receipt | None:
        return None

    def is_genuine(self, callback: Callback) -> bool:
        signing = self._signing
        if not signing.header:
            return True
        given = callback.headers.get(signing.header, "").strip()
        if not given or not callback.body:
            return False
        digest = hmac.new(signing.secret.encode(), callback.body, getattr(hashlib, signing.digest))
        told = given.removeprefix(f"{signing.digest}=").encode("utf-8", "replace")
        return hmac.compare_digest(digest.hexdigest().encode(), told.lower()) or (
            hmac.compare_digest(base64.b64encode(digest.digest()), told)
        )

    def read_receipts(self, callback: Callback) -> list[Receipt]:
        if not self._receipts.status_path:
            return []
        items = _items_of(callback, self._receipts.list_path)
        # Some services put receipts of several messages into one request; then the number in
        # its address is that of one of them only.
        number = own_id(callback.url) if len(items) == 1 else None
        read = (_receipt_of(item, self._receipts, number) for item in items)
        return [receipt for receipt in read if receipt is not None]

    def read_replies(self, callback: Callback) -> list[Reply]:
        if not (self._replies.from_path and self._replies.text_path):
            return []
        items = _items_of(callback, self._replies.list_path)
        read = (_reply_of(item, self._replies) for item in items)
        return [reply for reply in read if reply is not None]

    async def check(self) -> str:
        """No request is harmless at every service; so only the host is looked at."""
        url, surroundings = self._request.url, self._surroundings
        try:
            await resolve_public(
                url.host or "",
                url.port or 0,
                allowed_hosts=surroundings.allowed_hosts,
                allow_loopback=surroundings.allow_loopback,
            )
        except OSError as error:
            return f"{url.host} cannot be reached: {error.strerror or error}."
        return ""

    async def close(self) -> None:
        await self._exchange.close()


def _found(body: Any, path: str) -> list[Any]:
    return find(body, path) if path else []


def _items_of(callback: Callback, list_path: str) -> list[Any]:
    """The reports in a callback: JSON, a form, or a query."""
    found = body_of(callback) if callback.body else None
    body = fields_of(callback) if found is None else found
    found = find(body, list_path)
    return found[0] if len(found) == 1 and isinstance(found[0], list) else found


def _receipt_of(item: Any, shape: ReceiptShape, number: int | None) -> Receipt | None:
    status, name = first_word(item, shape.status_path), first_word(item, shape.id_path)
    own = read_number(first_word(item, shape.own_id_path)) or number
    if not status or not (name or own):
        return None
    state = meaning(shape.words, status) or ReceiptState.UNKNOWN
    code = first_word(item, shape.error_path)
    reason = meaning(shape.error_words, code) or Reason.OTHER
    is_bad = state is ReceiptState.FAILED
    return Receipt(
        state,
        provider_id=name,
        message_id=own,
        reason=reason if is_bad else None,
        text=f"{PLAIN_WORDS[reason]} ({code or status})" if is_bad else status,
        to=_number(first_word(item, shape.to_path)),
    )


def _reply_of(item: Any, shape: ReplyShape) -> Reply | None:
    sender, text = first_word(item, shape.from_path), find(item, shape.text_path)
    if text and isinstance(text[0], list):
        text = text[0][:1]
    if not text or isinstance(text[0], dict | list):
        return None
    return Reply(
        _number(sender),
        _number(first_word(item, shape.to_path)),
        word(text[0]),
        first_word(item, shape.id_path),
        shape.provider_handles,
        written=sender,
    )


def _number(text: str) -> str:
    """E.164 with `+`, for a number that a service writes without; a short code stays."""
    is_long = text.isascii() and text.isdigit() and len(text) >= SHORT_CODE
    return f"+{text.removeprefix('00')}" if is_long else text
