"""The one table from our errors to the numbers and texts of the v3 dialect."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from http import HTTPStatus

import msgspec
import structlog

from tearoff.accounts import invitations, members, owners, passwords, team
from tearoff.accounts.actions import AccountExpired, SubaccountNotFound, WrongCredentials
from tearoff.accounts.idempotency import KeyBusy, KeyReused
from tearoff.accounts.keys import SignsWebhooks
from tearoff.accounts.rate_limits import TooManyCalls
from tearoff.accounts.rights import ScopeMissing
from tearoff.accounts.single_sign_on.models import NoOwnerYet
from tearoff.accounts.subaccounts import CampaignLimit, PackageNotFound, SubaccountCaller
from tearoff.accounts.wrong_credentials import TooManyFailures
from tearoff.api.error_codes import CODES
from tearoff.api.v3.body import Unreadable
from tearoff.api.v3.reading import BadParameters
from tearoff.coupons import rules
from tearoff.coupons.campaigns import folders
from tearoff.coupons.campaigns.catalogue import ChangedMeanwhile
from tearoff.coupons.campaigns.many import ListChanged
from tearoff.coupons.campaigns.publishing import NotReady
from tearoff.coupons.rules import CampaignNotFound
from tearoff.coupons.sessions.actions import CodeTaken, SessionNotFound
from tearoff.coupons.sessions.reserved_limits import ReservationNotFound
from tearoff.distribution.send import AlreadyReceived, NotSent, StatcodeNotFound
from tearoff.errors import Forbidden, Invalid, NotFound, TearoffError, TryLater
from tearoff.hooks.endpoints import WebhookNotFound, WebhookOff
from tearoff.hooks.replays import ReplayUnderWay
from tearoff.kit.bodies import TooSlow
from tearoff.kit.bulkhead import TooBusy
from tearoff.kit.caps import CapReached
from tearoff.kit.spool import TooManyUploads
from tearoff.messages.connections import NoMailRoute, NoRoute
from tearoff.messages.replies import AlreadyDecided
from tearoff.messages.template import BadText
from tearoff.people.contacts import ContactNotFound, GroupNotFound
from tearoff.people.optouts import OptedOut

log = structlog.get_logger()


class UnknownPath(NotFound):
    """Unknown path."""


class PostOnly(NotFound):
    """Unknown path for this method. Use POST."""


class ComesLater(NotFound):
    """Directories and loyalty cards come in a later version."""


class Failure(msgspec.Struct, frozen=True):
    """An error as the dialect tells it. `after` is in seconds."""

    http: int
    problems: Sequence[tuple[int, str]]
    after: float | None = None


AUTH_TEXT = CODES[1000].text
SAME = ""
"""Told as the number says it in `CODES`."""

_PHRASES = {422: "Unprocessable entity"}

_TABLE: dict[type[TearoffError], tuple[int, int, str]] = {
    WrongCredentials: (401, 1000, SAME),
    Unreadable: (400, 400, "{error}"),
    TooSlow: (408, 408, "{error}"),
    AccountExpired: (403, 101, SAME),
    UnknownPath: (404, 404, SAME),
    PostOnly: (404, 404, "{error}"),
    ComesLater: (404, 404, "{error}"),
    KeyReused: (422, 422, "{error}"),
    CampaignNotFound: (422, 502, SAME),
    SessionNotFound: (422, 505, SAME),
    rules.AlreadyValidated: (422, 506, SAME),
    rules.Voided: (422, 508, SAME),
    rules.Locked: (422, 511, SAME),
    rules.Expired: (422, 512, SAME),
    WebhookNotFound: (422, 509, SAME),
    WebhookOff: (422, 523, SAME),
    ReplayUnderWay: (422, 531, "{error}"),
    SubaccountCaller: (
        403,
        102,
        "You are trying to use subaccount credentials to manage subaccounts",
    ),
    passwords.WeakPassword: (422, 300, "Invalid value in parameter: password. {error}"),
    members.EmailTaken: (422, 304, SAME),
    owners.MemberNotFound: (422, 503, "Teammate ID not found"),
    owners.LastOwner: (422, 528, SAME),
    invitations.AlreadyInvited: (422, 304, "{error}"),
    invitations.AlreadyMember: (422, 304, "{error}"),
    invitations.NotInvited: (422, 529, "{error}"),
    team.BelongsElsewhere: (422, 530, "{error}"),
    team.OwnSecondStep: (422, 530, "{error}"),
    PackageNotFound: (422, 524, SAME),
    CampaignLimit: (422, 516, "Limit reached. {error}"),
    CapReached: (422, 516, "Limit reached. {error}"),
    SubaccountNotFound: (422, 510, SAME),
    folders.FolderNotFound: (422, 515, SAME),
    folders.CategoryNotFound: (422, 521, SAME),
    StatcodeNotFound: (422, 513, SAME),
    rules.LimitReached: (422, 516, SAME),
    rules.NotYetValid: (422, 517, SAME),
    rules.CampaignNotActive: (422, 518, SAME),
    rules.WrongLocation: (422, 519, SAME),
    rules.Reserved: (422, 520, SAME),
    ReservationNotFound: (422, 522, SAME),
    CodeTaken: (422, 300, "Value already in use in parameter: customvalcode."),
    GroupNotFound: (422, 514, SAME),
    ContactNotFound: (422, 525, SAME),
    NotReady: (422, 541, "{error}"),
    ListChanged: (422, 542, "{error}"),
    ChangedMeanwhile: (422, 540, "{error}"),
    AlreadyDecided: (422, 526, "{error}"),
    SignsWebhooks: (422, 527, "{error}"),
    NoOwnerYet: (422, 550, "{error}"),
    NoRoute: (422, 103, "Your account needs sms integration for this action"),
    NoMailRoute: (422, 104, "Your account needs email integration for this action"),
    AlreadyReceived: (422, 604, "{error}"),
    NotSent: (422, 602, "{error}"),
    OptedOut: (422, 605, "{error}"),
    KeyBusy: (409, 409, "{error}"),
    TooManyCalls: (429, 429, SAME),
    TooManyUploads: (429, 429, "{error}"),
    TooManyFailures: (429, 429, "{error}"),
    TooBusy: (429, 429, "{error}"),
    TryLater: (503, 503, "{error}"),
    ScopeMissing: (403, 105, "{error}"),
    Forbidden: (403, 403, "{error}"),
    BadText: (422, 301, "Invalid character in parameter: {field}. {error}"),
    Invalid: (422, 301, "Invalid character in parameter: {field}."),
    NotFound: (422, 500, "{error}"),
}
"""HTTP status, code and text of each error; the most special class that fits is taken."""


_NAMES = {"expires_at": "expiry_date"}
"""Of parameters that are called something else in v3."""


def failure_of(error: BaseException) -> Failure:
    """How the dialect tells this error. Anything unforeseen is our fault: it gets a reference
    that is also in the log."""
    if isinstance(error, BadParameters):
        return Failure(422, error.problems)
    for kind in type(error).__mro__:
        if kind in _TABLE:
            http, code, text = _TABLE[kind]
            field = getattr(error, "field", "")
            told = (text or CODES[code].text).format(error=error, field=_NAMES.get(field, field))
            after = error.after if isinstance(error, TryLater) else None
            return Failure(http, [(code, told)], after)
    reference = secrets.token_hex(6)
    log.exception("call.broke", reference=reference, exc_info=error)
    return Failure(500, [(500, f"Something broke on our side. Reference: {reference}")])


def failure_body(failure: Failure, **more: object) -> bytes:
    """The body in which all three documented shapes are found by their readers."""
    if failure.http == HTTPStatus.UNAUTHORIZED:
        errors: dict[str, object] = {
            "error_message": AUTH_TEXT,
            "error_message_description": [AUTH_TEXT],
            "error_code": 1000,
        }
        message = AUTH_TEXT
    else:
        phrase = _PHRASES.get(failure.http, HTTPStatus(failure.http).phrase)
        message = failure.problems[0][1]
        errors = {
            "error_message": f"HTTP/1.0 {failure.http} {phrase}.",
            "error_message_description": [text for _, text in failure.problems],
            "error_code": [code for code, _ in failure.problems],
        }
    status = {"status": "failed", "message": message, "errors": errors}
    return msgspec.json.encode({"status": status, "errors": errors, **more})
