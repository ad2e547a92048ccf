"""What a text would be as a message, before anybody sends it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tearoff.accounts.models import Account
from tearoff.coupons.models import Campaign
from tearoff.distribution.draft import FIELDS
from tearoff.errors import Invalid
from tearoff.kit.codes import SESSION_CODE_LENGTH
from tearoff.messages.segments import Segmented, measure
from tearoff.messages.smart import typography
from tearoff.messages.template import EmptyField, render

__all__ = ["FIELDS", "Previewed", "preview"]


class Previewed(msgspec.Struct, frozen=True):
    text: str
    measured: Segmented


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

    Raises `Invalid` for a field that the text uses and nobody gave.
    """
    if text is None:
        text = campaign.message_text if campaign else ""
    if campaign is not None:
        text = _fill(text, fields or {}, f"{link_host}/p/{campaign.code}/{_CODE}")
    elif fields is not None:
        # Without a campaign there is no link, so its place stays as it is.
        filled = _fill(text, fields, "{link}")
        text = filled if "{link}" in text else filled.removesuffix("{link}").removesuffix(" ")
    else:
        return Previewed(text, measure(text))
    measured = measure(text)
    if measured.encoding == "UCS-2" and account.smart_typography:
        text = typography(text).text
        measured = measure(text)
    return Previewed(text, measured)


_CODE = "x" * SESSION_CODE_LENGTH


def _fill(text: str, fields: Mapping[str, str], link: str) -> str:
    try:
        return render(text, fields, link)
    except EmptyField as empty:
        raise Invalid(
            f"The text uses {{{empty.name}}}: give it in fields.", field="fields"
        ) from None
