"""What a campaign shows and asks on its pages: kept as one JSON column, read into one struct.

Texts by language are dicts whose keys are two-letter codes ("nl"); the campaign's own columns
are its texts in its own language.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tearoff.kit.hours import Week

Method = Literal["code", "pin", "button", "webshop"]
CodeSource = Literal["link", "session", "own", "fixed"]
Barcode = Literal[
    "qr", "code128", "ean13", "upca", "itf", "gs1_128", "databar", "databar_expanded",
    "datamatrix", "gs1_datamatrix", "pdf417", "aztec",
]  # fmt: skip
Asked = Literal["no", "optional", "required"]
FieldName = Literal[
    "firstname", "lastname", "email", "phone", "customfield1", "customfield2", "customfield3",
    "customfield4", "customfield5", "customfield6", "customfield7",
]  # fmt: skip
Line = Annotated[str, Meta(max_length=200)]
Paragraph = Annotated[str, Meta(max_length=1_000)]
LongText = Annotated[str, Meta(max_length=5_000)]
Address = Annotated[str, Meta(max_length=2_000)]
Key = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,40}$")]
Weight = Annotated[int, Meta(ge=0, le=1_000_000)]
ByLanguage = dict[str, Line]

MOST_FIELDS = 4


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A slip in a name is told, not kept."""


class Text(Part, frozen=True, kw_only=True):
    """The campaign's words in another language; what is empty is shown in its own."""

    title: Line = ""
    subtitle: Line = ""
    description: LongText = ""
    terms: LongText = ""
    value: Annotated[str, Meta(max_length=100)] = ""
    picture_alt: Line = ""
    withdrawn: Paragraph = ""
    limit: Paragraph = ""


OWN_TEXTS = ("title", "subtitle", "value", "description", "terms", "picture_alt")
"""Texts that a campaign has as columns, in its own language; `Text` has them in another one."""


class FormField(Part, frozen=True, kw_only=True):
    """One question before the coupon. `label` by language; without one our own word is used."""

    name: FieldName
    required: bool = False
    label: ByLanguage = {}


class Consent(Part, frozen=True, kw_only=True):
    """One purpose, one box, never ticked beforehand. `text` by language is stored as shown."""

    key: Key
    text: dict[str, Paragraph]
    required: bool = False


class Form(Part, frozen=True, kw_only=True):
    """Asked before the coupon is shown. `unique`: the field by which a person is known to
    `limit_person` (`email` or `phone`)."""

    fields: Annotated[tuple[FormField, ...], Meta(max_length=MOST_FIELDS)] = ()
    consents: Annotated[tuple[Consent, ...], Meta(max_length=MOST_FIELDS)] = ()
    unique: Literal["email", "phone"] | None = None


class Prize(Part, frozen=True, kw_only=True):
    """What a scratch card can hold; `amount`: so many in all (None: any number)."""

    key: Key
    title: ByLanguage
    weight: Weight
    amount: Annotated[int, Meta(ge=0, le=1_000_000_000)] | None = None


class Scratch(Part, frozen=True, kw_only=True):
    """A scratch card: prizes and blanks are drawn by their weights."""

    prizes: Annotated[tuple[Prize, ...], Meta(min_length=1, max_length=50)]
    blank_weight: Weight = 0
    blank_text: ByLanguage = {}


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything has a default, so that an empty object is a plain coupon.

    `code`: what the barcode holds: the personal link, the session's code, the session's own
    validation code (from the API or the pool) or `fixed_code`. `rotating_code`: the QR code
    changes every 30 seconds. `hours`: when it can be used, on the campaign's clock.
    `public_link`: whoever opens the campaign's own address gets a coupon; `begins`: it begins
    when that page is seen, or when a button is pressed; `limit_network`: so many of them for
    one network in an hour, three times as many in a day, 0 is any number. `reactivates`: when
    the window is over the consumer may open another. `lengthens`: the window can be made longer
    once.
    """

    methods: Annotated[tuple[Method, ...], Meta(min_length=1, max_length=4)] = ("code", "pin")
    barcode: Barcode = "qr"
    code: CodeSource = "link"
    fixed_code: Line = ""
    rotating_code: bool = False
    webshop_url: Address = ""
    ask_amount: Asked = "optional"
    ask_receipt: Asked = "no"
    hours: Week = ()
    public_link: bool = True
    begins: Literal["seen", "pressed"] = "seen"
    limit_network: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 50
    reactivates: bool = False
    lengthens: bool = True
    form: Form | None = None
    scratch: Scratch | None = None
    texts: dict[str, Text] = {}
    withdrawn_text: Paragraph = ""
    limit_text: Paragraph = ""
    offers_url: Address = ""
    help_url: Address = ""
    privacy_url: Address = ""
    saves: bool = True
    wallet: bool = True


@lru_cache(4096)
def read_options(raw: str) -> Options:
    """The options as the column has them. Most campaigns look the same, so they are kept."""
    return msgspec.json.decode(raw, type=Options)


PLAIN = Options()


def changed(raw: str, changes: Mapping[str, Any]) -> str:
    """The column with these options changed; None gives one its default back."""
    values = {
        name: getattr(PLAIN, name) if value is None else value for name, value in changes.items()
    }
    return msgspec.json.encode(msgspec.structs.replace(read_options(raw), **values)).decode()
