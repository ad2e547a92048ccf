"""Why something was not sent, at the field where it can be put right."""

from __future__ import annotations

from tearoff.distribution.draft import NotSent
from tearoff.errors import Invalid, TearoffError
from tearoff.kit.words import Words, phrase
from tearoff.messages.connections import NoRoute
from tearoff.messages.template import FIELDS, LINK, EmptyField, UnknownField
from tearoff.web.dashboard.saying import Problems, problems_of

_OF_CAMPAIGN = (
    phrase("The campaign is not active."),
    phrase("The campaign has not started yet."),
    phrase("The campaign has ended."),
    phrase("The campaign has reached its limit."),
    phrase("The campaign has no codes left."),
)
_OF_RECEIVER = (
    phrase("This country is not allowed for your account."),
    phrase("It is quiet hours at the receiver."),
    phrase("Too many messages to this number today."),
    phrase("Too many messages to this number in the last hour."),
    phrase("Too many messages to numbers of this block in the last hour."),
    phrase("Too many messages to this address today."),
    phrase("Too many messages to this address in the last hour."),
)
_OF_ALL = (
    phrase("The spending limit of your account for today is reached."),
    phrase("The spending limit of your account for this month is reached."),
)
_FIELDS = {"fields": "text", "body": "text", "phone": "to", "email": "to", "session": ""}
"""Names that the rooms below have for fields of this page."""


def told(words: Words, error: TearoffError) -> Problems:
    if isinstance(error, NoRoute):
        return Problems()  # the page says it, with the way to put it right
    reason = str(error)
    if isinstance(error, NotSent):
        for field, reasons in (("campaign", _OF_CAMPAIGN), ("to", _OF_RECEIVER)):
            if reason in reasons:
                return Problems({field: words(reason)})
        return Problems(page=words(reason))
    if type(error) is Invalid and error.field == "body":
        return Problems({"text": words(
            "It is longer than ten text messages, or has a character that cannot be sent."
        )})  # fmt: skip
    if isinstance(error, EmptyField):
        field = f"{{{error.name}}}"
        return Problems({"text": words("{field} is empty for this receiver.", field=field)})
    if isinstance(error, UnknownField):
        return Problems({"text": _unknown(words, error)})
    found = problems_of(words, error)
    fields = {_FIELDS.get(name, name): text for name, text in found.fields.items()}
    if text := fields.pop("", ""):
        return Problems(fields, f"{found.page} {text}".strip())
    return Problems(fields, found.page)


def _unknown(words: Words, error: UnknownField) -> str:
    field = f"{{{error.word}}}"
    if error.near:
        near = f"{{{error.near}}}"
        return words("{field} is no field. Did you mean {near}?", field=field, near=near)
    fields = ", ".join(f"{{{name}}}" for name in (LINK, *FIELDS))
    return words("{field} is no field. There are {fields}.", field=field, fields=fields)
