"""What a campaign shows and asks on its pages: kept as one JSON column, read into one struct.

Texts by language are dicts whose keys are two-letter codes ("nl"); the campaign's own columns
are its texts in its own language.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import msgspec

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
ByLanguage = dict[str, str]

MOST_FIELDS = 4


class Text(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The campaign's words in another language; what is empty is shown in its own."""

    title: str = ""
    subtitle: str = ""
    description: str = ""
    terms: str = ""
    value: str = ""
    picture_alt: str = ""
    withdrawn: str = ""


class FormField(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One question before the coupon. `label` by language; without one our own word is used."""

    name: FieldName
    required: bool = False
    label: ByLanguage = {}


class Consent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One purpose, one box, never ticked beforehand. `text` by language is stored as shown."""

    key: str
    text: ByLanguage
    required: bool = False


class Form(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Asked before the coupon is shown. `unique`: the field by which a person is known to
    `limit_person` (`email` or `phone`)."""

    fields: tuple[FormField, ...] = ()
    consents: tuple[Consent, ...] = ()
    unique: Literal["email", "phone"] | None = None


class Prize(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a scratch card can hold; `amount`: so many in all (None: any number)."""

    key: str
    title: ByLanguage
    weight: int
    amount: int | None = None


class Scratch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A scratch card: prizes and blanks are drawn by their weights."""

    prizes: tuple[Prize, ...]
    blank_weight: int = 0
    blank_text: ByLanguage = {}


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """When it is open: `days` 1 (Monday) to 7, `start` and `end` as HH:MM on the local clock;
    `end` "24:00" is midnight; an `end` before `start` is on the next day."""

    days: tuple[int, ...]
    start: str
    end: str


class Options(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything has a default, so that an empty object is a plain coupon.

    `code`: what the barcode holds: the personal link, the session's code, the session's own
    validation code (from the API or the pool) or `fixed_code`. `rotating_code`: the QR code
    changes every 30 seconds. `hours`: when it can be used, on the campaign's clock.
    `public_link`: whoever opens the campaign's own address gets a coupon; `begins`: it begins
    when that page is seen, or when a button is pressed. `reactivates`: when the window is over
    the consumer may open another. `lengthens`: the window can be made longer once.
    """

    methods: tuple[Method, ...] = ("code", "pin")
    barcode: Barcode = "qr"
    code: CodeSource = "link"
    fixed_code: str = ""
    rotating_code: bool = False
    webshop_url: str = ""
    ask_amount: Asked = "optional"
    ask_receipt: Asked = "no"
    hours: tuple[Hours, ...] = ()
    public_link: bool = True
    begins: Literal["seen", "pressed"] = "seen"
    reactivates: bool = False
    lengthens: bool = True
    form: Form | None = None
    scratch: Scratch | None = None
    texts: dict[str, Text] = {}
    withdrawn_text: str = ""
    offers_url: str = ""
    help_url: str = ""
    privacy_url: str = ""
    saves: bool = True
    wallet: bool = True


@lru_cache(4096)
def read_options(raw: str) -> Options:
    """The options as the column has them. Most campaigns look the same, so they are kept."""
    return msgspec.json.decode(raw, type=Options)
