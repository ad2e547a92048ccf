"""What a browser says about itself, as the session keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ua_parser import parse

_LONGEST = 512
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def device_of(headers: Mapping[str, str]) -> tuple[str, str, str]:
    """Browser and system by their families ("Mobile Safari", "iOS"), and the language that is
    asked for first ("nl-BE"); "" for what is not told."""
    told = parse(headers.get("user-agent", "")[:_LONGEST])
    language = _LANGUAGE.match(headers.get("accept-language", "").strip())
    return (
        told.user_agent.family if told.user_agent else "",
        told.os.family if told.os else "",
        language[0][:35] if language else "",
    )
