"""What a text would be as a message, before anybody sends it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tearoff.accounts.models import Account
from tearoff.coupons.models import Campaign
from tearoff.distribution.draft import asked_text, fill, tidied
from tearoff.kit.codes import SESSION_CODE_LENGTH
from tearoff.messages.segments import Segmented, measure
from tearoff.messages.smart import typography
from tearoff.messages.template import FIELDS, LINK

__all__ = ["FIELDS", "Previewed", "preview"]


class Previewed(msgspec.Struct, frozen=True):
    """`written`: the text before it was filled."""

    text: str
    measured: Segmented
    written: str


def preview(
    account: Account,
    text: str | None,
    campaign: Campaign | None,
    fields: Mapping[str, str] | None,
    *,
    link_host: str,
) -> Previewed:
    """With a campaign, or with fields, the text as it would leave: filled, its link as long as
    a real one, the account's own encoding rules applied. A text alone is measured as it stands.

    Raises `BadText` for a word that is no field, and for a field that the text uses and nobody
    gave.
    """
    if campaign is None and fields is None:
        return Previewed(text or "", measure(text or ""), text or "")
    written = "" if text is None else tidied(text, field="text")
    if campaign is not None:
        written = written if text is not None else asked_text(campaign, None)
        link = f"{link_host}/p/{campaign.code}/{_CODE}"
        text = fill(written, fields or {}, link, field="fields")
    else:
        # Without a campaign there is no link, so its place stays as it is.
        place = f"{{{LINK}}}"
        filled = fill(written, fields or {}, place, field="fields")
        text = filled if place in written else filled.removesuffix(place).removesuffix(" ")
    measured = measure(text)
    if measured.encoding == "UCS-2" and account.smart_typography:
        text = typography(text).text
        measured = measure(text)
    return Previewed(text, measured, written)


_CODE = "x" * SESSION_CODE_LENGTH
