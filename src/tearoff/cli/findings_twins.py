"""What `tearoff doctor` says of codes and contacts that mean the same: a person decides."""

from __future__ import annotations

from tearoff.cli.findings import Finding
from tearoff.coupons.pools import twins
from tearoff.kit.canonical_forms import contacts_alike
from tearoff.kit.services import Services

SHOWN = 20


async def of_codes_alike(services: Services) -> list[Finding]:
    found = [
        Finding(
            f"codes of account {account_id}", True,
            f"{n} differ from another one only in case, blanks, dashes or the like; a scan that"
            " fits several uses none",
            f"`tearoff campaign twins --account {account_id}` lists them.",
        )
        for account_id, n in list((await twins.count(services.db)).items())[:SHOWN]
    ]  # fmt: skip
    for account_id, kept, other in (await contacts_alike(services.db))[:SHOWN]:
        beside = f"means the same address as con_{other}" if other else "has no readable address"
        found.append(Finding(
            f"contact con_{kept} (account {account_id})", True, beside,
            "Keep one: /v3/emailtool/removecontact takes the other out of its groups.",
        ))  # fmt: skip
    return found
