"""What a look of `tearoff doctor` gives."""

from __future__ import annotations

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, whether it is fine, what was found, and what would help."""

    what: str
    is_fine: bool
    text: str
    hint: str = ""
