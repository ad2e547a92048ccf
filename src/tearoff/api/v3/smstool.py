"""`/v3/smstool/*`: groups of phone numbers, and who must get no texts."""

from __future__ import annotations

from tearoff.api.v3 import contactlists, optout

ENDPOINTS = (
    *contactlists.endpoints_of(contactlists.SMS),
    *optout.endpoints_of(contactlists.SMS),
)
