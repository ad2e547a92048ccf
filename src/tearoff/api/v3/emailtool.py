"""`/v3/emailtool/*`: groups of e-mail addresses, and who must get no mail."""

from __future__ import annotations

from tearoff.api.v3 import contactlists, optout

ENDPOINTS = (
    *contactlists.endpoints_of(contactlists.EMAIL),
    *optout.endpoints_of(contactlists.EMAIL),
)
