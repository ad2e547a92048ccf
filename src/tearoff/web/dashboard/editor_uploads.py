"""Files of a campaign: its picture, and a list of its own codes."""

from __future__ import annotations

import base64
import contextlib
from typing import Any

import msgspec

from tearoff.accounts.rights import Right
from tearoff.api.v4.campaign_parts import MAX_PICTURE
from tearoff.api.v4.lists import MOST_BYTES
from tearoff.api.v4.operation import Operation
from tearoff.coupons.pools.importing import CheckedCodes, ImportedCodes
from tearoff.coupons.pools.reports import bad_lines
from tearoff.errors import Conflict, Invalid, TearoffError
from tearoff.kit.words import phrase
from tearoff.web.dashboard.editor import UPDATE, Shown, campaign_of, print_tab
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
_CHECK = "POST /v4/campaigns/{id}/codes/check"

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
    if visit.typed.file is None and visit.typed.is_ticked("has_picture"):
        return await _only_words(visit)
    given: dict[str, Any] = {"id": str(visit.path["id"]), "alt": visit.typed.text("alt")}
    if crop := visit.typed.text("crop"):  # without script the middle is taken
        given["crop"] = crop
    try:
        await _upload(visit, operation(_PICTURE), given)
    except (Invalid, Conflict) as error:
        return await _again(visit, "", problems_of(visit.words, error), "picture")
    return to(visit, f"/campaigns/{visit.path['id']}#f-picture", visit.words("The picture is new."))


async def _only_words(visit: Visit) -> Answer:
    given = {"id": str(visit.path["id"]), "picture_alt": visit.typed.text("alt") or None}
    try:
        await visit.do(operation(UPDATE), given)
    except (Invalid, Conflict) as error:
        return await _again(visit, "", problems_of(visit.words, error), "alt")
    return to(visit, f"/campaigns/{visit.path['id']}#f-picture", visit.words("Saved."))


async def remove_picture(visit: Visit) -> Answer:
    await visit.do(operation(_NO_PICTURE), {"id": str(visit.path["id"])})
    said = visit.words("The picture is taken away.")
    return to(visit, f"/campaigns/{visit.path['id']}#f-picture", said)


async def import_codes(visit: Visit) -> Answer:
    """Import a list, or only look at it. The report says what became of every line; a list in which
    something cannot be taken changes nothing."""
    given = {"id": str(visit.path["id"])}
    is_check = visit.typed.is_ticked("check")
    try:
        body = await _upload(visit, operation(_CHECK if is_check else _CODES), given)
    except (Invalid, Conflict) as error:
        return await _refused(visit, given, error)
    if is_check:
        return await _report(visit, msgspec.json.decode(body, type=CheckedCodes))
    return await _report(visit, msgspec.json.decode(body, type=ImportedCodes))


async def _refused(visit: Visit, given: dict[str, Any], error: TearoffError) -> Answer:
    """Each line that stands in the way, where the list can be read at all."""
    if visit.typed.file is not None and isinstance(error, Invalid):
        with contextlib.suppress(TearoffError):
            body = await _upload(visit, operation(_CHECK), given)
            found = msgspec.json.decode(body, type=CheckedCodes)
            if found.refused:
                return await _report(visit, found, status=422)
    return await _again(visit, "validation", problems_of(visit.words, error), "codes")


async def _report(visit: Visit, done: CheckedCodes | ImportedCodes, *, status: int = 200) -> Answer:
    campaign = await campaign_of(visit)
    is_done, refused = isinstance(done, ImportedCodes), getattr(done, "refused", 0)
    return await page(
        visit,
        "editor_codes",
        title=visit.words("Codes of {name}", name=campaign["name"]),
        at="/campaigns",
        status=status,
        done=done,
        is_done=is_done,
        new=done.imported if isinstance(done, ImportedCodes) else done.new,
        refused=refused,
        file=_file(visit, done),
        c=campaign,
        root=visit.address(f"/campaigns/{campaign['id']}"),
    )


def _file(visit: Visit, done: CheckedCodes | ImportedCodes) -> str:
    """The lines that were left out, to mend and send again, as an address of its own."""
    lines = [msgspec.structs.replace(one, why=visit.words(one.why)) for one in done.lines]
    return f"data:text/csv;base64,{base64.b64encode(bad_lines(lines)).decode()}"


class _NoFile(Invalid):
    """Choose a file first."""


async def _upload(visit: Visit, put: Operation, given: dict[str, Any]) -> bytes:
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
