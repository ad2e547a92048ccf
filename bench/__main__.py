"""`make bench`: every hot path beside its floors, in one table."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable

from bench import keeping, paths, screens, table, volumes
from bench.against import HOT, compare
from bench.rig import Rig, open_rig

PARTS: dict[str, Callable[[Rig], Awaitable[None]]] = {
    "send": paths.bench_send,
    "page": paths.bench_page,
    "validate": paths.bench_validate,
    "till": paths.bench_till,
    "hooks": paths.bench_hooks,
    "smpp": paths.bench_send_smpp,
}
VOLUMES: dict[str, Callable[[Rig], Awaitable[None]]] = {
    "mint": volumes.bench_mint,
    "beside": volumes.bench_send_beside,
    "many": volumes.bench_many,
    "lists": volumes.bench_lists,
    "screens": screens.bench_screens,
    "keeping": keeping.bench_keeping,
}
"""With millions of rows, which take their time."""


async def run(options: argparse.Namespace) -> None:
    parts = options.only or [*PARTS, *(VOLUMES if options.volumes else ())]
    async with open_rig(
        workers=options.workers, rounds=options.rounds or 3, seconds=options.seconds,
        callers=options.callers, rows=options.rows, as_before=options.as_before,
    ) as rig:  # fmt: skip
        print(
            f"idle memory, web processes and PostgreSQL, proportional: {rig.idle_memory():.0f} MB",
        )
        print(table.head(), flush=True)
        for name, bench in (PARTS | VOLUMES).items():
            if name in parts:
                await bench(rig)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, help="of each path (3), or turns of two commits (5)")
    parser.add_argument("--seconds", type=int, default=3, help="of each round (3)")
    parser.add_argument("--callers", type=int, default=32, help="at once (32)")
    parser.add_argument("--workers", type=int, default=2, help="web processes (2)")
    parser.add_argument("--only", nargs="*", choices=[*PARTS, *VOLUMES])
    parser.add_argument("--volumes", action="store_true", help="with millions of rows too")
    parser.add_argument("--rows", type=int, default=5_000_000, help="of a volume (5,000,000)")
    parser.add_argument(
        "--as-before",
        action="store_true",
        help="as earlier versions: accounts without limits, no warming up, one floor",
    )
    parser.add_argument("--against", metavar="COMMIT", help="compare the hot paths with a commit")
    if shutil.which("wrk") is None:
        sys.exit("The load generator wrk is missing (Debian: apt-get install wrk).")
    options = parser.parse_args()
    if options.against:
        parts = tuple(options.only or HOT)
        compare(options.against, parts, options.rounds or 5, options.seconds)
    else:
        asyncio.run(run(options))


if __name__ == "__main__":
    main()
