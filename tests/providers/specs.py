"""Providers' own descriptions of their APIs, reduced to what tests compare with
(`tests/data/providers`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "data" / "providers"


def description(provider: str) -> dict[str, Any]:
    """The parts of the OpenAPI document of `twilio`, `vonage` or `infobip`."""
    spec: dict[str, Any] = json.loads((FOLDER / f"{provider}.json").read_text())
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
