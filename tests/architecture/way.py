"""The way of a send. Each step names the function that takes it; what is written, who is asked and
what may be answered is read from the code."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, get_args

from tearoff.api.v3.send_sms import send_sms
from tearoff.distribution import outcome
from tearoff.distribution import queries as writing
from tearoff.distribution.first_commit import Opener
from tearoff.distribution.send import Sender
from tearoff.messages.open_connections import Links
from tearoff.providers import base, registry
from tests.architecture import drawing as d
from tests.architecture.rooms import KIND


class Step(NamedTuple):
    act: Callable[..., Any]
    told: str
    chips: Sequence[str] = ()

    @property
    def module(self) -> str:
        return self.act.__module__

    @property
    def file(self) -> str:
        return self.module.removeprefix("tearoff.").replace(".", "/") + ".py"

    @property
    def room(self) -> str:
        return self.module.split(".")[1]


class Stretch(NamedTuple):
    """Steps that belong together: `name` is what happens there, with a commit or without."""

    name: str
    commits: bool
    steps: list[Step]


def stretches() -> list[Stretch]:
    kinds = list(registry.KINDS)
    answers = [answer.__name__ for answer in get_args(base.Outcome)]
    return [
        Stretch("The call", False, [
            Step(send_sms, "reads the call: who asks, for which campaign, to whom"),
            Step(Sender.send, "takes account, campaign and route, as it remembers them, and refuses"
                 " what may not leave"),
        ]),
        Stretch("First commit", True, [
            Step(Opener.write, "draws the session's code and fills the text"),
            Step(writing.open_send, "one statement, whose guard stops an equal send while this one"
                 " is open. It writes:", _written(writing)),
        ]),
        Stretch("No transaction is open, no lock is held", False, [
            Step(Links.send, "hands the message to its route"),
            Step(base.Provider.send, "the adapter asks the service and waits for its answer",
                 kinds),
        ]),
        Stretch("Second commit", True, [
            Step(outcome.record, "writes what the service said. A refusal gives session, code and"
                 " limits back; without an answer the message is unknown, until a receipt or a"
                 " look-up settles it. Nothing is sent again on a guess.", answers),
        ]),
    ]  # fmt: skip


def _written(module: Any) -> list[str]:
    """Tables that get a row, in the order of the statement that opens a send."""
    whole = inspect.getsource(module)
    statement = whole[: whole.index(f"async def {writing.open_send.__name__}")]
    return list(dict.fromkeys(re.findall(r"INSERT INTO (\w+)", statement)))


LEFT, LETTERS = 52, 62


def draw() -> str:
    """From above: what happens one after the other, each step in the colour of its room."""
    panels: list[str] = []
    shapes = [_end(18, "POST /v3/send/sms")]
    told: list[str] = []
    y, number = 34.0, 0
    for stretch in stretches():
        top = y
        shapes.append(d.text(LEFT - 6, top + 19, stretch.name, "strong"))
        y += 29
        for step in stretch.steps:
            number += 1
            shapes += _step(step, number, y)
            y += _height(step)
            told.append(f"{number}. {step.room} ({step.file}) {step.told} {' '.join(step.chips)}")
        panels.append(
            d.box(2, top, d.WIDTH - 4, y - top + 2, "band" if stretch.commits else "open")
        )
        y += 9
    shapes.append(_end(y + 15, "the answer to the caller"))
    way = d.line(24, 18, 24, y + 10, "way")
    return d.picture(y + 24, "The way of a send", " ".join(told), [*panels, way, *shapes])


_FILLED = ' style="fill:var(--c)"'


def _end(y: float, words: str) -> str:
    mark = d.dot(24, y - 4, 5, "door", _FILLED)
    return mark + d.text(LEFT - 6, y, words, "name door", _FILLED)


def _step(step: Step, number: int, y: float) -> list[str]:
    kind = KIND.get(step.room, "product")
    after = LEFT - 6 + 8.9 * len(step.room) + 10
    words = d.wrapped(step.told, LETTERS)
    return [
        d.dot(24, y + 9, 9, kind, _FILLED),
        d.text(24, y + 13, str(number), "number"),
        d.text(LEFT - 6, y + 14, step.room, f"name {kind}", _FILLED),
        d.text(after, y + 14, step.file, "inner"),
        *d.lines(LEFT - 6, y + 32, step.told, LETTERS),
        *d.chips(LEFT - 6, y + 26 + d.LINE * len(words), step.chips, LETTERS - 8),
    ]


def _height(step: Step) -> float:
    words = d.wrapped(step.told, LETTERS)
    return 30 + d.LINE * len(words) + d.chips_height(step.chips, LETTERS - 8)
