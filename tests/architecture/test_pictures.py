import re
from itertools import chain

import pytest

from tests.architecture import way
from tests.architecture.pictures import FOLDER, PICTURES
from tests.architecture.rooms import ROOT, bands, graph


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_is_of_this_code(name):
    assert (FOLDER / name).read_text("utf-8") == PICTURES[name](), "python -m tests.architecture"


def test_every_room_stands_in_the_picture_and_says_what_lives_there():
    drawn = (FOLDER / "rooms.svg").read_text("utf-8")
    rooms = {name.split(".")[1] for name in graph().find_children("tearoff")} - {"__main__"}
    found = list(chain.from_iterable(bands()))
    assert {room.name for room in found} == rooms
    assert [room.name for room in found if not room.lives] == []
    assert [room.name for room in found if f">{room.name}</text>" not in drawn] == []


def test_each_step_of_a_send_is_reached_from_one_before():
    steps = [step.module for stretch in way.stretches() for step in stretch.steps]
    for place, module in enumerate(steps[1:], 1):
        assert any(
            before == module or graph().direct_import_exists(importer=before, imported=module)
            for before in steps[:place]
        ), f"nothing before imports {module}"


def test_every_place_that_developers_are_led_to_is_there():
    page = (FOLDER.parent / "developers.md").read_text("utf-8")
    places = set(re.findall(r"`((?:\w+/)+(?:[\w-]+\.p[oy])?)`", page)) - {"src/tearoff/", "tests/"}
    assert len(places) > 25
    package = ROOT / "src" / "tearoff"
    assert [place for place in sorted(places) if not (package / place).exists()] == []
