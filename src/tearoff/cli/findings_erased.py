"""What `tearoff doctor` says of people who were erased."""

from __future__ import annotations

from tearoff.cli.findings import Finding
from tearoff.keeping import erased_list
from tearoff.kit import forgotten
from tearoff.kit.services import Services


async def of_erased(services: Services) -> list[Finding]:
    """Their opt-outs match by a key: without it a message would go out to them."""
    rows = await services.db.fetch(
        "SELECT DISTINCT address FROM opt_outs WHERE starts_with(address, $1)", forgotten.PREFIX
    )
    lost = forgotten.without_key(row["address"] for row in rows)
    if lost:
        text = f"{len(lost):,} opt-outs of people who were erased match nobody any more."
        hint = "Put the key that is missing back into TEAROFF_SECRET_KEY, behind the newer one."
        return [Finding("erased people", False, text, hint)]
    path = erased_list.path_of(services.settings)
    listed = len(erased_list.read(path))
    return [Finding("erased people", True, f"{listed:,}, listed in {path}")] if listed else []
