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


def strict(spec: Any) -> Any:
    """The description with nothing allowed that it does not name."""
    if isinstance(spec, list):
        return [strict(item) for item in spec]
    if not isinstance(spec, dict):
        return spec
    copy = {name: strict(value) for name, value in spec.items()}
    if isinstance(copy.get("properties"), dict) and not {"allOf", "oneOf", "anyOf"} & set(copy):
        copy.setdefault("additionalProperties", False)
    return copy
