"""What is stored of an account's provider, and what can go wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from tearoff.errors import Conflict, NotFound, TearoffError

SCOPES = "openid email profile"
CALLBACK = "back"


class Provider(msgspec.Struct, frozen=True):
    """`default_role`: of people whom nobody invited; None lets in only who was. `roles`: from a
    value of `role_claim` to a role. `domains`: of their addresses; empty for all."""

    account_id: int
    account_name: str
    sign_in_code: str
    name: str
    issuer: str
    client_id: str
    client_secret_sealed: bytes
    secret_stored_at: datetime
    scopes: str
    role_claim: str
    raw_roles: str
    default_role: str | None
    domains: tuple[str, ...]
    is_only: bool
    version: int

    @property
    def roles(self) -> Mapping[str, str]:
        return msgspec.json.decode(self.raw_roles, type=dict[str, str])

    @property
    def path(self) -> str:
        return path_of(self.sign_in_code)


def path_of(sign_in_code: str) -> str:
    """Where an account's people sign in by its provider; the provider leads back to `/back` below
    it. Each account has an address of its own, so that no provider's answer can be taken for
    another's (RFC 9700, 4.4)."""
    return f"/sign-in/with/{sign_in_code}"


class Trouble(StrEnum):
    """What is wrong with a provider, for whoever sets it up."""

    AWAY = "The provider does not answer."
    PRIVATE = (
        "This address leads into a private network, which this server does not call. Whoever runs"
        " the server can allow it: TEAROFF_ALLOWED_HOSTS."
    )
    PLAIN = "All addresses of a provider begin with https://."
    NOT_FOUND = (
        "At this address nothing describes how to sign in. Use the issuer's address: the one"
        " in front of /.well-known/openid-configuration."
    )
    GARBAGE = "What the provider answers is not what OpenID Connect asks for."
    OTHER_ISSUER = "The provider calls itself by another address. Use that one:"
    NO_CODE = "The provider does not offer signing in by a code (authorization code flow)."
    NO_METHOD = (
        "The provider takes the secret neither by client_secret_basic nor by client_secret_post."
    )
    NO_KEYS = "The provider shows no key by which its answers could be checked."
    CLIENT = "The provider does not know this client id with this secret."
    REFUSED = "The provider did not finish the sign-in. It says:"
    TOKEN = "What the provider says of the person did not pass the checks:"  # noqa: S105


class ProviderTrouble(TearoffError):
    """`detail`: a word of the provider's, or the check that failed; never a token."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(f"{trouble} {detail}".strip())
        self.trouble, self.detail = trouble, detail


class NoProvider(NotFound):
    """No single sign-on is set up."""


class NoOwnerYet(Conflict):
    """No owner has come in by this provider as it is set up now. Come in by it once; then the other
    ways can be closed."""


class Refusal(StrEnum):
    """Why somebody whom the provider knows is not let in."""

    NO_MAIL = "no_mail"
    SPELLING = "spelling"
    NOT_VERIFIED = "not_verified"
    NOT_INVITED = "not_invited"
    ANOTHER = "another"
    REMOVED = "removed"
    NO_ROLE = "no_role"
    ELSEWHERE = "elsewhere"
    FULL = "full"


class Refused(Conflict):
    """Somebody whom the provider knows is not let in."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.refusal = refusal


class BeginAgain(Conflict):
    """This sign-in was begun too long ago, in another browser, or was finished already."""


class Came(msgspec.Struct, frozen=True):
    """Whom the provider says that it is. `email` is "" unless it is one in canonical form; `values`
    are those of the claim for roles. `is_plain`: the mailbox is spelt as we spell it, but for ASCII
    case; else another one may be meant."""

    subject: str
    email: str
    is_verified: bool
    first_name: str = ""
    last_name: str = ""
    values: tuple[str, ...] = ()
    is_plain: bool = True
