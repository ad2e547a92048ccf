"""`tearoff config`: what can be set."""

from __future__ import annotations

import argparse

from tearoff.cli.common import Commands
from tearoff.config import SETTINGS


def add_commands(commands: Commands) -> None:
    config = commands.add_parser("config", help="list the settings with defaults and help")
    config.set_defaults(run=_print_settings)


def _print_settings(_: argparse.Namespace) -> None:
    for setting in SETTINGS:
        default = setting.default or "(empty)"
        print(f"{setting.variable}\n    {setting.help}\n    default: {default}")
        if setting.secret:
            print(f"    also: {setting.variable}_FILE names a file that holds it")
