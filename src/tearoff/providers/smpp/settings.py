"""What an account says about its SMSC, checked."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
import structlog

from tearoff.kit.words import phrase
from tearoff.providers.base import YES_NO, BadSettings, Field
from tearoff.providers.smpp import receipts, text

log = structlog.get_logger()

T = TypeVar("T")

FIELDS = (
    Field("host", phrase("name or address of the SMSC"), required=True, label=phrase("Server"),
          leads="host"),
    Field("port", phrase("port of the SMSC"), default="2775", label=phrase("Port")),
    Field("system_id", phrase("login, at most 15 characters by the standard"), required=True,
          label=phrase("System ID")),
    Field("password", phrase("at most 8 characters by the standard; longer ones are sent as they"
          " are"), required=True, secret=True, label=phrase("Password")),
    Field("system_type", phrase("often empty"), label=phrase("System type"), advanced=True),
    Field("sender", phrase("number, short code, or up to 11 letters and digits"),
          label=phrase("Sender")),
    Field("tls", phrase("whether the line is encrypted"), default="false",
          label=phrase("TLS"), choices=YES_NO),
    Field("tls_ca_file", phrase("file of the certificate authority, if not a public one"),
          label=phrase("Certificate authority"), advanced=True, on_server=True),
    Field("tls_cert_file", phrase("file of our certificate, if the SMSC asks for one"),
          label=phrase("Own certificate"), advanced=True, on_server=True),
    Field("tls_key_file", phrase("file of its key, if not in the same file"),
          label=phrase("Key of the certificate"), advanced=True, on_server=True),
    Field("window", phrase("messages under way at the same time"), default="10",
          label=phrase("Window"), advanced=True),
    Field("rate", phrase("messages a second of your contract, for each link; empty: no limit"),
          label=phrase("Messages a second"), advanced=True),
    Field("max_binds", phrase("links that the SMSC allows, over all processes"), default="1",
          label=phrase("Links"), advanced=True),
    Field("alphabet", phrase("how the SMSC reads plain text: gsm, latin1 or ucs2"),
          default="gsm", label=phrase("Alphabet"), choices=text.ALPHABETS, advanced=True),
    Field("long", phrase("how long texts are tied together: udh, sar or payload"),
          default="udh", label=phrase("Long texts"), choices=text.LONG, advanced=True),
    Field("id_format", phrase("what to do to ids in receipts: as_is, hex_to_decimal,"
          " decimal_to_hex"), default="as_is", label=phrase("Ids in receipts"),
          choices=receipts.ID_FORMATS, advanced=True),
    Field("validity_minutes", phrase("give up delivering after so long; empty: the SMSC's own"),
          label=phrase("Minutes to try"), advanced=True),
    Field("source_ton", phrase("type of number of the sender; empty: by its form"),
          label=phrase("Type of number (TON)"), advanced=True),
    Field("source_npi", phrase("numbering plan of the sender; empty: by its form"),
          label=phrase("Numbering plan (NPI)"), advanced=True),
    Field("enquire_seconds", phrase("silence after which the link is tested"), default="30",
          label=phrase("Seconds of silence"), advanced=True),
    Field("answer_seconds", phrase("seconds to wait for an answer"), default="10",
          label=phrase("Seconds for an answer"), advanced=True),
)  # fmt: skip

RANGES = {
    "port": (1, 65_535), "window": (1, 1_000), "rate": (1, 100_000), "max_binds": (1, 64),
    "validity_minutes": (1, 44_639), "source_ton": (0, 6), "source_npi": (0, 18),
    "enquire_seconds": (1, 3_600), "answer_seconds": (1, 60),
}  # fmt: skip
CHOICES = {"alphabet": text.ALPHABETS, "long": text.LONG, "id_format": receipts.ID_FORMATS}
LENGTHS = {"system_id": 15, "password": 8, "system_type": 12}
"""Characters that the standard allows; more are sent, with a warning."""
LONGEST_LOGIN = 200
LONGEST_NAME = 11
"""Characters of a sender that is a name (3GPP TS 23.040)."""
WORDS = {"true": True, "yes": True, "on": True, "1": True} | dict.fromkeys(
    ("false", "no", "off", "0", ""), False
)


class SmppSettings(msgspec.Struct, frozen=True):
    """The settings of a connection, read. None: not given."""

    host: str
    port: int
    system_id: str
    password: str
    system_type: str
    sender: str
    window: int
    rate: int | None
    alphabet: str
    long: str
    id_format: str
    validity_minutes: int | None
    source_ton: int | None
    source_npi: int | None
    enquire_seconds: int
    answer_seconds: int
    tls: ssl.SSLContext | None

    def __repr__(self) -> str:
        return f"SmppSettings({self.system_id!r} at {self.host!r})"


def read_settings(given: Mapping[str, str]) -> SmppSettings:
    """Raises `BadSettings`, which names the field. Reads the TLS files."""
    words = {f.name: given.get(f.name, "").strip() or f.default for f in FIELDS}
    numbers = {name: _number(name, words[name]) for name in RANGES}
    _check_words(words)
    for name, most in LENGTHS.items():
        _check_login(name, words[name], most)
    known = [name for name in SmppSettings.__struct_fields__ if name != "tls"]
    values: dict[str, Any] = {name: numbers.get(name, words.get(name)) for name in known}
    return SmppSettings(**values, tls=_tls_context(words))


def problem_of_sender(sender: str) -> str:
    """Why this cannot be a sender; "" when it can, or when it is empty (the SMSC's own)."""
    if not sender.isascii() or not sender.isprintable():
        return "use plain letters and digits."
    if is_number(sender):
        return "" if len(sender) <= 20 else "a number has 20 digits at the most."
    return "" if len(sender) <= LONGEST_NAME else f"a name has {LONGEST_NAME} characters at most."


def is_number(sender: str) -> bool:
    return sender.isascii() and sender.removeprefix("+").isdigit()


def _number(name: str, given: str) -> int | None:
    low, high = RANGES[name]
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and low <= int(given[:10]) <= high):
        raise BadSettings(name, f"use a whole number from {low} to {high}.")
    return int(given)


def _check_words(words: Mapping[str, str]) -> None:
    for name, choices in CHOICES.items():
        if words[name] not in choices:
            raise BadSettings(name, f"use one of {', '.join(choices)}.")
    if not words["host"] or any(c.isspace() or c in "/@" for c in words["host"]):
        raise BadSettings("host", "use a name or an address alone, without port or path.")
    if problem := problem_of_sender(words["sender"]):
        raise BadSettings("sender", problem)


def _check_login(name: str, given: str, most: int) -> None:
    if not given.isascii() or not given.isprintable() or len(given) > LONGEST_LOGIN:
        raise BadSettings(name, f"use at most {most} plain letters, digits and signs.")
    if len(given) > most:
        log.warning("smpp.longer_than_standard", field=name, most=most)


def _tls_context(words: Mapping[str, str]) -> ssl.SSLContext | None:
    """The system's authorities unless a file names another; the name is checked always."""
    if words["tls"].lower() not in WORDS:
        raise BadSettings("tls", "use true or false.")
    if not WORDS[words["tls"].lower()]:
        return None
    ca_file, cert_file, key_file = (words[f"tls_{what}_file"] for what in ("ca", "cert", "key"))
    context = _read_files("tls_ca_file", lambda: ssl.create_default_context(cafile=ca_file or None))
    if cert_file:
        _read_files("tls_cert_file", lambda: context.load_cert_chain(cert_file, key_file or None))
    return context


def _read_files(field: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (OSError, ValueError) as error:
        raise BadSettings(field, f"cannot be used: {error}") from None
