"""Fields of the person that a session is made for: sending and making a session take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tearoff.api.v3 import parameters as p
from tearoff.api.v4 import fields as f
from tearoff.coupons.models import LONGEST_CUSTOM_FIELD, LONGEST_NAME, UTM_NAMES, NewSession
from tearoff.kit.words import LANGUAGES

FREE = tuple(f"customfield{i}" for i in range(1, 8))
PERSON = (
    f.text_field("firstname", p.text(LONGEST_NAME), "First name of the consumer.", "Ann"),
    f.text_field("lastname", p.text(LONGEST_NAME), "Last name of the consumer.", "Peeters"),
    f.text_field("email", p.email, "E-mail address of the consumer.", "ann@example.com"),
)
TAGGED = (
    f.text_field("customid", p.seen(50), "Your own tag for this person.", "42"),
    *(
        f.text_field(
            name,
            p.text(LONGEST_CUSTOM_FIELD),
            f"A free field, at most {LONGEST_CUSTOM_FIELD} characters.",
        )
        for name in FREE
    ),
)
LANGUAGE = f.words_field(
    "language", LANGUAGES,
    "Language of the coupon's page for this person; without it the browser's.", "nl",
)  # fmt: skip
CONSUMER = (
    *PERSON,
    *TAGGED,
    f.moment_field("expires_at", "The moment from which this coupon cannot be used any more.",
                   "2027-01-31T23:00:00Z"),
    f.words_field("unique_by", ("email", "phone", "customid"),
                  "A person who already has a session of this campaign by this value gets that"
                  " one."),
    LANGUAGE,
    *(f.text_field(name, p.text(200), "A tag for analytics.") for name in UTM_NAMES),
)  # fmt: skip


def new_session(given: Mapping[str, Any]) -> NewSession:
    """The consumer's fields as they were given."""
    fields = tuple(given.get(name) for name in FREE)
    utm = tuple(given.get(name) for name in UTM_NAMES)
    phone = given.get("phone")
    return NewSession(
        firstname=given.get("firstname"),
        lastname=given.get("lastname"),
        email=given.get("email"),
        phone=phone[1].e164 if phone else None,
        customid=given.get("customid"),
        language=given.get("language"),
        customfields=fields if any(fields) else None,
        utm=utm if any(utm) else None,
        expires_at=given.get("expires_at"),
    )
