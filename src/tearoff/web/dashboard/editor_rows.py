"""Rows of a form that is sent without script: one more, one less, and what stands in the others
stays. With script the page does the same by itself."""

from __future__ import annotations

from tearoff.kit.words import LANGUAGES
from tearoff.web.dashboard.editor_tabs import NESTED, Given, Tab
from tearoff.web.dashboard.forms import HAS, Typed
from tearoff.web.dashboard.typed_values import Values, flat, keys_of, row_number

ADD, DROP, LANGUAGE = "add", "drop", "add.language"


def has_row_act(typed: Typed) -> bool:
    return typed.has(ADD) or typed.has(DROP)


def changed_rows(tab: Tab, typed: Typed, given: Given) -> Typed:
    """What was typed, with the row more or less that was asked for."""
    values = dict(typed.values)
    gone, more = typed.text(DROP), typed.text(ADD)
    if gone:
        values = {n: v for n, v in values.items() if not n.removeprefix(HAS).startswith(f"{gone}.")}
    elif more == "texts":
        language = typed.text(LANGUAGE)
        if language in LANGUAGES:
            values[f"texts.{language}.title"] = [""]
    elif more.split(".")[0] in NESTED:
        numbers = [n for n in map(row_number, keys_of(typed, more)) if n is not None]
        values[f"{more}.{max(numbers, default=-1) + 1}.new"] = [""]
        if more == "scratch.prizes":
            values["scratch.on"] = ["1"]
    return Typed(values)


def compacted(tab: Tab, typed: Typed, given: Given) -> Typed:
    """With its rows numbered as they were read, so that what is wrong is told at the right one."""
    values: Values = dict(typed.values)
    for name in tab.fields:
        value = given.get(name)
        if name in NESTED and name != "texts" and value is not None:
            begin = f"{name}."
            values = {
                n: v for n, v in values.items()
                if not n.removeprefix(HAS).startswith(begin) or n == "scratch.on"
            }  # fmt: skip
            values |= {HAS + name: ["1"], **flat(name, value)}
    return Typed(values)
