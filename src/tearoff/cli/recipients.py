"""To whom something is sent, as a command is given it."""

from __future__ import annotations

from tearoff.accounts.queries import account
from tearoff.errors import Invalid
from tearoff.kit.mail_addresses import AddressInvalid, canonical_address
from tearoff.kit.phone import PhoneInvalid, parse_written, read_phone
from tearoff.kit.services import Services

_NATIONAL = "Write it with its country code (+32 …), or `tearoff account set --country BE` first."


async def read_address(
    services: Services, account_id: int, given: str, field: str, *, to_send: bool = False
) -> str:
    """A phone number as E.164, or an e-mail address. National numbers are those of the account's
    country. `to_send`: the number must be in use."""
    owner = await account(services.db, account_id)
    country = owner.country if owner else None
    try:
        if "@" in given:
            return canonical_address(given)
        return parse_written(given, country).e164 if to_send else read_phone(given, country)
    except (AddressInvalid, PhoneInvalid) as error:
        hint = "" if "@" in given or country else _NATIONAL
        raise Invalid(f"{given}: {error}", field=field, hint=hint) from None
