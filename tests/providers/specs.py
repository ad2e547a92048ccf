"""Providers' own descriptions of their APIs. They are not ours to carry: they lie beside the
project, and tests that need one are skipped where it is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "shared" / "providers"


def spec_or_skip(name: str) -> dict[str, Any]:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the provider's description {name} is not in ../shared/providers")
    text = path.read_text()
    spec: dict[str, Any] = yaml.safe_load(text) if name.endswith(".yml") else json.loads(text)
    return spec
