"""What somebody types to find a number or an e-mail address in a list, however they write it."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from tearoff.errors import Invalid
from tearoff.kit.phone import read_sender, spellings
from tearoff.kit.visible import as_seen
from tearoff.people.optouts import canonical

LEAST = 4
"""Characters of an end that is looked for: fewer would find half of the list."""

_LAST = chr(0x10FFFF)
"""No character comes behind it."""
_NUMBER = re.compile(r"[\d\s().+/\-]*", re.ASCII)


class TooShort(Invalid):
    """Give the last four digits or more, or a whole number or e-mail address."""

    def __init__(self) -> None:
        super().__init__(self.__doc__ or "", field="search")


class Sought(msgspec.Struct, frozen=True):
    """`forms`: the whole addresses that may be meant, as they are compared; `ending`: how an
    address ends that is meant too, "" for none."""

    forms: list[str]
    ending: str = ""

    def condition(self, table: str, column: str, values: list[Any]) -> str:
        """In SQL, for a `column` of a `table` of the account `$1`; its values are put behind these.
        What is meant is found first, by an index for each way: together they would be looked for
        row by row."""
        values.append(self.forms)
        found = f"SELECT {column} FROM {table} WHERE account_id = $1 AND"
        ways = [f"{found} {column} = ANY(${len(values)}::text[])"]
        if self.ending:
            values += [self.ending[::-1], self.ending[::-1] + _LAST]
            low, high = (f"${len(values) - n}" for n in (1, 0))
            ways.append(f"{found} reverse({column}) ~>=~ {low} AND reverse({column}) ~<~ {high}")
        return f"{column} = ANY(ARRAY({' UNION '.join(ways)}))"


def sought(text: str, country: str | None) -> Sought:
    """A number in any spelling (a national one is of `country`), an e-mail address in any case, or
    the end of one. Raises `TooShort`."""
    text = as_seen(text)
    local, at, _ = text.partition("@")
    if local and at:
        return Sought([canonical(text)])
    numbers = [form for one in read_sender(text, country=country) for form in spellings(one)]
    digits = "".join(str(int(c)) for c in text if c.isdecimal())
    ending = digits if _NUMBER.fullmatch(text) else text.lower()
    if len(ending) < LEAST:
        raise TooShort
    return Sought(numbers, ending)
