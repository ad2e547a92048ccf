"""What every door of one process shares. Made once at start, found in the app's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tearoff.config import Settings
from tearoff.kit import forgotten
from tearoff.kit.db import Database
from tearoff.kit.vault import Vault

if TYPE_CHECKING:  # the worker and most commands serve nothing, and start without it
    from litestar.connection import ASGIConnection


class Services(msgspec.Struct, frozen=True):
    settings: Settings
    db: Database
    vault: Vault
    database_url: str

    def __post_init__(self) -> None:
        forgotten.use(self.vault)


def services_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Services:
    services: Services = connection.app.state.services
    return services
