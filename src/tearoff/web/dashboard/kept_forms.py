"""What was typed is there again after a sign-in that was over in the middle of it."""

from __future__ import annotations

import msgspec

from tearoff.accounts import kept_forms
from tearoff.kit import clock
from tearoff.kit.services import services_of
from tearoff.web.dashboard import form_tokens
from tearoff.web.dashboard.forms import Typed
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.reading import AnyRequest, patiently

KEPT = "kept"
_SECRET = ("password", "again", "pin", "secret", ".code")
"""Ends of the names of what is never kept."""


class _Kept(msgspec.Struct, frozen=True):
    person: int
    path: str
    values: dict[str, list[str]]


async def keep(request: AnyRequest, back: str, typed: Typed) -> str:
    """The address to come back to. Only for a form that a page of ours had shown to this browser:
    nobody else fills our table."""
    if not typed.values:
        return back
    services, now = services_of(request), clock.now()
    person_id = form_tokens.person_of(services, typed.text("t"), now)
    if person_id is None:
        return back
    values = {n: v for n, v in typed.values.items() if n != "t" and not n.endswith(_SECRET)}
    path, _, query = back.partition("?")
    kept = msgspec.json.encode(_Kept(person_id, path, values))
    word = await patiently(kept_forms.keep(services.db, services.vault, kept, now))
    others = [part for part in query.split("&") if part and not part.startswith(f"{KEPT}=")]
    return f"{path}?{'&'.join([*others, f'{KEPT}={word}'])}"


async def brought(visit: Visit) -> Typed:
    """What was kept, if the address names something that was: of this person and this page, as
    nobody hands another a form that is filled in."""
    word = visit.request.query_params.get(KEPT, "")
    if not word:
        return Typed()
    services = visit.services
    found = await patiently(kept_forms.find(services.db, services.vault, word, visit.now))
    kept = msgspec.json.decode(found, type=_Kept) if found else None
    if kept is None or (kept.person, kept.path) != (visit.who.person_id, visit.request.url.path):
        return Typed()
    return Typed(kept.values)
