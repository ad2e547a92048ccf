"""Operations of v4 that screens use, by their method and path, as the reference names them."""

from __future__ import annotations

from functools import cache

from tearoff.api.v4.operation import Operation
from tearoff.api.v4.routes import OPERATIONS


@cache
def operation(name: str) -> Operation:
    """Such as `PATCH /v4/campaigns/{id}`."""
    method, _, path = name.partition(" ")
    return next(o for o in OPERATIONS if (o.method, o.path) == (method, path))
