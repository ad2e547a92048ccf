"""What must be kept secret: sealing (encrypting at rest) and keyed marks.

`TEAROFF_SECRET_KEY` is one or more keys, separated by commas. The first one seals and
marks; all of them open and check, so a key is rotated by putting a new one in front.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from tearoff.errors import Invalid

MIN_KEY_LENGTH = 32


MAKES_ONE = 'python3 -c "import secrets; print(secrets.token_urlsafe(32))" makes one.'
"""What helps who has no key."""


class CannotOpen(Invalid):
    """Something sealed cannot be opened with the keys at hand."""


class Vault:
    """Seals and marks with the operator's keys. Cheap to keep, one per process."""

    def __init__(self, secret_key: str) -> None:
        keys = [key.strip() for key in secret_key.split(",") if key.strip()]
        if not keys or any(len(key) < MIN_KEY_LENGTH for key in keys):
            raise Invalid(
                f"Each key must have at least {MIN_KEY_LENGTH} characters.",
                field="TEAROFF_SECRET_KEY",
                hint=MAKES_ONE,
            )
        self._keys = [key.encode() for key in keys]
        self._fernet = MultiFernet([Fernet(_fernet_key(key)) for key in self._keys])

    def seal(self, plain: bytes) -> bytes:
        return self._fernet.encrypt(plain)

    def open(self, sealed: bytes) -> bytes:
        try:
            return self._fernet.decrypt(bytes(sealed))
        except InvalidToken:
            raise CannotOpen(
                hint="TEAROFF_SECRET_KEY must still contain the key it was sealed with."
            ) from None

    def mark(self, purpose: str, data: bytes) -> bytes:
        """A keyed SHA-256 mark (32 bytes) of the data, different for each purpose."""
        return _mark(self._keys[0], purpose, data)

    def marks(self, purpose: str, data: bytes) -> list[bytes]:
        """The mark under each key, newest first: for looking up what an older key marked."""
        return [_mark(key, purpose, data) for key in self._keys]

    def is_marked(self, purpose: str, data: bytes, mark: bytes) -> bool:
        return any(hmac.compare_digest(m, mark) for m in self.marks(purpose, data))


def _fernet_key(key: bytes) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"tearoff seal " + key).digest())


def _mark(key: bytes, purpose: str, data: bytes) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\0" + data, "sha256")
