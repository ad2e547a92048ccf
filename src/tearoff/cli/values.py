"""The fields of a v4 call as what somebody types: `--name VALUE`, so that both doors know the same
names and tell the same errors."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from tearoff.api.v4.fields import Field
from tearoff.cli.common import TIMES, read_time
from tearoff.cli.secret_values import add_secret, secret_of
from tearoff.errors import Invalid

EMPTY = "-"
_YES_AND_NO = {"true": True, "yes": True, "false": False, "no": False}


def add_values(parser: argparse.ArgumentParser, fields: Sequence[Field]) -> None:
    for field in fields:
        dest = _dest(field)
        if field.secret:
            add_secret(parser, _option(field), dest=dest, help=_help(field))
        else:
            parser.add_argument(
                f"--{_option(field)}", dest=dest, metavar="VALUE", help=_help(field)
            )
    parser.epilog = (
        "Lists have commas. What has parts is JSON, or @ and the name of a file that holds it."
        " A value of - empties an option."
    )


def values_of(
    arguments: argparse.Namespace, fields: Sequence[Field], *, plain: Collection[str] = ()
) -> dict[str, Any]:
    """What was typed, in the kinds that the fields want; secrets from where they are. `plain`:
    words that stand for something in place of a secret."""
    return {
        field.name: _value(field, text)
        for field in fields
        if (text := _text(arguments, field, plain)) is not None
    }


def on_the_clock(values: dict[str, Any], fields: Sequence[Field], timezone: str) -> dict[str, Any]:
    """The same with moments as the fields want them: those that tell no zone are on the clock of
    this one, and a day alone is all of it, up to its end where it is one."""
    told = dict(values)
    for field in fields:
        text = values.get(field.name)
        if isinstance(text, str) and field.schema.get("format") == "date-time":
            is_end = field.name.startswith("expires")
            told[field.name] = read_time(text, timezone, field.name, end_of_day=is_end).isoformat()
    return told


def read_file(path: Path, field: str) -> Path:
    if not path.is_file():
        raise Invalid(f"There is no file {path}.", field=field)
    return path


def _text(arguments: argparse.Namespace, field: Field, plain: Collection[str]) -> str | None:
    dest = _dest(field)
    if field.secret:
        return secret_of(arguments, _option(field), dest=dest, plain=[EMPTY, *plain])
    typed: str | None = getattr(arguments, dest)
    return typed


def _option(field: Field) -> str:
    return field.name.replace("_", "-")


def _dest(field: Field) -> str:
    return f"set_{field.name}"


def _help(field: Field) -> str:
    schema = field.schema.get("items", field.schema)
    words = [word for word in schema.get("enum", ()) if word is not None]
    words = ["yes", "no"] if "boolean" in schema.get("type", ()) else words
    choices = f" One of: {', '.join(words)}." if words else ""
    if schema.get("format") == "date-time":
        choices = f" {TIMES}."
    return f"{field.help}{choices}".replace("null:", f"{EMPTY}:").replace("%", "%%")


def _value(field: Field, text: str) -> Any:
    """What a text on the command line stands for; its kind is what the field's schema says."""
    kinds = field.schema.get("type", ())
    if text == EMPTY:
        return None if field.nullable else [] if "array" in kinds else ""
    if "string" in kinds:
        return text
    if "integer" in kinds:
        text = text.removeprefix(f"{field.name[:3]}_")  # an id of a folder, of a category
        return int(text) if text.isascii() and text.removeprefix("-").isdigit() else text
    if "boolean" in kinds:
        return _yes_or_no(field.name, text)
    items = field.schema.get("items", {})
    if "enum" in items or items.get("type") == "string":
        return [word.strip() for word in text.split(",") if word.strip()]
    return _json(field.name, text)


def _yes_or_no(name: str, text: str) -> bool:
    if text.lower() not in _YES_AND_NO:
        raise Invalid("Use yes or no.", field=name)
    return _YES_AND_NO[text.lower()]


def _json(name: str, text: str) -> Any:
    if text.startswith("@"):
        text = read_file(Path(text[1:]), name).read_text("utf-8", "replace")
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Invalid(f"This is not JSON: {error}", field=name) from None
