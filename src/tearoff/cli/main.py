"""The `tearoff` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from tearoff import __version__
from tearoff.cli.common import print_help
from tearoff.cli.problems import print_problem, told_problem

MODULES = {
    "server": ("serve", "work", "demo"),
    "database": ("migrate", "backup", "restore", "upgrade", "doctor"),
    "accounts": ("account",),
    "keys": ("key",),
    "campaigns": ("campaign",),
    "locations": ("location",),
    "providers": ("provider", "outbox"),
    "optouts": ("optout",),
    "forget": ("forget",),
    "teammates": ("teammate",),
    "owner": ("owner",),
    "single_sign_on": ("single-sign-on",),
    "robots": ("robots",),
    "settings": ("config",),
}
"""Whose commands are where, in the order of the help. A command loads its own module alone: all
of them take most of a second."""


def main(argv: Sequence[str] | None = None) -> None:
    """Exit code 0 when it worked, 1 for a problem that is told, 2 for wrong arguments."""
    argv = sys.argv[1:] if argv is None else argv
    arguments = make_parser(*argv[:1]).parse_args(argv)
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


def make_parser(command: str = "") -> argparse.ArgumentParser:
    """With this command alone; with all of them if it is none."""
    parser = argparse.ArgumentParser(
        prog="tearoff",
        description="Digital coupons you run yourself.",
        epilog="Settings are read from the environment; `tearoff config` lists them.",
    )
    parser.add_argument("--version", action="version", version=f"tearoff {__version__}")
    parser.set_defaults(run=lambda _: print_help(parser), parser=parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    chosen = [module for module, names in MODULES.items() if command in names]
    for module in chosen or MODULES:
        import_module(f"tearoff.cli.{module}").add_commands(commands)
    return parser
