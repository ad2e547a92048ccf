"""The load generator: wrk with what it is to ask for, and what it saw."""

from __future__ import annotations

import contextlib
import re
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.cast import Shop

from tearoff.kit.phone import PhoneInvalid, parse_phone

if TYPE_CHECKING:
    from bench.rig import Rig


@dataclass(frozen=True)
class Load:
    """What one run of the load generator saw. Times in milliseconds; `web` and `database` are the
    processor time of a request, of the web processes and of PostgreSQL's."""

    per_second: float
    p50: float
    p99: float
    errors: int
    requests: int
    web: float
    database: float


def wrk(rig: Rig, script: str, seconds: int | None = None) -> Load:
    """Run wrk with a Lua script (`request = function() … end`), for a round's seconds."""
    path = rig.folder / "load.lua"
    path.write_text(script)
    lasts = f"-d{seconds or rig.seconds}s"
    web, database = rig.processor_seconds()
    done = subprocess.run(
        ["wrk", "-t1", f"-c{rig.callers}", lasts, "--latency", "-s", str(path), rig.url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    web_after, database_after = rig.processor_seconds()
    out = done.stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    requests = int(_find(r"(\d+) requests in ", out))
    return Load(
        per_second=float(_find(r"Requests/sec:\s+([\d.]+)", out)),
        p50=_ms(_find(r"\s50%\s+([\d.]+[a-z]+)", out)),
        p99=_ms(_find(r"\s99%\s+([\d.]+[a-z]+)", out)),
        errors=int(bad[1]) if bad else 0,
        requests=requests,
        web=(web_after - web) / max(1, requests) * 1000,
        database=(database_after - database) / max(1, requests) * 1000,
    )


def median(loads: Sequence[Load]) -> Load:
    return Load(
        per_second=statistics.median(x.per_second for x in loads),
        p50=statistics.median(x.p50 for x in loads),
        p99=statistics.median(x.p99 for x in loads),
        errors=sum(x.errors for x in loads),
        requests=sum(x.requests for x in loads),
        web=statistics.median(x.web for x in loads),
        database=statistics.median(x.database for x in loads),
    )


# what is asked for -------------------------------------------------------------------------


@dataclass(frozen=True)
class Numbers:
    """Phone numbers in blocks of 10,000: of each block the first that end in `first` and so on,
    `amount` of them. The n-th number is in another block than the one before."""

    blocks: tuple[str, ...]
    first: int
    amount: int

    def __len__(self) -> int:
        return len(self.blocks) * self.amount

    def phone(self, n: int) -> str:
        last = self.first + n // len(self.blocks) % self.amount
        return f"{self.blocks[n % len(self.blocks)]}{last:04d}"


def _areas() -> Iterator[int]:
    """Area codes of the United States."""
    for code in range(200, 1000):
        with contextlib.suppress(PhoneInvalid):
            if parse_phone(f"+1{code}5550100").region == "US":
                yield code


FICTION = Numbers(tuple(f"+1{code}555" for code in _areas()), first=100, amount=50)
"""Numbers that are kept for films and examples, 555-0100 to 555-0199 in every area of the United
States: as many of each block as a new account may write to in an hour, and so many blocks that
nobody waits for somebody else's counter."""

UNLIMITED = Numbers(("+3247000", "+3360000", "+1201555"), first=0, amount=10_000)
"""For accounts without limits, as benchmarks of earlier versions had them."""


def sends(shops: Sequence[Shop], numbers: Numbers, first: int, path: str, body: str) -> str:
    """From the `first` on, every request to another number and by the next of the accounts. In
    `path` and `body` `#` stands for the account's place in the row, `@ref` for its campaign,
    `@phone`, `@block` and `@n` for the number, for what it has in common with its block, and for
    which request it is."""
    return f"""
{_heads([heads_of_send(shop) for shop in shops])}
local blocks = {{{",".join(f'"{block}"' for block in numbers.blocks)}}}
local refs = {{{",".join(f'"{shop.ref}"' for shop in shops)}}}
local n = {first} - 1
request = function()
  n = n + 1
  local shop, turn = n % #heads + 1, math.floor(n / #heads)
  local block = blocks[turn % #blocks + 1]
  local last = {numbers.first} + math.floor(turn / #blocks) % {numbers.amount}
  local values = {{ref = refs[shop], block = block, n = n,
    phone = block .. string.format("%04d", last)}}
  local path = string.gsub("{path}", "#", shop - 1)
  local body = string.gsub('{body}', "@(%a+)", values)
  return wrk.format("POST", path, heads[shop], body)
end
"""


def asks(
    shops: Sequence[Shop], codes: Sequence[str], method: str, path: str, body: str, till: str = ""
) -> str:
    """One request for each code, which belong to the accounts in turns. In `path` and `body` `@`
    stands for the code, `#` in `path` for the account's place in the row. `till` is the secret of
    a paired device."""
    return f"""
{_heads([heads_of_ask(shop, till) for shop in shops])}
local codes = {{{",".join(f'"{code}"' for code in codes)}}}
local n = -1
request = function()
  n = (n + 1) % #codes
  local code, shop = codes[n + 1], n % #heads
  local path = string.gsub(string.gsub("{path}", "@", code), "#", shop)
  local body = string.gsub('{body}', "@", code)
  return wrk.format("{method}", path, heads[shop + 1], body ~= "" and body or nil)
end
"""


def _heads(heads: Sequence[dict[str, str]]) -> str:
    listed = (",".join(f'["{name}"]="{value}"' for name, value in head.items()) for head in heads)
    return "local heads = {{" + "},\n{".join(listed) + "}}"


def heads_of_send(shop: Shop) -> dict[str, str]:
    return {**shop.headers, "Content-Type": "application/json"}


def heads_of_ask(shop: Shop, till: str = "") -> dict[str, str]:
    """The same at whatever door: who does not need one does not read it."""
    return {
        **heads_of_send(shop), "Accept-Encoding": "gzip", "X-Till": "1",
        "Cookie": f"tearoff_till={till}",
    }  # fmt: skip


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(f"wrk said:\n{text}")
    return found[1]


def _ms(text: str) -> float:
    for unit, factor in (("us", 0.001), ("ms", 1), ("s", 1000)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    return float(text)
