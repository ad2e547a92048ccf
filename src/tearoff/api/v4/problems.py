"""Errors as problem details (RFC 9457), with the numbers that v3 uses too."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from tearoff.accounts.idempotency import KeyReused
from tearoff.api.error_codes import CODES
from tearoff.api.v3.endpoint import Told
from tearoff.api.v3.errors import Failure, failure_of
from tearoff.api.v3.reading import BadParameters
from tearoff.api.v4.fields import BadFields, FieldProblem, Unknown
from tearoff.coupons.campaigns.catalogue import ChangedMeanwhile
from tearoff.coupons.campaigns.option_rules import BadOptions
from tearoff.coupons.campaigns.publishing import NotReady
from tearoff.coupons.rules import CannotUse
from tearoff.distribution.outcome import OutcomeUnknown
from tearoff.errors import Conflict, Invalid, NotFound

MEDIA_TYPE = "application/problem+json"

NOT_FOUND = 501
"""Code of what does not exist and has no number of its own in v3."""


class Problem(msgspec.Struct, frozen=True):
    """`type` is the address of a page that tells more. `errors` has an entry for each value
    that is missing or wrong; it is empty for anything else. `at` and `location`: when and where
    what stands in the way happened; `message`: the message that it is about; `by`: who
    changed a campaign meanwhile, `version`: the one it has now."""

    type: str
    title: str
    status: int
    detail: str
    code: int
    errors: list[FieldProblem] = []
    at: datetime | UnsetType = UNSET
    location: int | UnsetType = UNSET
    message: int | UnsetType = UNSET
    by: str | UnsetType = UNSET
    version: int | UnsetType = UNSET


def problem_of(error: BaseException) -> tuple[Problem, float | None]:
    """The problem, and the seconds after which the call may be repeated, if that helps."""
    if isinstance(error, BadFields):
        return _problem(422, error.problems[0].code, str(error), list(error.problems)), None
    if isinstance(error, BadParameters):
        listed = [FieldProblem("", code, text) for code, text in error.problems]
        return _problem(422, listed[0].code, str(error), listed), None
    if isinstance(error, BadOptions):
        told = [FieldProblem(name, 300, text) for name, text in error.problems]
        return _problem(422, 300, " ".join(problem.detail for problem in told), told), None
    if isinstance(error, NotReady):
        told = [FieldProblem(one.field, 541, one.said) for one in error.findings]
        return _problem(409, 541, str(error), told), None
    if isinstance(error, Unknown):
        return _problem(404, 404, str(error)), None
    failure = error.failure if isinstance(error, Told) else failure_of(error)
    code, text = failure.problems[0]
    if isinstance(error, Invalid) and error.field:
        named = FieldProblem(error.field, code, str(error))
        return _problem(failure.http, code, str(error), [named]), None
    if isinstance(error, NotFound) and code in (500, 503):
        code = NOT_FOUND
    problem = _problem(status_of(error, failure), code, text)
    return msgspec.structs.replace(problem, **_more(error)), failure.after


def _more(error: BaseException) -> dict[str, object]:
    if isinstance(error, OutcomeUnknown):
        return {"message": error.message_id}
    if isinstance(error, ChangedMeanwhile):
        campaign, shelf = error.entry.campaign, error.entry.shelf
        at = shelf.changed_at or UNSET
        return {"at": at, "by": shelf.changed_by, "version": campaign.version}
    if not isinstance(error, CannotUse):
        return {}
    return {"at": error.at or UNSET, "location": error.where or UNSET}


def status_of(error: BaseException, failure: Failure) -> int:
    """What v3 tells as 422 whatever it is, REST has words for."""
    if failure.http != 422 or isinstance(error, KeyReused):
        return failure.http
    if isinstance(error, NotFound):
        return 404
    return 409 if isinstance(error, Conflict) else 422


def _problem(
    status: int, code: int, detail: str, errors: list[FieldProblem] | None = None
) -> Problem:
    if code == 1000:
        detail = "Client id or secret not correct."
    return Problem(f"/docs/api#error-{code}", CODES[code].title, status, detail, code, errors or [])
