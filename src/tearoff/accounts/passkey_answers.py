"""What an authenticator answers, as the page's script sends it: read, and verified against what
was asked (W3C WebAuthn Level 3, sections 7.1 and 7.2).

Reading is cheap and comes first; signatures are looked at last.
"""

from __future__ import annotations

import msgspec
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.structs import AuthenticatorTransport

from tearoff.accounts.passkey_sites import Site
from tearoff.errors import Invalid

LARGEST = 8_192
"""Characters of an answer. Real ones have less than a thousand."""
_LONGEST_ID, _LONGEST_HANDLE, _LONGEST_KEY = 1_023, 64, 1_024
_TRANSPORTS = frozenset(one.value for one in AuthenticatorTransport)


class PasskeyWrong(Invalid):
    """This answer of a passkey is not right."""


class OtherAddress(Invalid):
    """The page stood at another address. `origin` is what the browser said."""

    def __init__(self, origin: str) -> None:
        super().__init__(field="answer")
        self.origin = origin


class NotVerified(Invalid):
    """The authenticator asked for no PIN, finger or face."""


class _Response(msgspec.Struct, rename="camel"):
    client_data_json: str = msgspec.field(name="clientDataJSON")
    attestation_object: str = ""
    authenticator_data: str = ""
    signature: str = ""
    user_handle: str | None = None
    transports: list[str] = []


class _Credential(msgspec.Struct, rename="camel"):
    id: str
    raw_id: str
    type: str
    response: _Response


class Given(msgspec.Struct, frozen=True):
    """An answer that was read and not verified. `text` is the whole of it."""

    text: str
    credential_id: bytes
    challenge: bytes
    origin: str
    user_handle: bytes
    transports: tuple[str, ...]


class Made(msgspec.Struct, frozen=True):
    """A passkey that an authenticator has made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]


def read_answer(text: str) -> Given:
    """Raises `PasskeyWrong`."""
    if not 0 < len(text) <= LARGEST:
        raise PasskeyWrong
    try:
        found = msgspec.json.decode(text, type=_Credential)
        client = parse_client_data_json(base64url_to_bytes(found.response.client_data_json))
        credential_id = base64url_to_bytes(found.raw_id)
        handle = base64url_to_bytes(found.response.user_handle or "")
    except Exception as error:  # whatever a stranger's text makes of the libraries
        raise PasskeyWrong from error
    if not 0 < len(credential_id) <= _LONGEST_ID or len(handle) > _LONGEST_HANDLE:
        raise PasskeyWrong
    if not isinstance(client.origin, str):
        raise PasskeyWrong
    transports = tuple(sorted(_TRANSPORTS.intersection(found.response.transports)))
    return Given(text, credential_id, client.challenge, client.origin, handle, transports)


def check_origin(given: Given, site: Site) -> None:
    """Raises `OtherAddress`."""
    if given.origin != site.origin:
        raise OtherAddress(given.origin[:200])


def verify_made(given: Given, site: Site) -> Made:
    """A new passkey; its challenge has been looked at. Raises `PasskeyWrong` and `NotVerified`."""
    try:
        made = verify_registration_response(
            credential=given.text,
            expected_challenge=given.challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
        )
    except Exception as error:
        raise PasskeyWrong from error
    if not made.user_verified:
        raise NotVerified
    if len(made.credential_public_key) > _LONGEST_KEY or made.credential_id != given.credential_id:
        raise PasskeyWrong
    return Made(made.credential_id, made.credential_public_key, made.sign_count, given.transports)


def verify_used(given: Given, site: Site, public_key: bytes) -> int:
    """Signed by this key: gives the authenticator's count of signatures, which the caller
    compares. Raises `PasskeyWrong` and `NotVerified`."""
    try:
        used = verify_authentication_response(
            credential=given.text,
            expected_challenge=given.challenge,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
        )
    except Exception as error:
        raise PasskeyWrong from error
    if not used.user_verified:
        raise NotVerified
    return used.new_sign_count
