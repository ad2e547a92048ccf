"""Rooms and their direction. Lines of rooms come from the contract in pyproject.toml, what each
imports from the code itself, what lives there from the table in CONTRIBUTING.md."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grimp

from tests.architecture import drawing as d

ROOT = Path(__file__).parents[2]
KINDS = {
    "hall": ("cli", "app", "worker"),
    "door": ("api", "web"),
    "outside": ("hooks", "providers"),
    "ground": ("jobs", "kit", "config", "errors"),
}
KIND = {room: kind for kind, rooms in KINDS.items() for room in rooms}
"""Every other room is of the product."""

LEFT, LETTERS = 14, 46
FIRST_RAIL, RAIL = 303, 9.6


@dataclass(frozen=True)
class Room:
    name: str
    lives: str
    inner: list[list[str]]
    imports: frozenset[str]

    @property
    def kind(self) -> str:
        return KIND.get(self.name, "product")


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("tearoff", cache_dir=None)


def bands() -> list[list[Room]]:
    """The lines of rooms, from above; what stands in one line never imports its neighbour."""
    lives = _what_lives_there()
    return [
        [Room(name, lives.get(name, ""), _inner(name), _imports(name)) for name in layer]
        for layer in _layers("tearoff")
    ]


def _layers(container: str) -> list[list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for contract in project["tool"]["importlinter"]["contracts"]:
        if contract["type"] == "layers" and container in contract.get("containers", ()):
            return [re.findall(r"\w+", layer) for layer in contract["layers"]]
    return []


def _inner(room: str) -> list[list[str]]:
    """Rooms of a room: in their own lines where a contract orders them, else beside each other."""
    parts = graph().find_children(f"tearoff.{room}")
    rooms = sorted(part.rsplit(".", 1)[1] for part in parts if graph().find_children(part))
    ordered = [[name for name in layer if name in rooms] for layer in _layers(f"tearoff.{room}")]
    rest = [name for name in rooms if not any(name in layer for layer in ordered)]
    return [layer for layer in [*ordered, rest] if layer]


def _imports(room: str) -> frozenset[str]:
    others = (module for module in graph().find_children("tearoff"))
    return frozenset(
        other.rsplit(".", 1)[1]
        for other in others
        if other != f"tearoff.{room}"
        and graph().direct_import_exists(
            importer=f"tearoff.{room}", imported=other, as_packages=True
        )
    )


def _what_lives_there() -> dict[str, str]:
    """Of the first table. What follows is of rooms of a room, which may bear the same names."""
    rules = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    table = re.search(r"(?:^\|.+\n)+", rules, re.M)
    assert table
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (.+) \|$", table[0], re.M)
    return {name: told for names, told in rows for name in re.findall(r"\w+", names)}


def draw() -> str:
    """Below each other: which rooms there are. To the right, a line down from each room, with a dot
    at each one that it imports."""
    found = bands()
    order = [room for band in found for room in band]
    shapes: list[str] = []
    middle: dict[str, float] = {}
    y = 6.0
    for band in found:
        drawn, height = _band(band, y, middle)
        shapes += drawn
        y += height + 5
    shapes += _rails(order, middle)
    legend = y + 14
    shapes += [
        d.dot(LEFT + 5, legend - 4, 4, "ring ground", _STROKED),
        d.text(LEFT + 16, legend, "a room; its line goes down, with a dot"),
        d.dot(LEFT + 250, legend - 4, 3.2, "ground", _FILLED),
        d.text(LEFT + 260, legend, "at each room that it imports"),
    ]
    told = " ".join(
        f"{room.name} imports {', '.join(name for name in middle if name in room.imports)}."
        for room in order
        if room.imports
    )
    title = "The rooms of Tearoff, each above those that it may import"
    return d.picture(legend + 10, title, told, shapes)


def _band(band: list[Room], y: float, middle: dict[str, float]) -> tuple[list[str], float]:
    """One line of rooms; `middle` learns how high each stands."""
    shapes: list[str] = []
    below = y + 8
    for room, after in zip(band, [*band[1:], None], strict=True):
        middle[room.name] = below + 9
        shapes.append(d.text(LEFT, below + 14, room.name, f"name {room.kind}", _FILLED))
        below += 21
        for names in room.inner:
            shapes += d.chips(LEFT, below, names, LETTERS - 14)
            below += d.chips_height(names, LETTERS - 14)
        if after is None or after.lives != room.lives:
            shapes += d.lines(LEFT, below + 11, room.lives, LETTERS)
            below += d.LINE * len(d.wrapped(room.lives, LETTERS)) + 3
    height = below + 4 - y
    stripe = f'<rect x="2" y="{y:g}" width="4" height="{height:g}" rx="2" class="{band[0].kind}"'
    return [d.box(2, y, d.WIDTH - 4, height, "band"), f"{stripe}{_FILLED}/>", *shapes], height


_FILLED, _STROKED = ' style="fill:var(--c)"', ' style="stroke:var(--c)"'


def _rails(order: list[Room], middle: dict[str, float]) -> list[str]:
    lines, dots = [], []
    for place, room in enumerate(order):
        x, y = FIRST_RAIL + RAIL * place, middle[room.name]
        ends = sorted(middle[name] for name in room.imports)
        lines.append(d.line(LEFT + 8.9 * len(room.name) + 8, y, x - 6, y, "lead"))
        if ends:
            lines.append(d.line(x, y, x, ends[-1], f"rail {room.kind}", _STROKED))
        dots += [d.dot(x, end, 3.2, room.kind, _FILLED) for end in ends]
        dots.append(d.dot(x, y, 4, f"ring {room.kind}", _STROKED))
    return lines + dots
