from pathlib import Path

from tests.architecture import rooms, way

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
PICTURES = {"rooms.svg": rooms.draw, "way-of-a-send.svg": way.draw}
