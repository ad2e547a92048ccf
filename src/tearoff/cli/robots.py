"""`tearoff robots …`"""

from __future__ import annotations

import argparse
import re

from tearoff.cli.common import Commands, add_command, add_group, add_json, settings_of, show
from tearoff.errors import Invalid
from tearoff.web.coupon.robots import judge, read_file


def add_commands(commands: Commands) -> None:
    group = add_group(commands, "robots", "who counts as a person")
    test = add_command(group, "test", _test, "what an agent is taken for, and why")
    test.add_argument("agent", help="the User-Agent header, in quotes")
    add_json(test)


def _test(arguments: argparse.Namespace) -> None:
    path = settings_of(arguments).robots_file
    if path:
        _check(path)
    # The language keeps the verdict to what the agent says.
    headers = {"user-agent": arguments.agent, "accept-language": "en"}
    told = judge(headers, path)
    values = {"verdict": told.verdict, "reason": told.reason}
    show(arguments, values, f"{told.verdict}  {told.reason}".rstrip())


def _check(path: str) -> None:
    try:
        read_file(path)
    except (OSError, ValueError, re.error) as error:
        raise Invalid(
            f"Cannot read {path}: {error}",
            field="TEAROFF_ROBOTS_FILE",
            hint='It is a JSON array: [{"pattern": "SomethingBot/"}, …]',
        ) from None
