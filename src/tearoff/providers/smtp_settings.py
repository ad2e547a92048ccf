"""What an account says about its mail server, checked."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import msgspec

from tearoff.kit.mime import one_line
from tearoff.kit.words import phrase
from tearoff.providers.base import BadSettings, Field
from tearoff.providers.mime import BadAddress, Sender, check_address

PORTS = {"starttls": 587, "tls": 465, "none": 25}

FIELDS = (
    Field("host", phrase("name of the mail server"), required=True, label=phrase("Server"),
          leads="host"),
    Field("port", phrase("port of the mail server; empty: 587, 465 or 25 by `security`"),
          label=phrase("Port"), advanced=True),
    Field("security", phrase("one of starttls, tls, none"), default="starttls",
          label=phrase("Encryption"), choices=tuple(PORTS)),
    Field("username", phrase("login, if the server asks for one"), label=phrase("Login")),
    Field("password", phrase("its password"), secret=True, label=phrase("Password")),
    Field("from", phrase("address the mail is from, one that the server lets you use"),
          required=True, label=phrase("From")),
    Field("from_name", phrase("name the mail is from; empty: the campaign's brand"),
          label=phrase("Name of the sender")),
    Field("reply_to", phrase("address that answers go to, if another one"),
          label=phrase("Answers to")),
    Field("tls_ca_file", phrase("file of the certificate authority, if not a public one"),
          label=phrase("Certificate authority"), advanced=True, on_server=True),
    Field("connections", phrase("connections to the server at the same time"), default="10",
          label=phrase("Connections"), advanced=True),
)  # fmt: skip


class SmtpSettings(msgspec.Struct, frozen=True):
    """The settings of a connection, read."""

    host: str
    port: int
    security: str
    username: str
    password: str
    sender: Sender
    connections: int
    tls: ssl.SSLContext | None

    def __repr__(self) -> str:
        return f"SmtpSettings({self.host!r})"


def read_settings(given: Mapping[str, str]) -> SmtpSettings:
    """Raises `BadSettings`, which names the field. Reads the file of authorities."""
    words = {f.name: given.get(f.name, "").strip() or f.default for f in FIELDS}
    security = words["security"].lower()
    if security not in PORTS:
        raise BadSettings("security", f"use one of {', '.join(PORTS)}.")
    if any(c.isspace() or c in "/@" for c in words["host"]):
        raise BadSettings("host", "use a name or an address alone, without port or path.")
    if words["username"] and security == "none":
        raise BadSettings("security", "a password is only sent encrypted: use starttls or tls.")
    if words["username"] and not words["password"]:
        raise BadSettings("password", "a username needs one.")
    sender = Sender(
        _address("from", words["from"]),
        one_line(words["from_name"], 100),
        _address("reply_to", words["reply_to"]) if words["reply_to"] else "",
    )
    return SmtpSettings(
        host=words["host"],
        port=_number("port", words["port"], 65_535) or PORTS[security],
        security=security,
        username=words["username"],
        password=given.get("password", ""),
        sender=sender,
        connections=_number("connections", words["connections"], 1000) or 10,
        tls=None if security == "none" else _tls_context(words["tls_ca_file"]),
    )


def _address(field: str, given: str) -> str:
    try:
        return check_address(given)
    except BadAddress as error:
        raise BadSettings(field, f"{error}.") from None


def _number(field: str, given: str, most: int) -> int | None:
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:10]) <= most):
        raise BadSettings(field, f"use a whole number from 1 to {most}.")
    return int(given)


def _tls_context(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ValueError) as error:
        raise BadSettings("tls_ca_file", f"cannot be used: {error}") from None
