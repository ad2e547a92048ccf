"""What can go wrong, in the product's words. No HTTP and no numbers: doors add those.

Every error is of one of five kinds, and a door maps kinds, not single errors:

    TearoffError
    ├── NotFound     what was named does not exist, or belongs to somebody else
    ├── Invalid      something given cannot be read or used; `field` names it
    ├── Conflict     the thing is in a state that forbids this
    ├── Forbidden    this caller may not do this
    └── TryLater     nothing is wrong with the call; it will work later
"""

from __future__ import annotations


class TearoffError(Exception):
    """Root of all errors that are told to somebody. `hint` says what would help."""

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message or self.__doc__ or type(self).__name__)
        self.hint = hint


class NotFound(TearoffError):
    pass


class Invalid(TearoffError):
    def __init__(self, message: str = "", *, field: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class Conflict(TearoffError):
    pass


class Forbidden(TearoffError):
    pass


class TryLater(TearoffError):
    """`after` is in seconds."""

    def __init__(self, message: str = "", *, after: float = 1, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.after = after
