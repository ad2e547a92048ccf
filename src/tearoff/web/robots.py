"""Who asks: a person's browser, or a program that previews or checks links.

Only a filter on what is counted as opened. Nobody is refused or shown something else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from crawleruseragents import is_crawler

_LONGEST = 512

_OURS = re.compile(
    r"barracuda|proofpoint|mimecast"
    r"|microsoft office|ms-office|bingpreview|microsoft-preview"
    r"|^java/"
    r"|google-safety|google-read-aloud|googleother"
    r"|skypeuripreview"
    r"|facebookexternalhit|facebot"
    r"|headless",
    re.IGNORECASE,
)
"""Agents that the public list misses: mail scanners, office programs, preview fetchers."""


def is_person(headers: Mapping[str, str]) -> bool:
    """Whether these request headers look like a person's visible page."""
    purpose = headers.get("sec-purpose", "") + headers.get("purpose", "")
    return "prefetch" not in purpose and not is_robot(headers.get("user-agent", "")[:_LONGEST])


@lru_cache(4096)
def is_robot(agent: str) -> bool:
    return not agent.strip() or bool(_OURS.search(agent)) or is_crawler(agent)
