"""Webhooks: the addresses that are told what happens. A secret stands on the page that answers the
form which made it, and on no other."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from tearoff.accounts.idempotency import KeyBusy, KeyReused
from tearoff.accounts.rights import Right
from tearoff.api.v4 import webhooks as v4
from tearoff.api.v4.operation import Operation, find
from tearoff.errors import NotFound, TearoffError
from tearoff.hooks import sentences
from tearoff.hooks.endpoints import OLD_SECRET_LIVES
from tearoff.hooks.models import KINDS
from tearoff.web.dashboard import sure, webhook_words
from tearoff.web.dashboard.pages import page, to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import Visit
from tearoff.web.paper.html import Answer

AT = "/webhooks"
ONE = "/webhooks/{id:int}"
GET = find(v4.OPERATIONS, "GET /v4/webhooks/{id}")
_CREATE = find(v4.OPERATIONS, "POST /v4/webhooks")
_CHANGE = find(v4.OPERATIONS, "PATCH /v4/webhooks/{id}")
_DELETE = find(v4.OPERATIONS, "DELETE /v4/webhooks/{id}")
_TEST = find(v4.OPERATIONS, "POST /v4/webhooks/{id}/test")
_NO_PROBLEMS = Problems()
CHOSEN = len(KINDS) - 1
"""How many kinds can be chosen."""


async def show_all(visit: Visit) -> Answer:
    hooks: list[v4.WebhookStanding] = (await visit.read(v4.LIST)).data
    return await page(
        visit,
        "webhooks",
        title=visit.words("Webhooks"),
        at=AT,
        rows=[(one, webhook_words.standing_of(visit.words, one)) for one in hooks],
        groups=webhook_words.GROUPS,
        told=lambda text: sentences.said(visit.words, text),
        all_kinds=CHOSEN,
    )


async def hook_of(visit: Visit) -> v4.WebhookStanding:
    """The one that the address names. Raises `WebhookNotFound`."""
    found: v4.WebhookStanding = await visit.read(GET, id=visit.path["id"])
    return found


# made and changed -----------------------------------------------------------------------------


async def show_new(visit: Visit) -> Answer:
    return await _form(visit, None, _NO_PROBLEMS)


async def show_details(visit: Visit) -> Answer:
    return await _form(visit, await hook_of(visit), _NO_PROBLEMS)


async def _form(visit: Visit, hook: v4.Webhook | None, problems: Problems) -> Answer:
    typed = visit.typed
    chosen = hook.events if hook else None
    return await page(
        visit,
        "webhook_form",
        title=visit.words("Change the webhook") if hook else visit.words("New webhook"),
        at=AT,
        status=422 if problems else 200,
        hook=hook,
        groups=webhook_words.GROUPS,
        which=typed.text("which") or ("" if chosen is None else "some"),
        chosen=typed.texts("events") if typed.has("events") else chosen or (),
        problems=problems,
        once=secrets.token_urlsafe(9),
    )


def _given(visit: Visit) -> dict[str, Any]:
    """None of the kinds is not all of them: `_problem` has refused it."""
    typed = visit.typed
    every = typed.text("which") != "some"
    return {
        "url": typed.text("url"),
        "events": None if every else typed.texts("events"),
        "description": typed.text("description"),
    }


def _problem(visit: Visit) -> Problems:
    if visit.typed.text("which") == "some" and not visit.typed.texts("events"):
        return Problems({"events": visit.words("Tick one or more, or choose all of them.")})
    return _NO_PROBLEMS


def problems(visit: Visit, error: TearoffError) -> Problems:
    found = problems_of(visit.words, error)
    said = {name: sentences.said(visit.words, text) for name, text in found.fields.items()}
    return Problems(said, sentences.said(visit.words, found.page))


async def create(visit: Visit) -> Answer:
    if wrong := _problem(visit):
        return await _form(visit, None, wrong)
    try:
        made = await _once(visit, _CREATE, _given(visit))
    except NotFound:
        raise
    except TearoffError as error:
        return await _form(visit, None, problems(visit, error))
    return await _secret(visit, made, visit.words("Your new webhook"))


async def change(visit: Visit) -> Answer:
    hook = await hook_of(visit)
    if wrong := _problem(visit):
        return await _form(visit, hook, wrong)
    try:
        await visit.do(_CHANGE, {"id": hook.id, **_given(visit)})
    except NotFound:
        raise
    except TearoffError as error:
        return await _form(visit, hook, problems(visit, error))
    return to(visit, f"{AT}/{hook.id}", visit.words("Saved."))


async def roll(visit: Visit) -> Answer:
    hook = await hook_of(visit)
    made = await _once(visit, _CHANGE, {"id": hook.id, "roll_secret": True})
    return await _secret(visit, made, visit.words("The new secret"), is_rolled=True)


async def _once(visit: Visit, operation: Operation, given: dict[str, Any]) -> v4.Webhook | None:
    """None where this form was sent before, or is being worked on in another window."""
    once = visit.typed.text("once") or secrets.token_urlsafe(9)
    try:
        made: v4.Webhook | None = await visit.do(operation, given, once=once)
    except (KeyBusy, KeyReused):
        return None
    return made


async def _secret(
    visit: Visit, made: v4.Webhook | None, title: str, *, is_rolled: bool = False
) -> Answer:
    if made is None:
        return await page(visit, "webhook_secret_gone", title=visit.words("Shown once"), at=AT)
    return await page(
        visit, "webhook_secret", title=title, at=AT, hook=made, is_rolled=is_rolled,
        lives=OLD_SECRET_LIVES // timedelta(hours=1),
    )  # fmt: skip


# off and on, tested, deleted --------------------------------------------------------------------


async def switch_off(visit: Visit) -> Answer:
    said = visit.words("It is off. What happens from now on is kept for two weeks.")
    return await _switch(visit, said, on=False)


async def switch_on(visit: Visit) -> Answer:
    return await _switch(visit, visit.words("It is on: it is told what happens now."), on=True)


async def _switch(visit: Visit, said: str, *, on: bool) -> Answer:
    hook = await hook_of(visit)
    if hook.active != on:
        await visit.do(_CHANGE, {"id": hook.id, "active": on})
    return to(visit, f"{AT}/{hook.id}", said)


async def send_test(visit: Visit) -> Answer:
    """What it brought stands on the page to which this leads."""
    hook = await hook_of(visit)
    try:
        told = await visit.do_alone(_TEST, {"id": hook.id}, once=visit.typed.text("once"))
    except KeyBusy:
        return to(visit, f"{AT}/{hook.id}", visit.words("The test is on its way."))
    return to(visit, f"{AT}/{hook.id}#test", test=told.event)


async def remove(visit: Visit) -> Answer:
    hook, words = await hook_of(visit), visit.words
    if visit.typed.text(sure.YES):
        await visit.do(_DELETE, {"id": hook.id})
        return to(visit, AT, words("{url} is told nothing any more.", url=hook.url))
    return await sure.ask(
        visit,
        title=words("Delete this webhook?"),
        text=words("It is told nothing any more, and its log is gone with it. Nobody can undo it."),
        button=words("Delete it"),
        action=f"{AT}/{hook.id}/remove",
        back=visit.address(f"{AT}/{hook.id}"),
        at=AT,
        names=[hook.url],
    )


SCREENS = (
    Screen(path=AT, right=Right.HOOKS, act=show_all),
    Screen(path="/webhooks/new", right=Right.HOOKS, act=show_new, confirmed=True),
    Screen(method="POST", path="/webhooks/new", right=Right.HOOKS, act=create, confirmed=True),
    Screen(path=f"{ONE}/details", right=Right.HOOKS, act=show_details, confirmed=True),
    Screen(method="POST", path=f"{ONE}/details", right=Right.HOOKS, act=change, confirmed=True),
    Screen(method="POST", path=f"{ONE}/roll", right=Right.HOOKS, act=roll, confirmed=True),
    Screen(method="POST", path=f"{ONE}/off", right=Right.HOOKS, act=switch_off),
    Screen(method="POST", path=f"{ONE}/on", right=Right.HOOKS, act=switch_on),
    Screen(method="POST", path=f"{ONE}/test", right=Right.HOOKS, act=send_test),
    Screen(method="POST", path=f"{ONE}/remove", right=Right.HOOKS, act=remove),
)
