"""Every setting: one table, read once into one frozen object.

A setting is read from the environment as `TEAROFF_<NAME>`; a secret one also from a file
named by `TEAROFF_<NAME>_FILE`. `tearoff config` prints the table.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from tearoff.errors import Invalid


class Setting(msgspec.Struct, frozen=True):
    name: str
    default: str
    help: str
    secret: bool = False

    @property
    def variable(self) -> str:
        return f"TEAROFF_{self.name.upper()}"


SETTINGS: tuple[Setting, ...] = (
    Setting("data", "./.tearoff", "folder of the embedded database, the outbox and the key"),
    Setting("database_url", "", "postgresql://… to use instead of the embedded one", secret=True),
    Setting("erased_list", "", "file with the list of who was erased, without a name in it: a "
            "backup that is brought back erases them again. Empty: erased.jsonl in the data "
            "folder. Servers of one database share it"),
    Setting("secret_key", "", "seals secrets at rest; several with commas, newest first. "
            "Without a database URL one is made in the data folder", secret=True),
    Setting("host", "127.0.0.1", "address to listen on"),
    Setting("port", "8080", "port to listen on"),
    Setting("workers", "1", "web processes"),
    Setting("pool_size", "16", "database connections of each process"),
    Setting("statement_limit", "15", "seconds that the database has for one statement while a "
            "program waits; background work and commands have four times as long"),
    Setting("public_url", "", "address the world sees: links, callbacks, previews. "
            "Empty: http://host:port, and no callbacks are asked for"),
    Setting("product_name", "Tearoff", "the name in error texts and pages"),
    Setting("trusted_proxies", "", "addresses or networks whose X-Forwarded-* headers count"),
    Setting("allowed_hosts", "", "private hosts that providers and webhooks of all accounts may "
            "reach: mail.internal, or with one port only 127.0.0.1:2525"),
    Setting("allow_loopback", "false", "for the demo and tests: opens all services of this machine "
            "to every address that an account types, those of webhooks (whose log shows the "
            "answers' first characters) too. For one local service use TEAROFF_ALLOWED_HOSTS"),
    Setting("metrics_token", "", "bearer token for /metrics; without one it answers only this "
            "machine, and nothing that a proxy forwards. A proxy that adds no header and calls it "
            "by a loopback name cannot be told: set it whenever a proxy stands in front",
            secret=True),
    Setting("log_level", "info", "debug, info, warning or error"),
    Setting("log_format", "auto", "json, text, or auto: text on a terminal"),
    Setting("send_lease", "30", "seconds after which an interrupted send counts as unknown"),
    Setting("open_guard", "600", "seconds that an unknown send keeps an equal one from going out"),
    Setting("wrong_credentials", "100", "wrong API credentials from one address in five minutes "
            "before further wrong ones are answered 429; right ones always pass"),
    Setting("smtp_url", "", "smtp://user:password@host:587 or smtps://…: where mail to people "
            "who sign in is handed over", secret=True),
    Setting("smtp_tls", "opportunistic", "opportunistic: STARTTLS where it is offered, and always "
            "with a password; required: always; off: never, and then without a password"),
    Setting("mail_from", "", "the sender of that mail, such as no-reply@example.com"),
    Setting("robots_file", "", "a JSON array as crawler-user-agents has it: more agents that are "
            "robots (or, with \"verdict\": \"human\", people); read again when it changes"),
    Setting("apple_pass_type", "", "Apple Wallet: the Pass Type ID, such as "
            "pass.com.example.coupon. Empty: no such passes"),
    Setting("apple_team", "", "Apple Wallet: the Team ID, ten letters and digits"),
    Setting("apple_certificate", "", "Apple Wallet: PEM with the Pass Type ID's certificate, its "
            "private key, and Apple's intermediate certificate (WWDR)", secret=True),
    Setting("apple_push_url", "https://api.push.apple.com",
            "where Apple is told of changed passes"),
    Setting("google_issuer", "", "Google Wallet: the issuer ID, digits. Empty: no such passes"),
    Setting("google_account", "", "Google Wallet: the service account's key file (JSON)",
            secret=True),
    Setting("google_wallet_url", "https://walletobjects.googleapis.com",
            "where Google is told of changed passes"),
    Setting("clock_offset", "0", "seconds added to the clock, for trying things out"),
)  # fmt: skip
"""Name, default and help of every setting, in the order in which they are printed."""


Address = str
"""Scheme and host without a slash at the end."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    data: Path
    database_url: str
    erased_list: str
    secret_key: str
    host: str
    port: int
    workers: int
    pool_size: int
    statement_limit: float
    public_url: Address
    product_name: str
    trusted_proxies: tuple[str, ...]
    allowed_hosts: tuple[str, ...]
    allow_loopback: bool
    metrics_token: str
    log_level: str
    log_format: str
    send_lease: float
    open_guard: float
    wrong_credentials: int
    smtp_url: str
    smtp_tls: str
    mail_from: str
    robots_file: str
    apple_pass_type: str
    apple_team: str
    apple_certificate: str
    apple_push_url: Address
    google_issuer: str
    google_account: str
    google_wallet_url: Address
    clock_offset: float

    @property
    def background_limit(self) -> float:
        """Seconds that the database has for one statement while nobody waits."""
        return self.statement_limit * 4

    @property
    def link_host(self) -> str:
        """Where coupon links lead when the account has no link host: scheme and host."""
        return self.public_url or f"http://{self.host}:{self.port}"


def read_settings(environ: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Settings from the environment; `given` (command-line options that are not None) wins."""
    env = os.environ if environ is None else environ
    values = {s.name: _text(s, env) for s in SETTINGS}
    values |= {name: str(value) for name, value in given.items() if value is not None}
    return Settings(**{name: _convert(name, text) for name, text in values.items()})


def _text(setting: Setting, env: Mapping[str, str]) -> str:
    path = env.get(f"{setting.variable}_FILE") if setting.secret else None
    if path is None:
        return env.get(setting.variable, "") or setting.default
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"Cannot read {path}: {error}", field=f"{setting.variable}_FILE") from None


def _convert(name: str, text: str) -> Any:
    kind = Settings.__annotations__[name]
    try:
        return _CONVERTERS[kind](text)
    except ValueError as error:
        variable = f"TEAROFF_{name.upper()}"
        raise Invalid(str(error), field=variable) from None


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number of seconds") from None


def _yes(text: str) -> bool:
    answers = {"1": True, "true": True, "yes": True, "on": True,
               "0": False, "false": False, "no": False, "off": False, "": False}  # fmt: skip
    if text.lower() not in answers:
        raise ValueError(f"{text!r} is neither true nor false")
    return answers[text.lower()]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


_CONVERTERS: dict[str, Any] = {
    "Address": lambda text: text.rstrip("/"),
    "Path": lambda text: Path(text).expanduser().absolute(),
    "str": str,
    "int": _whole,
    "float": _seconds,
    "bool": _yes,
    "tuple[str, ...]": _words,
}
