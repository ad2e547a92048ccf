"""The one list of adapters. To add one: write its file, add its line."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from tearoff.kit.words import phrase
from tearoff.providers.base import BadSettings, Field, Provider, Surroundings

KINDS: dict[str, str] = {
    "log": "tearoff.providers.log:LogProvider",
    "twilio": "tearoff.providers.twilio:TwilioProvider",
    "smpp": "tearoff.providers.smpp.adapter:SmppProvider",
    "http": "tearoff.providers.gateway:GatewayProvider",
    "smtp": "tearoff.providers.smtp:SmtpProvider",
}
"""Where the adapter of each kind lives; imported at its first use."""

CHANNELS = ("sms", "email")

KEEP_A_LINK = frozenset({"smpp"})
GIVE_OUR_ID_BACK = frozenset({"log", "twilio"})
SEND_NO_RECEIPTS = frozenset({"smtp"})
CALL_BACK = frozenset({"twilio", "http"})
CARRY_MAIL = frozenset({"smtp"})

COUNTRY = Field(
    "country",
    phrase("two letters: whose national numbers the service writes; empty: the account's"),
    label=phrase("Country of replies"),
    advanced=True,
)
"""A setting of everything that texts come in by."""


def open_provider(kind: str, settings: Mapping[str, str], surroundings: Surroundings) -> Provider:
    """The adapter for these settings. Raises `BadSettings`; calls nobody."""
    check_names(kind, settings)
    provider: Provider = _class_of(kind)(settings, surroundings)
    return provider


def fields_of(kind: str) -> Sequence[Field]:
    fields: Sequence[Field] = _class_of(kind).fields
    return [*fields, COUNTRY] if channel_of(kind) == "sms" else fields


def title_of(kind: str) -> str:
    """What people know the service by."""
    title: str = _class_of(kind).title
    return title


def secrets_of(kind: str) -> frozenset[str]:
    """The names of the settings that are never shown."""
    return frozenset(field.name for field in fields_of(kind) if field.secret)


def place_in(kind: str, settings: Mapping[str, str]) -> tuple[str, ...]:
    """Where messages and secrets go by these settings, to be compared."""
    fields = [field for field in fields_of(kind) if field.leads]
    if any(field.leads == "host" for field in fields):
        fields += [field for field in fields_of(kind) if field.name == "port"]
    return tuple(settings.get(f.name, "").strip() or f.default for f in fields)


def calls_back(kind: str) -> bool:
    """Whether the service is told an address to report to."""
    return kind in CALL_BACK


def keeps_link(kind: str) -> bool:
    """Whether the adapter keeps a standing link, and so is used through `messages.binds`."""
    return kind in KEEP_A_LINK


def reports_by_its_own_id(kind: str) -> bool:
    """Whether receipts may name a message only by the service's id. The others give ours back."""
    return kind not in GIVE_OUR_ID_BACK | SEND_NO_RECEIPTS


def channel_of(kind: str) -> str:
    """What the adapter carries: `sms` or `email`."""
    return "email" if kind in CARRY_MAIL else "sms"


def check_names(kind: str, settings: Mapping[str, str]) -> None:
    """Every setting must be a known one, and every required one must be there."""
    fields = fields_of(kind)
    known = {field.name for field in fields}
    for name in settings:
        if name not in known:
            raise BadSettings(name, f"not a setting of {kind}. Known: {', '.join(sorted(known))}.")
    for field in fields:
        if field.required and not settings.get(field.name, "").strip():
            raise BadSettings(field.name, f"{kind} needs it: {field.help}.")


def _class_of(kind: str) -> Any:
    if kind not in KINDS:
        raise BadSettings("kind", f"{kind!r} is not one of {', '.join(KINDS)}.")
    module, _, name = KINDS[kind].partition(":")
    return getattr(importlib.import_module(module), name)
