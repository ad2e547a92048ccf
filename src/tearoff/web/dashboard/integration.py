"""One service that is connected: a message to oneself over it, its numbers, off and on."""

from __future__ import annotations

from typing import Any

from tearoff.accounts.rights import Right
from tearoff.api.v4 import messages, providers
from tearoff.distribution.trial import TestUnderWay
from tearoff.errors import Forbidden, NotFound, TearoffError, TryLater
from tearoff.people.optouts import OptedOut
from tearoff.web.dashboard import provider_words, send_refusals
from tearoff.web.dashboard.integration_form import form_of, form_page
from tearoff.web.dashboard.integrations import kinds_of
from tearoff.web.dashboard.messages import watch
from tearoff.web.dashboard.pages import to
from tearoff.web.dashboard.saying import Problems, problems_of
from tearoff.web.dashboard.screens import Screen
from tearoff.web.dashboard.visit import UnderWay, Visit
from tearoff.web.paper.html import Answer


async def show(visit: Visit) -> Answer:
    """With the test message that the address names, as far as it has come."""
    return await form_page(visit, await form_of(visit), **await _watched(visit))


async def _watched(visit: Visit) -> dict[str, Any]:
    text = visit.query.get("test", "")
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        return {}
    return await watch(visit, await visit.read(messages.GET, id=int(text)))


async def send_test(visit: Visit) -> Answer:
    form, receiver = await form_of(visit), visit.typed.text("to")
    assert form.one is not None
    path = f"/integrations/{form.one.id}"
    if not receiver:
        return await form_page(visit, form, Problems({"to": visit.words("This is needed.")}))
    given = {"id": form.one.id, "to": receiver}
    try:
        told = await visit.do_alone(providers.TEST, given, once=visit.typed.text("once"))
    except UnderWay as standing:
        return to(visit, f"{path}#way", test=standing.message_id)
    except (NotFound, Forbidden, TryLater):
        raise
    except TearoffError as error:
        return await form_page(visit, form, _refused(visit, error))
    if told.message is None:
        said = provider_words.spoken(visit.words, told.reason or "")
        return await form_page(visit, form, asked=said, status=422)
    return to(visit, f"{path}#way", test=told.message)


def _refused(visit: Visit, error: TearoffError) -> Problems:
    words = visit.words
    if isinstance(error, OptedOut):
        return Problems({"to": words("They want no messages from you.")})
    if isinstance(error, TestUnderWay):
        return Problems({"to": words("A test to this receiver is under way already.")})
    return send_refusals.told(words, error)


async def take_number(visit: Visit) -> Answer:
    """Replies to this number are the account's own from now on."""
    one, number = await visit.read(providers.GET, id=visit.path["id"]), visit.typed.text("number")
    numbers = list(dict.fromkeys([*one.reply_numbers, number]))
    try:
        await visit.do(providers.UPDATE, {"id": one.id, "reply_numbers": numbers})
    except (NotFound, Forbidden, TryLater):
        raise
    except TearoffError as error:
        problems = problems_of(visit.words, error)
        return await form_page(visit, await form_of(visit), problems)
    said = visit.words("{number} is one of your numbers now.", number=number)
    return to(visit, f"/integrations#service-{one.id}", said)


async def switch_off(visit: Visit) -> Answer:
    return await _switch(visit, on=False)


async def switch_on(visit: Visit) -> Answer:
    return await _switch(visit, on=True)


async def _switch(visit: Visit, *, on: bool) -> Answer:
    words, one = visit.words, await visit.read(providers.GET, id=visit.path["id"])
    if on:
        await visit.do(providers.UPDATE, {"id": one.id, "active": True})
    else:
        await visit.do(providers.DELETE, {"id": one.id})
    name = provider_words.name_of(words, one, await kinds_of(visit))
    said = words("{name} is switched on.", name=name)
    if not on:
        said = words("{name} is switched off. Nothing is sent over it any more.", name=name)
    return to(visit, f"/integrations#service-{one.id}", said)


SCREENS = (
    Screen(path="/integrations/{id:int}", right=Right.PROVIDERS, act=show, confirmed=True),
    *(
        Screen(
            method="POST", path=f"/integrations/{{id:int}}/{name}", right=Right.PROVIDERS,
            act=act, confirmed=True,
        )
        for name, act in (
            ("message", send_test), ("number", take_number), ("off", switch_off),
            ("on", switch_on),
        )
    ),
)  # fmt: skip
