"""What `tearoff doctor` says of PINs that were set before they had to be longer."""

from __future__ import annotations

from tearoff.accounts import locations
from tearoff.cli.findings import Finding
from tearoff.kit.services import Services


async def of_pins(services: Services) -> list[Finding]:
    """A PIN is kept as a mark only: how long an older one is shows when it is used."""
    return [
        Finding(
            f"location {place.id} ({place.name}, account {place.account_id})", True,
            f"its PIN has {place.digits} digits" if place.digits else
            f"its PIN may have fewer than {locations.PIN_LENGTHS[0]} digits",
            f"`tearoff location set --account {place.account_id} --location loc_{place.id}"
            " --pin new` draws a longer one.",
        )
        for place in await locations.short_pins(services.db)
    ]  # fmt: skip
