"""What stands on a tab beside its fields: examples, counters, drawings, the codes that are left."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
from babel.dates import get_day_names

from tearoff.accounts.rights import Right
from tearoff.api.v4.fields import BadFields
from tearoff.coupons import symbols
from tearoff.errors import Invalid
from tearoff.kit import times
from tearoff.kit.codes import SESSION_CODE_LENGTH
from tearoff.kit.colors import DARK_CARD, LIGHT_CARD, brand_colors, contrast
from tearoff.kit.words import LANGUAGES, phrase, words_in
from tearoff.messages.smart import accents
from tearoff.web.coupon.barcode import draw
from tearoff.web.coupon.qr import draw_qr
from tearoff.web.dashboard.editor_tabs import UNITS, Tab
from tearoff.web.dashboard.forms import Typed, whole_number
from tearoff.web.dashboard.operations import operation
from tearoff.web.dashboard.pages import part
from tearoff.web.dashboard.saying import problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

_COUNT = "POST /v4/messages/preview"
_LONGEST = {
    "first_name": "Maximiliana", "last_name": "Vandenberghe", "email": "m.vandenberghe@example.com",
    "phone": "+32470000000", "customid": "1234567890",
}  # fmt: skip
"""Values of a person, as long as most are: the counter measures with them, not with the place."""

INSERTS = ("first_name", "last_name", "link", "customfield1")

STATES = {
    "ready": phrase("Ready to use"),
    "public": phrase("The public page"),
    "part": phrase("Partly used"),
    "claimable": phrase("Ready to activate"),
    "active": phrase("Active"),
    "time_over": phrase("Time is over"),
    "accepted": phrase("Just used"),
    "used": phrase("Used"),
    "resting": phrase("Used for now"),
    "unplayed": phrase("Scratch card"),
    "no_prize": phrase("No prize"),
    "closed": phrase("Not at this hour"),
    "not_yet": phrase("Not yet valid"),
    "expired": phrase("Expired"),
    "withdrawn": phrase("Not available"),
    "full": phrase("Limit reached"),
    "gone": phrase("All given out"),
}
"""States of a coupon on the phone, as `web.coupon.samples` knows them."""

Campaign = dict[str, Any]


class Count(msgspec.Struct, frozen=True):
    """A text as a message. `units`: its length as it counts, where some characters count twice.
    `odd`: the first character that makes it long, its name, and what it
    could be instead; `problem`: why it cannot be sent at all."""

    units: int = 0
    segments: int = 0
    encoding: str = ""
    odd: tuple[str, str, str] | None = None
    problem: str = ""


async def of_tab(visit: Visit, tab: Tab, campaign: Campaign) -> dict[str, Any]:
    make = _MORE.get(tab.key)
    return await make(visit, campaign) if make else {}


def of_preview(visit: Visit, tab: Tab, campaign: Campaign) -> dict[str, Any]:
    """The switches above the phone."""
    own = [campaign["language"], *campaign["texts"]]
    return {
        "state": _STATE.get(tab.key, "ready"),
        "states": [(key, visit.words(text)) for key, text in STATES.items()],
        "spoken": [(language, name_of(language)) for language in dict.fromkeys([*own, *LANGUAGES])],
    }


_STATE = {"form": "public", "message": "card"}
"""What the phone shows first, of tabs whose fields a coupon does not show."""


def name_of(language: str) -> str:
    """Of a language, in it."""
    speaking = words_in("coupon", language)
    return speaking("English")


async def _content(visit: Visit, campaign: Campaign) -> dict[str, Any]:
    folders = await visit.read(operation("GET /v4/folders"))
    categories = await visit.read(operation("GET /v4/categories"))
    picture = campaign["picture"] or ""
    return {
        "picture_path": picture[picture.find("/p/") :],
        "folders": [(f.id, f.name) for f in folders.data],
        "categories": [(c.id, "– " * (c.level - 1) + c.name) for c in categories.data],
    }


async def _validity(visit: Visit, campaign: Campaign) -> dict[str, Any]:
    """With an example of a time that begins tomorrow at noon."""
    zone, language = campaign["timezone"], visit.words.language
    noon = times.clock_of(visit.now, zone).replace(hour=12, minute=0, second=0) + timedelta(days=1)
    seconds = campaign["activation_seconds"] or 900
    text = visit.typed.text("activation_seconds")
    minutes = whole_number(text)
    if minutes is not None and 1 <= minutes <= 1_200:
        seconds = minutes * 60
    end = noon + timedelta(seconds=seconds)
    names = get_day_names("abbreviated", locale=times.locale_of(language))
    return {
        "zones": sorted(times.time_zones()),
        "city": times.city_of(zone, language),
        "example": [times.words_of(at, zone, language) for at in (noon, end)],
        "days": [(day + 1, names[day]) for day in range(7)],
        "units": [(key, visit.words(text)) for key, text in UNITS],
    }


async def _validation(visit: Visit, campaign: Campaign) -> dict[str, Any]:
    locations = await visit.read(operation("GET /v4/locations"), limit=100)
    chosen = await visit.read(operation("GET /v4/campaigns/{id}/locations"), id=str(campaign["id"]))
    pool = await visit.read(operation("GET /v4/campaigns/{id}/codes"), id=str(campaign["id"]))
    typed = visit.typed
    return {
        "places": [(str(one.id), one.name, one.has_pin) for one in locations.data],
        "chosen": typed.texts("places")
        if typed.has("places")
        else list(map(str, chosen.locations)),
        "nowhere": chosen.restricted and not chosen.locations,
        "pool": pool,
        "barcodes": list(_BARCODES.items()),
        "drawn": drawing(visit, campaign),
    }


_BARCODES = {
    "qr": "QR", "code128": "Code 128", "ean13": "EAN-13", "upca": "UPC-A", "itf": "ITF",
    "gs1_128": "GS1-128", "databar": "GS1 DataBar", "databar_expanded": "GS1 DataBar Expanded",
    "datamatrix": "Data Matrix", "gs1_datamatrix": "GS1 DataMatrix", "pdf417": "PDF417",
    "aztec": "Aztec",
}  # fmt: skip


async def _look(visit: Visit, campaign: Campaign) -> dict[str, Any]:
    return {"colors": colors_of(visit.typed.text("brand_color") or campaign["brand_color"])}


def colors_of(color: str) -> dict[str, Any]:
    """What the brand's colour became, on light and on dark cards, and why."""
    became = brand_colors(color)
    is_color = len(color) == 7 and all(c in "0123456789abcdefABCDEF" for c in color[1:])
    return {
        "given": color,
        "light": became.on_light,
        "dark": became.on_dark,
        "is_light_changed": became.on_light != color.lower(),
        "contrast": contrast(color, LIGHT_CARD) if is_color else 0,
        "cards": (LIGHT_CARD, DARK_CARD),
    }


async def _languages(visit: Visit, campaign: Campaign) -> dict[str, Any]:
    return {"all_languages": [(language, name_of(language)) for language in LANGUAGES]}


async def _message(visit: Visit, campaign: Campaign) -> dict[str, Any]:
    return {"count": await counted(visit, campaign["id"]), "inserts": INSERTS}


async def _form(visit: Visit, campaign: Campaign) -> dict[str, Any]:
    own = [campaign["language"], *campaign["texts"]]
    words = visit.words
    return {
        "spoken_here": [(language, name_of(language)) for language in dict.fromkeys(own)],
        "own_fields": [
            (f"customfield{n}", words("Your own question {n}", n=n)) for n in range(1, 8)
        ],
    }


_MORE: dict[str, Callable[[Visit, Campaign], Awaitable[dict[str, Any]]]] = {
    "": _content,
    "validity": _validity,
    "validation": _validation,
    "look": _look,
    "languages": _languages,
    "message": _message,
    "form": _form,
    "extras": _form,
}


# the message's length -----------------------------------------------------------------------


async def counted(visit: Visit, campaign_id: int) -> Count:
    """Measured by the server with the link of a coupon and the values of a long name."""
    text = visit.typed.text("message_text") or None
    given = {"text": text or "{link}", "campaign": campaign_id, "fields": _LONGEST | _FREE}
    try:
        shown = await visit.read(operation(_COUNT), **given)
    except Invalid as error:
        problems = problems_of(visit.words, error)
        return Count(problem=" ".join([problems.page, *problems.fields.values()]).strip())
    odd = _odd(shown.offending) if shown.encoding != "GSM-7" else None
    return Count(shown.units, shown.segments, shown.encoding, odd)


_FREE = {f"customfield{n}": "abcdefghijkl" for n in range(1, 8)}


def _odd(offending: list[str]) -> tuple[str, str, str] | None:
    if not offending:
        return None
    first = offending[0]
    name = unicodedata.name(first[0], "").capitalize()
    instead = accents(first).text
    return first, name, "" if instead == first else instead


def replaced(typed: Typed) -> Typed:
    """The text with the odd character in a form that makes no message longer, or without it."""
    odd = typed.text("replace")
    if not odd:
        return typed
    _, _, instead = _odd([odd]) or ("", "", "")
    text = typed.text("message_text").replace(odd, instead)
    return Typed({**typed.values, "message_text": [text]})


async def show_count(visit: Visit) -> Answer:
    return await _part(visit, "editor_count", count=await counted(visit, visit.path["id"]))


async def show_drawing(visit: Visit) -> Answer:
    from_stored = await visit.read(operation("GET /v4/campaigns/{id}"), id=str(visit.path["id"]))
    campaign = msgspec.to_builtins(from_stored)
    return await _part(visit, "editor_drawing", drawn=drawing(visit, campaign))


async def show_colors(visit: Visit) -> Answer:
    return await _part(visit, "editor_colors", colors=colors_of(visit.typed.text("brand_color")))


async def _part(visit: Visit, template: str, **values: Any) -> Answer:
    return part(visit, template, **values)


# the code, drawn ----------------------------------------------------------------------------


def drawing(visit: Visit, campaign: Campaign) -> dict[str, Any]:
    """The code of a coupon as it would be drawn, or why it cannot be."""
    typed = visit.typed

    def now(name: str) -> str:
        return typed.text(name) if typed.has(name) else str(campaign[name])

    kind, source, sample = now("barcode"), now("code_source"), "x" * SESSION_CODE_LENGTH
    held = {
        "link": f"{visit.link_host}/p/{campaign['code']}/{sample}", "session": sample,
        "own": _OWN.get(kind, "AUTUMN-0001"), "fixed": now("fixed_code"),
    }.get(source, "")  # fmt: skip
    if kind not in _BARCODES or not held:
        return {"problem": "", "symbol": None, "qr": None}
    problem = _problem_of(kind, held)
    if problem:
        return {"problem": visit.words(problem), "symbol": None, "qr": None}
    if kind == "qr":
        return {"problem": "", "symbol": None, "qr": draw_qr(held)}
    return {"problem": "", "symbol": draw(kind, held), "qr": None}


_OWN = {
    "ean13": "4006381333931", "upca": "036000291452", "itf": "12345670",
    "gs1_128": "(01)04006381333931", "databar": "04006381333931",
    "databar_expanded": "(01)04006381333931", "gs1_datamatrix": "(01)04006381333931",
}  # fmt: skip
"""A code of the shop's own, of a kind that this barcode holds."""


def _problem_of(kind: str, text: str) -> str:
    try:
        return symbols.problem_of(kind, text)
    except (Invalid, BadFields) as error:
        return str(error)


_PATH = "/campaigns/{id:int}"
SCREENS = (
    Screen(method="POST", path=_PATH + "/message/count", right=Right.LOOK, act=show_count),
    Screen(method="POST", path=_PATH + "/validation/drawn", right=Right.LOOK, act=show_drawing),
    Screen(method="POST", path=_PATH + "/look/colors", right=Right.LOOK, act=show_colors),
)
