"""The `tearoff` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tearoff import __version__
from tearoff.cli import (
    accounts,
    campaigns,
    database,
    locations,
    optouts,
    providers,
    robots,
    server,
    teammates,
)
from tearoff.cli.common import print_help
from tearoff.cli.problems import print_problem, told_problem
from tearoff.config import SETTINGS

NOUNS = (server, database, accounts, campaigns, locations, providers, optouts, teammates, robots)


def main(argv: Sequence[str] | None = None) -> None:
    """Exit code 0 when it worked, 1 for a problem that is told, 2 for wrong arguments."""
    arguments = make_parser().parse_args(argv)
    try:
        code = arguments.run(arguments)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 0
    except Exception as error:
        problem = told_problem(error)
        if problem is None:
            raise
        print_problem(problem, arguments.parser)
        code = 1
    sys.exit(code or 0)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tearoff",
        description="Digital coupons you run yourself.",
        epilog="Settings are read from the environment; `tearoff config` lists them.",
    )
    parser.add_argument("--version", action="version", version=f"tearoff {__version__}")
    parser.set_defaults(run=lambda _: print_help(parser), parser=parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for noun in NOUNS:
        noun.add_commands(commands)
    config = commands.add_parser("config", help="list the settings with defaults and help")
    config.set_defaults(run=_print_settings)
    return parser


def _print_settings(arguments: argparse.Namespace) -> None:
    for setting in SETTINGS:
        default = setting.default or "(empty)"
        print(f"{setting.variable}\n    {setting.help}\n    default: {default}")
        if setting.secret:
            print(f"    also: {setting.variable}_FILE names a file that holds it")
