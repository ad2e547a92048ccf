"""Files of a campaign: its picture, and a list of its own codes."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4.campaign_parts import MAX_PICTURE
from tearoff.api.v4.lists import MOST_BYTES
from tearoff.api.v4.operation import Operation
from tearoff.coupons.pools.importing import ImportedCodes
from tearoff.errors import TearoffError
from tearoff.kit.words import phrase
from tearoff.web.dashboard.editor import Shown, campaign_of, print_tab
from tearoff.web.dashboard.editor_tabs import shown_values, tab_of
from tearoff.web.dashboard.forms import FileField, Typed
from tearoff.web.dashboard.operations import operation
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer
from tearoff.web.paper.reading import patiently

_PICTURE = "PUT /v4/campaigns/{id}/picture"
_NO_PICTURE = "DELETE /v4/campaigns/{id}/picture"
_CODES = "POST /v4/campaigns/{id}/codes"

_MISSING = phrase("Choose a file first.")
WHY = (
    phrase("twice in this list"),
    phrase("already imported"),
    phrase("already in use"),
    phrase("no code"),
)
"""Why a line was left out."""


async def put_picture(visit: Visit) -> Answer:
    """A new one, or other words for the one that is there."""
    given: dict[str, Any] = {"id": str(visit.path["id"]), "alt": visit.typed.text("alt")}
    given |= _crop(visit, operation(_PICTURE))
    try:
        await _upload(visit, operation(_PICTURE), given, "picture")
    except TearoffError as error:
        return await _again(visit, "", problems_of(visit.words, error), "picture")
    return to(visit, f"/campaigns/{visit.path['id']}#f-picture", visit.words("The picture is new."))


def _crop(visit: Visit, put: Operation) -> dict[str, str]:
    """The part that was chosen, where the operation takes one; without script the middle."""
    text = visit.typed.text("crop")
    takes = any(field.name == "crop" for field in put.query)
    return {"crop": text} if text and takes else {}


async def remove_picture(visit: Visit) -> Answer:
    await visit.do(operation(_NO_PICTURE), {"id": str(visit.path["id"])})
    said = visit.words("The picture is taken away.")
    return to(visit, f"/campaigns/{visit.path['id']}#f-picture", said)


async def import_codes(visit: Visit) -> Answer:
    """The report of the import; a list in which something is no code changes nothing."""
    campaign = await campaign_of(visit)
    try:
        body = await _upload(visit, operation(_CODES), {"id": str(campaign["id"])}, "codes")
    except TearoffError as error:
        return await _again(visit, "validation", problems_of(visit.words, error), "codes")
    return await page(
        visit,
        "editor_codes",
        title=visit.words("Codes of {name}", name=campaign["name"]),
        at="/campaigns",
        done=msgspec.convert(json.loads(body), ImportedCodes),
        c=campaign,
        root=visit.address(f"/campaigns/{campaign['id']}"),
    )


class _NoFile(TearoffError):
    """Choose a file first."""


async def _upload(visit: Visit, put: Operation, given: dict[str, Any], field: str) -> bytes:
    if visit.typed.file is None:
        raise _NoFile(_MISSING)
    assert put.act_on_upload is not None
    call = visit.call(put, given)
    if put.before is not None:
        await put.before(call)
    _, body = await patiently(put.act_on_upload(call, visit.typed.file))
    return body


async def _again(visit: Visit, key: str, problems: Problems, field: str) -> Answer:
    """The tab with what is wrong with the file, at its field."""
    tab, campaign = tab_of(key), await campaign_of(visit)
    assert tab is not None
    told = {name: text for name, text in problems.fields.items() if name != field}
    whole = " ".join(filter(None, (problems.of(field), problems.page, *told.values())))
    typed = Typed({**shown_values(tab, campaign), "alt": [visit.typed.text("alt")]})
    shown = Shown(typed=typed, problems=Problems({field: whole}), status=422)
    return await print_tab(visit, tab, campaign, shown)


_PATH = "/campaigns/{id:int}"
SCREENS = (
    Screen(
        method="POST", path=_PATH + "/picture", right=Right.EDIT, act=put_picture,
        takes=FileField("picture", MAX_PICTURE),
    ),
    Screen(method="POST", path=_PATH + "/picture/remove", right=Right.EDIT, act=remove_picture),
    Screen(
        method="POST", path=_PATH + "/codes", right=Right.EDIT, act=import_codes,
        takes=FileField("codes", MOST_BYTES),
    ),
)  # fmt: skip
