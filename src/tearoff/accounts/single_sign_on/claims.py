"""What a provider's claims say: who somebody is, and which role they have."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from typing import Any

from tearoff.accounts.rights import ROLES
from tearoff.accounts.single_sign_on.models import Came
from tearoff.kit.mail_addresses import AddressInvalid, canonical_address

_MOST = 1_000
_LONGEST_NAME = 100
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def came(claims: Mapping[str, Any], role_claim: str) -> Came:
    """`claims`: those of a token that was checked, with what was asked for after it."""
    return Came(
        subject=str(claims["sub"]),
        email=_email(claims.get("email")),
        is_verified=_is_verified(claims),
        first_name=_name(claims.get("given_name")) or _name(claims.get("name")),
        last_name=_name(claims.get("family_name")) if claims.get("given_name") else "",
        values=values_of(claims, role_claim),
        is_plain=_is_plain(claims.get("email")),
    )


def _is_verified(claims: Mapping[str, Any]) -> bool:
    """Some say it as a text (Cognito). Microsoft Entra never says it, but, if asked, that the owner
    of the address's domain was verified; that counts where nothing else is said."""
    said = claims.get("email_verified", claims.get("xms_edov"))
    is_other = "email_verified" not in claims
    return said is True or said == "true" or (is_other and said in (1, "1"))


def values_of(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The texts of a claim, which may stand in another one: `realm_access.roles`."""
    if not name:
        return ()
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return (found,)
    return _texts(found) if isinstance(found, list) else ()


def role_of(values: Iterable[str], roles: Mapping[str, str]) -> str | None:
    """The one of the values' roles that may do most."""
    given = {roles[value] for value in values if value in roles}
    return next((role for role in ROLES if role in given), None)


def lacks(claims: Mapping[str, Any], role_claim: str) -> bool:
    """Whether something is not said, for which the provider may be asked once more."""
    if "email" not in claims or not {"email_verified", "xms_edov"} & set(claims):
        return True
    return bool(role_claim) and not values_of(claims, role_claim)


def _texts(found: list[Any]) -> tuple[str, ...]:
    return tuple(one for one in found[:_MOST] if isinstance(one, str))


def _email(given: Any) -> str:
    try:
        return canonical_address(given.strip()) if isinstance(given, str) else ""
    except AddressInvalid:
        return ""


def _is_plain(given: Any) -> bool:
    """For opt-outs two spellings are one person. Here somebody is let in: a mailbox that is ours
    only after its letters were replaced (K for the Kelvin sign) may be somebody else's at the
    provider. A domain is one in all its spellings."""
    own, ours = str(given).strip().rpartition("@")[0], _email(given).rpartition("@")[0]
    return own.translate(_SMALL) == ours


def _name(given: Any) -> str:
    text = given if isinstance(given, str) else ""
    return "".join(sign for sign in text if sign.isprintable()).strip()[:_LONGEST_NAME]
