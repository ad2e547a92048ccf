"""A new campaign: blank, or from an example, a template, another campaign."""

from __future__ import annotations

import secrets

from tearoff.accounts.rights import Right
from tearoff.api.v4 import campaigns as v4
from tearoff.api.v4 import starting, templates
from tearoff.coupons.campaigns import examples
from tearoff.errors import Conflict, Invalid
from tearoff.web.dashboard.campaigns import AT, to_started
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer, answer

_OTHERS = 20
_NO_PROBLEMS = Problems()


async def show(visit: Visit) -> Answer:
    return await _page(visit, _NO_PROBLEMS)


async def _page(visit: Visit, problems: Problems) -> Answer:
    """`search` finds other campaigns to copy."""
    search = visit.query.get("search", "").strip()[:100]
    found = await visit.read(starting.EXAMPLES)
    own = await visit.read(templates.LIST_TEMPLATES)
    given = {"search": search} if search else {}
    others = await visit.read(v4.LIST, sort="-created", limit=_OTHERS, **given)
    return await page(
        visit,
        "campaign_new",
        title=visit.words("New campaign"),
        at=AT,
        status=422 if problems else 200,
        examples=found.data,
        templates=own.data,
        others=others.data,
        search=search,
        problems=problems,
        once=secrets.token_urlsafe(9),
    )


async def create(visit: Visit) -> Answer:
    """A blank draft."""
    typed = visit.typed
    title = typed.text("title")
    given = {"name": typed.text("name") or title, "title": title, "status": "draft"}
    if not title:
        given["title"] = given["name"]
    try:
        made = await visit.do(v4.CREATE, given, once=typed.text("once"))
    except (Invalid, Conflict) as error:
        return await _page(visit, problems_of(visit.words, error))
    return to(visit, AT if made is None else f"{AT}/{made.id}")


async def start_example(visit: Visit) -> Answer:
    try:
        made = await visit.do(
            starting.START_EXAMPLE, {"name": visit.path["name"]}, once=visit.typed.text("once")
        )
    except (Invalid, Conflict) as error:
        return await _page(visit, problems_of(visit.words, error))
    if made is None:
        return to(visit, AT)
    said = visit.words(
        "This is a draft: change what you like. Nobody sees it until you publish it."
    )
    return to(visit, f"{AT}/{made.id}", said=said)


async def start_template(visit: Visit) -> Answer:
    given = {"id": visit.path["id"]}
    try:
        done = await visit.do(starting.START_TEMPLATE, given, once=visit.typed.text("once"))
    except (Invalid, Conflict) as error:
        return await _page(visit, problems_of(visit.words, error))
    return to_started(visit, done)


async def delete_template(visit: Visit) -> Answer:
    await visit.do(templates.DELETE_TEMPLATE, {"id": visit.path["id"]})
    said = visit.words("The template is gone. Campaigns that began with it stay.")
    return to(visit, f"{AT}/new", said=said)


async def show_picture(visit: Visit) -> Answer:
    """Of an example, which is the same for everybody."""
    image = examples.picture(visit.path["name"])
    headers = [("content-type", "image/webp"), ("cache-control", "private, max-age=86400")]
    return answer(200, [*headers, ("x-content-type-options", "nosniff")], image)


SCREENS = (
    Screen(path="/campaigns/new", right=Right.EDIT, act=show),
    Screen(method="POST", path="/campaigns/new", right=Right.EDIT, act=create),
    Screen(path="/campaigns/examples/{name:str}", right=Right.EDIT, act=show_picture),
    Screen(
        method="POST", path="/campaigns/examples/{name:str}", right=Right.EDIT, act=start_example
    ),
    Screen(
        method="POST", path="/campaigns/templates/{id:int}", right=Right.EDIT, act=start_template
    ),
    Screen(
        method="POST",
        path="/campaigns/templates/{id:int}/remove",
        right=Right.EDIT,
        act=delete_template,
    ),
)
