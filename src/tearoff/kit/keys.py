"""The operator's key: from the settings, or made in the data folder of an embedded database."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from tearoff.config import Settings
from tearoff.errors import Invalid
from tearoff.kit.vault import MAKES_ONE, Vault

FILE = "secret.key"


def open_vault(settings: Settings) -> Vault:
    """Raises `Invalid` when there is no key to be had."""
    return Vault(settings.secret_key or _read(settings.data / FILE))


def ensure_key(settings: Settings) -> None:
    """Make a key in the data folder, for an embedded database only: an own database that is
    moved or shared must not depend on a file that is elsewhere."""
    if settings.secret_key:
        return
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        fd = os.open(settings.data / FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(fd, "w") as file:
        file.write(secrets.token_urlsafe(48))


def require_key(settings: Settings) -> None:
    if not settings.secret_key:
        raise Invalid(
            "TEAROFF_DATABASE_URL is set, so TEAROFF_SECRET_KEY must be set too.",
            field="TEAROFF_SECRET_KEY",
            hint=MAKES_ONE,
        )


def is_same(given: str, expected: str) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError as error:
        raise Invalid(f"There is no key: {error}", field="TEAROFF_SECRET_KEY") from None
