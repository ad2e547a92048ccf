"""What `tearoff doctor` looks at. Every finding says what would help.

A look at something more is a function of its own, in a file of what it is about
(`findings_….py`), and has its place in `LOOKS` or, when it asks the database, in
`LOOKS_INTO_DATABASE`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from tearoff.cli.common import database
from tearoff.cli.findings import Finding
from tearoff.cli.findings_erased import of_erased
from tearoff.cli.findings_mail import of_mail, of_python
from tearoff.cli.findings_pins import of_pins
from tearoff.cli.findings_replies import of_replies, of_reports, of_twins
from tearoff.cli.findings_role import of_role
from tearoff.cli.findings_server import of_server
from tearoff.cli.findings_twins import of_codes_alike
from tearoff.cli.findings_webhooks import of_webhooks
from tearoff.cli.problems import told_problem
from tearoff.config import Settings
from tearoff.errors import Invalid, TearoffError
from tearoff.kit import clock, keys, schema
from tearoff.kit.db import Database
from tearoff.kit.services import Services
from tearoff.messages import connections
from tearoff.messages.open_connections import surroundings_of
from tearoff.messages.template import odd_words
from tearoff.providers import registry
from tearoff.providers.wallets.apple import apple_of
from tearoff.providers.wallets.google import google_of

MAX_CLOCK_GAP = 5.0
"""Seconds between this machine's clock and the database's."""


def examine(settings: Settings) -> list[Finding]:
    findings = [finding for look in LOOKS for finding in look(settings)]
    try:
        with database(settings) as opened:
            asyncio.run(_database(opened, findings))
    except Exception as error:
        problem = told_problem(error)
        if problem is None:
            raise
        findings.append(Finding("database", False, str(problem), problem.hint))
    return findings


def _settings(settings: Settings) -> Iterator[Finding]:
    yield Finding("data folder", True, str(settings.data))
    yield _wallets(settings)
    if not settings.public_url:
        yield Finding(
            "link host", False, f"TEAROFF_PUBLIC_URL is empty; links say {settings.link_host}.",
            "Set it to the https address that phones reach. Without it no service reports back.",
        )  # fmt: skip
        return
    scheme, host = urlsplit(settings.public_url)[:2]
    is_fine = bool(host) and (scheme == "https" or settings.allow_loopback)
    hint = "" if is_fine else "Use an https address: phones and services expect one."
    yield Finding("link host", is_fine, settings.public_url, hint)


def _wallets(settings: Settings) -> Finding:
    try:
        apple, google = apple_of(settings), google_of(settings)
    except Invalid as error:
        return Finding("wallets", False, f"{error.field}: {error}", "docs/wallets.md tells how.")
    if apple is None and google is None:
        return Finding("wallets", True, "none: coupons have no button for them")
    told = []
    if apple is not None:
        until = apple.certificate.not_valid_after_utc
        if until < clock.now() + timedelta(days=30):
            text = f"Apple's certificate ends on {until:%Y-%m-%d}"
            return Finding("wallets", False, text, "Make a new one before then.")
        told.append(f"Apple ({apple.pass_type}, until {until:%Y-%m-%d})")
    told += [] if google is None else [f"Google (issuer {google.issuer})"]
    return Finding("wallets", True, ", ".join(told))


async def _database(settings: Settings, findings: list[Finding]) -> None:
    """Adds to the findings, so that what was found before the database refused is told too."""
    limit = settings.background_limit
    db = await Database.open(settings.database_url, size=2, statement_within=limit)
    try:
        version = await db.fetchval("SHOW server_version")
        findings.append(Finding("database", True, f"PostgreSQL {version}"))
        findings.append(await of_role(db))
        findings.append(await _clock(db))
        findings.append(key := _key(settings))
        findings.append(migrations := await _migrations(db))
        if migrations.is_fine and key.is_fine:
            services = Services(settings, db, keys.open_vault(settings), settings.database_url)
            for look in LOOKS_INTO_DATABASE:
                findings += await look(services)
    finally:
        await db.close()


async def _migrations(db: Database) -> Finding:
    if await schema.is_up_to_date(db):
        return Finding("migrations", True, "up to date")
    try:
        schema.refuse_newer(await schema.current_revision(db))
    except schema.NewerSchema as error:
        return Finding("migrations", False, str(error), error.hint)
    return Finding("migrations", False, "some are missing", "Run `tearoff migrate`.")


async def _clock(db: Database) -> Finding:
    theirs = await db.fetchval("SELECT clock_timestamp()")
    gap = abs((clock.now() - theirs).total_seconds())
    hint = "" if gap < MAX_CLOCK_GAP else "Let both machines take their time from NTP."
    return Finding("clock", gap < MAX_CLOCK_GAP, f"{gap:.1f} s from the database's", hint)


def _key(settings: Settings) -> Finding:
    try:
        keys.open_vault(settings)
    except TearoffError as error:
        return Finding("secret key", False, str(error), error.hint)
    return Finding("secret key", True, "set" if settings.secret_key else "in the data folder")


async def _providers(services: Services) -> list[Finding]:
    rows = await services.db.fetch("SELECT id FROM connections WHERE active ORDER BY id LIMIT 50")
    if not rows:
        return [Finding("providers", False, "no account has one", "`tearoff provider add` …")]
    return [await _provider(services, row["id"]) for row in rows]


async def _provider(services: Services, connection_id: int) -> Finding:
    connection = await connections.connection(services.db, connection_id)
    assert connection is not None
    what = f"provider {connection.id} ({connection.kind}, account {connection.account_id})"
    try:
        settings = connections.open_settings(services.vault, connection)
        provider = registry.open_provider(connection.kind, settings, surroundings_of(services))
        problem = await provider.check()
        await provider.close()
    except (TearoffError, ValueError, OSError) as error:
        return Finding(what, False, str(error), getattr(error, "hint", ""))
    return Finding(what, not problem, problem or "answers")


async def _countries(services: Services) -> list[Finding]:
    rows = await services.db.fetch(
        "SELECT id FROM accounts WHERE country IS NULL AND allowed_countries IS NULL ORDER BY id"
        " LIMIT 20"
    )
    return [
        Finding(
            f"account {row['id']}", True, "sends to every country, because it has none of its own",
            f"`tearoff account set --account {row['id']} --country BE` narrows that down.",
        )
        for row in rows
    ]  # fmt: skip


async def _texts(services: Services) -> list[Finding]:
    """Texts that an older version kept, with words that look like fields and are none."""
    rows = await services.db.fetch(
        "SELECT id, account_id, message_text FROM campaigns WHERE removed_at IS NULL"
        " AND message_text ~ '[{] ?[A-Za-z_]' ORDER BY id"
    )
    odd = [(row, list(odd_words(row["message_text"]))) for row in rows]
    return [
        Finding(
            f"campaign {row['id']}", True, f"its message text says {', '.join(words)} as it stands",
            f"`tearoff campaign set --account {row['account_id']} --campaign cam_{row['id']}"
            " --message-text …` mends it.",
        )
        for row, words in odd if words
    ][:20]  # fmt: skip


LOOKS: tuple[Callable[[Settings], Iterable[Finding]], ...] = (
    _settings,
    of_python,
    of_server,
    of_mail,
)

LOOKS_INTO_DATABASE: tuple[Callable[[Services], Awaitable[list[Finding]]], ...] = (
    _providers,
    _countries,
    of_pins,
    _texts,
    of_replies,
    of_reports,
    of_twins,
    of_codes_alike,
    of_webhooks,
    of_erased,
)
"""Asked of a database whose schema is up to date and whose secrets can be opened."""
