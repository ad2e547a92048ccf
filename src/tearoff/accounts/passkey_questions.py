"""What a browser is asked: to use a passkey, or to make one. As JSON for the page's script, with
bytes in Base64 for addresses (W3C WebAuthn Level 3, section 5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tearoff.accounts.passkey_sites import Site
from tearoff.accounts.passkeys import Known

PATIENCE = 120_000
"""Milliseconds that a browser waits for a person who looks for a key or a phone."""


def to_use_one(site: Site, challenge: bytes, known: Sequence[Known] = ()) -> str:
    """`known`: only these will do; else the browser offers what it has for this site."""
    return options_to_json(
        generate_authentication_options(
            rp_id=site.name,
            challenge=challenge,
            timeout=PATIENCE,
            allow_credentials=_described(known),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def to_make_one(
    site: Site,
    challenge: bytes,
    *,
    product: str,
    email: str,
    shown: str,
    handle: bytes,
    known: Sequence[Known],
) -> str:
    """`shown`: what the device calls the person; `handle`: what it knows them by; `known`: what
    they have, so that no device makes a second one. The maker of the device is not asked for."""
    return options_to_json(
        generate_registration_options(
            rp_id=site.name,
            rp_name=product,
            user_name=email,
            user_display_name=shown or email,
            user_id=handle,
            challenge=challenge,
            timeout=PATIENCE,
            exclude_credentials=_described(known),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
    )


def _described(known: Sequence[Known]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=one.credential_id,
            transports=[AuthenticatorTransport(name) for name in one.transports],
        )
        for one in known
    ]
